"""`yeastar import-registry`: what is added, changed and refused, row by row; twice changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from tests.services.test_bulk import workbook
from yeastar_app import cli
from yeastar_app.database import transaction
from yeastar_app.models.products import RegistryUnit
from yeastar_app.refusals import Refusal
from yeastar_app.services import registry

HEADINGS = ["Product", "Product ID", "Subscribed From", "Subscribed Until"]
APPLIANCE = "P-Series Appliance Edition"


def outcomes(*rows: list[Any]) -> list[tuple[int, str]]:
    with transaction() as session:
        imported = registry.import_workbook(session, workbook(*rows, headings=HEADINGS, sheet="Any name"))
    return [(outcome.row, outcome.done) for outcome in imported.outcomes]


def units() -> list[tuple[str, date | None, date | None]]:
    with transaction(writes=False) as session:
        found = session.exec(select(RegistryUnit).order_by(RegistryUnit.id))  # type: ignore[arg-type]
        return [(unit.identifier, unit.subscribed_from, unit.subscribed_until) for unit in found]


GOOD = (
    [APPLIANCE, " 3658b4311196 ", None, None],
    ["Workplace", "wp-402711", date(2026, 1, 1), "2026-12-31"],
    ["remote-management", "Voice@Lumen.Example", date(2026, 1, 1), None],
)


def test_units_and_subscriptions_are_added_and_twice_changes_nothing(db: str) -> None:
    assert outcomes(*GOOD) == [(2, "added"), (3, "added"), (4, "added")]
    assert units() == [
        ("3658B4311196", None, None),
        ("WP-402711", date(2026, 1, 1), date(2026, 12, 31)),
        ("voice@lumen.example", date(2026, 1, 1), None),
    ]
    assert outcomes(*GOOD) == [(2, "unchanged"), (3, "unchanged"), (4, "unchanged")]
    assert len(units()) == 3


def test_other_days_change_a_subscription(sqlite: str) -> None:
    outcomes(*GOOD)
    assert outcomes(["Workplace", "WP-402711", date(2026, 1, 1), date(2027, 12, 31)]) == [(2, "changed")]
    assert units()[1] == ("WP-402711", date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    "row",
    [
        ["No such product", "3658B4311196", None, None],
        [None, "3658B4311196", None, None],
        [APPLIANCE, "short", None, None],
        [APPLIANCE, 365843111960, None, None],
        [APPLIANCE, None, None, None],
        ["Workplace", "WP-402711", "soon", None],
        ["Workplace", "WP-402711", None, date(2026, 1, 1)],
        ["Workplace", "WP-402711", date(2026, 1, 2), date(2026, 1, 1)],
    ],
)
def test_a_bad_row_is_refused_and_the_others_are_taken(sqlite: str, row: list[Any]) -> None:
    assert outcomes(row, GOOD[0]) == [(2, "refused"), (3, "added")]
    assert len(units()) == 1


def test_other_headings_are_refused(sqlite: str) -> None:
    with transaction() as session, pytest.raises(Refusal, match="wrong_headers"):
        registry.import_workbook(session, workbook(["x"], headings=["Product"]))


def test_the_command_reports_row_by_row(sqlite: str, tmp_path: Path) -> None:
    file = tmp_path / "registry.xlsx"
    file.write_bytes(workbook(*GOOD, [APPLIANCE, "short", None, None], headings=HEADINGS))
    done = CliRunner().invoke(cli.main, ["import-registry", str(file)])
    assert done.exit_code == 0
    assert "row 2: added" in done.output
    assert "row 5: refused  A Serial Number has 8 to 20" in done.output
    assert "3 added, 0 changed, 0 unchanged, 1 refused" in done.output
    file.write_text("Product,Product ID")
    assert "no .xlsx workbook" in CliRunner().invoke(cli.main, ["import-registry", str(file)]).output
    assert CliRunner().invoke(cli.main, ["import-registry", str(tmp_path / "none.xlsx")]).exit_code == 1
