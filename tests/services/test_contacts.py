"""Customers of Central Management: contact records of one's own company (Yeastar help: Cloud PBX > Customer)."""

from typing import Any

import pytest

from tests.race import at_once
from tests.services.central import (
    activated,
    add_pbx,
    add_reseller,
    delete_pbx,
    let_the_engine_work,
    owner,
)
from yeastar_app.access import Credential, perform
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import contacts, pbx, pbx_orders

IDA = {"first_name": "Ida", "company": "Clinic", "email": "Ida@Clinic.example.com"}


def kept(by: Credential, **changes: Any) -> int:
    return perform(contacts.create, {**IDA, **changes}, by).id


def test_a_customer_is_kept_found_changed_and_deleted(db: str) -> None:
    partner = owner().credential
    number = kept(partner, last_name="Roos", country="be")
    assert [row.name for row in perform(contacts.search, {"search": "clinic"}, partner).rows] == ["Ida Roos"]
    now = perform(contacts.details, {"id": number}, partner)
    assert (now.values["email"], now.values["country"]) == ("ida@clinic.example.com", "BE")
    perform(contacts.edit, {**now.values, "city": "Ghent", "id": number, "seen": now.mark}, partner)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(contacts.edit, {**now.values, "city": "Lier", "id": number, "seen": now.mark}, partner)
    assert perform(contacts.delete, {"ids": [number]}, partner) == 1
    assert perform(contacts.search, {}, partner).rows == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_name": ""}, "first_name"),
        ({"company": " "}, "company"),
        ({"email": "nobody"}, "email"),
        ({"email": ["a@b.example"]}, "email"),
        ({"country": "Atlantis"}, "country"),
        ({"mobile": "call me; now"}, "mobile"),
        ({"postal_code": "9" * 21}, "postal_code"),
        ({"remark": "x" * 501}, "remark"),
        ({"last_name": "\0"}, "last_name"),
    ],
)
def test_what_is_no_customer_is_refused_at_its_field(sqlite: str, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        kept(owner().credential, **changes)
    assert set(refused.value.fields) == {field}


def test_a_customer_who_gets_a_pbxs_emails_cannot_be_deleted_until_the_pbx_is_gone(db: str) -> None:
    partner = owner().credential
    number = kept(partner)
    machine = add_pbx(partner, name="Front desk", recipients=[number])
    with pytest.raises(Refusal, match="gets the emails of Front desk"):
        perform(contacts.delete, {"ids": [number]}, partner)
    delete_pbx(partner, machine)
    assert perform(contacts.delete, {"ids": [number]}, partner) == 1


def test_deleting_several_deletes_all_or_none(sqlite: str) -> None:
    partner = owner().credential
    free, bound = kept(partner), kept(partner, first_name="Bo")
    add_pbx(partner, recipients=[bound])
    with pytest.raises(Refusal, match="customer_bound"):
        perform(contacts.delete, {"ids": [free, bound]}, partner)
    assert len(perform(contacts.search, {}, partner).rows) == 2


def test_another_companys_customers_are_not_there(sqlite: str) -> None:
    partner, rival = owner(), owner().credential
    number = kept(partner.credential)
    reseller = activated(add_reseller(partner))
    for stranger in (rival, reseller):
        assert perform(contacts.search, {}, stranger).rows == []
        for action, form in ((contacts.details, {"id": number}), (contacts.delete, {"ids": [number]})):
            with pytest.raises(NotFound):
                perform(action, form, stranger)


def test_for_a_resellers_pbx_the_resellers_customers_are_offered(sqlite: str) -> None:
    partner = owner()
    account = add_reseller(partner)
    reseller = activated(account)
    theirs, mine = kept(reseller), kept(partner.credential, first_name="Mine")
    offered = perform(contacts.offer, {"owner": str(account)}, partner.credential)
    assert [one.id for one in offered] == [theirs]
    machine = add_pbx(partner.credential, owner=account, recipients=[theirs])
    assert [one.id for one in perform(contacts.offer, {"pbx": str(machine)}, partner.credential)] == [theirs]
    assert [one.id for one in perform(contacts.offer, {}, partner.credential)] == [mine]
    with pytest.raises(NotFound):
        perform(contacts.offer, {"pbx": str(machine)}, owner().credential)


def test_who_may_only_look_at_pbxs_sees_no_customers(sqlite: str) -> None:
    viewer = activated(add_reseller(owner(), features=["pbx.view"]))
    for action in (contacts.search, contacts.offer):
        with pytest.raises(NotAllowed):
            perform(action, {}, viewer)


def test_binding_and_deleting_the_same_customer_at_once_leaves_no_pbx_without_its_customer(db: str) -> None:
    partner = owner().credential
    for _ in range(3):
        number, machine = kept(partner), add_pbx(partner)
        now = perform(pbx.details, {"id": machine}, partner)
        bind = {"id": machine, "name": "Front desk", "seen": now.mark, "recipients": [number]}

        def one(turn: int, number: int = number, bind: dict[str, Any] = bind) -> Any:
            if turn:
                return perform(pbx_orders.edit, bind, partner)
            return perform(contacts.delete, {"ids": [number]}, partner)

        won, refused = at_once(2, one)
        assert (len(won), len(refused)) == (1, 1)
        assert refused[0] in ("unknown_customer", "customer_bound")
    let_the_engine_work()
