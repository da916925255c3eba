"""What the hosting engine could not do stays on the screen until what is wished and what runs agree: it did it after
all, or the wish was taken back (PRODUCT 5.2)."""

from typing import Any

import pytest
from sqlmodel import col, select

from tests.services.central import Owner, add_pbx, add_reseller, edit_form, free, owner, problems
from tests.services.test_hosting import Scripted, do, report, resize, scripted, seen, take_in  # noqa: F401 - a fixture
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.engines.hosting import Rejected
from yeastar_app.jobs import hosting
from yeastar_app.models.alarms import Alarm, AlarmKind
from yeastar_app.models.capacity import Pbx, RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand, Outcome
from yeastar_app.refusals import Refusal
from yeastar_app.services import checks, engine_reports, engine_troubles, pbx, pbx_control, pbx_orders, resellers

NO_HOST = "no host has room"


class Case:
    """A running PBX of 20 extensions and 4 calls, and an engine that answers when it is told to."""

    def __init__(self, engine: Scripted, partner: Owner | None = None, **changes: Any) -> None:
        self.engine = engine
        self.partner = partner or owner()
        self.by = self.partner.credential
        self.number = add_pbx(self.by, **changes)
        self.runs: dict[str, Any] = {"extensions": 20, "calls": 4, "minutes": 0}
        self.state, self.sequence = RunState.STOPPED, 0
        self.done()
        do(pbx_control.start, self.by, self.number)
        self.done(state=RunState.RUNNING)

    def answer(self, outcome: Outcome, words: str = "", **now: Any) -> None:
        """The engine takes what is due and says what came of it, and how the PBX is `now`."""
        before = len(self.engine.taken)
        hosting.send_due()
        (command,) = self.engine.taken[before:]
        self.say(command=command.id, outcome=outcome, words=words, **now)

    def say(self, state: RunState | None = None, **more: Any) -> None:
        self.state = state or self.state
        self.runs |= {name: more.pop(name) for name in tuple(self.runs) if name in more}
        self.sequence += 1
        take_in(report(self.number, self.sequence, self.state, **self.runs, **more))

    def done(self, **now: Any) -> None:
        self.answer(Outcome.DONE, **now)

    def fails(self) -> None:
        self.answer(Outcome.FAILED, NO_HOST)

    def resize(self, **sizes: Any) -> None:
        resize(self.by, self.number, **sizes)

    @property
    def trouble(self) -> str:
        return self.now.row.trouble

    @property
    def now(self) -> pbx.Details:
        return seen(self.by, self.number)

    @property
    def alarms(self) -> list[tuple[str, bool]]:
        """Kind and whether it lasts, of all alarms of the PBX."""
        with transaction(writes=False) as session:
            query = select(Alarm).where(col(Alarm.pbx_id) == self.number).order_by(col(Alarm.id))
            return [(one.kind, one.ended_at is None) for one in session.exec(query)]


@pytest.fixture
def case(db: str, scripted: Scripted) -> Case:  # noqa: F811
    return Case(scripted)


def all_is_well(case: Case) -> None:
    assert case.trouble == ""
    assert problems() == []
    with transaction(writes=False) as session:
        assert checks.broken(session) == []


def test_a_failed_resize_is_not_forgotten_because_something_else_succeeds(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    said = f"Its size could not be changed: {NO_HOST}"
    assert case.trouble == said
    do(pbx_orders.upgrade, case.by, case.number)
    assert case.trouble == said
    case.done()
    assert case.trouble == said  # it still runs with 20, and 50 are paid for
    do(pbx_control.stop, case.by, case.number)
    case.done(state=RunState.STOPPED)
    assert case.trouble == said
    assert case.alarms == [(AlarmKind.PBX_TROUBLE, True)]
    do(pbx_control.retry, case.by, case.number)
    assert case.trouble == said  # asked again is not yet done
    case.done(extensions=50)
    all_is_well(case)
    assert case.alarms == [(AlarmKind.PBX_TROUBLE, False), (AlarmKind.PBX_RECOVERED, False)]


def test_asking_again_repeats_what_is_still_wished_and_nothing_else(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    do(pbx_control.stop, case.by, case.number)
    case.fails()
    do(pbx_control.start, case.by, case.number)  # it runs still: the wish to stop it is gone
    assert case.trouble == f"Its size could not be changed: {NO_HOST}"
    do(pbx_control.retry, case.by, case.number)
    do(pbx_control.retry, case.by, case.number)  # the second of two clicks
    with transaction(writes=False) as session:
        waiting = session.exec(select(EngineCommand.kind).where(col(EngineCommand.outcome).is_(None))).all()
    assert waiting == [CommandKind.RESIZE]


def test_two_things_that_failed_are_both_said_and_go_one_by_one(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    do(pbx_orders.upgrade, case.by, case.number)
    case.fails()
    assert case.trouble == f"Its size could not be changed: {NO_HOST} · It could not be upgraded: {NO_HOST}"
    do(pbx_control.retry, case.by, case.number)
    case.done(extensions=50)
    assert case.trouble == f"It could not be upgraded: {NO_HOST}"
    case.done()
    all_is_well(case)


def test_another_size_that_succeeds_takes_the_sign_away(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    case.resize(extensions=30)
    case.done(extensions=30)
    all_is_well(case)
    assert free(case.partner)[0] == 970


def test_going_back_to_what_runs_takes_every_failed_wish_back_and_frees_its_capacity(case: Case) -> None:
    case.resize(extensions=50, calls=8, recording=True, minutes=900)
    case.fails()
    do(pbx_orders.upgrade, case.by, case.number)
    case.fails()
    do(pbx_control.stop, case.by, case.number)
    case.fails()
    assert free(case.partner) == (950, 192, 49_600)
    back = case.now.back
    assert back is not None
    assert (back.extensions, back.calls, back.minutes, back.recording, back.plan, back.running) == (
        20, 4, 0, False, "enterprise", True)  # fmt: skip
    for _ in range(2):  # the second click does nothing
        do(pbx_control.go_back, case.by, case.number)
    row = case.now.row
    assert (row.extensions, row.calls, row.minutes, row.recording, row.plan) == (20, 4, 0, False, "enterprise")
    assert (row.desired, row.waiting) == ("running", None)
    assert free(case.partner) == (980, 196, 50_000)
    all_is_well(case)
    case.say()  # the next report brings nothing back
    all_is_well(case)


def test_going_back_keeps_a_smaller_size_deducted_as_it_runs(case: Case) -> None:
    case.resize(extensions=10)
    case.fails()
    assert (case.trouble != "", free(case.partner)[0]) == (True, 980)
    do(pbx_control.go_back, case.by, case.number)
    assert (case.now.row.extensions, free(case.partner)[0]) == (20, 980)
    all_is_well(case)


def test_what_could_not_be_deleted_may_live_on(case: Case) -> None:
    do(pbx_control.delete, case.by, case.number)
    case.fails()
    assert case.trouble == f"It could not be deleted: {NO_HOST}"
    do(pbx_control.go_back, case.by, case.number)
    assert (case.now.row.desired, free(case.partner)[0]) == ("running", 980)
    all_is_well(case)
    do(pbx_control.delete, case.by, case.number)
    case.done(state=RunState.DELETED)
    assert free(case.partner)[0] == 1000


def test_what_failed_before_a_deletion_is_nobodys_concern_any_more(case: Case) -> None:
    case.resize(extensions=50)
    do(pbx_control.delete, case.by, case.number)
    hosting.send_due()
    resizing = case.engine.taken[-1]
    case.say(command=resizing.id, outcome=Outcome.FAILED, words=NO_HOST)
    assert case.trouble == ""


def test_while_the_engine_has_not_answered_there_is_no_going_back(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    do(pbx_control.retry, case.by, case.number)
    assert case.now.back is None
    with pytest.raises(Refusal, match="still_waiting"):
        do(pbx_control.go_back, case.by, case.number)
    assert case.now.row.extensions == 50


def test_a_pbx_that_never_came_to_be_has_nothing_to_go_back_to(db: str, scripted: Scripted) -> None:  # noqa: F811
    by = owner().credential
    number = add_pbx(by)
    hosting.send_due()
    take_in(report(number, 1, RunState.PROVISIONING))
    created = scripted.taken[0].id
    take_in(report(number, 2, RunState.DELETED, command=created, outcome=Outcome.FAILED, words=NO_HOST))
    assert seen(by, number).row.trouble == f"It could not be created: {NO_HOST}"  # and not: "lost"
    assert seen(by, number).back is None
    with pytest.raises(Refusal, match="nothing_runs"):
        do(pbx_control.go_back, by, number)
    do(pbx_control.retry, by, number)
    hosting.send_due()
    take_in(report(number, 3, command=scripted.taken[-1].id, outcome=Outcome.DONE))
    assert seen(by, number).row.trouble == ""


def test_an_engine_that_runs_another_size_than_asked_is_told_again(case: Case) -> None:
    case.resize(extensions=50)
    case.done(extensions=40)  # "done", it says
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.RESIZE]
    case.say()
    assert case.trouble == engine_troubles.DIFFERS[CommandKind.RESIZE]
    do(pbx_control.retry, case.by, case.number)
    case.done(extensions=50)
    all_is_well(case)


def test_a_report_alone_that_shows_what_was_wished_is_enough(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    case.say(extensions=50)
    all_is_well(case)


def test_a_rejection_is_kept_as_long_as_a_failure(case: Case) -> None:
    case.resize(extensions=50)
    case.engine.fault = Rejected("beyond the licence")
    hosting.send_due()
    case.engine.fault = None
    do(pbx_orders.upgrade, case.by, case.number)
    case.done()
    assert case.trouble == "Its size could not be changed: beyond the licence"


def test_high_availability_that_left_the_package_meanwhile_does_not_come_back_by_the_side_door(
    db: str,
    scripted: Scripted,  # noqa: F811
) -> None:
    partner = owner()
    reseller = add_reseller(partner, high_availability=True)
    case = Case(scripted, partner, owner=reseller, high_availability=True)
    case.resize(high_availability=False)
    case.fails()
    assert case.trouble != ""
    perform(resellers.edit, edit_form(partner, reseller, high_availability=False), partner.credential)
    with pytest.raises(Refusal) as refused:
        do(pbx_control.go_back, case.by, case.number)
    assert set(refused.value.fields) == {"high_availability"}
    do(pbx_control.retry, case.by, case.number)
    case.done()
    all_is_well(case)


def test_a_failed_reset_is_said_until_something_is_done_or_it_is_taken_back(case: Case) -> None:
    do(pbx_control.reset, case.by, case.number)
    case.fails()
    assert case.trouble == f"It could not be reset: {NO_HOST}"
    case.say()
    assert case.trouble != ""
    do(pbx_control.go_back, case.by, case.number)
    case.say()
    all_is_well(case)


def test_the_check_finds_a_pbx_that_runs_otherwise_than_wished_without_a_sign(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    with transaction() as session:
        assert engine_troubles.invariants(session) == []
        session.get_one(Pbx, case.number).trouble = ""
        session.flush()
        assert engine_troubles.invariants(session) == [f"pbx {case.number}: runs otherwise than wished, without a sign"]


def test_going_back_takes_back_all_that_failed_of_a_kind(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    do(pbx_control.retry, case.by, case.number)
    case.fails()
    do(pbx_control.go_back, case.by, case.number)
    assert case.trouble == ""
    with transaction() as session:
        outcomes = {one.outcome for one in session.exec(select(EngineCommand).where(EngineCommand.kind == "resize"))}
    assert outcomes == {Outcome.TAKEN_BACK}


def test_there_is_no_going_back_to_what_the_engine_does_not_know(case: Case) -> None:
    case.resize(extensions=50)
    case.fails()
    with transaction() as session:
        engine_reports.take_status(session, case.number, None)
    assert case.now.back is None
    with pytest.raises(Refusal, match="nothing_runs"):
        do(pbx_control.go_back, case.by, case.number)
