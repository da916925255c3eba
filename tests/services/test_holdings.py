"""What a customer holds, and who sees it (Seed 001; PRODUCT 4.2)."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.conftest import START
from tests.factories import account, organisation, signed_in
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, OrganisationKind
from yeastar_app.models.products import Holding, HoldingStatus, Product
from yeastar_app.refusals import NotAllowed, NotFound
from yeastar_app.services import holdings


def holding(owner: int, customer: int | None = None, **values: Any) -> int:
    with transaction() as session:
        product = session.exec(select(Product).where(Product.code == "p-series-cloud")).one()
        row = Holding(
            organisation_id=owner, customer_id=customer, product_id=product.key, created_at=clock.now(),
            **{"identifier": "pbx@example.com", "name": "Head office", "status": HoldingStatus.ACTIVE,
               "starts_on": START.date(), "expires_on": START.date() + timedelta(days=365), **values},
        )  # fmt: skip
        session.add(row)
    return row.key


def people() -> tuple[Account, Account, Account]:
    """A partner, its customer, and its other customer."""
    home = organisation(name="Harbor Telecom")
    partner = account(within=home)
    return partner, *(account(Kind.CUSTOMER, organisation(OrganisationKind.CUSTOMER, home)) for _ in range(2))


def test_a_customer_sees_what_it_holds_and_what_it_was_associated_with(sqlite: str) -> None:
    partner, customer, other = people()
    own = holding(customer.organisation_id)
    given = holding(partner.organisation_id, customer.organisation_id)
    holding(partner.organisation_id)
    holding(partner.organisation_id, other.organisation_id)
    rows = perform(holdings.mine, {}, signed_in(customer)).rows
    assert [(row.id, row.provider) for row in rows] == [(given, "Harbor Telecom"), (own, "")]
    assert perform(holdings.details, {"id": given}, signed_in(customer)).product == "P-Series Cloud Edition"


def test_nobody_elses_product_is_there(sqlite: str) -> None:
    partner, customer, other = people()
    theirs = holding(partner.organisation_id, other.organisation_id)
    for wrong in (theirs, 0, -1, "x", None, 2**70):
        with pytest.raises(NotFound):
            perform(holdings.details, {"id": wrong}, signed_in(customer))
    with pytest.raises(NotAllowed):
        perform(holdings.mine, {}, signed_in(partner))


def test_the_partner_sees_the_products_of_its_customer(sqlite: str) -> None:
    partner, customer, _ = people()
    given = holding(partner.organisation_id, customer.organisation_id)
    rows = perform(holdings.of_customer, {"id": customer.key}, signed_in(partner)).rows
    assert [row.id for row in rows] == [given]


@pytest.mark.parametrize(
    ("status", "days", "state", "left"),
    [
        (HoldingStatus.ACTIVE, 31, "active", "31 days left"),
        (HoldingStatus.ACTIVE, 30, "expiring", "30 days left"),
        (HoldingStatus.ACTIVE, 1, "expiring", "1 day left"),
        (HoldingStatus.ACTIVE, 0, "expiring", "Ends today"),
        (HoldingStatus.ACTIVE, -1, "expired", "Ended 1 day ago"),
        (HoldingStatus.TRIAL, 5, "trial", "5 days left"),
        (HoldingStatus.TRIAL, -2, "expired", "Ended 2 days ago"),
        (HoldingStatus.CANCELLED, 90, "cancelled", "90 days left"),
        (HoldingStatus.ACTIVE, None, "active", "No end"),
    ],
)
def test_the_state_follows_the_day(sqlite: str, status: HoldingStatus, days: int | None, state: str, left: str) -> None:
    _, customer, _ = people()
    end: date | None = None if days is None else START.date() + timedelta(days=days)
    holding(customer.organisation_id, status=status, expires_on=end)
    (row,) = perform(holdings.mine, {}, signed_in(customer)).rows
    assert (row.state, row.left) == (state, left)
