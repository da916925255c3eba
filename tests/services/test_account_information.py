"""What a customer sees and changes of itself in the Customer Portal (Seed 001; PRODUCT 4.5)."""

from typing import Any

import pytest

from tests.factories import account, organisation, signed_in
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, OrganisationKind, TaxType
from yeastar_app.refusals import NotAllowed, Refusal, SignInNeeded
from yeastar_app.services import account_information


def carla() -> Account:
    partner = organisation(name="Harbor Telecom")
    company = organisation(OrganisationKind.CUSTOMER, partner, name="Lumen Dental Group", country="NL", city="Utrecht",
                           street="Oudegracht 1", postal_code="3511 AB", tax_type=TaxType.VAT,
                           tax_number="NL1")  # fmt: skip
    return account(Kind.CUSTOMER, company, first_name="Carla", last_name="Mendes", phone="+31 30", remark="pays late")


def test_the_customer_sees_its_account_information(sqlite: str) -> None:
    person = carla()
    seen = perform(account_information.read, None, signed_in(person))
    assert (seen.company, seen.partner, seen.email) == ("Lumen Dental Group", "Harbor Telecom", person.email)
    assert seen.address == ["Oudegracht 1", "3511 AB Utrecht", "Netherlands"]
    assert (seen.tax, seen.phone, seen.two_factor) == ("VAT number NL1", "+31 30", "Off")


def test_the_partners_remark_is_not_shown_and_not_touched(sqlite: str) -> None:
    person = carla()
    assert "pays late" not in str(perform(account_information.read, None, signed_in(person)))
    perform(account_information.change, {"first_name": "C", "remark": "pays early"}, signed_in(person))
    with transaction(writes=False) as session:
        assert session.get_one(Account, person.key).remark == "pays late"


def test_name_and_phone_are_the_customers_to_change_and_nothing_else_is(sqlite: str) -> None:
    person = carla()
    change = {"first_name": " Carla Maria ", "last_name": "", "phone": "", "email": "other@example.com",
              "company": "Other", "kind": "administrator", "id": 1}  # fmt: skip
    assert perform(account_information.change, change, signed_in(person)) == "Carla Maria"
    with transaction(writes=False) as session:
        row = session.get_one(Account, person.key)
    assert (row.first_name, row.last_name, row.phone) == ("Carla Maria", "", None)
    assert (row.email, row.kind) == (person.email, Kind.CUSTOMER)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_name": "", "last_name": " "}, "first_name"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"first_name": {"a": 1}}, "first_name"),
        ({"first_name": "C", "phone": "call me!"}, "phone"),
        ({"first_name": "C", "picture": b"GIF89a"}, "picture"),
    ],
)
def test_bad_input_is_refused_at_its_field(sqlite: str, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        perform(account_information.change, change, signed_in(carla()))
    assert field in refused.value.fields


def test_only_customers_have_this_page(sqlite: str) -> None:
    for kind in set(Kind) - {Kind.CUSTOMER}:
        with pytest.raises(NotAllowed):
            perform(account_information.read, None, signed_in(account(kind)))
    with pytest.raises(SignInNeeded):
        perform(account_information.read, None, Credential())
