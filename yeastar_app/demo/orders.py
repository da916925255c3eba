"""A year of orders of the demo's partners, paid and one of them refunded, with the rebates that the real rules give."""

from datetime import datetime, timedelta

from sqlmodel import Session

from yeastar_app import clock
from yeastar_app.models.accounts import Account
from yeastar_app.models.billing import Order, OrderStatus
from yeastar_app.services import rebates

ORDERS = (
    # who, days ago, what for, amount in the smallest unit, currency, refunded days ago
    ("partner", 348, "P-Series Cloud Edition, Enterprise Plan, 40 extensions, 1 year", 96_000, "EUR", 0),
    ("partner", 301, "Linkus Cloud Service Pro, 25 users, 1 year", 45_000, "EUR", 0),
    ("partner", 262, "P-Series Cloud Edition, Ultimate Plan, 60 extensions, 1 year", 187_250, "EUR", 0),
    ("partner", 236, "Workplace Standard, 12 rooms, 1 year", 64_800, "USD", 0),
    ("rival", 204, "P-Series Cloud Edition, Enterprise Plan, 20 extensions, 1 year", 48_000, "EUR", 0),
    ("partner", 176, "Hosting package, 1,000 extensions, 1 year", 1_150_000, "EUR", 0),
    ("partner", 131, "Remote Management, 30 devices, 1 year", 29_970, "EUR", 118),
    ("partner", 97, "P-Series Software Edition, Enterprise Plan, 100 extensions, 1 year", 214_995, "EUR", 0),
    ("partner", 63, "Workplace Pro, 8 rooms, 1 year", 76_320, "USD", 0),
    ("partner", 34, "P-Series Cloud Edition, Ultimate Plan, 120 extensions, 1 year", 374_500, "EUR", 0),
    ("partner", 12, "Hosting package, 250 more extensions until the end of the term", 148_315, "EUR", 0),
)


def load(session: Session, people: dict[str, Account]) -> None:
    """Pay the orders at the moments it happened, then take back what was refunded, all in the order of time."""
    steps: list[tuple[datetime, int, bool]] = []
    for number, (_, days, _, _, _, refunded) in enumerate(ORDERS):
        steps.append((_at_work(days, number), number, False))
        if refunded:
            steps.append((_at_work(refunded, number), number, True))
    orders: dict[int, Order] = {}
    for at, number, is_refund in sorted(steps):
        with clock.frozen(at):
            if is_refund:
                orders[number].status, orders[number].refunded_at = OrderStatus.REFUNDED, at
                rebates.reverse(session, orders[number])
            else:
                orders[number] = _paid(session, people, number)
                rebates.credit(session, orders[number])


def _paid(session: Session, people: dict[str, Account], number: int) -> Order:
    who, _, description, amount, currency, _ = ORDERS[number]
    order = Order(
        organisation_id=people[who].organisation_id,
        number=f"YS-{clock.now():%Y}-{2140 + number * 17:05d}",
        description=description,
        amount_minor=amount,
        currency=currency,
        status=OrderStatus.PAID,
        created_at=clock.now() - timedelta(hours=3),
        paid_at=clock.now(),
    )
    session.add(order)
    session.flush()
    return order


def _at_work(days: int, number: int) -> datetime:
    return (clock.now() - timedelta(days=days)).replace(hour=9 + number % 8, minute=number * 11 % 60, second=0,
                                                        microsecond=0)  # fmt: skip
