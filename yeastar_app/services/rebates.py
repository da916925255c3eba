"""Rebates: a partner's paid order gives the rate of its tier as account credit, a refund takes it back. Whoever moves
an order calls `credit` or `reverse` in the same transaction; the second call for an order does nothing."""

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.accounts import Organisation, OrganisationKind
from yeastar_app.models.billing import CreditAccount, CreditEntry, CreditKind, Order, OrderStatus
from yeastar_app.models.points import Tier, TierChange
from yeastar_app.services import points, tiers
from yeastar_app.statements import insert_if_absent
from yeastar_app.words import t


def rebate_of(amount_minor: int, rate_basis_points: int) -> int:
    """The rebate on an amount, both in the smallest unit of the currency: to the nearest unit, a half upwards [O]."""
    return (amount_minor * rate_basis_points + 5_000) // 10_000


def credit(session: Session, order: Order) -> CreditEntry | None:
    """Book the rebate of an order that is paid, at the rate of the tier that its company held when it paid. None where
    there is none: not paid, not a partner's, or a rate that makes less than half the smallest unit."""
    _lock(session, order)
    if order.status is not OrderStatus.PAID or not _is_a_partners(session, order):
        return None
    tier = _tier_at_payment(session, order)
    rebate = rebate_of(order.amount_minor, tier.rebate_basis_points)
    if not rebate:
        return None
    reason = t("Rebate on order {number}", number=order.number)
    return _book(session, order, CreditKind.REBATE, rebate, tier.name, tier.rebate_basis_points, reason)


def reverse(session: Session, order: Order) -> CreditEntry | None:
    """Take back the rebate of an order that was refunded, to the unit what was given. The balance may fall below zero:
    the next rebates make it up. None where the order is not refunded or had no rebate."""
    _lock(session, order)
    given = booked(session, order, CreditKind.REBATE)
    if order.status is not OrderStatus.REFUNDED or given is None:
        return None
    reason = t("Order {number} was refunded", number=order.number)
    return _book(session, order, CreditKind.REBATE_REVERSED, -given.amount_minor, given.tier_name,
                 given.rate_basis_points, reason)  # fmt: skip


def booked(session: Session, order: Order, kind: CreditKind) -> CreditEntry | None:
    """The line of this kind that an order has on the statement."""
    query = select(CreditEntry).where(col(CreditEntry.order_id) == order.key, col(CreditEntry.kind) == kind)
    return session.exec(query).first()


def _lock(session: Session, order: Order) -> None:
    """Hold the order as it is now: a payment and a refund at the same moment come one after the other."""
    session.flush()
    session.refresh(order, with_for_update=True)


def _is_a_partners(session: Session, order: Order) -> bool:
    return session.get_one(Organisation, order.organisation_id).kind is OrganisationKind.PARTNER


def _tier_at_payment(session: Session, order: Order) -> Tier:
    """The tier a company held when it paid, which may be a while ago: a bank transfer is seen later. A review that was
    due comes first."""
    account = points.lock(session, order.organisation_id)
    tiers.review(session, account, tiers.programme(session))
    session.flush()
    later = select(TierChange).where(
        col(TierChange.organisation_id) == order.organisation_id, col(TierChange.at) > (order.paid_at or clock.now())
    )
    first = session.exec(later.order_by(col(TierChange.at), col(TierChange.id)).limit(1)).first()
    return session.get_one(Tier, first.from_tier_id if first else account.tier_id)


def _book(
    session: Session, order: Order, kind: CreditKind, amount_minor: int, tier: str, rate_basis_points: int, reason: str
) -> CreditEntry:
    """One line of the statement; where the order has it already, that line."""
    account = _account(session, order)
    if there := booked(session, order, kind):
        return there
    entry = CreditEntry(
        organisation_id=order.organisation_id,
        at=clock.now(),
        kind=kind,
        currency=order.currency,
        amount_minor=amount_minor,
        balance_after_minor=account.balance_minor + amount_minor,
        order_id=order.key,
        tier_name=tier,
        rate_basis_points=rate_basis_points,
        reason=reason[:200],
    )
    account.balance_minor += amount_minor
    session.add(entry)
    session.flush()
    return entry


def _account(session: Session, order: Order) -> CreditAccount:
    """The company's credit in the currency of the order, opened where there is none, locked until the transaction
    ends."""
    whose = {"organisation_id": order.organisation_id, "currency": order.currency}
    insert_if_absent(session, CreditAccount, [{**whose, "balance_minor": 0}])
    query = select(CreditAccount).filter_by(**whose).with_for_update().execution_options(populate_existing=True)
    return session.exec(query).one()
