"""A process killed (-9) at any statement of taking a workbook into the product registry: whole pieces are there with
their counts, and whoever comes when the lease is over brings it to its end, every row once."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlmodel import col, select

from tests.factories import account, registry_unit, signed_in
from tests.faults.killed import in_a_process, lives_through
from tests.services.test_bulk import workbook
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import registry as jobs
from yeastar_app.models.accounts import Kind, TwoFactor
from yeastar_app.models.products import RegistryUnit
from yeastar_app.models.records import AuditRow
from yeastar_app.models.registry import ImportStatus, RegistryImport, RegistryProblem
from yeastar_app.services import registry_imports

HEADINGS = ["Product", "Product ID", "Subscribed From", "Subscribed Until"]
DAY = date(2026, 1, 1)


def rows(number: int) -> list[list[Any]]:
    """Three pieces of two rows: new, changed (it was there without days), refused and unchanged ones."""
    return [
        ["P-Series Appliance Edition", f"3658B4{number:03}A", None, None],
        ["Workplace", f"WP-{number:03}", DAY, date(2026, 12, 31)],
        ["P-Series Appliance Edition", f"3658B4{number:03}B", None, None],
        ["P-Series Appliance Edition", "?", None, None],
        ["P-Series Appliance Edition", "3658B4000000", None, None],
        ["P-Series Appliance Edition", f"3658B4{number:03}C", None, None],
    ]


def begin(number: int, admin: Credential) -> int:
    """A workbook that somebody has brought and started."""
    registry_unit("Workplace", f"WP-{number:03}", subscribed_from=DAY)
    content = workbook(*rows(number), headings=HEADINGS)
    chosen = perform(registry_imports.choose, {"file_name": "units.xlsx", "content": content}, admin)
    perform(registry_imports.start, {"id": chosen.id}, admin)
    return chosen.id


def work() -> None:
    """What the job does at every turn."""
    for import_id in jobs.claim_due():
        jobs.work(import_id)


def stand(number: int, import_id: int) -> tuple[ImportStatus, int, list[int], int, int, int, int]:
    """How far it says it is (status, rows, counts), and what there is: units of its own, changes and refused rows that
    were written down, lines in the log that it is done."""
    with transaction(writes=False) as session:
        one = session.get_one(RegistryImport, import_id)
        own = select(RegistryUnit.id).where(col(RegistryUnit.identifier).startswith(f"3658B4{number:03}"))
        changed = select(AuditRow.id).where(
            col(AuditRow.action) == "registry.change", col(AuditRow.label) == f"Workplace WP-{number:03}"
        )
        done = select(AuditRow.id).where(
            col(AuditRow.action) == "registry_imports.done", col(AuditRow.subject) == f"registry_import:{import_id}"
        )
        refused = select(RegistryProblem.id).where(col(RegistryProblem.import_id) == import_id)
        found = [len(session.exec(query).all()) for query in (own, changed, refused, done)]
        counts = [one.added, one.changed, one.refused, one.unchanged]
        return one.status, one.done, counts, found[0], found[1], found[2], found[3]


def die_everywhere(token: str, every: int, careless: bool) -> list[tuple[Any, Any]]:
    """A new workbook for each statement to die at, until one gets through; how each stood after the death and in the
    end."""
    registry_imports.PIECE = 2
    if careless:
        registry_imports._take_piece = notes_first  # type: ignore[assignment]
    admin = Credential(session_token=token)
    seen = []
    for number in range(1, 200, every):
        import_id = begin(number, admin)
        through = lives_through(number, work)
        broken_off = stand(number, import_id)
        for _ in range(2):  # one that is done is not done again
            clock.advance(registry_imports.LEASE + timedelta(seconds=1))
            work()
        seen.append((broken_off, stand(number, import_id)))
        if through:
            return seen
    raise AssertionError("it never got through")


def notes_first(import_id: int, rows: Sequence[Any], begun: int, total: int) -> bool:
    """As it must not be: how far one is, and what was taken in, in two transactions."""
    with transaction() as session:
        one = session.get_one(RegistryImport, import_id)
        one.done, one.rows = begun + len(rows), total
    with transaction() as session:
        session.get_one(RegistryImport, import_id).done = begun
        return registry_imports._piece(session, import_id, rows, begun, total)


def killed(every: int, careless: bool = False) -> list[tuple[Any, Any]]:
    admin = signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))
    registry_unit("P-Series Appliance Edition", "3658B4000000")
    clock.advance(timedelta())
    seen: list[tuple[Any, Any]] = in_a_process(die_everywhere, admin.session_token, every, careless)
    assert len(seen) > 5, "it was killed too seldom to prove anything"
    return seen


COMPLETE = (ImportStatus.DONE, 6, [3, 1, 1, 1], 3, 1, 1, 1)


def test_an_import_killed_anywhere_keeps_whole_pieces_and_ends_with_every_row_once(db: str) -> None:
    seen = killed(every=1 if database.reads_at_once() else 4)
    for (_, done, counts, units, changes, problems, _), _ in seen:
        assert (sum(counts), done % 2) == (done, 0)
        assert [units, changes, problems] == counts[:3]
    assert {one[0][1] for one in seen} >= {0, 2, 4, 6}  # it died in every piece
    assert [end for _, end in seen if end != COMPLETE] == []


def test_one_that_notes_how_far_it_is_before_it_takes_the_rows_in_loses_some(sqlite: str) -> None:
    """The negative control."""
    assert [end for _, end in killed(every=3, careless=True) if end != COMPLETE] != []
