"""The points ledger: entries are only appended, every earning is a lot with its own expiry, spending takes the lot that
expires first, and the balance is never below zero: what a reversal cannot take back any more is a debt that whatever
comes in pays first. Who changes the ledger holds the lock of the account's row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot, Programme, Registration, Tier
from yeastar_app.models.rewards import Redemption
from yeastar_app.refusals import Refusal
from yeastar_app.services.calendar import add_months
from yeastar_app.words import plural, t

LOTS_AT_ONCE = 20
"""How many lots spending reads at first; then four times as many, and so on."""


@dataclass(frozen=True)
class Cause:
    """Why the ledger changes: the words of the line, whose doing it was, and what it belongs to."""

    reason: str
    account_id: int | None = None
    registration_id: int | None = None
    redemption_id: int | None = None


@dataclass(frozen=True)
class Reversal:
    """What a reversal did: points taken out of the balance, points that became debt, points that had expired."""

    taken: int
    owed: int
    expired: int


def lock(session: Session, organisation_id: int) -> PointAccount:
    """A partner's points account, opened where there is none, locked until the transaction ends. Lots whose time is
    over expire first: nobody can spend them, however late the job that sweeps them comes."""
    query = (
        select(PointAccount)
        .where(col(PointAccount.organisation_id) == organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    account = session.exec(query).first()
    if account is None:
        _open(session, organisation_id)
        account = session.exec(query).one()
    _expire(session, account)
    return account


def _open(session: Session, organisation_id: int) -> None:
    lowest = session.exec(select(Tier).order_by(col(Tier.threshold)).limit(1)).one()
    figures = session.exec(select(Programme).order_by(col(Programme.id))).one()
    now = clock.now()
    fresh = PointAccount(
        organisation_id=organisation_id,
        tier_id=lowest.key,
        tier_since=now,
        review_at=add_months(now, figures.tier_period_months),
    )
    try:
        with session.begin_nested():
            session.add(fresh)
    except IntegrityError:
        return  # somebody else opened it a moment ago


def last_day_of(figures: Programme) -> date:
    """The last day, in UTC, on which points earned now can be spent."""
    return add_months(clock.now(), figures.lot_validity_months).date()


def new_lot(session: Session, account: PointAccount, points: int, figures: Programme) -> PointLot:
    """The lot of an earning; booking it is the caller's (`book`)."""
    lot = PointLot(
        organisation_id=account.organisation_id,
        points=points,
        remaining=points,
        earned_at=clock.now(),
        expires_on=last_day_of(figures),
    )
    session.add(lot)
    session.flush()
    return lot


def earn(session: Session, account: PointAccount, registration: Registration, reason: str, figures: Programme) -> None:
    """Book the points of one registration."""
    lot = new_lot(session, account, registration.points, figures)
    cause = Cause(reason, registration.account_id, registration_id=registration.id)
    _book(session, account, lot, registration.points, EntryKind.EARNED, cause)
    pay_debt(session, account, [lot])


def adjust(session: Session, account: PointAccount, points: int, cause: Cause, figures: Programme) -> None:
    """Add points (a lot with the usual validity) or take some out (`points` below zero), for a reason somebody gave.
    Refusal `not_enough_points` where more would be taken than is there."""
    if points < 0:
        _spend(session, account, -points, EntryKind.ADJUSTED, cause)
        return
    lot = new_lot(session, account, points, figures)
    _book(session, account, lot, points, EntryKind.ADJUSTED, cause)
    pay_debt(session, account, [lot])


def spend(session: Session, account: PointAccount, points: int, cause: Cause) -> None:
    """Take points out, from the lot that expires first. Refusal `not_enough_points` where the balance is too low."""
    _spend(session, account, points, EntryKind.REDEEMED, cause)


def give_back(session: Session, account: PointAccount, redemption: Redemption, cause: Cause) -> None:
    """Put the points of a redemption back into the lots they came from, with their old expiry: what is over by now
    expires at once, after it paid what is owed."""
    held = session.exec(
        select(PointEntry)
        .where(col(PointEntry.redemption_id) == redemption.id, col(PointEntry.points) < 0)
        .order_by(col(PointEntry.id))
    ).all()
    lots = {lot.key: lot for lot in _lots(session, {entry.lot_id for entry in held})}
    for entry in held:
        assert entry.lot_id is not None
        lot = lots[entry.lot_id]
        lot.remaining -= entry.points
        _book(session, account, lot, -entry.points, EntryKind.REVERSED, cause)
    pay_debt(session, account, sorted(lots.values(), key=lambda lot: (lot.expires_on, lot.key)))
    _expire(session, account)


def reverse(session: Session, account: PointAccount, registration: Registration, cause: Cause) -> Reversal:
    """Take back what a registration earned: from its own lot; what expired there is gone already; the rest was spent
    and comes from the other lots, or stays as a debt."""
    session.flush()
    lot = session.exec(
        select(PointLot)
        .join(PointEntry, col(PointEntry.lot_id) == col(PointLot.id))
        .where(col(PointEntry.registration_id) == registration.id, col(PointEntry.kind) == EntryKind.EARNED)
    ).one()
    taken = min(registration.points, lot.remaining)
    if taken:
        _take(session, account, lot, taken, EntryKind.REVERSED, cause)
    expired = min(registration.points - taken, lot.expired)
    lot.expired -= expired
    spent = registration.points - taken - expired
    from_others = min(spent, account.balance)
    if from_others:
        _spend(session, account, from_others, EntryKind.REVERSED, cause)
    owed = spent - from_others
    if owed:
        account.debt += owed
        session.add(_entry(account, EntryKind.REVERSED, 0, None, cause, debt=owed))
    return Reversal(taken + from_others, owed, expired)


def pay_debt(session: Session, account: PointAccount, lots: Sequence[PointLot]) -> None:
    """What came into these lots pays what is owed, before anybody can spend it."""
    for lot in lots:
        paid = min(account.debt, lot.remaining)
        if paid:
            account.debt -= paid
            cause = Cause(t("Pays {points} owed for reversed registrations", points=plural(paid, "point", "points")))
            _take(session, account, lot, paid, EntryKind.REVERSED, cause, debt=-paid)


def _expire(session: Session, account: PointAccount) -> None:
    for lot in _open_lots(session, account, col(PointLot.expires_on) < clock.now().date()):
        lot.expired += lot.remaining
        _take(session, account, lot, lot.remaining, EntryKind.EXPIRED, Cause(t("The period of validity is over")))


def _spend(session: Session, account: PointAccount, points: int, kind: EntryKind, cause: Cause) -> None:
    if points > account.balance:
        raise Refusal(
            "not_enough_points",
            t(
                "{points} points are needed and {balance} are there.",
                points=f"{points:,}",
                balance=f"{account.balance:,}",
            ),
            "points",
        )
    for lot in _open_lots(session, account):
        taken = min(points, lot.remaining)
        points -= taken
        _take(session, account, lot, taken, kind, cause)
        if points == 0:
            break


def _open_lots(session: Session, account: PointAccount, *which: Any) -> Iterator[PointLot]:
    """Lots with something left, the first to expire first, a few at a time: who spends ten points out of a hundred
    thousand lots reads only the first of them. Whoever goes on to the next lot has emptied the one before."""
    query = (
        select(PointLot)
        .where(col(PointLot.organisation_id) == account.organisation_id, col(PointLot.remaining) > 0, *which)
        .order_by(col(PointLot.expires_on), col(PointLot.id))
    )
    some = LOTS_AT_ONCE
    while lots := session.exec(query.limit(some)).all():
        yield from lots
        some *= 4


def _lots(session: Session, keys: set[int | None]) -> Sequence[PointLot]:
    return session.exec(select(PointLot).where(col(PointLot.id).in_(keys))).all()


def _take(
    session: Session,
    account: PointAccount,
    lot: PointLot,
    points: int,
    kind: EntryKind,
    cause: Cause,
    debt: int = 0,
) -> None:
    lot.remaining -= points
    _book(session, account, lot, -points, kind, cause, debt)


def _book(
    session: Session,
    account: PointAccount,
    lot: PointLot,
    points: int,
    kind: EntryKind,
    cause: Cause,
    debt: int = 0,
) -> None:
    account.balance += points
    session.add(_entry(account, kind, points, lot, cause, debt))


def _entry(
    account: PointAccount, kind: EntryKind, points: int, lot: PointLot | None, cause: Cause, debt: int = 0
) -> PointEntry:
    return PointEntry(
        organisation_id=account.organisation_id,
        at=clock.now(),
        kind=kind,
        points=points,
        balance_after=account.balance,
        debt=debt,
        debt_after=account.debt,
        lot_id=lot.key if lot else None,
        registration_id=cause.registration_id,
        redemption_id=cause.redemption_id,
        account_id=cause.account_id,
        reason=cause.reason[:200],
    )
