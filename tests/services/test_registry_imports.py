"""Workbooks for the product registry, by `yeastar import-registry` and in the browser: what is added, changed and
refused, row by row; in pieces; twice changes nothing."""

import io
import threading
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from tests.factories import account, signed_in
from tests.race import at_once
from tests.services.test_bulk import workbook
from yeastar_app import cli, clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import registry as jobs
from yeastar_app.models.accounts import Kind, TwoFactor
from yeastar_app.models.products import RegistryUnit
from yeastar_app.models.records import AuditRow
from yeastar_app.models.registry import ImportStatus, RegistryImport
from yeastar_app.refusals import Refusal
from yeastar_app.services import registry_imports
from yeastar_app.services.registry_imports import ImportView

HEADINGS = ["Product", "Product ID", "Subscribed From", "Subscribed Until"]
APPLIANCE = "P-Series Appliance Edition"
GOOD = (
    [APPLIANCE, " 3658b4311196 ", None, None],
    ["Workplace", "wp-402711", date(2026, 1, 1), "2026-12-31"],
    ["remote-management", "Voice@Lumen.Example", date(2026, 1, 1), None],
)


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


def taken(*rows: list[Any], headings: list[str] = HEADINGS) -> ImportView:
    with transaction() as session:
        number = registry_imports.begin(session, "units.xlsx", workbook(*rows, headings=headings, sheet="Any name"))
    registry_imports.take_in(number)
    with transaction(writes=False) as session:
        return registry_imports.outcome(session, number)


def counts(seen: ImportView) -> tuple[int, int, int, int]:
    return seen.added, seen.changed, seen.unchanged, seen.refused


def units() -> list[tuple[str, date | None, date | None, bool]]:
    with transaction(writes=False) as session:
        found = session.exec(select(RegistryUnit).order_by(col(RegistryUnit.product_id), col(RegistryUnit.identifier)))
        return [(unit.identifier, unit.subscribed_from, unit.subscribed_until, unit.eligible) for unit in found]


def upload(who: Credential, *rows: list[Any], headings: list[str] = HEADINGS) -> ImportView:
    content = workbook(*rows, headings=headings)
    return perform(registry_imports.choose, {"file_name": "units.xlsx", "content": content}, who)


def test_units_and_subscriptions_are_added_and_twice_changes_nothing(db: str) -> None:
    assert counts(taken(*GOOD)) == (3, 0, 0, 0)
    assert sorted(units()) == [
        ("3658B4311196", None, None, True),
        ("WP-402711", date(2026, 1, 1), date(2026, 12, 31), True),
        ("voice@lumen.example", date(2026, 1, 1), None, True),
    ]
    assert counts(taken(*GOOD)) == (0, 0, 3, 0)
    assert len(units()) == 3


def test_other_days_change_a_subscription_and_the_log_says_from_what(sqlite: str) -> None:
    taken(*GOOD)
    assert counts(taken(["Workplace", "WP-402711", date(2026, 1, 1), date(2027, 12, 31)])) == (0, 1, 0, 0)
    assert ("WP-402711", date(2026, 1, 1), date(2027, 12, 31), True) in units()
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(AuditRow.action == "registry.change")).one()
    assert (row.before or {})["until"] == "2026-12-31"


def test_the_column_eligible_may_be_there_and_may_be_empty(sqlite: str) -> None:
    wide = [*HEADINGS, "Eligible"]
    assert counts(taken([*GOOD[0], "no"], [*GOOD[1], None], headings=wide)) == (2, 0, 0, 0)
    assert [unit[3] for unit in units()] == [False, True]
    assert counts(taken(GOOD[0])) == (0, 0, 1, 0), "a workbook without the column leaves it as it is"
    assert counts(taken([*GOOD[0], "Yes"], [*GOOD[1], "perhaps"], headings=wide)) == (0, 1, 0, 1)
    assert [unit[3] for unit in units()] == [True, True]


def test_the_same_unit_twice_in_a_file_counts_once_and_the_last_row_holds(db: str) -> None:
    later = ["Workplace", "WP-402711", date(2026, 1, 1), date(2028, 12, 31)]
    assert counts(taken(GOOD[1], later, later)) == (1, 1, 1, 0)
    assert units() == [("WP-402711", date(2026, 1, 1), date(2028, 12, 31), True)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["No such product", "3658B4311196", None, None], "Product"),
        ([None, "3658B4311196", None, None], "Product"),
        ([APPLIANCE, "short", None, None], "Product ID"),
        ([APPLIANCE, 365843111960, None, None], "Product ID"),
        ([APPLIANCE, None, None, None], "Product ID"),
        (["Workplace", "WP-402711", "soon", None], "Subscribed From"),
        (["Workplace", "WP-402711", None, date(2026, 1, 1)], "Subscribed From"),
        (["Workplace", "WP-402711", date(2026, 1, 2), date(2026, 1, 1)], "Subscribed Until"),
    ],
)
def test_a_bad_row_is_refused_at_its_column_and_the_others_are_taken(sqlite: str, row: list[Any], column: str) -> None:
    seen = taken(row, GOOD[0])
    assert counts(seen) == (1, 0, 0, 1)
    assert [problem[:2] for problem in seen.problems] == [(2, column)]
    assert len(units()) == 1


def test_refused_rows_come_back_as_a_workbook_that_can_be_corrected_and_uploaded(here: Credential) -> None:
    seen = taken([APPLIANCE, "short", None, None], GOOD[0], [APPLIANCE, 365843111960, None, None])
    content = perform(registry_imports.refused_rows, {"id": seen.id}, here)
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:2] == [APPLIANCE, "short"]
    assert str(sheet["F2"].value).startswith("Product ID: A Serial Number has 8 to 20")
    assert sheet["B3"].value == "365843111960"
    sheet["B2"] = "365843111961"
    saved = io.BytesIO()
    book.save(saved)
    with transaction() as session:
        number = registry_imports.begin(session, "again.xlsx", saved.getvalue())
    registry_imports.take_in(number)
    assert len(units()) == 3


def test_other_headings_and_no_workbook_refuse_the_whole_file(here: Credential) -> None:
    seen = taken(["x"], headings=["Product"])
    assert (seen.status, "Product ID" in seen.refusal) == (ImportStatus.REFUSED, True)
    for content in (b"", b"Product,Product ID\n", b"PK\3\4broken", "text", None, 5):
        with pytest.raises(Refusal):
            perform(registry_imports.choose, {"file_name": "x.xlsx", "content": content}, here)


def test_a_file_from_the_browser_is_taken_in_by_the_job_with_its_counts(
    admin: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_imports, "PIECE", 2)
    seen = upload(admin, *GOOD, [APPLIANCE, "short", None, None])
    assert seen.status is ImportStatus.CHOSEN
    assert jobs.claim_due() == [], "nothing begins before somebody says so"
    for _ in range(2):
        assert perform(registry_imports.start, {"id": seen.id}, admin).status is ImportStatus.RUNNING
    assert jobs.claim_due() == [seen.id]
    assert jobs.claim_due() == [], "somebody is at it"
    jobs.work(seen.id)
    done = perform(registry_imports.status, {"id": seen.id}, admin)
    assert (done.status, done.rows, done.done, counts(done)) == (ImportStatus.DONE, 4, 4, (3, 0, 0, 1))
    jobs.work(seen.id)
    assert perform(registry_imports.status, {"id": seen.id}, admin) == done
    assert [one.id for one in perform(registry_imports.history, None, admin)] == [seen.id]
    with transaction(writes=False) as session:
        assert session.get_one(RegistryImport, seen.id).content == b""
        row = session.exec(select(AuditRow).where(AuditRow.action == "registry_imports.done")).one()
    assert row.after == {"added": 3, "changed": 0, "unchanged": 0, "refused": 1}


def test_a_broken_off_import_goes_on_where_it_stopped(here: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_imports, "PIECE", 2)
    rows = [[APPLIANCE, f"SERIAL{n:06}", None, None] for n in range(7)]
    seen = upload(here, *rows)
    perform(registry_imports.start, {"id": seen.id}, here)
    jobs.claim_due()

    def pull_the_plug(done: int, _: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry_imports.take_in(seen.id, pull_the_plug)
    halfway = perform(registry_imports.status, {"id": seen.id}, here)
    assert (halfway.done, counts(halfway), len(units())) == (4, (4, 0, 0, 0), 4)
    assert jobs.claim_due() == [], "the lease is not over"
    clock.advance(registry_imports.LEASE * 2)
    assert jobs.claim_due() == [seen.id]
    jobs.work(seen.id)
    done = perform(registry_imports.status, {"id": seen.id}, here)
    assert (done.status, done.done, counts(done)) == (ImportStatus.DONE, 7, (7, 0, 0, 0))


def test_two_workers_at_one_import_take_each_piece_once(here: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_imports, "PIECE", 2)
    rows = [[APPLIANCE, f"SERIAL{n:06}", None, None] for n in range(4)]
    seen = upload(here, *rows)
    perform(registry_imports.start, {"id": seen.id}, here)
    registry_imports.take_in(seen.id, lambda done, _: registry_imports.take_in(seen.id) if done == 2 else None)
    done = perform(registry_imports.status, {"id": seen.id}, here)
    assert (done.status, counts(done)) == (ImportStatus.DONE, (4, 0, 0, 0))


def test_the_command_reports_what_was_refused_and_the_counts(sqlite: str, tmp_path: Path) -> None:
    file = tmp_path / "registry.xlsx"
    file.write_bytes(workbook(*GOOD, [APPLIANCE, "short", None, None], headings=HEADINGS))
    done = CliRunner().invoke(cli.main, ["import-registry", str(file)])
    assert done.exit_code == 0
    assert "row 5: refused  Product ID: A Serial Number has 8 to 20" in done.output
    assert "3 added, 0 changed, 0 unchanged, 1 refused" in done.output
    file.write_text("Product,Product ID")
    refused = CliRunner().invoke(cli.main, ["import-registry", str(file)])
    assert (refused.exit_code, "no .xlsx workbook" in refused.output) == (1, True)
    assert CliRunner().invoke(cli.main, ["import-registry", str(tmp_path / "none.xlsx")]).exit_code == 1


def test_the_empty_template_has_the_headings(here: Credential) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(perform(registry_imports.template, None, here))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*HEADINGS, "Eligible"]


def test_two_workbooks_of_the_same_units_in_another_order_wait_for_each_other(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[APPLIANCE, "SERIAL000001", None, None], ["Workplace", "WP-402711", date(2026, 1, 1), None]]
    taken(*rows)
    both_hold_one, asked, among = threading.Barrier(2), threading.local(), registry_imports.among

    def slowly(*condition: Any) -> Any:
        if getattr(asked, "before", False):
            with suppress(threading.BrokenBarrierError):
                both_hold_one.wait(0.3)  # they never do: the second waits for the first unit already
        asked.before = True
        return among(*condition)

    monkeypatch.setattr(registry_imports, "among", slowly)
    done, _ = at_once(2, lambda number: taken(*(rows if number else reversed(rows))))
    assert [counts(one) for one in done] == [(0, 0, 2, 0)] * 2
