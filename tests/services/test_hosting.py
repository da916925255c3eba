"""What is wished of a cloud PBX goes to the hosting engine, and only what the engine reports is shown (PRODUCT 5.2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.conftest import START
from tests.factories import signed_in
from tests.services.central import Owner, add_pbx, free, let_the_engine_work, owner, problems, simulator_takes
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.engines.chosen_engine import engine
from yeastar_app.engines.hosting import Command, NotReached, Rejected, Report
from yeastar_app.jobs import hosting
from yeastar_app.models.capacity import Desired, Pbx, RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand, EngineReport, Outcome
from yeastar_app.models.records import Email
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import contacts, engine_orders, engine_reports, pbx, pbx_control, pbx_orders
from yeastar_app.settings import settings


def seen(by: Credential, number: int) -> pbx.Details:
    return perform(pbx.details, {"id": number}, by)


def stands(by: Credential, number: int) -> str:
    return pbx.state_of(seen(by, number).row)


def do(action: Any, by: Credential, number: int, **form: Any) -> Any:
    return perform(action, {"id": number, **form}, by)


def resize(by: Credential, number: int, **sizes: Any) -> Any:
    now = seen(by, number)
    row = now.row
    form = {"extensions": row.extensions, "calls": row.calls, "recording": row.recording, "minutes": row.minutes}
    return do(pbx_orders.resize, by, number, seen=now.mark, **{**form, **sizes})


def running(by: Owner, **changes: Any) -> int:
    number = add_pbx(by.credential, **changes)
    do(pbx_control.start, by.credential, number)
    let_the_engine_work()
    return number


class Scripted:
    """An engine that does as it is told: it keeps what it takes, or is not there, or refuses."""

    def __init__(self) -> None:
        self.taken: list[Command] = []
        self.fault: Exception | None = None

    def take(self, command: Command) -> None:
        if self.fault:
            raise self.fault
        self.taken.append(command)

    def status(self, pbx: str) -> Report | None:
        if self.fault:
            raise self.fault
        return None

    def ping(self) -> None:
        if isinstance(self.fault, NotReached):
            raise self.fault


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    engine = Scripted()
    monkeypatch.setattr(hosting, "engine", lambda: engine)
    yield engine


def report(number: int, sequence: int, state: RunState = RunState.STOPPED, **more: Any) -> Report:
    sizes = {"extensions": 20, "calls": 4, "minutes": 0, **more}
    identity = sizes.pop("id", f"m-{number}-{sequence}")
    return Report(identity, f"pbx-{number}", sequence, clock.now(), state, **{"activated": False, **sizes})


def take_in(one: Report) -> bool:
    with transaction() as session:
        return engine_reports.take_in(session, one)


def test_a_new_pbx_is_being_created_until_the_engine_says_it_is_there(db: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    assert stands(partner.credential, number) == "creating"
    with simulator_takes(60):
        hosting.send_due()
        hosting.simulate()
    assert stands(partner.credential, number) == "provisioning"
    with clock.frozen(START + timedelta(minutes=2)):
        hosting.simulate()
    assert stands(partner.credential, number) == "stopped"


def test_starting_and_stopping_follow_the_engine_and_not_the_click(db: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    let_the_engine_work()
    do(pbx_control.start, partner.credential, number)
    assert (stands(partner.credential, number), seen(partner.credential, number).row.desired) == ("stopped", "running")
    with simulator_takes(60):
        hosting.send_due()
        hosting.simulate()
    assert stands(partner.credential, number) == "starting"
    with clock.frozen(START + timedelta(minutes=2)):
        hosting.simulate()
        assert stands(partner.credential, number) == "running"
        do(pbx_control.stop, partner.credential, number)
        let_the_engine_work()
        assert stands(partner.credential, number) == "stopped"


def test_the_second_of_two_clicks_on_start_orders_nothing(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    for _ in range(3):
        do(pbx_control.start, partner.credential, number)
    let_the_engine_work()
    do(pbx_control.start, partner.credential, number)
    with transaction(writes=False) as session:
        kinds = session.exec(select(EngineCommand.kind).order_by(col(EngineCommand.id))).all()
    assert kinds == [CommandKind.CREATE, CommandKind.START]


def test_start_then_stop_then_start_ends_running(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    for action in (pbx_control.start, pbx_control.stop, pbx_control.start):
        do(action, partner.credential, number)
    let_the_engine_work()
    assert stands(partner.credential, number) == "running"


def test_capacity_of_a_deleted_pbx_comes_back_when_the_engine_has_confirmed_it(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=20)
    do(pbx_control.delete, partner.credential, number)
    assert (stands(partner.credential, number), free(partner)[0]) == ("deleting", 980)
    with pytest.raises(Refusal, match="being_deleted"):
        do(pbx_control.start, partner.credential, number)
    let_the_engine_work()
    assert free(partner) == (1000, 200, 50_000)
    with pytest.raises(NotFound):
        seen(partner.credential, number)
    assert problems() == []


def test_what_grows_is_deducted_at_once_and_what_shrinks_comes_back_with_the_engines_word(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=20, calls=4)
    resize(partner.credential, number, extensions=50, calls=2)
    assert free(partner)[:2] == (950, 196)
    let_the_engine_work()
    assert free(partner)[:2] == (950, 198)
    resize(partner.credential, number, extensions=10)
    assert free(partner)[0] == 950
    let_the_engine_work()
    assert free(partner)[0] == 990
    assert problems() == []


def test_growing_and_shrinking_before_the_engine_has_answered_never_frees_what_it_may_still_use(db: str) -> None:
    partner = owner(total_extensions=100)
    number = running(partner, extensions=20)
    resize(partner.credential, number, extensions=100)
    resize(partner.credential, number, extensions=20)
    with pytest.raises(Refusal, match="capacity_exceeded"):
        add_pbx(partner.credential, extensions=1)
    let_the_engine_work()
    assert free(partner)[0] == 80
    assert problems() == []


def test_recording_minutes_never_go_down_and_the_refusal_says_how_many_stay(sqlite: str) -> None:
    partner = owner()
    number = running(partner, recording=True, minutes=900)
    with pytest.raises(Refusal) as refused:
        resize(partner.credential, number, minutes=899)
    assert refused.value.fields == {"minutes": "Recording minutes cannot be taken back: at least 900."}
    resize(partner.credential, number, recording=False)
    assert seen(partner.credential, number).row.minutes == 900
    assert free(partner)[2] == 49_600


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"extensions": "501"}, "extensions"),
        ({"extensions": "1001"}, "extensions"),
        ({"extensions": ""}, "extensions"),
        ({"extensions": [1]}, "extensions"),
        ({"calls": "201"}, "calls"),
        ({"calls": "0"}, "calls"),
        ({"recording": True, "minutes": "499"}, "minutes"),
        ({"recording": True, "minutes": "50501"}, "minutes"),
    ],
)
def test_a_size_that_does_not_fit_is_refused_at_its_field(sqlite: str, changes: dict[str, Any], field: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    with pytest.raises(Refusal) as refused:
        resize(partner.credential, number, **changes)
    assert set(refused.value.fields) == {field}


def test_the_second_of_two_who_edit_is_told(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    mark = seen(partner.credential, number).mark
    do(pbx_orders.edit, partner.credential, number, name="Reception", seen=mark)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        do(pbx_orders.edit, partner.credential, number, name="Lobby", seen=mark)
    assert seen(partner.credential, number).row.name == "Reception"


def test_an_upgrade_runs_through_the_engine_and_there_is_no_way_back(sqlite: str) -> None:
    partner = owner()
    number = running(partner)
    do(pbx_orders.upgrade, partner.credential, number)
    with simulator_takes(60):
        hosting.send_due()
        hosting.simulate()
    assert stands(partner.credential, number) == "upgrading"
    with clock.frozen(START + timedelta(minutes=5)):
        hosting.simulate()
    assert (stands(partner.credential, number), seen(partner.credential, number).row.plan) == ("running", "ultimate")


def test_only_a_running_pbx_is_reset_and_it_is_unactivated_then(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    let_the_engine_work()
    with pytest.raises(Refusal, match="not_running"):
        do(pbx_control.reset, partner.credential, number)
    do(pbx_control.start, partner.credential, number)
    let_the_engine_work()
    invite(partner, number)
    let_the_engine_work()
    assert seen(partner.credential, number).row.activated
    do(pbx_control.reset, partner.credential, number)
    let_the_engine_work()
    assert (stands(partner.credential, number), seen(partner.credential, number).row.activated) == ("running", False)


def invite(partner: Owner, number: int) -> None:
    """A customer for a PBX, and the email that activates it."""
    one = perform(contacts.create, {"first_name": "Ida", "company": "Clinic", "email": "ida@clinic.example.com"},
                  partner.credential)  # fmt: skip
    now = seen(partner.credential, number)
    do(pbx_orders.edit, partner.credential, number, name=now.row.name, seen=now.mark, recipients=[one.id])
    do(pbx_control.send_activation, partner.credential, number)


def test_the_activation_email_goes_to_the_chosen_customers_once_a_minute(sqlite: str) -> None:
    partner = owner()
    number = running(partner, subdomain="Front-Desk")
    with pytest.raises(Refusal, match="no_customer"):
        do(pbx_control.send_activation, partner.credential, number)
    invite(partner, number)
    with pytest.raises(Refusal, match="sent_just_now"):
        do(pbx_control.send_activation, partner.credential, number)
    with transaction(writes=False) as session:
        letter = session.exec(select(Email).where(col(Email.kind) == "pbx_activation")).one()
    assert letter.to == "ida@clinic.example.com"
    assert "https://front-desk.pbx.example.com/activate" in letter.text
    let_the_engine_work()
    with pytest.raises(Refusal, match="already_active"):
        do(pbx_control.send_activation, partner.credential, number)


@pytest.mark.parametrize("given", ["-desk", "desk-", "front desk", "déesk", "a.b", "x" * 64, "a_b", [], 7])
def test_a_subdomain_is_letters_digits_and_hyphens(sqlite: str, given: Any) -> None:
    with pytest.raises(Refusal) as refused:
        add_pbx(owner().credential, subdomain=given)
    assert set(refused.value.fields) == {"subdomain"}


def test_a_subdomain_is_unique_in_its_domain_whatever_its_case_and_free_again_after_deletion(db: str) -> None:
    partner, rival = owner(), owner()
    number = add_pbx(partner.credential, subdomain="Desk")
    with pytest.raises(Refusal, match="subdomain_taken"):
        add_pbx(rival.credential, subdomain="DESK")
    add_pbx(rival.credential, subdomain="desk", domain="voice.example.net")
    assert free(rival)[0] == 980
    do(pbx_control.delete, partner.credential, number)
    let_the_engine_work()
    add_pbx(rival.credential, subdomain="desk")


def test_without_a_subdomain_one_is_made_from_the_name(sqlite: str) -> None:
    partner = owner()
    made = [seen(partner.credential, add_pbx(partner.credential, name="Café Zwölf!")).row.address for _ in range(2)]
    assert made[0] == "caf-zw-lf.pbx.example.com"
    assert made[1] != made[0] and made[1].startswith("caf-zw-lf-")


@pytest.mark.parametrize(
    "changes",
    [
        {"region": "Moon"},
        {"domain": "evil.example"},
        {"type": "gift"},
        {"recipients": [1, 2, 3, 4]},
        {"recipients": "x"},
        {"recipients": [99]},
    ],
)
def test_what_is_not_offered_is_refused(sqlite: str, changes: dict[str, Any]) -> None:
    partner = owner()
    with pytest.raises(Refusal) as refused:
        add_pbx(partner.credential, **changes)
    assert set(refused.value.fields) == set(changes)
    assert free(partner)[0] == 1000


def test_another_companys_customer_is_not_there(sqlite: str) -> None:
    partner, rival = owner(), owner()
    theirs = perform(contacts.create, {"first_name": "Eve", "company": "X", "email": "eve@x.example.com"},
                     rival.credential)  # fmt: skip
    with pytest.raises(Refusal, match="unknown_customer"):
        add_pbx(partner.credential, recipients=[theirs.id])


# What the engine says, and in which order


def test_the_same_report_twice_is_believed_once(db: str) -> None:
    number = add_pbx(owner().credential)
    assert take_in(report(number, 1)) is True
    assert take_in(report(number, 1)) is False
    with pytest.raises(Refusal, match="message_reused"):
        take_in(report(number, 1, RunState.RUNNING))
    with transaction(writes=False) as session:
        assert len(session.exec(select(EngineReport.id)).all()) == 1


def test_a_late_report_stands_in_the_history_and_changes_nothing(db: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    for sequence, state in ((3, RunState.RUNNING), (2, RunState.STARTING), (1, RunState.STOPPED)):
        take_in(report(number, sequence, state))
    assert stands(partner.credential, number) == "running"
    assert [said.state for said in seen(partner.credential, number).history if said.state] == [
        "stopped", "starting", "running"
    ]  # fmt: skip


def test_answers_that_come_in_the_wrong_order_give_the_capacity_back_all_the_same(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=20)
    for extensions in (10, 8):
        resize(partner.credential, number, extensions=extensions)
    with transaction(writes=False) as session:
        asked = select(EngineCommand.message_id).where(EngineCommand.kind == CommandKind.RESIZE)
        first, second = session.exec(asked.order_by(col(EngineCommand.id))).all()
    for sequence, command, extensions in ((62, second, 8), (61, first, 10)):
        take_in(report(number, sequence, RunState.RUNNING, extensions=extensions, calls=4, minutes=0,
                       command=command, outcome=Outcome.DONE))  # fmt: skip
    assert free(partner)[0] == 992
    assert problems() == []


def test_an_engine_that_loses_a_pbx_frees_nothing_and_is_shown(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=20)
    take_in(report(number, 50, RunState.DELETED))
    now = seen(partner.credential, number).row
    assert (now.run_state, now.trouble != "") == ("deleted", True)
    assert free(partner)[0] == 980
    do(pbx_control.delete, partner.credential, number)
    take_in(report(number, 51, RunState.DELETED))
    assert free(partner)[0] == 1000
    assert problems() == []


def test_an_engine_cannot_take_more_than_was_asked_for(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=20)
    take_in(report(number, 60, RunState.RUNNING, extensions=9_000, calls=9_000, minutes=9_000))
    assert free(partner) == (980, 196, 50_000)
    assert problems() == []


def test_a_report_about_a_pbx_that_was_never_there_is_refused(sqlite: str) -> None:
    with pytest.raises(NotFound):
        take_in(report(77, 1))


# When it fails


def test_a_lost_engine_shows_since_when_and_recovers_by_itself(db: str, scripted: Scripted) -> None:
    partner = owner()
    scripted.fault = NotReached("connection refused")
    number = add_pbx(partner.credential)
    assert hosting.send_due() == 0
    with clock.frozen(START + timedelta(hours=2)):
        hosting.send_due()
        hosting.look_after()
        assert seen(partner.credential, number).health.lost_since == START
    scripted.fault = None
    with clock.frozen(START + timedelta(hours=3)):
        assert hosting.send_due() == 1
        assert seen(partner.credential, number).health.lost_since is None
    assert [one.kind for one in scripted.taken] == [CommandKind.CREATE]


def test_an_engine_that_answers_again_is_found_though_nothing_waits(sqlite: str, scripted: Scripted) -> None:
    partner = owner()
    scripted.fault = NotReached("timed out")
    hosting.look_after()
    assert perform(pbx.search, {}, partner.credential).health.lost_since == START
    scripted.fault = None
    hosting.look_after()
    assert perform(pbx.search, {}, partner.credential).health.lost_since is None


def test_commands_of_one_pbx_are_sent_in_their_order_also_after_failures(db: str, scripted: Scripted) -> None:
    partner = owner()
    numbers = [add_pbx(partner.credential) for _ in range(2)]
    scripted.fault = NotReached("away")
    hosting.send_due()
    for number in numbers:
        do(pbx_control.start, partner.credential, number)
    scripted.fault = None
    for minutes in range(1, 6):
        with clock.frozen(START + timedelta(minutes=minutes)):
            hosting.send_due()
    for number in numbers:
        assert [one.kind for one in scripted.taken if one.pbx == f"pbx-{number}"] == ["create", "start"]


def test_what_the_engine_rejects_is_shown_and_can_be_asked_again(db: str, scripted: Scripted) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    scripted.fault = Rejected("no licence for this region")
    hosting.send_due()
    row = seen(partner.credential, number).row
    assert (row.trouble, row.waiting) == ("It could not be created: no licence for this region", None)
    scripted.fault = None
    do(pbx_control.retry, partner.credential, number)
    assert hosting.send_due() == 1
    take_in(report(number, 1, command=scripted.taken[0].id, outcome=Outcome.DONE))
    assert seen(partner.credential, number).row.trouble == ""


def test_a_rejection_that_is_the_last_answer_gives_back_what_the_others_freed(db: str, scripted: Scripted) -> None:
    partner = owner()
    number = add_pbx(partner.credential, extensions=20)
    hosting.send_due()
    take_in(report(number, 1, command=scripted.taken[0].id, outcome=Outcome.DONE))
    resize(partner.credential, number, extensions=10)
    hosting.send_due()
    do(pbx_orders.upgrade, partner.credential, number)
    take_in(report(number, 2, extensions=10, command=scripted.taken[1].id, outcome=Outcome.DONE))
    assert free(partner)[0] == 980
    scripted.fault = Rejected("no licence for this plan")
    hosting.send_due()
    assert free(partner)[0] == 990
    assert problems() == []


@pytest.mark.parametrize("kind", [kind for kind in CommandKind if kind is not CommandKind.INVITE])
def test_whatever_fails_at_the_engine_leaves_capacity_right_and_a_way_on(
    db: str, kind: CommandKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = owner()
    fails = [kind]
    from yeastar_app.engines import simulator

    def fail(command: str) -> bool:
        with transaction(writes=False) as session:
            asked = session.exec(select(EngineCommand.kind).where(col(EngineCommand.message_id) == command)).one()
        return asked in fails

    monkeypatch.setattr(simulator, "_fails", fail)
    monkeypatch.setattr(simulator, "transaction", transaction)
    number = running(partner, extensions=20)
    steps = {
        CommandKind.STOP: lambda: do(pbx_control.stop, partner.credential, number),
        CommandKind.RESIZE: lambda: resize(partner.credential, number, extensions=40),
        CommandKind.UPGRADE: lambda: do(pbx_orders.upgrade, partner.credential, number),
        CommandKind.RESET: lambda: do(pbx_control.reset, partner.credential, number),
        CommandKind.DELETE: lambda: do(pbx_control.delete, partner.credential, number),
    }
    if kind in steps:
        steps[kind]()
        let_the_engine_work()
    assert seen(partner.credential, number).row.trouble != ""
    assert problems() == []
    fails.clear()
    do(pbx_control.retry, partner.credential, number)
    let_the_engine_work()
    if kind is CommandKind.DELETE:
        assert free(partner)[0] == 1000
    else:
        do(pbx_control.delete, partner.credential, number)
        let_the_engine_work()
        assert free(partner) == (1000, 200, 50_000)
    assert problems() == []


def test_what_was_taken_and_never_answered_is_sent_again_with_the_same_id(db: str, scripted: Scripted) -> None:
    add_pbx(owner().credential)
    hosting.send_due()
    with clock.frozen(START + engine_orders.OVERDUE + timedelta(seconds=1)):
        hosting.look_after()
        hosting.send_due()
    first, second = scripted.taken
    assert first == second


def test_the_simulator_does_a_command_once_and_repeats_its_answer(db: str) -> None:
    partner = owner()
    number = running(partner)
    with transaction(writes=False) as session:
        start = session.exec(select(EngineCommand).where(col(EngineCommand.kind) == CommandKind.START)).one()
        before = len(session.exec(select(EngineReport.id)).all())
    engine().take(Command(start.message_id, start.kind, f"pbx-{number}", start.body))
    let_the_engine_work()
    with transaction(writes=False) as session:
        assert len(session.exec(select(EngineReport.id)).all()) == before


def test_settings_without_a_secret_for_an_engine_elsewhere_are_refused() -> None:
    with pytest.raises(ValueError, match="HOSTING_SECRET"):
        settings().model_validate({"hosting_engine_url": "http://127.0.0.1:9/", "hosting_secret": "short"})


# Expiry (Yeastar help: 30 days, 7 days and on the day; after it the PBX runs on)


def letters() -> list[str]:
    with transaction(writes=False) as session:
        query = sa.select(col(Email.subject)).where(col(Email.kind) == "pbx_expiry").order_by(col(Email.id))
        return list(session.execute(query).scalars())


def test_expiry_emails_go_out_30_days_7_days_and_on_the_day_once_each(db: str) -> None:
    partner = owner()
    running(partner, name="Clinic", expires_on=(START + timedelta(days=40)).date().isoformat())
    for day in range(0, 50):
        with clock.frozen(START + timedelta(days=day)):
            for _ in range(2):
                hosting.expire()
    assert letters() == ["Clinic expires in 30 days", "Clinic expires in 7 days", "Clinic expires today"]


def test_a_day_that_was_missed_is_made_up_for_and_another_date_counts_anew(sqlite: str) -> None:
    partner = owner()
    number = running(partner, name="Clinic", expires_on=(START + timedelta(days=40)).date().isoformat())
    with clock.frozen(START + timedelta(days=36)):
        hosting.expire()
    assert letters() == ["Clinic expires in 4 days"]
    with clock.frozen(START + timedelta(days=37)):
        form = {"type": "commercial", "expires_on": (START + timedelta(days=50)).date().isoformat()}
        renewed = factories_sign_in_again(partner)
        do(pbx_orders.change_term, renewed, number, seen=seen(renewed, number).mark, **form)
        hosting.expire()
        hosting.expire()
    assert letters()[1:] == ["Clinic expires in 13 days"]


def factories_sign_in_again(partner: Owner) -> Credential:
    """A session of the present day."""
    from tests import factories

    return factories.signed_in(partner.account)


def test_after_its_expiry_a_pbx_runs_on_unless_it_may_not(db: str) -> None:
    partner = owner()
    last = START.date().isoformat()
    stays = running(partner, expires_on=last)
    goes = running(partner, expires_on=last, run_after_expiry=False)
    hosting.expire()
    let_the_engine_work()
    with clock.frozen(START + timedelta(days=1)):
        for _ in range(2):
            hosting.expire()
        let_the_engine_work()
        again = factories_sign_in_again(partner)
        assert (stands(again, stays), stands(again, goes)) == ("running", "stopped")
        with pytest.raises(Refusal, match="expired"):
            do(pbx_control.start, again, goes)
    with transaction(writes=False) as session:
        assert session.get_one(Pbx, goes).desired is Desired.STOPPED
        stops = session.exec(select(EngineCommand).where(col(EngineCommand.kind) == CommandKind.STOP)).all()
        assert [(one.ordered_by, one.outcome) for one in stops] == [("system", Outcome.DONE)]


def test_the_check_finds_a_pbx_that_disagrees_with_its_engine(sqlite: str) -> None:
    partner = owner()
    number = running(partner)
    with transaction() as session:
        assert engine_reports.invariants(session) == []
        session.get_one(Pbx, number).report_sequence = 1
        assert engine_reports.invariants(session)[0].startswith(f"pbx {number}: shows report 1, the engine sent")


def test_an_old_state_is_never_written_by_anything_but_a_report(sqlite: str) -> None:
    """The wish alone changes no state: with an engine that takes everything and says nothing, nothing moves."""
    partner = owner()
    number = add_pbx(partner.credential)
    take_in(replace(report(number, 1), id="first"))
    do(pbx_control.start, partner.credential, number)
    do(pbx_orders.upgrade, partner.credential, number)
    do(pbx_control.delete, partner.credential, number)
    with transaction(writes=False) as session:
        row = session.get_one(Pbx, number)
        assert (row.run_state, row.report_sequence) == (RunState.STOPPED, 1)


def answers(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, then: Exception | None) -> None:
    """The engine's report of each command comes before its answer to the command itself."""
    sequence = iter(range(1, 100))

    def take(command: Command) -> None:
        number = int(command.pbx.removeprefix("pbx-"))
        words = "no host" if outcome is Outcome.FAILED else ""
        take_in(report(number, next(sequence), command=command.id, outcome=outcome, words=words))
        if then:
            raise then

    monkeypatch.setattr(scripted, "take", take)


def commands() -> list[tuple[CommandKind, Outcome | None, str]]:
    with transaction(writes=False) as session:
        rows = session.exec(select(EngineCommand).order_by(col(EngineCommand.id))).all()
    return [(row.kind, row.outcome, row.error) for row in rows]


def test_a_report_that_is_quicker_than_the_answer_keeps_its_words(
    db: str, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pbx(owner().credential)
    answers(scripted, monkeypatch, Outcome.FAILED, None)
    hosting.send_due()
    assert commands() == [(CommandKind.CREATE, Outcome.FAILED, "no host")]


def test_what_the_engine_reported_as_done_it_cannot_refuse_afterwards(
    db: str, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = owner().credential
    number = add_pbx(partner)
    answers(scripted, monkeypatch, Outcome.DONE, Rejected("it is there already"))
    hosting.send_due()
    assert commands() == [(CommandKind.CREATE, Outcome.DONE, "")]
    assert seen(partner, number).row.trouble == ""


def test_a_pbx_to_be_deleted_that_the_engine_does_not_know_is_gone_and_its_capacity_free(
    db: str, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    scripted.fault = Rejected("no licence for this region")
    monkeypatch.setattr(scripted, "status", lambda _pbx: None)
    hosting.send_due()
    assert seen(partner.credential, number).row.trouble != ""
    do(pbx_control.delete, partner.credential, number)
    hosting.send_due()
    assert free(partner) == (1000, 200, 50_000)
    with pytest.raises(NotFound):
        seen(partner.credential, number)
    assert problems() == []


def test_a_pbx_the_engine_does_not_know_yet_is_not_gone_before_it_is_told_to_delete_it(
    db: str, scripted: Scripted
) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    hosting.send_due()
    do(pbx_control.delete, partner.credential, number)
    hosting.ask(number)
    assert free(partner)[0] == 980
    hosting.send_due()
    hosting.ask(number)
    assert free(partner)[0] == 1000
    assert {outcome for _, outcome, _ in commands()} == {Outcome.DONE, Outcome.FAILED}


def test_asking_again_repeats_all_that_failed_since_something_was_done_and_nothing_older(
    db: str, scripted: Scripted
) -> None:
    partner = owner().credential
    number = add_pbx(partner)
    do(pbx_control.start, partner, number)
    scripted.fault = Rejected("no licence")
    hosting.send_due()
    hosting.send_due()
    scripted.fault = None
    do(pbx_control.retry, partner, number)
    hosting.send_due()
    hosting.send_due()
    assert [one.kind for one in scripted.taken] == [CommandKind.CREATE, CommandKind.START]
    for sequence, command in enumerate(scripted.taken, 1):
        take_in(report(number, sequence, RunState.RUNNING, command=command.id, outcome=Outcome.DONE))
    take_in(report(number, 3, RunState.DELETED))  # the engine has lost it
    with pytest.raises(Refusal) as refused:
        do(pbx_control.retry, partner, number)
    assert refused.value.code == "nothing_failed"
    assert seen(partner, number).row.trouble != ""


def test_asking_again_for_an_activation_email_says_to_whom(sqlite: str, scripted: Scripted) -> None:
    partner = owner().credential
    somebody = perform(contacts.create, {"first_name": "Ada", "company": "Mill", "email": "ada@example.com"}, partner)
    number = add_pbx(partner, recipients=[somebody.id])
    do(pbx_control.send_activation, partner, number)
    hosting.send_due()
    scripted.fault = Rejected("not now")
    hosting.send_due()
    scripted.fault = None
    with transaction() as session:
        for one in session.exec(select(EngineCommand).where(col(EngineCommand.outcome).is_(None))).all():
            one.outcome = Outcome.DONE
    do(pbx_control.retry, partner, number)
    hosting.send_due()
    assert scripted.taken[-1].kind is CommandKind.INVITE
    assert scripted.taken[-1].body["people"] == ["ada@example.com"]


def test_a_pbx_that_may_not_run_any_more_is_not_started_by_asking_again(db: str, scripted: Scripted) -> None:
    person = owner()
    partner = person.credential
    number = add_pbx(partner, expires_on="2026-03-03", run_after_expiry=False)
    do(pbx_control.start, partner, number)
    scripted.fault = Rejected("no host")
    hosting.send_due()
    hosting.send_due()
    clock.advance(timedelta(days=2))
    with pytest.raises(Refusal) as refused:
        do(pbx_control.retry, signed_in(person.account), number)
    assert refused.value.code == "expired"
