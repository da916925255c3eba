"""The points ledger: entries are only appended, every earning is a lot with its own expiry, spending takes the lot that
expires first, and the balance is never below zero. Who changes it holds the lock of the account's row."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot, Programme, Registration, Tier
from yeastar_app.refusals import Refusal
from yeastar_app.services.calendar import add_months
from yeastar_app.words import t


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
    fresh = PointAccount(organisation_id=organisation_id, tier_id=lowest.key, tier_since=clock.now())
    try:
        with session.begin_nested():
            session.add(fresh)
    except IntegrityError:
        return  # somebody else opened it a moment ago


def expiry_of(figures: Programme) -> datetime:
    """When points earned now expire."""
    return add_months(clock.now(), figures.lot_validity_months)


def new_lot(session: Session, account: PointAccount, points: int, figures: Programme) -> PointLot:
    """The lot of an earning; its entries are the caller's."""
    lot = PointLot(
        organisation_id=account.organisation_id,
        points=points,
        remaining=points,
        earned_at=clock.now(),
        expires_at=expiry_of(figures),
    )
    session.add(lot)
    session.flush()
    return lot


def earn(session: Session, account: PointAccount, registration: Registration, reason: str, figures: Programme) -> None:
    """Book the points of one registration."""
    lot = new_lot(session, account, registration.points, figures)
    account.balance += registration.points
    session.add(
        _entry(account, EntryKind.EARNED, registration.points, lot, reason, registration.account_id, registration.id)
    )


def spend(session: Session, account: PointAccount, points: int, reason: str, account_id: int | None) -> None:
    """Take points out, from the lot that expires first. Refusal `not_enough_points` where the balance is too low."""
    if points > account.balance:
        raise Refusal(
            "not_enough_points",
            t("{points} points are needed and {balance} are there.", points=points, balance=account.balance),
            "points",
        )
    for lot in session.exec(_open_lots(account).order_by(col(PointLot.expires_at), col(PointLot.id))):
        if points == 0:
            break
        taken = min(points, lot.remaining)
        points -= taken
        _take(session, account, lot, taken, EntryKind.REDEEMED, reason, account_id)


def _expire(session: Session, account: PointAccount) -> None:
    due = _open_lots(account).where(col(PointLot.expires_at) <= clock.now())
    for lot in session.exec(due.order_by(col(PointLot.expires_at), col(PointLot.id))).all():
        _take(session, account, lot, lot.remaining, EntryKind.EXPIRED, t("The period of validity is over"), None)


def _open_lots(account: PointAccount):  # type: ignore[no-untyped-def]  # SQLModel's select types cannot be named
    return select(PointLot).where(col(PointLot.organisation_id) == account.organisation_id, col(PointLot.remaining) > 0)


def _take(
    session: Session,
    account: PointAccount,
    lot: PointLot,
    points: int,
    kind: EntryKind,
    reason: str,
    account_id: int | None,
) -> None:
    lot.remaining -= points
    account.balance -= points
    session.add(_entry(account, kind, -points, lot, reason, account_id, None))


def _entry(
    account: PointAccount,
    kind: EntryKind,
    points: int,
    lot: PointLot,
    reason: str,
    account_id: int | None,
    registration_id: int | None,
) -> PointEntry:
    return PointEntry(
        organisation_id=account.organisation_id,
        at=clock.now(),
        kind=kind,
        points=points,
        balance_after=account.balance,
        lot_id=lot.key,
        registration_id=registration_id,
        account_id=account_id,
        reason=reason[:200],
    )
