"""The points ledger: append-only, lots with their own expiry, first to expire is first spent, never below zero."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, col, select

from tests.conftest import START
from tests.databases import upgrade
from tests.factories import account
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot, Programme, Registration
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


class LedgerAgainstModel(RuleBasedStateMachine):
    """Any order of earning, spending, time passing and the job running, against lists and a sum."""

    @initialize()
    def open(self) -> None:
        self._clock = clock.frozen(START)
        self._clock.__enter__()
        self._ledger = empty_ledger()
        self.organisation, self.account = self._ledger.__enter__()
        self.lots: list[list[object]] = []  # [expires, remaining]

    def teardown(self) -> None:
        self._ledger.__exit__(None, None, None)
        self._clock.__exit__(None, None, None)

    def alive(self) -> list[list[object]]:
        return [lot for lot in self.lots if lot[0] >= clock.now().date() and lot[1]]  # type: ignore[operator]

    @rule(amount=st.integers(1, 500))
    def earns(self, amount: int) -> None:
        earn(self.organisation, self.account, amount)
        self.lots.append([add_months(clock.now(), 24).date(), amount])

    @rule(amount=st.integers(1, 800))
    def spends(self, amount: int) -> None:
        alive = sorted(self.alive(), key=lambda lot: lot[0])  # type: ignore[arg-type,return-value]
        if amount > sum(lot[1] for lot in alive):  # type: ignore[misc]
            with pytest.raises(Refusal, match="not_enough_points"):
                spend(self.organisation, amount)
            return
        spend(self.organisation, amount)
        for lot in alive:
            taken = min(amount, lot[1])  # type: ignore[type-var]
            lot[1] -= taken  # type: ignore[operator]
            amount -= taken  # type: ignore[operator]

    @rule(days=st.integers(1, 400))
    def time_passes(self, days: int) -> None:
        clock.advance(timedelta(days=days))

    @rule()
    def the_job_runs(self) -> None:
        expiry.run_due()

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "lots"):
            return
        with transaction(writes=False) as session:
            self._check(session)

    def _check(self, session: Session) -> None:
        held = session.exec(select(PointAccount)).first()
        booked = session.exec(select(PointEntry).order_by(col(PointEntry.id))).all()
        lots = session.exec(select(PointLot)).all()
        balance = held.balance if held else 0
        assert balance == sum(entry.points for entry in booked) == sum(lot.remaining for lot in lots)
        assert balance >= 0
        running = 0
        for entry in booked:
            running += entry.points
            assert entry.balance_after == running
        for lot in lots:
            assert lot.remaining == sum(entry.points for entry in booked if entry.lot_id == lot.id)
            assert sum(e.kind is EntryKind.EXPIRED for e in booked if e.lot_id == lot.id) <= 1
        spendable = sum(lot.remaining for lot in lots if lot.expires_on >= clock.now().date())
        assert spendable == sum(lot[1] for lot in self.alive())  # type: ignore[misc]


TestLedgerAgainstModel = LedgerAgainstModel.TestCase
TestLedgerAgainstModel.settings = hypothesis_settings(max_examples=12, stateful_step_count=25, deadline=None)


def test_the_figures_of_the_programme_are_data(sqlite: str) -> None:
    with transaction() as session:
        session.exec(select(Programme)).one().lot_validity_months = 6
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    with transaction(writes=False) as session:
        assert session.exec(select(PointLot)).one().expires_on == add_months(clock.now(), 6).date()
