"""The points ledger: append-only, lots with their own expiry, first to expire is first spent, never below zero."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.databases import upgrade
from tests.factories import account
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.points import PointAccount, PointEntry, PointLot, Programme, Registration
from yeastar_app.models.products import Product
from yeastar_app.refusals import Refusal
from yeastar_app.services import points, tiers
from yeastar_app.services.calendar import add_months

_numbers = iter(range(1, 10**9))


def earn(organisation_id: int, account_id: int, amount: int) -> None:
    with transaction() as session:
        held = points.lock(session, organisation_id)
        row = Registration(
            organisation_id=organisation_id,
            account_id=account_id,
            product_id=session.exec(select(Product.id).limit(1)).one(),
            identifier=f"SERIAL{next(_numbers):08}",
            purchase_date=clock.now().date(),
            purchase_from="-",
            end_user_name="-",
            end_user_company="-",
            points=amount,
            at=clock.now(),
        )
        session.add(row)
        session.flush()
        points.earn(session, held, row, "test", tiers.programme(session))


def spend(organisation_id: int, amount: int) -> None:
    with transaction() as session:
        points.spend(session, points.lock(session, organisation_id), amount, points.Cause("test"))


def entries() -> list[tuple[str, int, int]]:
    with transaction(writes=False) as session:
        found = session.exec(select(PointEntry).order_by(col(PointEntry.id)))
        return [(entry.kind.value, entry.points, entry.balance_after) for entry in found]


def test_spending_takes_the_lot_that_expires_first(db: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    clock.advance(timedelta(days=10))
    earn(owner.organisation_id, owner.key, 50)
    spend(owner.organisation_id, 120)
    with transaction(writes=False) as session:
        remaining = session.exec(select(PointLot.remaining).order_by(col(PointLot.expires_on))).all()
    assert remaining == [0, 30]
    assert entries()[2:] == [("redeemed", -100, 50), ("redeemed", -20, 30)]


def test_more_than_the_balance_cannot_be_spent(sqlite: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    with pytest.raises(Refusal, match="not_enough_points"):
        spend(owner.organisation_id, 101)
    assert entries() == [("earned", 100, 100)]


def test_a_lot_expires_at_the_end_of_its_last_day_in_utc_and_not_a_second_before(sqlite: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    end = datetime.combine(add_months(clock.now(), 24) + timedelta(days=1), time(), UTC)
    clock.advance(end - clock.now() - timedelta(seconds=1))
    expiry.run_due()
    assert entries() == [("earned", 100, 100)]
    clock.advance(timedelta(seconds=1))
    expiry.run_due()
    assert entries() == [("earned", 100, 100), ("expired", -100, 0)]


def test_expiry_happens_once_however_often_the_job_runs(db: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    clock.advance(timedelta(days=800))
    for _ in range(3):
        expiry.run_due()
    assert entries() == [("earned", 100, 100), ("expired", -100, 0)]


def test_expired_points_cannot_be_spent_even_where_the_job_is_late(sqlite: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    clock.advance(timedelta(days=800))
    with pytest.raises(Refusal, match="not_enough_points"):
        spend(owner.organisation_id, 1)
    expiry.run_due()
    assert entries()[-1] == ("expired", -100, 0)


@pytest.mark.parametrize("change", ["UPDATE point_entry SET points = 1000", "DELETE FROM point_entry"])
def test_the_database_refuses_to_change_or_delete_an_entry(db: str, change: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    with pytest.raises(sa.exc.DatabaseError, match="only grows"), transaction() as session:
        session.execute(sa.text(change))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2024, 2, 29), 24, (2026, 2, 28)),
        ((2026, 3, 31), -1, (2026, 2, 28)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
        ((2026, 1, 15), -1, (2025, 12, 15)),
    ],
)
def test_months_are_calendar_months(start: tuple[int, int, int], months: int, end: tuple[int, int, int]) -> None:
    assert add_months(datetime(*start, tzinfo=UTC), months) == datetime(*end, tzinfo=UTC)


@lru_cache
def migrated() -> bytes:
    """A migrated SQLite file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        engine = database.make_engine(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()


@contextmanager
def empty_ledger() -> Iterator[tuple[int, int]]:
    """One company in a database of its own, behind `transaction()`, until the block ends."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "ledger.db").write_bytes(migrated())
        engine = database.make_engine(f"sqlite:///{folder}/ledger.db")
        before, database.engine = database.engine, lambda: engine  # type: ignore[assignment]
        try:
            owner = account()
            yield owner.organisation_id, owner.key
        finally:
            database.engine = before
            engine.dispose()


def test_the_figures_of_the_programme_are_data(sqlite: str) -> None:
    with transaction() as session:
        session.exec(select(Programme)).one().lot_validity_months = 6
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    with transaction(writes=False) as session:
        assert session.exec(select(PointLot)).one().expires_on == add_months(clock.now(), 6).date()


def test_spending_a_little_reads_a_handful_of_lots_however_many_there_are(db: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 1)
    with transaction() as session:
        first = session.exec(select(PointLot)).one()
        plain = first.model_dump(exclude={"id"}) | {"points": 1, "remaining": 1}
        session.execute(sa.insert(PointLot), [plain] * 400)
        session.exec(select(PointAccount)).one().balance += 400
    loaded = []
    with transaction() as session:
        sa.event.listen(session, "loaded_as_persistent", lambda _session, row: loaded.append(type(row)))
        points.spend(session, points.lock(session, owner.organisation_id), 10, points.Cause("test"))
    assert loaded.count(PointLot) <= points.LOTS_AT_ONCE
    spend(owner.organisation_id, 391)
    with transaction(writes=False) as session:
        assert session.exec(select(PointAccount.balance)).one() == 0
        assert session.exec(select(sa.func.sum(col(PointLot.remaining)))).one() == 0
