"""Rebates: the tier's rate on a paid order becomes account credit, once; a refund takes it back, once; currencies stay
apart (PRODUCT 3.1)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from tests.databases import drop_constraint
from tests.factories import account, organisation
from tests.race import at_once
from tests.services.test_points import earn
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, OrganisationKind
from yeastar_app.models.billing import CreditAccount, CreditEntry, CreditKind, Order, OrderStatus
from yeastar_app.models.points import PointAccount, Tier
from yeastar_app.services import checks, points, rebates, tiers

SILVER = 300
"""The sample programme's rate for Silver, in hundredths of a percent."""


def partner(earned: int = 0) -> Account:
    """An owner of a company that has earned so many points just now, and the tier that goes with them."""
    owner = account()
    if earned:
        earn(owner.organisation_id, owner.key, earned)
        with transaction() as session:
            tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))
    return owner


def order(owner: Account, amount: int, currency: str = "EUR", status: OrderStatus = OrderStatus.PAID) -> int:
    with transaction() as session:
        number = len(session.exec(select(Order.id)).all()) + 1
        row = Order(
            organisation_id=owner.organisation_id,
            number=f"YS-{number:05}",
            amount_minor=amount,
            currency=currency,
            status=status,
            created_at=clock.now(),
            paid_at=clock.now() if status is OrderStatus.PAID else None,
        )
        session.add(row)
        session.flush()
        return row.key


def credit(number: int) -> bool:
    with transaction() as session:
        return rebates.credit(session, session.get_one(Order, number)) is not None


def refund(number: int) -> bool:
    with transaction() as session:
        row = session.get_one(Order, number)
        row.status, row.refunded_at = OrderStatus.REFUNDED, clock.now()
        return rebates.reverse(session, row) is not None


def lines() -> list[tuple[str, str, int, int]]:
    with transaction(writes=False) as session:
        found = session.exec(select(CreditEntry).order_by(col(CreditEntry.id)))
        return [(row.kind.value, row.currency, row.amount_minor, row.balance_after_minor) for row in found]


def balances() -> dict[str, int]:
    with transaction(writes=False) as session:
        return {row.currency: row.balance_minor for row in session.exec(select(CreditAccount))}


def rate_of(tier: str, basis_points: int) -> None:
    with transaction() as session:
        session.exec(select(Tier).where(col(Tier.name) == tier)).one().rebate_basis_points = basis_points


def sound() -> bool:
    with transaction(writes=False) as session:
        return checks.broken(session) == []


def test_a_paid_order_gives_the_rate_of_the_tier_once(db: str) -> None:
    rate_of("Silver", SILVER)
    bought = order(partner(1_000), 123_450)
    assert [credit(bought) for _ in range(3)] == [True, True, True]
    assert lines() == [("rebate", "EUR", 3_704, 3_704)]  # 3 % are 3,703.5 cents: a half goes upwards
    assert balances() == {"EUR": 3_704}
    assert sound()


def test_the_line_says_tier_and_rate_whatever_the_programme_says_later(sqlite: str) -> None:
    rate_of("Silver", SILVER)
    credit(order(partner(1_000), 10_000))
    rate_of("Silver", 5)
    with transaction(writes=False) as session:
        line = session.exec(select(CreditEntry)).one()
    assert (line.tier_name, line.rate_basis_points, line.reason) == ("Silver", SILVER, "Rebate on order YS-00001")


def test_a_refund_takes_back_what_was_given_once_whatever_the_rate_is_by_then(db: str) -> None:
    rate_of("Silver", SILVER)
    bought = order(partner(1_000), 10_000)
    credit(bought)
    rate_of("Silver", 900)
    assert [refund(bought) for _ in range(2)] == [True, True]
    assert lines() == [("rebate", "EUR", 300, 300), ("rebate_reversed", "EUR", -300, 0)]
    assert sound()


def test_currencies_are_kept_apart_and_a_balance_may_fall_below_zero(sqlite: str) -> None:
    rate_of("Silver", SILVER)
    owner = partner(1_000)
    euros, dollars = order(owner, 10_000), order(owner, 20_000, "USD")
    assert credit(euros)
    assert credit(dollars)
    with transaction() as session:  # as an order paid by credit will do
        session.exec(select(CreditAccount).where(col(CreditAccount.currency) == "EUR")).one().balance_minor -= 200
    refund(euros)
    assert balances() == {"EUR": -200, "USD": 600}


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.CANCELLED, OrderStatus.REFUNDED])
def test_an_order_that_is_not_paid_gives_nothing(sqlite: str, status: OrderStatus) -> None:
    rate_of("Silver", SILVER)
    assert not credit(order(partner(1_000), 10_000, status=status))
    assert lines() == []


def test_a_refund_of_an_order_without_rebate_takes_nothing_back(sqlite: str) -> None:
    bought = order(partner(), 10_000)
    assert not credit(bought)
    assert not refund(bought)
    assert (lines(), balances()) == ([], {})


def test_a_customers_order_gives_no_rebate(sqlite: str) -> None:
    rate_of("Registered", 500)
    customer = account(within=organisation(OrganisationKind.CUSTOMER))
    assert not credit(order(customer, 10_000))


def test_a_payment_that_is_seen_late_counts_at_the_tier_of_its_day(sqlite: str) -> None:
    rate_of("Registered", 100)
    rate_of("Silver", SILVER)
    owner = partner(10)
    bought = order(owner, 10_000)
    clock.advance(timedelta(days=3))
    earn(owner.organisation_id, owner.key, 1_000)
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))
    credit(bought)
    credit(order(owner, 10_000))
    assert [line[2] for line in lines()] == [100, 300]


def test_a_review_that_was_due_before_the_payment_comes_first(sqlite: str) -> None:
    rate_of("Silver", SILVER)
    owner = partner(1_000)
    clock.advance(timedelta(days=400))
    assert not credit(order(owner, 10_000))
    with transaction(writes=False) as session:
        tier = session.get_one(Tier, session.exec(select(PointAccount)).one().tier_id)
    assert tier.name == "Registered"


@given(amount=st.integers(0, 10**12), rate=st.integers(0, 10_000))
def test_a_rebate_is_within_half_the_smallest_unit_of_the_exact_share(amount: int, rate: int) -> None:
    doubled_error = 2 * (rebates.rebate_of(amount, rate) * 10_000 - amount * rate)
    assert -10_000 < doubled_error <= 10_000


@pytest.mark.parametrize(("amount", "rate", "rebate"), [
    (0, 500, 0), (1, 5_000, 1), (1, 4_999, 0), (333, 100, 3), (350, 100, 4), (10**15, 10_000, 10**15),
])  # fmt: skip
def test_half_a_unit_is_rounded_upwards(amount: int, rate: int, rebate: int) -> None:
    assert rebates.rebate_of(amount, rate) == rebate


def race() -> int:
    """An order that eight workers hear is paid at the same moment."""
    rate_of("Silver", SILVER)
    bought = order(partner(1_000), 10_000)
    at_once(8, lambda _: credit(bought))
    return bought


def drop_the_constraint() -> None:
    drop_constraint("credit_entry", "uq_credit_entry_order_id_kind")


def see_no_line(_session: Session, _order: Order, _kind: CreditKind) -> None:
    """The worst moment: everybody looked before anybody had booked."""


def test_negative_control_without_look_and_constraint_an_order_would_give_eight_rebates(
    own_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_the_constraint()
    monkeypatch.setattr(rebates, "booked", see_no_line)
    race()
    assert len(lines()) == 8


def test_the_constraint_alone_lets_one_rebate_through(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebates, "booked", see_no_line)
    with pytest.raises(sa.exc.IntegrityError):
        race()
    assert [line[2:] for line in lines()] == [(300, 300)]
    assert balances() == {"EUR": 300}


def test_eight_at_once_give_one_rebate_and_nobody_hears_of_an_error(db: str) -> None:
    race()
    assert [line[2:] for line in lines()] == [(300, 300)]
    assert sound()


def test_a_payment_and_a_refund_at_the_same_moment_leave_nothing_or_both(db: str) -> None:
    rate_of("Silver", SILVER)
    bought = order(partner(1_000), 10_000)
    at_once(2, lambda number: refund(bought) if number else credit(bought))
    assert [line[2] for line in lines()] in ([], [300, -300])
    assert balances() in ({}, {"EUR": 0})
