"""Alarms: raised once while their reason lasts, ended by what ends it, acknowledged by people, told to contacts."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories
from tests.conftest import START
from tests.factories import signed_in
from tests.race import at_once
from tests.services.central import (
    Owner,
    activated,
    add_pbx,
    add_reseller,
    delete_pbx,
    edit_form,
    let_the_engine_work,
    owner,
)
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.engines.hosting import Report, Reported
from yeastar_app.engines.hosting_http import read_report
from yeastar_app.jobs import alarms as jobs
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Pbx, RunState
from yeastar_app.models.hosting import CommandKind, Outcome
from yeastar_app.models.records import Email
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import (
    alarm_contacts,
    alarm_records,
    alarms,
    capacity,
    checks,
    engine_orders,
    engine_reports,
    pbx,
    pbx_control,
    pbx_orders,
    resellers,
    workbooks,
)
from yeastar_app.services.alarm_records import Cause
from yeastar_app.settings import settings


def a_reseller(by: Owner, **changes: Any) -> Credential:
    return activated(add_reseller(by, **changes))


def shown(by: Credential, **filters: Any) -> list[tuple[str, str, bool]]:
    """Level, title and whether it lasts, newest first."""
    return [(row.level, row.title, row.ended_at is None) for row in perform(alarms.listed, filters, by).rows]


def lasting(by: Credential) -> list[str]:
    return [title for _, title, lasts in shown(by) if lasts]


def emails(kind: str = "alarm") -> list[tuple[str, str]]:
    with transaction(writes=False) as session:
        rows = session.exec(select(Email).where(col(Email.kind) == kind).order_by(col(Email.id))).all()
    return [(row.to, row.subject) for row in rows]


def contact(by: Credential, email: str = "ops@example.com", **changes: Any) -> str:
    form = {"name": "Operations", "email": email, "information": "on", "warning": "on", "alert": "on", **changes}
    return perform(alarm_contacts.create, form, by)


def report(number: int, **values: Any) -> Report:
    """A report of the engine about a PBX, newer than any before."""
    with transaction(writes=False) as session:
        row = session.get_one(Pbx, number)
    given = {"state": row.run_state, "activated": False, "extensions": row.extensions, "calls": row.calls,
             "minutes": row.minutes, "sequence": row.report_sequence + 1, **values}  # fmt: skip
    said = Report(f"said-{number}-{given['sequence']}", f"pbx-{number}", at=clock.now(), **given)
    with transaction() as session:
        engine_reports.take_in(session, said)
    return said


# From our own limits


def test_a_capacity_warns_at_80_percent_alerts_when_it_is_used_up_and_is_over_when_it_is_free_again(db: str) -> None:
    reseller = a_reseller(owner(), extensions=100, calls=10, min_extensions=1)
    add_pbx(reseller, extensions=79, calls=1)
    assert shown(reseller) == []
    last = add_pbx(reseller, extensions=21, calls=7)
    assert sorted(shown(reseller)) == [
        ("alert", "Extensions: used up", True),
        ("warning", "Concurrent Calls: running out", True),
    ]
    delete_pbx(reseller, last)
    assert lasting(reseller) == []
    assert ("alert", "Extensions: used up", False) in shown(reseller)


def test_what_is_used_up_does_not_run_out_as_well_and_runs_out_again_when_a_little_is_free(db: str) -> None:
    partner = owner(total_calls=10)
    add_pbx(partner.credential, calls=8)
    assert lasting(partner.credential) == ["Concurrent Calls: running out"]
    last = add_pbx(partner.credential, calls=2)
    assert lasting(partner.credential) == ["Concurrent Calls: used up"]
    delete_pbx(partner.credential, last)
    assert lasting(partner.credential) == ["Concurrent Calls: running out"]


def test_a_larger_package_ends_its_alarm_and_a_smaller_one_raises_it(sqlite: str) -> None:
    partner = owner()
    number = add_reseller(partner, extensions=100, calls=10)
    reseller = activated(number)
    add_pbx(reseller, extensions=70, calls=1)
    perform(resellers.edit, edit_form(partner, number, extensions=80), partner.credential)
    assert lasting(reseller) == ["Extensions: running out"]
    perform(resellers.edit, edit_form(partner, number, extensions=100), partner.credential)
    assert lasting(reseller) == []


def test_what_crosses_no_line_costs_no_statement_and_writes_nothing(sqlite: str) -> None:
    partner = owner()
    statements: list[str] = []
    with transaction() as session:
        sa.event.listen(
            session.connection(), "before_cursor_execute", lambda _c, _k, said, *_: statements.append(said)
        )  # fmt: skip
        capacity.take(session, partner.pool.key, capacity.Amount(10, 1, 10))
        capacity.give(session, partner.pool.key, capacity.Amount(10, 1, 10))
    assert [said.split()[0] for said in statements] == ["UPDATE", "UPDATE"]
    assert shown(partner.credential) == []


def test_a_refused_change_leaves_no_alarm(sqlite: str) -> None:
    partner = owner(total_extensions=20, total_calls=20)
    with pytest.raises(Refusal):
        add_pbx(partner.credential, extensions=20, calls=21)
    assert shown(partner.credential) == []


def test_an_expiring_pbx_warns_30_days_ahead_and_alerts_when_it_has_expired(db: str) -> None:
    reseller = a_reseller(owner())
    add_pbx(reseller, name="Later", expires_on=(START + timedelta(days=31)).date().isoformat())
    soon = add_pbx(reseller, name="Soon", expires_on=(START + timedelta(days=30)).date().isoformat())
    assert lasting(reseller) == ["Soon expires soon"]
    clock.advance(timedelta(days=1))
    for _ in range(2):
        jobs.look()
    with clock.frozen(START):  # who looks is still signed in
        assert lasting(reseller) == ["Later expires soon", "Soon expires soon"]
    clock.advance(timedelta(days=30))
    jobs.look()
    with clock.frozen(START):
        assert lasting(reseller) == ["Soon has expired", "Later expires soon"]
        perform(pbx_orders.change_term, term(reseller, soon, expires_on="2027-03-01"), reseller)
        assert lasting(reseller) == ["Later expires soon"]


def test_another_expiry_day_is_said_by_the_same_alarm(sqlite: str) -> None:
    partner = owner().credential
    number = add_pbx(partner, name="Soon", expires_on=(START + timedelta(days=5)).date().isoformat())
    perform(pbx_orders.change_term, term(partner, number, expires_on="2026-03-20"), partner)
    (row,) = perform(alarms.listed, {}, partner).rows
    assert row.detail == "Expiry date: 20 Mar 2026. It may run on after that day."


def term(by: Credential, number: int, **changes: Any) -> dict[str, Any]:
    seen = perform(pbx.details, {"id": number}, by)
    values = {"type": seen.row.type.value, "expires_on": "", "run_after_expiry": "on"}
    return {"id": number, "seen": seen.mark, **values, **changes}


def test_what_was_full_before_there_were_alarms_is_found_by_the_job(db: str) -> None:
    partner = owner(total_calls=10, used_calls=10)
    assert shown(partner.credential) == []
    assert jobs.look() == 1
    assert shown(partner.credential) == [("alert", "Concurrent Calls: used up", True)]
    assert jobs.look() == 0


# From the hosting engine and the PBXs


def test_a_command_that_failed_is_an_alarm_until_it_succeeds_and_the_recovery_is_told(db: str) -> None:
    partner = owner().credential
    number = add_pbx(partner, name="Clinic")
    let_the_engine_work()
    perform(pbx_control.start, {"id": number}, partner)
    with transaction(writes=False) as session:
        (command,) = engine_orders.unanswered(session, number, CommandKind.START)
    report(number, command=command.message_id, outcome=Outcome.FAILED, words="No host.")
    assert shown(partner) == [("warning", "Clinic is in trouble", True)]
    assert perform(alarms.listed, {}, partner).rows[0].detail == "It could not be started: No host."
    perform(pbx_control.retry, {"id": number}, partner)
    assert lasting(partner) == ["Clinic is in trouble"]
    let_the_engine_work()
    with transaction(writes=False) as session:
        assert session.get_one(Pbx, number).run_state is RunState.RUNNING
    assert shown(partner) == [
        ("information", "Clinic is well again", False),
        ("warning", "Clinic is in trouble", False),
    ]


def test_a_lost_pbx_is_an_alert_and_its_return_an_information(db: str) -> None:
    partner = owner().credential
    number = add_pbx(partner, name="Clinic")
    let_the_engine_work()
    report(number, state=RunState.DELETED)
    assert shown(partner) == [("alert", "Clinic is lost", True)]
    report(number, state=RunState.STOPPED)
    assert shown(partner) == [("information", "Clinic is well again", False), ("alert", "Clinic is lost", False)]
    with transaction(writes=False) as session:
        assert session.get_one(Pbx, number).trouble == ""


def test_a_deleted_pbx_says_so_and_takes_its_alarms_with_it(db: str) -> None:
    reseller = a_reseller(owner())
    number = add_pbx(reseller, name="Clinic", expires_on=START.date().isoformat())
    let_the_engine_work()
    report(number, alarms=(Reported(AlarmLevel.ALERT, "trunk_unreachable", "No calls."),))
    perform(pbx_control.delete, {"id": number}, reseller)
    report(number, state=RunState.DELETED)
    assert lasting(reseller) == []
    assert shown(reseller)[0] == ("information", "Clinic is deleted", False)
    with transaction(writes=False) as session:
        assert checks.broken(session) == []


def test_what_a_pbx_reports_lasts_as_long_as_it_reports_it(db: str) -> None:
    partner = owner().credential
    number = add_pbx(partner, name="Clinic")
    let_the_engine_work()
    trunk = Reported(AlarmLevel.ALERT, "trunk_unreachable", "No calls out or in.")
    disk = Reported(AlarmLevel.INFORMATION, "storage_low", "")
    report(number, alarms=(trunk, disk))
    report(number, alarms=(trunk, disk))  # again: nothing new
    report(number)  # says nothing about alarms
    assert shown(partner) == [
        ("information", "Clinic reports: storage low", True),
        ("alert", "Clinic reports: trunk unreachable", True),
    ]
    report(number, alarms=(disk,))
    assert lasting(partner) == ["Clinic reports: storage low"]
    report(number, alarms=())
    assert lasting(partner) == []


def test_reported_alarms_come_through_the_engines_door_and_hostile_ones_do_not() -> None:
    said = {"pbx": "pbx-1", "sequence": 1, "at": "2026-03-02T09:00:00Z", "state": "running", "activated": False,
            "extensions": 1, "calls": 1, "minutes": 0}  # fmt: skip
    assert read_report("m", said).alarms is None
    assert "alarms" not in read_report("m", said).as_plain()  # what was kept of older reports is compared with it
    one = {"level": "alert", "code": "trunk_unreachable", "words": "No calls."}
    assert read_report("m", {**said, "alarms": [one]}).alarms == (
        Reported(AlarmLevel.ALERT, one["code"], one["words"]),
    )
    for bad in ({**one, "level": "panic"}, {**one, "code": "<b>"}, {**one, "code": "x" * 61}, {**one, "words": 1}, 7):
        with pytest.raises(ValueError):
            read_report("m", {**said, "alarms": [bad]})
    with pytest.raises(ValueError):
        read_report("m", {**said, "alarms": [one] * 51})


def test_the_simulators_pbxs_report_alarms_when_told_to(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "simulator_alarm_percent", 100)
    partner = owner().credential
    number = add_pbx(partner)
    let_the_engine_work()
    perform(pbx_control.start, {"id": number}, partner)
    let_the_engine_work()
    assert len(lasting(partner)) == 1
    perform(pbx_control.stop, {"id": number}, partner)
    let_the_engine_work()
    assert lasting(partner) == []


def test_an_engine_that_does_not_answer_is_one_alert_for_each_owner_and_its_return_an_information(db: str) -> None:
    partner, rival = owner(), owner()
    reseller = a_reseller(partner)
    for _ in range(3):
        with transaction() as session:
            engine_orders.lost(session, "connection refused")
    for by in (partner.credential, rival.credential):
        assert shown(by) == [("alert", "The hosting engine does not answer", True)]
    assert shown(reseller) == []
    for _ in range(2):
        with transaction() as session:
            engine_orders.found(session)
    assert shown(partner.credential) == [
        ("information", "The hosting engine answers again", False),
        ("alert", "The hosting engine does not answer", False),
    ]


# Once


def cause(by: Owner, **changes: Any) -> Cause:
    return Cause(by.company.key, **{"kind": AlarmKind.PBX_TROUBLE, "of": "pbx:1", "title": "Trouble", **changes})


def twenty_workers(raise_: Callable[[Cause], object], what: Cause) -> int:
    """How many alarms there are after twenty workers noticed the same at the same moment."""
    at_once(20, lambda _number: raise_(what))
    with transaction(writes=False) as session:
        return len(session.exec(select(Alarm)).all())


LOOKED = threading.Barrier(20)


def carefully(what: Cause) -> None:
    with transaction() as session:
        alarm_records.begin(session, what)


def looking_first(what: Cause) -> None:
    """The negative control: whether there is one is looked up first, in a transaction of its own; all twenty look
    before the first of them writes."""
    with transaction(writes=False) as session:
        known = session.exec(select(Alarm.id).where(col(Alarm.reason) == what.reason)).first()
    LOOKED.wait(timeout=30)
    if known is None:
        with transaction() as session:
            alarm_records.begin(session, what)


def test_twenty_workers_raise_an_alarm_once_and_write_one_email(db: str) -> None:
    partner = owner()
    contact(partner.credential)
    assert twenty_workers(carefully, cause(partner)) == 1
    assert emails() == [("ops@example.com", "Warning: Trouble")]


def test_without_the_unique_index_twenty_workers_raise_it_many_times(own_db: str) -> None:
    with transaction() as session:
        session.execute(sa.text("DROP INDEX uq_alarm_open_reason"))
    assert twenty_workers(looking_first, cause(owner())) == 20


def test_what_ended_can_begin_again_and_is_told_again(db: str) -> None:
    partner = owner()
    contact(partner.credential)
    for _ in range(2):
        carefully(cause(partner))
        with transaction() as session:
            assert alarm_records.end(session, cause(partner).reason) == {AlarmKind.PBX_TROUBLE}
    assert len(shown(partner.credential)) == 2
    assert len(emails()) == 2


# Seeing, acknowledging, exporting


def test_an_owner_sees_its_resellers_alarms_and_nobody_sees_a_strangers(sqlite: str) -> None:
    partner, rival = owner(), owner()
    reseller, sister = a_reseller(partner, calls=5), a_reseller(partner)
    add_pbx(reseller, calls=5)
    number = perform(alarms.listed, {}, reseller).rows[0].id
    assert [row.own for row in perform(alarms.listed, {}, partner.credential).rows] == [False]
    for stranger in (rival.credential, sister):
        assert shown(stranger) == []
        with pytest.raises(NotFound):
            perform(alarms.details, {"id": number}, stranger)
        with pytest.raises(NotFound):
            perform(alarms.acknowledge, {"ids": [number]}, stranger)
    with pytest.raises(NotFound):  # the owner looks, the reseller's own people acknowledge
        perform(alarms.acknowledge, {"ids": [number]}, partner.credential)


def test_who_acknowledged_first_stays_and_the_number_of_open_alerts_falls(db: str) -> None:
    partner = owner(total_calls=5, total_extensions=20)
    add_pbx(partner.credential, calls=5, extensions=20)
    assert perform(alarms.open_alerts, None, partner.credential) == 2
    ids = [row.id for row in perform(alarms.listed, {}, partner.credential).rows]
    assert perform(alarms.acknowledge, {"ids": ids}, partner.credential) == 2
    assert perform(alarms.open_alerts, None, partner.credential) == 0
    other = signed_in(factories.account(Kind.PARTNER, partner.company))
    assert perform(alarms.acknowledge, {"ids": ids}, other) == 0
    assert {row.seen_by for row in perform(alarms.listed, {}, other).rows} == {partner.account.name}
    assert shown(other, state="unseen") == []


def test_the_list_is_filtered_by_level_state_and_words_and_the_workbook_holds_just_that(sqlite: str) -> None:
    partner = owner(total_calls=5)
    add_pbx(partner.credential, calls=5, name="=Soon", expires_on=START.date().isoformat())
    assert len(shown(partner.credential)) == 2
    assert [row[0] for row in shown(partner.credential, level="alert")] == ["alert"]
    assert shown(partner.credential, state="over") == []
    assert shown(partner.credential, search="used up") == [("alert", "Concurrent Calls: used up", True)]
    assert len(shown(partner.credential, level="x", state={}, search=None, before="abc")) == 2
    made = perform(alarms.export, {"search": "=soon"}, partner.credential)
    (row,) = workbooks.read(made, "Alarms", ["Level", "Alarm", "Cloud PBX"], 10)
    assert row.cells == {"Level": "Warning", "Alarm": "=Soon expires soon", "Cloud PBX": "=Soon"}


@pytest.mark.parametrize("ids", [[], None, "1", [0], [-1], [10**30], [{}], list(range(1, 52))])
def test_bad_lists_of_alarms_are_refused(sqlite: str, ids: Any) -> None:
    with pytest.raises(Refusal):
        perform(alarms.acknowledge, {"ids": ids}, owner().credential)


def test_who_may_only_view_acknowledges_nothing_and_sees_no_contacts(sqlite: str) -> None:
    viewer = a_reseller(owner(), calls=1, features=["alarm.view"])
    for function, payload in ((alarms.acknowledge, {"ids": [1]}), (alarm_contacts.listed, None)):
        with pytest.raises(NotAllowed):
            perform(function, payload, viewer)


def test_alarms_are_kept_for_six_months_and_what_lasts_is_kept_longer(db: str) -> None:
    partner = owner(total_calls=5)
    contact(partner.credential)
    add_pbx(partner.credential, calls=5)
    with transaction() as session:
        alarm_records.happened(session, cause(partner, kind=AlarmKind.PBX_DELETED))
    clock.advance(timedelta(days=184))
    with transaction() as session:  # sessions have their own limits
        assert alarm_records.forget_old(session) == 1
        left = session.exec(select(Alarm)).all()
    assert {alarm.kind for alarm in left} == {AlarmKind.CAPACITY_FULL}


# Notification contacts


def test_a_contact_hears_of_the_levels_it_wants_of_its_own_company_only(db: str) -> None:
    partner = owner()
    reseller = a_reseller(partner, calls=5)
    contact(reseller, "alerts@example.com", information="", warning="")
    contact(reseller, "all@example.com")
    contact(partner.credential, "owner@example.com")
    add_pbx(reseller, calls=5)
    assert sorted(emails()) == [
        ("alerts@example.com", "Alert: Concurrent Calls: used up"),
        ("all@example.com", "Alert: Concurrent Calls: used up"),
    ]


def test_a_colleague_hears_at_the_address_of_its_account_as_long_as_that_is_active(sqlite: str) -> None:
    partner = owner()
    colleague = factories.account(Kind.COLLEAGUE, partner.company)
    perform(alarm_contacts.create, {"colleague": str(colleague.key), "alert": "on"}, partner.credential)
    for number, (email, status) in enumerate(
        (
            ("first@example.com", Status.ACTIVE),
            ("moved@example.com", Status.ACTIVE),
            ("gone@example.com", Status.FROZEN),
        )
    ):
        with transaction() as session:
            row = session.get_one(Account, colleague.key)
            row.email, row.status = email, status
        carefully(cause(partner, of=f"pbx:{number}", level=AlarmLevel.ALERT))
    assert [to for to, _ in emails()] == ["first@example.com", "moved@example.com"]
    (row,) = perform(alarm_contacts.listed, None, partner.credential).rows
    assert (row.email, row.reachable) == ("gone@example.com", False)


def test_after_so_many_emails_in_an_hour_the_rest_comes_as_one_summary(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "alarm_emails_per_hour", 3)
    partner = owner()
    contact(partner.credential)
    for number in range(8):
        carefully(cause(partner, of=f"pbx:{number}", title=f"Trouble {number}"))
    assert [subject for _, subject in emails()] == [f"Warning: Trouble {number}" for number in range(3)]
    clock.advance(timedelta(minutes=59))
    assert jobs.summarise() == 0
    clock.advance(timedelta(minutes=1))
    assert at_once(4, lambda _: jobs.summarise())[0].count(5) == 1
    assert emails("alarm_summary") == [("ops@example.com", "5 more alarms")]
    carefully(cause(partner, of="pbx:99", title="Afterwards"))  # a new hour, of which the summary was the first
    assert len(emails()) == 4
    clock.advance(timedelta(hours=2))
    assert jobs.summarise() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": []}, "name"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": {"a": 1}}, "email"),
        ({"colleague": "x"}, "colleague"),
        ({"colleague": "999"}, "colleague"),
        ({"colleague": 10**30}, "colleague"),
        ({"information": "", "warning": None, "alert": [1]}, "levels"),
    ],
)
def test_bad_contacts_are_refused_at_their_field(sqlite: str, changes: dict[str, Any], field: str) -> None:
    partner = owner().credential
    with pytest.raises(Refusal) as refused:
        contact(partner, **changes)
    assert set(refused.value.fields) == {field}
    assert perform(alarm_contacts.listed, None, partner).rows == []


def test_a_contact_is_there_once_and_a_strangers_cannot_be_touched(db: str) -> None:
    partner, rival = owner(), owner()
    contact(partner.credential)
    with pytest.raises(Refusal, match="contact_exists"):
        contact(partner.credential, "OPS@example.com")
    contact(rival.credential)  # the same address may hear of two companies
    (row,) = perform(alarm_contacts.listed, None, partner.credential).rows
    change = {"id": row.id, "seen": row.mark, "name": "Night shift", "email": "night@example.com", "alert": "on"}
    for function, payload in ((alarm_contacts.edit, change), (alarm_contacts.delete, {"ids": [row.id]})):
        with pytest.raises(NotFound):
            perform(function, payload, rival.credential)
    foreign = factories.account(Kind.COLLEAGUE, rival.company)
    with pytest.raises(Refusal):
        perform(alarm_contacts.create, {"colleague": foreign.key, "alert": "on"}, partner.credential)
    assert perform(alarm_contacts.edit, change, partner.credential) == "Night shift"
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(alarm_contacts.edit, change, partner.credential)
    carefully(cause(partner, level=AlarmLevel.ALERT))
    assert perform(alarm_contacts.delete, {"ids": [row.id]}, partner.credential) == 1
    assert perform(alarm_contacts.listed, None, partner.credential).rows == []


def test_two_who_add_the_same_contact_at_once_add_it_once(db: str) -> None:
    partner = owner().credential
    won, refused = at_once(6, lambda _: contact(partner))
    assert (len(won), set(refused)) == (1, {"contact_exists"})
