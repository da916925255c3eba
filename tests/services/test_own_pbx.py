"""A customer of the Customer Portal and its own cloud PBXs in Central Management (PRODUCT 4.4)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories
from tests.conftest import START
from tests.factories import signed_in
from tests.services.central import (
    Owner,
    activated,
    add_pbx,
    add_reseller,
    delete_pbx,
    let_the_engine_work,
    owner,
)
from yeastar_app import clock
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines import live
from yeastar_app.engines.hosting import Reported
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.capacity import Pbx
from yeastar_app.models.hosting import CommandKind, EngineCommand
from yeastar_app.models.records import Email
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import (
    checks,
    operation_logs,
    own_pbx,
    pbx,
    pbx_alarms,
    pbx_control,
    pbx_customers,
    pbx_orders,
)


@dataclass(frozen=True)
class Customer:
    company: Organisation
    account: Account
    credential: Credential


def a_customer(of: Owner, status: Status = Status.ACTIVE, **values: Any) -> Customer:
    """A customer of a partner, signed in."""
    company = factories.organisation(OrganisationKind.CUSTOMER, of.company, **values)
    account = factories.account(Kind.CUSTOMER, company, status=status)
    return Customer(company, account, signed_in(account))


def bound(partner: Owner, customer: Customer, *, controls: bool = False, **changes: Any) -> int:
    """A PBX of the partner, bound to its customer."""
    return add_pbx(partner.credential, customer=customer.company.key, customer_controls=controls, **changes)


def rebind(partner: Owner, number: int, customer: Customer | None, *, controls: bool = False) -> None:
    """What the edit panel sends when only the customer was changed."""
    seen = perform(pbx.details, {"id": number}, partner.credential)
    form = {
        "id": number,
        "seen": seen.mark,
        "name": seen.row.name,
        "customer": customer.company.key if customer else "",
        "customer_controls": controls,
    }
    perform(pbx_orders.edit, form, partner.credential)


def names(customer: Customer) -> list[str]:
    return [row.name for row in perform(own_pbx.search, {}, customer.credential).rows]


def orders(number: int) -> list[str]:
    with transaction(writes=False) as session:
        return [one.kind.value for one in session.exec(select(EngineCommand).where(EngineCommand.pbx_id == number))]


def test_a_customer_sees_the_pbxs_bound_to_it_and_no_others(sqlite: str) -> None:
    partner, rival = owner(), owner()
    lumen, noord, stranger = a_customer(partner), a_customer(partner), a_customer(rival)
    bound(partner, lumen, name="Lumen one")
    bound(partner, lumen, name="Lumen two")
    bound(partner, noord, name="Noord")
    add_pbx(partner.credential, name="Nobody's")
    bound(rival, stranger, name="Elsewhere")
    assert names(lumen) == ["Lumen two", "Lumen one"]
    assert names(noord) == ["Noord"]
    assert names(stranger) == ["Elsewhere"]
    with transaction(writes=False) as session:
        assert checks.broken(session) == []


def test_it_knows_its_seller_and_nobody_who_works_there(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = bound(partner, lumen, controls=True)
    let_the_engine_work()
    perform(own_pbx.start, {"id": number}, lumen.credential)
    let_the_engine_work()
    found = perform(own_pbx.search, {}, lumen.credential)
    assert found.seller == partner.company.name
    seen = perform(own_pbx.details, {"id": number}, lumen.credential)
    assert {said.who for said in seen.history} == {"", lumen.account.email}
    assert partner.account.email not in repr(seen)


def test_it_sees_nothing_of_what_was_before_it(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    with clock.frozen(START):
        number = bound(partner, lumen, controls=True)
        let_the_engine_work()
        perform(own_pbx.start, {"id": number}, lumen.credential)
        let_the_engine_work()
    with clock.frozen(START + timedelta(hours=1)):
        rebind(partner, number, noord, controls=True)
        assert perform(own_pbx.details, {"id": number}, noord.credential).history == []
        perform(own_pbx.stop, {"id": number}, noord.credential)
        seen = perform(own_pbx.details, {"id": number}, noord.credential).history
        assert [(said.kind, said.who) for said in seen] == [(CommandKind.STOP, noord.account.email)]


def test_it_sees_what_its_pbx_reports_for_as_long_as_it_does(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = bound(partner, lumen)
    low = Reported(AlarmLevel.WARNING, "storage_low", "Less than 10 % is free.")
    for reported, shown in (([low], ["Front desk reports: storage low"]), ([], [])):
        with transaction() as session:
            pbx_alarms.reported(session, session.get_one(Pbx, number), reported)
        assert [one.title for one in perform(own_pbx.search, {}, lumen.credential).alarms] == shown
        assert perform(own_pbx.search, {}, noord.credential).alarms == []


def test_a_pbx_of_somebody_else_is_not_there(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = bound(partner, noord, controls=True)
    free = add_pbx(partner.credential, name="Nobody's")
    for which in (number, free, 10**9):
        for action in (own_pbx.details, own_pbx.start, own_pbx.stop):
            with pytest.raises(NotFound):
                perform(action, {"id": which}, lumen.credential)
    assert orders(number) == ["create"]


@pytest.mark.parametrize("given", [None, "x", -1, 10**30, [], {}, True, 1.5, "1; drop"])
def test_what_is_no_number_is_refused(sqlite: str, given: Any) -> None:
    lumen = a_customer(owner())
    for action in (own_pbx.details, own_pbx.start, own_pbx.stop):
        with pytest.raises(Refusal):
            perform(action, {"id": given}, lumen.credential)


def test_it_only_looks_until_it_is_allowed_to_start_and_stop(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner, name="Lumen Dental Group")
    number = bound(partner, lumen)
    let_the_engine_work()
    for action in (own_pbx.start, own_pbx.stop):
        with pytest.raises(Refusal, match="not_controlled") as refused:
            perform(action, {"id": number}, lumen.credential)
        assert partner.company.name in refused.value.message
    assert orders(number) == ["create"]
    rebind(partner, number, lumen, controls=True)
    assert perform(own_pbx.start, {"id": number}, lumen.credential) == "Front desk"
    let_the_engine_work()
    assert perform(own_pbx.search, {}, lumen.credential).rows[0].run_state == "running"
    perform(own_pbx.stop, {"id": number}, lumen.credential)
    perform(own_pbx.stop, {"id": number}, lumen.credential)
    assert orders(number) == ["create", "start", "stop"]
    done = perform(operation_logs.search, {"who": lumen.account.email}, partner.credential).rows
    assert {row.operation for row in done} == {"Cloud PBX started", "Cloud PBX stopped"}


def test_what_was_taken_away_is_gone_on_the_next_click(db: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = bound(partner, lumen, controls=True)
    rebind(partner, number, noord, controls=True)
    assert names(lumen) == [] and names(noord) == ["Front desk"]
    with pytest.raises(NotFound):
        perform(own_pbx.start, {"id": number}, lumen.credential)
    rebind(partner, number, noord)
    with pytest.raises(Refusal, match="not_controlled"):
        perform(own_pbx.start, {"id": number}, noord.credential)
    rebind(partner, number, None, controls=True)
    assert names(noord) == []
    with pytest.raises(NotFound):
        perform(own_pbx.stop, {"id": number}, noord.credential)


def test_both_screens_hear_of_it_when_a_pbx_changes_hands(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = bound(partner, lumen)
    heard: set[str] = set()
    stop = live.listen(heard.update)
    rebind(partner, number, noord)
    assert {pbx.topics(who(each.credential))[0] for each in (lumen, noord)} <= heard
    heard.clear()
    rebind(partner, number, None)
    stop()
    assert pbx.topics(who(noord.credential))[0] in heard


def test_the_new_customer_is_told_once_by_email(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = bound(partner, lumen)
    rebind(partner, number, lumen, controls=True)
    with transaction(writes=False) as session:
        told = session.exec(select(Email).where(col(Email.kind) == "pbx_bound")).all()
    assert [one.to for one in told] == [lumen.account.email]
    assert "/central/own" in told[0].text


@pytest.mark.parametrize("whose", ["not activated", "removed", "a rival's", "the partner itself", "nobody's"])
def test_only_an_activated_customer_of_ones_own_can_be_bound(sqlite: str, whose: str) -> None:
    partner = owner()
    organisation_id = {
        "not activated": lambda: a_customer(partner, Status.NOT_ACTIVATED).company.key,
        "removed": lambda: a_customer(partner, Status.REMOVED).company.key,
        "a rival's": lambda: a_customer(owner()).company.key,
        "the partner itself": lambda: partner.company.key,
        "nobody's": lambda: 10**6,
    }[whose]()
    with pytest.raises(Refusal, match="unknown_customer") as refused:
        add_pbx(partner.credential, customer=organisation_id)
    assert set(refused.value.fields) == {"customer"}
    assert perform(pbx.search, {}, partner.credential).rows == []


def test_a_reseller_has_no_customers_to_bind_and_the_owner_binds_none_to_its_pbxs(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    reseller_id = add_reseller(partner)
    reseller = activated(reseller_id)
    assert perform(pbx_customers.offer, {}, reseller) == []
    with pytest.raises(Refusal, match="unknown_customer"):
        add_pbx(reseller, customer=lumen.company.key)
    with pytest.raises(Refusal, match="unknown_customer"):
        add_pbx(partner.credential, owner=reseller_id, customer=lumen.company.key)


def test_offered_are_the_activated_customers_that_match(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner, name="Lumen Dental Group")
    a_customer(partner, name="Noord Hotels")
    a_customer(partner, Status.NOT_ACTIVATED, name="Lumen to come")
    a_customer(partner, Status.REMOVED, name="Lumen that was")
    a_customer(owner(), name="Lumen of a rival")
    found = perform(pbx_customers.offer, {"search": "lumen"}, partner.credential)
    assert [(one.id, one.name) for one in found] == [(lumen.company.key, "Lumen Dental Group")]
    assert len(perform(pbx_customers.offer, {}, partner.credential)) == 2


def test_a_customer_that_was_removed_is_out_and_its_pbx_can_still_be_edited(db: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = bound(partner, lumen, controls=True)
    with transaction() as session:
        session.get_one(Account, lumen.account.key).status = Status.REMOVED
    with pytest.raises(Refusal, match="sign_in"):
        perform(own_pbx.start, {"id": number}, lumen.credential)
    rebind(partner, number, lumen, controls=True)
    customer = perform(pbx.details, {"id": number}, partner.credential).customer
    assert customer is not None and not customer.active
    other = factories.account(Kind.CUSTOMER)
    with pytest.raises(NotFound):
        perform(own_pbx.start, {"id": number}, signed_in(other))


def test_the_second_of_two_who_change_the_customer_is_told(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = bound(partner, lumen)
    stale = perform(pbx.details, {"id": number}, partner.credential)
    rebind(partner, number, noord)
    form = {"id": number, "seen": stale.mark, "name": stale.row.name, "customer": lumen.company.key}
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(pbx_orders.edit, form, partner.credential)
    assert names(noord) == ["Front desk"]


def test_one_that_is_deleted_leaves_and_takes_no_more_orders(db: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = bound(partner, lumen, controls=True)
    let_the_engine_work()
    perform(pbx_control.delete, {"id": number}, partner.credential)
    with pytest.raises(Refusal, match="being_deleted"):
        perform(own_pbx.start, {"id": number}, lumen.credential)
    delete_pbx(partner.credential, number)
    assert names(lumen) == []


def test_one_that_is_over_is_not_started_by_its_customer(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = bound(partner, lumen, controls=True)
    with transaction() as session:
        row = session.get_one(Pbx, number)
        row.expires_on, row.run_after_expiry = row.created_at.date().replace(year=2020), False
    with pytest.raises(Refusal, match="expired") as refused:
        perform(own_pbx.start, {"id": number}, lumen.credential)
    assert partner.company.name in refused.value.message


def test_a_customer_reaches_central_management_and_the_others_keep_what_they_had(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    assert who(lumen.credential).surfaces == {Surface.CUSTOMER, Surface.CENTRAL}
    for action in (pbx.search, pbx.overview, pbx.places):
        with pytest.raises(NotAllowed):
            perform(action, {} if action is pbx.search else None, lumen.credential)
    with pytest.raises(NotAllowed):
        perform(own_pbx.search, {}, partner.credential)


def test_the_database_knows_no_switch_without_a_customer(db: str) -> None:
    number = add_pbx(owner().credential)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.get_one(Pbx, number).customer_controls = True
        session.flush()
