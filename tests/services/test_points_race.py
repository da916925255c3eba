"""Races for one company's points: a redemption against the expiry at the end of the day, a reversal against spending.
Whoever takes the lock of the account second sees what the first left."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from tests.factories import account
from tests.race import at_once
from tests.services.test_points import earn, spend
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot, Registration
from yeastar_app.services import checks, points

WORKERS = 6


def problems() -> list[str]:
    with transaction(writes=False) as session:
        return checks.broken(session)


def taken(kind: EntryKind) -> int:
    """How many points left the ledger by entries of this kind."""
    with transaction(writes=False) as session:
        booked = session.exec(select(PointEntry.points).where(col(PointEntry.kind) == kind)).all()
    return -sum(booked)


def on_the_last_day() -> Account:
    """A company with 100 points in ten lots, all of which end today."""
    owner = account()
    for _ in range(10):
        earn(owner.organisation_id, owner.key, 10)
    with transaction(writes=False) as session:
        last_day = session.exec(select(PointLot.expires_on).limit(1)).one()
    clock.advance(timedelta(days=(last_day - clock.now().date()).days))
    return owner


def believe_what_was_seen_before(monkeypatch: pytest.MonkeyPatch, owner: Account) -> None:
    """The guard taken out: nobody waits for the account's lock, and what was read before decides."""
    with transaction(writes=False) as session:
        seen = session.exec(select(PointAccount)).one().balance
        lots = [(lot.key, lot.remaining) for lot in session.exec(select(PointLot).order_by(col(PointLot.id)))]

    def unlocked(session: Session, organisation_id: int) -> PointAccount:
        found = session.exec(select(PointAccount).where(col(PointAccount.organisation_id) == organisation_id)).one()
        set_committed_value(found, "balance", seen)
        return found

    def stale(session: Session, _account: PointAccount, *_which: Any) -> list[PointLot]:
        found = []
        for key, remaining in lots:
            lot = session.get_one(PointLot, key)
            set_committed_value(lot, "remaining", remaining)
            found.append(lot)
        return found

    monkeypatch.setattr(points, "lock", unlocked)
    monkeypatch.setattr(points, "_open_lots", stale)


def test_negative_control_without_the_lock_the_same_points_expire_and_are_spent(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = on_the_last_day()
    believe_what_was_seen_before(monkeypatch, owner)
    clock.advance(timedelta(days=1))

    def sweep() -> None:
        with transaction() as session:
            points._expire(session, points.lock(session, owner.organisation_id))

    at_once(2, lambda number: sweep() if number else spend(owner.organisation_id, 100))
    assert (taken(EntryKind.EXPIRED), taken(EntryKind.REDEEMED)) == (100, 100)
    assert problems() != []


@pytest.mark.parametrize("day_is_over", [True, False])
def test_points_are_either_spent_or_expire_and_never_both(db: str, day_is_over: bool) -> None:
    owner = on_the_last_day()
    clock.advance(timedelta(days=day_is_over))

    def one(number: int) -> None:
        if number % 2:
            expiry.run_due()
        else:
            spend(owner.organisation_id, 60)

    _, refused = at_once(WORKERS, one)
    spent = 0 if day_is_over else 60
    assert (taken(EntryKind.REDEEMED), taken(EntryKind.EXPIRED)) == (spent, 100 if day_is_over else 0)
    assert refused == ["not_enough_points"] * (3 if day_is_over else 2)
    assert problems() == []


def reverse(owner: Account) -> None:
    with transaction() as session:
        held = points.lock(session, owner.organisation_id)
        row = session.exec(select(Registration)).one()
        if row.reversed_at is None:
            points.reverse(session, held, row, points.Cause("test", registration_id=row.key))
            row.reversed_at = clock.now()


def at_the_same_moment(owner: Account, first: Callable[[Account], None]) -> list[str]:
    return at_once(WORKERS, lambda number: first(owner) if number % 2 else spend(owner.organisation_id, 70))[1]


def test_a_reversal_against_spending_leaves_what_was_spent_as_a_debt_and_never_less_than_nothing(db: str) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    refused = at_the_same_moment(owner, reverse)
    with transaction(writes=False) as session:
        held = session.exec(select(PointAccount)).one()
    spent = taken(EntryKind.REDEEMED)
    assert spent in (0, 70)
    assert (held.balance, held.debt) == (0, spent)
    assert refused == ["not_enough_points"] * (3 if spent == 0 else 2)
    assert problems() == []


def test_negative_control_without_the_lock_a_reversal_and_spending_take_the_same_points(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = account()
    earn(owner.organisation_id, owner.key, 100)
    believe_what_was_seen_before(monkeypatch, owner)
    at_the_same_moment(owner, lambda one: spend(one.organisation_id, 70))
    assert taken(EntryKind.REDEEMED) == 70 * WORKERS
    assert problems() != []
