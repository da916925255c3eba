"""The back office: who sees which accounts, resending, removing (Seed 001; PRODUCT 7)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.factories import PASSWORD, account, organisation, signed_in
from tests.services.customers_ground import (
    FORM,
    audited,
    company_of,
    customer,
    customer_below,
    emails,
    manager_of,
    partner,
    row,
)
from tests.services.customers_ground import staff as vendor
from yeastar_app import clock
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind, Organisation, OrganisationKind, Status, TwoFactor
from yeastar_app.models.products import Holding, HoldingStatus
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import customers, passwords, sessions, staff


def seen(by: Credential, **asked: Any) -> set[str]:
    return {person.email for person in perform(staff.accounts, asked, by).rows}


def administrator() -> Credential:
    return signed_in(vendor(email="admin@example.com"))


def company(of: Credential) -> Organisation:
    with transaction(writes=False) as session:
        return session.get_one(Organisation, who(of).organisation)


def activated(me: Credential) -> int:
    """A customer that was created, activated and has a session."""
    created = customer(me)
    found = re.search(r"token=([\w-]+)", emails(FORM["email"])[-1].text)
    assert found
    perform(passwords.activate, {"token": found[1], "password": PASSWORD, "repeat": PASSWORD}, Credential())
    return created


def test_an_account_manager_sees_its_partners_and_what_is_below_them(db: str) -> None:
    me = partner()
    customer(me)
    account(Kind.COLLEAGUE, company(me), email="colleague@example.com")
    reseller = account(
        Kind.RESELLER, organisation(OrganisationKind.RESELLER, company(me)), email="reseller@example.com"
    )
    other = partner()
    customer(other, email="other@example.com")
    mine = seen(manager_of(me))
    assert mine == {who(me).email, FORM["email"], "colleague@example.com", reseller.email}
    assert seen(administrator()) >= mine | {"other@example.com", "admin@example.com", who(manager_of(me)).email}


def test_the_list_is_searched_and_filtered_by_kind_and_status(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    manager = manager_of(me)
    assert seen(manager, type="customer") == {FORM["email"]}
    assert seen(manager, search="noord hot") == {FORM["email"]}
    assert seen(manager, status="not_activated") == {FORM["email"]}
    assert seen(manager, status="removal_requested") == set()
    assert perform(staff.removal_requests, None, manager) == 0
    perform(customers.request_removal, {"id": created}, me)
    assert seen(manager, status="removal_requested") == {FORM["email"]}
    assert perform(staff.removal_requests, None, manager) == 1
    assert perform(staff.removal_requests, None, manager_of(partner())) == 0


def test_an_expired_link_is_sent_again_without_the_partners_limits(db: str) -> None:
    me = partner()
    created = customer(me)
    manager, name = manager_of(me), company(me).name
    for _ in range(8):
        perform(staff.resend_activation, {"id": created}, manager)
    clock.advance(timedelta(hours=49))
    assert perform(staff.resend_activation, {"id": created}, administrator()) == FORM["email"]
    assert name in emails(FORM["email"])[-1].text


def test_an_active_account_gets_no_activation_email(sqlite: str) -> None:
    me = partner()
    with pytest.raises(Refusal, match="already_active"):
        perform(staff.resend_activation, {"id": activated(me)}, manager_of(me))


def test_a_removed_customer_is_out_at_once_and_gone_from_every_list_while_its_services_stand(db: str) -> None:
    me = partner()
    created = activated(me)
    manager = manager_of(me)
    tab = signed_in(row(created))
    with transaction() as session:
        session.add(
            Holding(
                organisation_id=who(me).organisation, customer_id=company_of(created).key, product_id=1, identifier="x",
                name="Head office", status=HoldingStatus.ACTIVE, starts_on=clock.now().date(), created_at=clock.now(),
            )
        )  # fmt: skip
    assert who(tab).is_signed_in
    gone = perform(staff.remove, {"id": created}, manager)
    assert (gone.name, gone.accounts) == ("Nadia", 1)
    assert not who(tab).is_signed_in
    with pytest.raises(Refusal, match="wrong_sign_in"):
        perform(sessions.sign_in, {"email": FORM["email"], "password": PASSWORD}, Credential(device_token="d"))
    assert perform(customers.listed, {}, me).rows == []
    assert FORM["email"] not in seen(manager) | seen(administrator())
    with transaction(writes=False) as session:
        (holding,) = session.exec(select(Holding))
    assert (holding.status, holding.customer_id) == (HoldingStatus.ACTIVE, company_of(created).key)
    assert emails(FORM["email"])[-1].kind == "removal"
    (entry,) = audited("account.remove")
    assert (entry.before, entry.after) == ({"status": "active"}, {"status": "removed"})


def test_the_link_of_a_removed_account_works_no_more(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    perform(staff.remove, {"id": created}, manager_of(me))
    found = re.search(r"token=([\w-]+)", emails(FORM["email"])[0].text)
    assert found
    with pytest.raises(Refusal, match="link_"):
        perform(passwords.activate, {"token": found[1], "password": PASSWORD, "repeat": PASSWORD}, Credential())


def test_nothing_removed_is_there_a_second_time(sqlite: str) -> None:
    me = partner()
    created, manager = customer(me), manager_of(me)
    perform(staff.remove, {"id": created}, manager)
    for action in (staff.remove, staff.resend_activation, staff.switch_two_factor_off):
        with pytest.raises(NotFound):
            perform(action, {"id": created}, manager)
    assert len(emails(FORM["email"])) == 2


def test_a_partner_goes_with_its_colleagues_and_not_before_its_customers(db: str) -> None:
    me = partner()
    person = account(Kind.COLLEAGUE, company(me), email="colleague@example.com")
    below = customer_below(company(me))
    manager, owner = manager_of(me), who(me).id
    with pytest.raises(Refusal, match="has_customers"):
        perform(staff.remove, {"id": owner}, manager)
    perform(staff.remove, {"id": below.key}, manager)
    assert perform(staff.remove, {"id": owner}, manager).accounts == 2
    assert row(person.key).status is Status.REMOVED
    assert not who(me).is_signed_in


def test_resellers_and_the_vendors_own_people_are_not_removed_here(sqlite: str) -> None:
    admin = administrator()
    reseller = account(Kind.RESELLER)
    with pytest.raises(Refusal, match="remove_in_central"):
        perform(staff.remove, {"id": reseller.key}, admin)
    for kind in (Kind.ADMINISTRATOR, Kind.ACCOUNT_MANAGER):
        with pytest.raises(Refusal, match="not_removable"):
            perform(staff.remove, {"id": vendor(kind).key}, admin)


def test_staff_switches_a_second_factor_off(sqlite: str) -> None:
    me = partner()
    person = account(Kind.COLLEAGUE, company(me), two_factor=TwoFactor.EMAIL)
    assert perform(staff.switch_two_factor_off, {"id": person.key}, manager_of(me)) == person.name
    assert row(person.key).two_factor is TwoFactor.OFF


@pytest.mark.parametrize("action", [staff.remove, staff.resend_activation, staff.switch_two_factor_off])
def test_what_another_manager_looks_after_is_not_there(sqlite: str, action: Any) -> None:
    me, other = partner(), partner()
    created = customer(me)
    for wrong in (created, vendor().key, 999_999, 0, -1, "x", None, [1], 2**70):
        with pytest.raises(NotFound):
            perform(action, {"id": wrong}, manager_of(other))
    assert row(created).status is Status.NOT_ACTIVATED


@pytest.mark.parametrize("kind", [Kind.PARTNER, Kind.COLLEAGUE, Kind.CUSTOMER, Kind.RESELLER])
def test_the_back_office_is_for_staff(sqlite: str, kind: Kind) -> None:
    visitor = signed_in(account(kind, grants=[]))
    for action in (staff.accounts, staff.remove, staff.resend_activation, staff.switch_two_factor_off):
        with pytest.raises(NotAllowed):
            perform(action, {"id": 1}, visitor)


def test_staff_turn_off_their_own_second_factor_with_their_password_only(sqlite: str) -> None:
    person = vendor()
    me = signed_in(person)
    with pytest.raises(Refusal, match="own_account"):
        perform(staff.switch_two_factor_off, {"id": person.key}, me)
    assert row(person.key).two_factor is TwoFactor.EMAIL
