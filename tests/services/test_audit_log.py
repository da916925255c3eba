"""The audit log as the back office reads it (PRODUCT 7)."""

from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from tests.factories import account, signed_in
from tests.services.customers_ground import FORM, customer, edit, manager_of, partner, staff
from yeastar_app import clock
from yeastar_app.access import Credential, perform, who
from yeastar_app.models.accounts import Kind
from yeastar_app.refusals import NotAllowed
from yeastar_app.services import audit_log, customers
from yeastar_app.services.audit_log import Change, Entry


def entries(by: Credential, **asked: Any) -> list[Entry]:
    return perform(audit_log.read, asked, by).rows


def administrator() -> Credential:
    return signed_in(staff())


def test_an_entry_says_who_did_what_on_what_from_where_and_what_changed(db: str) -> None:
    me = partner()
    created = customer(me)
    edit(customers, me, created, **{**FORM, "city": "Groningen", "company": "Noord"})
    latest = entries(administrator())[0]
    assert (latest.who, latest.action, latest.label, latest.ip) == (
        who(me).email, "customer.edit", FORM["email"], "192.0.2.1")  # fmt: skip
    assert latest.words == "Partner's customer edited"
    assert (latest.subject, latest.at) == (f"account:{created}", "2 Mar 2026, 09:00")
    assert latest.changes == [Change("City", "–", "Groningen"), Change("Company", "Noord Hotels", "Noord")]  # noqa: RUF001


def test_an_account_manager_reads_what_concerns_its_partners(db: str) -> None:
    me, other = partner(), partner()
    customer(me)
    customer(other, email="other@example.com")
    assert [entry.label for entry in entries(manager_of(me))] == [FORM["email"]]
    assert {entry.label for entry in entries(administrator())} == {FORM["email"], "other@example.com"}


def test_the_log_is_searched_by_who_action_subject_and_day(db: str) -> None:
    me = partner()
    created = customer(me)
    clock.advance(timedelta(hours=11))
    perform(customers.resend_activation, {"id": created}, me)
    admin = administrator()
    assert [entry.action for entry in entries(admin)] == ["account.resend_activation", "customer.create"]
    for asked, count in [
        ({"action": "customer"}, 1),
        ({"action": "CREATE"}, 1),
        ({"action": "customer added"}, 1),
        ({"action": "sent AGAIN"}, 1),
        ({"action": "account.resend"}, 1),
        ({"action": "%"}, 0),
        ({"who": who(me).email[:8]}, 2),
        ({"who": "nobody"}, 0),
        ({"search": "noord"}, 2),
        ({"search": f"account:{created}"}, 2),
        ({"since": "2026-03-02", "until": "2026-03-02"}, 2),
        ({"since": "2026-03-03"}, 0),
        ({"until": "2026-03-01"}, 0),
        ({"until": "9999-12-31"}, 2),
        ({"since": "yesterday", "until": "2026-13-45", "before": "x", "search": ["a"]}, 2),
    ]:
        assert len(entries(admin, **asked)) == count, asked


def test_the_log_is_exported_as_it_is_filtered(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    edit(customers, me, created, **{**FORM, "city": "=SUM(A1)"})
    made = perform(audit_log.export, {"action": "edited"}, administrator())
    (sheet,) = openpyxl.load_workbook(made)
    made.unlink()
    _, line = sheet.values
    assert line[1:8] == (who(me).email, FORM["company"], "Partner's customer edited", "customer.edit",
                         FORM["email"], f"account:{created}", "192.0.2.1")  # fmt: skip
    assert line[8] == "City: – → =SUM(A1)"  # noqa: RUF001


def test_the_log_is_for_staff_alone(sqlite: str) -> None:
    for kind in (Kind.PARTNER, Kind.CUSTOMER, Kind.RESELLER, Kind.COLLEAGUE):
        with pytest.raises(NotAllowed):
            entries(signed_in(account(kind)))


def test_what_changed_is_named_as_a_person_writes_it() -> None:
    said = audit_log.changes_of(None, {"first_name": "Ann", "pbxs": ["Front desk"], "features": ["pbx.view"]})
    assert [(one.name, one.after) for one in said] == [
        ("First name", "Ann"), ("PBXs", "Front desk"), ("Features", "View cloud PBXs"),
    ]  # fmt: skip
