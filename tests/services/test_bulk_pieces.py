"""Bulk Register in pieces: cancelled between two of them, taken up again, and two files with the same rows at once."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.factories import account, registry_unit, signed_in
from tests.race import at_once
from tests.services.test_bulk import APPLIANCE, checked, problems, registered, row, work, workbook
from tests.services.test_registration_race import drop_the_constraint, see_nothing_registered
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import bulk as jobs
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import PointAccount, PointEntry, PointLot, Registration, UploadStatus
from yeastar_app.models.records import Email
from yeastar_app.services import bulk, bulk_work, checks
from yeastar_app.services.bulk import UploadView


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows instead of thousands."""
    monkeypatch.setattr(bulk_work, "PIECE", 10)


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.PARTNER))


def serials(count: int) -> list[str]:
    return [f"3658B43{number:05}" for number in range(count)]


def known(count: int) -> list[list[object]]:
    """Rows of units that the registry knows."""
    for serial in serials(count):
        registry_unit(APPLIANCE, serial)
    return [row(serial) for serial in serials(count)]


def started(upload: UploadView, here: Credential) -> UploadView:
    return perform(bulk.start_registering, {"upload": upload.id}, here)


def cancelled_after(pieces: int, upload: UploadView, here: Credential, monkeypatch: pytest.MonkeyPatch) -> UploadView:
    """Register until so many pieces are done; then its owner clicks "Cancel"."""
    register, done = bulk_work._register, iter(range(pieces))

    def cancelled(*work: Any) -> bool:
        if next(done, None) is None:
            perform(bulk.cancel, {"upload": upload.id}, here)
        return register(*work)

    with monkeypatch.context() as patched:
        patched.setattr(bulk_work, "_register", cancelled)
        return registered(upload, here)


def ledger() -> tuple[int, int, int, int]:
    """Registrations, entries, what the lots hold, what the accounts do."""
    with transaction(writes=False) as session:
        assert checks.broken(session) == []
        return (
            session.execute(sa.select(sa.func.count()).select_from(Registration)).scalar_one(),
            session.execute(sa.select(sa.func.count()).select_from(PointEntry)).scalar_one(),
            sum(session.exec(select(PointLot.remaining))),
            sum(session.exec(select(PointAccount.balance))),
        )


def test_a_cancelled_registration_says_exactly_what_is_registered_and_goes_on_later(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = signed_in(account(Kind.PARTNER))
    upload = checked(workbook(*known(35), row("WRONG")), here)
    stopped = cancelled_after(2, upload, here, monkeypatch)
    assert (stopped.status, stopped.registered, stopped.good, stopped.points) == (
        UploadStatus.CANCELLED, 20, 35, 3000,
    )  # fmt: skip
    assert stopped.result
    assert (stopped.result["total"], stopped.result["balance"], stopped.result["tier"]) == (3000, 3000, "Silver")
    assert ledger() == (20, 20, 3000, 3000)

    perform(bulk.start_check, {"upload": upload.id}, here)
    work()
    again = perform(bulk.status, {"upload": upload.id}, here)
    assert (again.status, again.registered, again.good, again.bad) == (UploadStatus.CHECKED, 20, 35, 1)
    done = registered(again, here)
    assert (done.status, done.registered, done.points) == (UploadStatus.DONE, 35, 5250)
    assert done.result
    assert done.result["lines"] == [{"product": APPLIANCE, "count": 35, "points": 5250}]
    assert ledger() == (35, 35, 5250, 5250)
    with transaction(writes=False) as session:
        told = session.exec(select(Email.subject).order_by(Email.id)).all()  # type: ignore[arg-type]
    assert told == ["You have reached Silver", "You have reached Gold"]


def test_a_tier_reached_on_the_way_is_told_once_by_the_whole_workbook(here: Credential) -> None:
    done = registered(checked(workbook(*known(40)), here), here)
    assert done.result
    assert done.result["tier"] == "Gold"
    with transaction(writes=False) as session:
        assert session.exec(select(Email.subject)).all() == ["You have reached Gold"]


def test_a_cancelled_check_registers_nothing_and_can_be_taken_up(here: Credential) -> None:
    chosen = perform(bulk.choose, {"file_name": "a.xlsx", "content": workbook(*known(3))}, here)
    perform(bulk.start_check, {"upload": chosen.id}, here)
    assert perform(bulk.cancel, {"upload": chosen.id}, here).status is UploadStatus.CANCELLED
    assert jobs.claim_due() == []
    bulk_work.check(chosen.id)
    assert perform(bulk.status, {"upload": chosen.id}, here).status is UploadStatus.CANCELLED
    perform(bulk.start_check, {"upload": chosen.id}, here)
    work()
    assert perform(bulk.status, {"upload": chosen.id}, here).good == 3
    assert ledger() == (0, 0, 0, 0)


def test_cancelling_twice_or_too_late_changes_nothing(here: Credential) -> None:
    upload = checked(workbook(*known(3)), here)
    first = perform(bulk.cancel, {"upload": upload.id}, here)
    assert perform(bulk.cancel, {"upload": upload.id}, here) == first
    perform(bulk.start_check, {"upload": upload.id}, here)
    work()
    done = registered(upload, here)
    assert perform(bulk.cancel, {"upload": upload.id}, here) == done
    assert ledger() == (3, 3, 450, 450)


def test_a_fault_after_some_pieces_keeps_them_and_says_so(here: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = checked(workbook(*known(25)), here)
    book, left = bulk_work._book, iter(range(2))
    with monkeypatch.context() as patched:
        patched.setattr(bulk_work, "_book", lambda *given: book(*given) if next(left, None) is not None else 1 / 0)
        stopped = registered(upload, here)
    assert (stopped.status, stopped.registered) == (UploadStatus.CANCELLED, 20)
    assert "go on" in stopped.refusal
    assert ledger() == (20, 20, 3000, 3000)
    perform(bulk.start_check, {"upload": upload.id}, here)
    work()
    assert registered(upload, here).refusal == ""
    assert ledger() == (25, 25, 3750, 3750)


def test_what_others_registered_between_two_pieces_is_left_out_and_said(
    here: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = known(25)
    theirs = signed_in(account(Kind.PARTNER))
    upload = checked(workbook(*rows), here)
    cancelled_after(1, upload, here, monkeypatch)
    registered(checked(workbook(rows[12]), theirs), theirs)
    perform(bulk.start_check, {"upload": upload.id}, here)
    work()
    done = registered(upload, here)
    assert (done.registered, done.good, problems(done)) == (24, 24, [(14, "Product ID", "already_registered")])
    assert ledger() == (25, 25, 3750, 3750)


def two_files(count: int) -> list[tuple[int, Credential]]:
    """Two companies about to register the same rows, one file in the opposite order of the other."""
    rows, ready = known(count), []
    for order in (1, -1):
        here = signed_in(account(Kind.PARTNER))
        upload = checked(workbook(*rows[::order]), here)
        started(upload, here)
        ready.append((upload.id, here))
    return ready


def test_negative_control_without_the_constraint_the_same_rows_would_earn_twice(
    own_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_the_constraint()
    see_nothing_registered(monkeypatch)
    ready = two_files(25)
    at_once(2, lambda number: bulk_work.commit(ready[number][0]))
    assert ledger() == (50, 50, 7500, 7500)


def test_two_files_with_the_same_rows_at_once_register_each_row_once(db: str) -> None:
    ready = two_files(35)
    at_once(2, lambda number: bulk_work.commit(ready[number][0]))
    assert ledger() == (35, 35, 5250, 5250)
    seen = [perform(bulk.status, {"upload": upload}, here) for upload, here in ready]
    assert {upload.status for upload in seen} == {UploadStatus.DONE}
    assert [upload.registered + upload.bad for upload in seen] == [35, 35]
    assert sum(upload.registered for upload in seen) == 35


def test_two_files_with_the_same_rows_at_once_while_one_is_cancelled(db: str) -> None:
    ready = two_files(35)

    def contend(number: int) -> None:
        if number < 2:
            bulk_work.commit(ready[number][0])
        else:
            perform(bulk.cancel, {"upload": ready[0][0]}, ready[0][1])

    at_once(3, contend)
    first, second = [perform(bulk.status, {"upload": upload}, here) for upload, here in ready]
    assert first.status in (UploadStatus.DONE, UploadStatus.CANCELLED)
    assert second.status is UploadStatus.DONE
    assert second.registered + second.bad == 35
    count, entries, held, balance = ledger()
    assert count == entries == first.registered + second.registered
    assert held == balance == first.points + second.points
    work()  # nothing is left to do for either
    assert ledger() == (count, entries, held, balance)
