"""Operation Logs: every operation of Central Management, what was before and after, and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

import yeastar_app.yeastar_app  # noqa: F401 - registers everything
from tests.factories import signed_in
from tests.services.central import activated, add_pbx, add_reseller, edit_form, owner
from yeastar_app import clock
from yeastar_app.access import ACTIONS, Credential, perform
from yeastar_app.features import Surface
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import alarm_contacts, colleagues, operation_logs, resellers, workbooks

WRITTEN_AS = {
    "alarm_contacts.create": "alarm_contact.create",
    "alarm_contacts.delete": "alarm_contact.delete",
    "alarm_contacts.edit": "alarm_contact.edit",
    "alarms.acknowledge": "alarm.acknowledge",
    "colleagues.create": "colleague.create",
    "colleagues.delete": "account.remove",
    "colleagues.edit": "colleague.edit",
    "colleagues.freeze": "account.freeze",
    "colleagues.resend_activation": "account.resend_activation",
    "colleagues.switch_two_factor_off": "two_factor.off",
    "colleagues.unfreeze": "account.unfreeze",
    "contacts.create": "contact.create",
    "contacts.delete": "contact.delete",
    "contacts.edit": "contact.edit",
    "own_pbx.start": "pbx.start",
    "own_pbx.stop": "pbx.stop",
    "pbx_control.delete": "pbx.delete",
    "pbx_control.reset": "pbx.reset",
    "pbx_control.go_back": "pbx.go_back",
    "pbx_control.retry": "pbx.retry",
    "pbx_control.send_activation": "pbx.send_activation",
    "pbx_control.start": "pbx.start",
    "pbx_control.stop": "pbx.stop",
    "pbx_orders.change_term": "pbx.change_term",
    "pbx_orders.create": "pbx.create",
    "pbx_orders.edit": "pbx.edit",
    "pbx_orders.resize": "pbx.resize",
    "pbx_orders.upgrade": "pbx.upgrade",
    "presets.remove": "preset.remove",
    "presets.save": "preset.save",
    "resellers.create": "reseller.create",
    "resellers.delete": "reseller.delete",
    "resellers.edit": "reseller.edit",
    "resellers.send_activation": "reseller.send_activation",
    "resellers.switch_off_two_factor": "reseller.two_factor_off",
    "tasks.cancel": "task.cancel",
    "tasks.create": "task.create",
    "tasks.edit": "task.edit",
}
"""Every action of Central Management that changes something, and the name of its audit row."""


def logged(by: Credential, **filters: Any) -> list[tuple[str, str]]:
    return [(row.operation, row.label) for row in perform(operation_logs.search, filters, by).rows]


def test_no_operation_of_central_management_is_missing_from_the_logs() -> None:
    policies = {name: entry.policy.otherwise or entry.policy for name, entry in ACTIONS.items() if entry.writes}
    central = {name for name, policy in policies.items() if policy.surface is Surface.CENTRAL}
    assert central == set(WRITTEN_AS)
    assert set(WRITTEN_AS.values()) == set(operation_logs.WORDS)


def test_an_operation_opens_to_what_was_before_and_after(db: str) -> None:
    partner = owner()
    number = add_reseller(partner, extensions=200)
    perform(resellers.edit, edit_form(partner, number, extensions=250), partner.credential)
    (newest, *_) = perform(operation_logs.search, {}, partner.credential).rows
    seen = perform(operation_logs.details, {"id": newest.id}, partner.credential)
    assert seen.row.operation == "Reseller edited"
    assert ("Extensions", "200", "250") in [(one.name, one.before, one.after) for one in seen.changes]


def test_permissions_are_said_in_the_words_of_their_checkboxes(sqlite: str) -> None:
    partner = owner()
    add_reseller(partner, features=["pbx.view", "pbx.add"])
    (added,) = perform(operation_logs.search, {}, partner.credential).rows
    seen = perform(operation_logs.details, {"id": added.id}, partner.credential)
    assert [one.after for one in seen.changes if one.name == "Features"] == ["Add cloud PBXs, View cloud PBXs"]


def test_nobody_opens_a_strangers_operation_or_a_superiors(sqlite: str) -> None:
    partner, rival = owner(), owner()
    reseller = activated(add_reseller(partner))
    (newest, *_) = perform(operation_logs.search, {}, partner.credential).rows
    for stranger in (rival.credential, reseller):
        with pytest.raises(NotFound):
            perform(operation_logs.details, {"id": newest.id}, stranger)
        assert logged(stranger) == []


def test_a_resellers_colleagues_are_logged_and_a_partners_own_portal_is_not(sqlite: str) -> None:
    partner = owner()
    reseller = activated(add_reseller(partner))
    form = {"first_name": "Rosa", "email": "rosa@example.com", "grants": ["pbx.view"]}
    perform(colleagues.create, form, reseller)
    perform(colleagues.create, {**form, "email": "rob@example.com", "grants": ["programme"]}, partner.credential)
    assert logged(reseller) == [("Colleague added", "rosa@example.com")]
    seen = [("Colleague added", "rosa@example.com"), ("Reseller added", "Brightline Networks")]
    assert logged(partner.credential) == seen


def test_every_column_filters_and_the_workbook_holds_just_that(sqlite: str) -> None:
    partner = owner()
    reseller = activated(add_reseller(partner, company="Tidal Voice"))
    add_pbx(reseller, name="=Clinic")
    perform(alarm_contacts.create, {"name": "Ops", "email": "o@example.com", "alert": "on"}, partner.credential)
    by = partner.credential
    assert logged(by, what="clinic") == [("Cloud PBX added", "=Clinic")]
    assert logged(by, who="tidal") == [("Cloud PBX added", "=Clinic")]
    assert logged(by, operation="alarm_contact.create") == [("Notification contact added", "Ops")]
    assert logged(by, since="2026-03-02", until="2026-03-02", what="tidal") == [("Reseller added", "Tidal Voice")]
    assert logged(by, until="2026-03-01") == []
    assert len(logged(by, operation="nothing", since="soon", until={}, before="x")) == 3
    made = perform(operation_logs.export, {"what": "clinic"}, by)
    (row,) = workbooks.read(made, "Operation Logs", ["Operation", "On", "Before and after"], 10)
    assert (row.cells["Operation"], row.cells["On"]) == ("Cloud PBX added", "=Clinic")
    assert "Extensions: – → 20" in row.cells["Before and after"]  # noqa: RUF001


def test_operations_are_shown_for_six_months(sqlite: str) -> None:
    partner = owner()
    add_pbx(partner.credential)
    clock.advance(timedelta(days=184))
    assert logged(signed_in(partner.account)) == []


@pytest.mark.parametrize("number", [None, "", "x", 0, -1, 10**30, {}, [1], 1.5, True])
def test_a_bad_number_opens_nothing(sqlite: str, number: Any) -> None:
    with pytest.raises(Refusal):
        perform(operation_logs.details, {"id": number}, owner().credential)
