"""What nobody would do on purpose, in an order nobody thought of: stale clicks, an engine that errs, clocks that go
back, companies that vanish in between. Whatever is answered, capacity stays right and nothing is believed of a PBX that
was not said about it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests.conftest import START
from tests.factories import signed_in
from tests.race import outcomes
from tests.services.central import (
    activated,
    add_pbx,
    add_reseller,
    edit_form,
    free,
    let_the_engine_work,
    owner,
    problems,
)
from tests.services.test_engine_troubles import NO_HOST, Case, all_is_well, case  # noqa: F401 - a fixture
from tests.services.test_hosting import Scripted, do, report, resize, running, scripted, seen, take_in  # noqa: F401
from tests.services.test_tasks import add_task, log
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.jobs import hosting
from yeastar_app.jobs import tasks as task_jobs
from yeastar_app.models.alarms import AlarmKind
from yeastar_app.models.capacity import RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand, Outcome
from yeastar_app.models.tasks import TargetStatus
from yeastar_app.refusals import NotFound, Refusal, SignInNeeded
from yeastar_app.services import (
    checks,
    engine_orders,
    engine_troubles,
    pbx_control,
    pbx_orders,
    people,
    resellers,
)


def sound() -> None:
    with transaction(writes=False) as session:
        assert checks.broken(session) == []


# The engine errs


def test_asked_about_one_pbx_the_engine_answers_about_another_and_is_not_believed(
    db: str,
    scripted: Scripted,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = Case(scripted), Case(scripted)
    about_another = report(theirs.number, 90, RunState.STOPPED, extensions=1, calls=1)
    monkeypatch.setattr(scripted, "status", lambda _pbx: about_another)
    hosting.ask(ours.number)
    for one in (ours, theirs):
        assert (one.now.row.run_state, one.now.row.trouble) == ("running", "")
    sound()


def test_a_report_that_names_the_command_of_another_pbx_answers_nothing(case: Case) -> None:  # noqa: F811
    other = Case(case.engine)
    other.resize(extensions=50)
    hosting.send_due()
    command = case.engine.taken[-1].id
    case.say(command=command, outcome=Outcome.DONE)
    assert other.now.row.waiting is CommandKind.RESIZE
    assert free(other.partner)[0] == 950
    sound()


def test_what_failed_and_was_done_after_all_is_done(case: Case) -> None:  # noqa: F811
    do(pbx_orders.upgrade, case.by, case.number)
    case.fails()
    command = case.engine.taken[-1].id
    assert case.trouble == f"It could not be upgraded: {NO_HOST}"
    case.say(command=command, outcome=Outcome.DONE)
    all_is_well(case)
    case.say(command=command, outcome=Outcome.FAILED, words="or not")  # done cannot be undone by a word
    all_is_well(case)


def test_an_engine_that_says_it_runs_with_nothing_frees_nothing(case: Case) -> None:  # noqa: F811
    case.say(extensions=0, calls=0)
    assert free(case.partner) == (980, 196, 50_000)
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.RESIZE]
    with pytest.raises(Refusal, match="nothing_runs"):
        do(pbx_control.go_back, case.by, case.number)
    do(pbx_control.retry, case.by, case.number)
    case.done(extensions=20, calls=4)
    all_is_well(case)


def test_one_that_says_done_and_goes_on_with_the_larger_size_gets_no_capacity_back(case: Case) -> None:  # noqa: F811
    case.resize(extensions=10)
    case.done()
    assert (free(case.partner)[0], case.trouble) == (980, engine_troubles.DIFFERS[CommandKind.RESIZE])
    do(pbx_control.retry, case.by, case.number)
    case.done(extensions=10)
    assert free(case.partner)[0] == 990
    all_is_well(case)


def test_a_pbx_that_stops_by_itself_is_in_trouble_until_it_runs_or_may_be_stopped(case: Case) -> None:  # noqa: F811
    case.say(state=RunState.STOPPED)
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.START]
    assert case.alarms == [(AlarmKind.PBX_TROUBLE, True)]
    do(pbx_control.retry, case.by, case.number)
    case.say()
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.START]
    case.done(state=RunState.RUNNING)
    all_is_well(case)
    case.say(state=RunState.STOPPED)
    do(pbx_control.go_back, case.by, case.number)
    assert case.now.row.desired == "stopped"
    all_is_well(case)


def test_one_that_is_said_to_be_deleted_and_still_there_is_not_forgotten(case: Case) -> None:  # noqa: F811
    do(pbx_control.delete, case.by, case.number)
    assert case.trouble == ""
    case.done()  # "done", it says, and runs on
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.DELETE]
    assert free(case.partner)[0] == 980
    do(pbx_control.retry, case.by, case.number)
    case.done(state=RunState.DELETED)
    assert free(case.partner)[0] == 1000
    sound()


def test_a_pbx_that_is_gone_stays_gone_whatever_is_said_of_it(case: Case) -> None:  # noqa: F811
    created = case.engine.taken[0].id
    do(pbx_control.delete, case.by, case.number)
    case.done(state=RunState.DELETED)
    assert free(case.partner) == (1000, 200, 50_000)
    case.say(state=RunState.RUNNING)
    case.say(state=RunState.STOPPED, command=created, outcome=Outcome.DONE)
    hosting.ask(case.number)
    with pytest.raises(NotFound):
        seen(case.by, case.number)
    assert free(case.partner) == (1000, 200, 50_000)
    sound()


def test_an_old_report_that_is_sent_again_under_another_name_moves_nothing(case: Case) -> None:  # noqa: F811
    case.resize(extensions=50)
    case.done(extensions=50)
    for number, sequence in enumerate((1, 2, case.sequence)):
        again = report(case.number, sequence, RunState.STOPPED, id=f"again-{number}")  # 20 extensions, as at first
        take_in(again)
    assert (case.now.row.run_state, free(case.partner)[0]) == ("running", 950)
    all_is_well(case)


# Clocks that go back


def test_a_clock_that_is_set_back_an_hour_holds_no_command_back(db: str, scripted: Scripted) -> None:  # noqa: F811
    partner = owner()
    with clock.frozen(START + timedelta(hours=1)):
        number = add_pbx(signed_in(partner.account))
    assert hosting.send_due() == 1
    do(pbx_control.start, signed_in(partner.account), number)
    assert hosting.send_due() == 1
    assert [one.kind for one in scripted.taken] == [CommandKind.CREATE, CommandKind.START]


def test_a_command_somebody_is_at_or_that_waits_for_its_next_try_is_not_taken_by_another(
    db: str,
    scripted: Scripted,  # noqa: F811
) -> None:
    """What the rule about clocks must not break."""
    add_pbx(owner().credential)
    with transaction(writes=False) as session:
        (key,) = engine_orders.due(session)
    with transaction() as session:
        assert engine_orders.take(session, key) is not None
    for _ in range(2):
        with transaction() as session:
            assert engine_orders.take(session, key) is None
            assert engine_orders.due(session) == []


# In the middle of something else


def test_a_reseller_deleted_in_the_middle_of_a_create_leaves_no_pbx_in_a_package_that_is_gone(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite carries out one change after the other: the race is PostgreSQL's alone."""
    partner = owner()
    number = add_reseller(partner)
    signed = activated(number)
    below, once = people.account_below, iter([True])

    def then_deleted(*asked: Any, **named: Any) -> Any:
        found = below(*asked, **named)
        if next(once, False):
            perform(resellers.delete, {"ids": [number]}, partner.credential)
        return found

    if db == "postgresql":
        monkeypatch.setattr(people, "account_below", then_deleted)
    else:
        perform(resellers.delete, {"ids": [number]}, partner.credential)
    with pytest.raises(Refusal) as refused:
        add_pbx(partner.credential, owner=number)
    assert refused.value.code in ("capacity_exceeded", "not_found")
    with pytest.raises(SignInNeeded):
        add_pbx(signed)
    assert free(partner) == (1000, 200, 50_000)
    sound()


def test_trying_again_and_going_back_at_the_same_moment_come_to_one_of_both(case: Case) -> None:  # noqa: F811
    case.resize(extensions=50)
    case.fails()

    def click(number: int) -> Any:
        return do(pbx_control.retry if number % 2 else pbx_control.go_back, case.by, case.number)

    came = outcomes(8, click)
    assert {one.code for one in came if isinstance(one, Refusal)} <= {"still_waiting"}
    with transaction(writes=False) as session:
        asked = select(EngineCommand).where(
            col(EngineCommand.kind) == CommandKind.RESIZE, col(EngineCommand.outcome).is_(None)
        )
        again = len(session.exec(asked).all())
    assert (again, free(case.partner)[0]) in ((1, 950), (0, 980))
    if again:
        case.done(extensions=50)
    all_is_well(case)


def test_a_task_whose_order_was_taken_back_before_it_looked_has_failed(case: Case) -> None:  # noqa: F811
    task = add_task(case.by, case.number, kind="stop", immediately=True)
    task_jobs.run_due()
    case.fails()
    do(pbx_control.go_back, case.by, case.number)
    task_jobs.run_due()
    assert log(case.by, task) == [(TargetStatus.FAILED, NO_HOST)]


# A package that changes under what lives in it


def test_a_minimum_above_what_a_pbx_has_leaves_it_alone_and_holds_for_every_new_size(db: str) -> None:
    partner = owner()
    number = add_reseller(partner, min_extensions=5)
    reseller = activated(number)
    small = add_pbx(reseller, extensions=10)
    perform(resellers.edit, edit_form(partner, number, min_extensions=30), partner.credential)
    resize(reseller, small, calls=6)  # its extensions stay what they are
    for extensions in (9, 11, 29):
        with pytest.raises(Refusal) as refused:
            resize(reseller, small, extensions=extensions)
        assert refused.value.fields == {"extensions": "At least 30 for each PBX in this package."}
    with pytest.raises(Refusal, match="below_minimum"):
        add_pbx(reseller, extensions=29)
    resize(reseller, small, extensions=30)
    assert problems() == []


def test_high_availability_stays_in_the_package_until_the_last_pbx_with_it_is_really_gone(db: str) -> None:
    partner = owner()
    number = add_reseller(partner, high_availability=True)
    reseller = activated(number)
    relies = add_pbx(reseller, high_availability=True)
    let_the_engine_work()
    do(pbx_control.delete, reseller, relies)
    with pytest.raises(Refusal, match="high_availability_in_use"):
        perform(resellers.edit, edit_form(partner, number, high_availability=False), partner.credential)
    let_the_engine_work()
    perform(resellers.edit, edit_form(partner, number, high_availability=False), partner.credential)
    with pytest.raises(Refusal, match="no_high_availability"):
        add_pbx(reseller, high_availability=True)
    sound()
