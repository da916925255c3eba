"""Tasks of Central Management: what can be planned, and that it happens once, in its creator's name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests import factories
from tests.factories import signed_in
from tests.race import at_once
from tests.services.central import activated, add_pbx, add_reseller, delete_pbx, let_the_engine_work, owner
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import tasks as jobs
from yeastar_app.models.accounts import Account, Kind
from yeastar_app.models.hosting import CommandKind, EngineCommand
from yeastar_app.models.tasks import TargetStatus, TaskStatus
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import pbx_control, task_runs, tasks, time_zones

_keys = iter(range(10**8, 10**9))


def task_form(*pbxs: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Nightly restart",
        "kind": "start",
        "immediately": False,
        "at": "2026-03-02T18:30",
        "time_zone": "Europe/Amsterdam",
        "remark": "",
        "pbxs": list(pbxs),
        "request_key": str(next(_keys)),
        **changes,
    }


def add_task(by: Credential, *pbxs: int, **changes: Any) -> int:
    return perform(tasks.create, task_form(*pbxs, **changes), by)


def seen(by: Credential, task_id: int) -> tasks.Details:
    return perform(tasks.details, {"id": task_id}, by)


def log(by: Credential, task_id: int) -> list[tuple[TargetStatus, str]]:
    return [(line.status, line.words) for line in seen(by, task_id).log]


def running(by: Credential, **values: Any) -> int:
    number = add_pbx(by, **values)
    let_the_engine_work()
    perform(pbx_control.start, {"id": number}, by)
    let_the_engine_work()
    return number


def test_a_task_waits_for_its_time_in_its_time_zone_and_is_done_once(db: str) -> None:
    partner = owner().credential
    pbx = add_pbx(partner)
    let_the_engine_work()
    number = add_task(partner, pbx)
    assert seen(partner, number).row.due_at == datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # an hour ahead of UTC
    clock.advance(timedelta(hours=8, minutes=29, seconds=59))
    assert jobs.run_due() == 0
    assert seen(partner, number).row.status is TaskStatus.PENDING
    clock.advance(timedelta(seconds=1))
    for _ in range(3):
        jobs.run_due()
    assert log(partner, number) == [(TargetStatus.ORDERED, "")]
    assert seen(partner, number).row.status is TaskStatus.EXECUTING
    let_the_engine_work()
    jobs.run_due()
    assert log(partner, number) == [(TargetStatus.DONE, "")]
    assert seen(partner, number).row.status is TaskStatus.FINISHED
    with transaction(writes=False) as session:
        starts = session.exec(select(EngineCommand).where(col(EngineCommand.kind) == CommandKind.START)).all()
    assert len(starts) == 1


def test_a_reset_of_a_pbx_that_is_not_running_fails_cleanly_and_the_others_are_done(db: str) -> None:
    partner = owner().credential
    stopped, going = add_pbx(partner, name="A stopped"), running(partner, name="B running")
    let_the_engine_work()
    number = add_task(partner, stopped, going, kind="reset", immediately=True)
    jobs.run_due()
    let_the_engine_work()
    jobs.run_due()
    (first, why), (second, _) = log(partner, number)
    assert (first, second) == (TargetStatus.FAILED, TargetStatus.DONE)
    assert "not running" in why
    row = seen(partner, number).row
    assert (row.status, row.done, row.failed) == (TaskStatus.FINISHED, 1, 1)


def test_what_is_so_already_is_done_without_asking_the_engine(sqlite: str) -> None:
    partner = owner().credential
    pbx = running(partner)
    number = add_task(partner, pbx, immediately=True)
    jobs.run_due()
    assert log(partner, number) == [(TargetStatus.DONE, "It was so already.")]


def test_a_pbx_deleted_meanwhile_fails_in_words(db: str) -> None:
    partner = owner().credential
    pbx = add_pbx(partner)
    let_the_engine_work()
    number = add_task(partner, pbx)
    delete_pbx(partner, pbx)
    clock.advance(timedelta(hours=11))
    jobs.run_due()
    ((status, words),) = log(partner, number)
    assert status is TargetStatus.FAILED and "not found" in words


def test_a_task_does_nothing_its_creator_may_not_do_any_more(db: str) -> None:
    reseller = add_reseller(owner())
    signed = activated(reseller)
    pbx = add_pbx(signed)
    let_the_engine_work()
    number = add_task(signed, pbx)
    with transaction() as session:
        session.get_one(Account, reseller).grants = ["pbx.view", "task.view", "task.manage"]
    clock.advance(timedelta(hours=11))
    jobs.run_due()
    assert log(signed, number) == [(TargetStatus.FAILED, "Who made the task may no longer do this.")]


def test_who_may_not_start_by_hand_may_not_by_the_clock(sqlite: str) -> None:
    reseller = add_reseller(owner())
    signed = activated(reseller)
    pbx = add_pbx(signed)
    with transaction(writes=False) as session:
        account = session.get_one(Account, reseller)
    from tests.services.test_central_colleagues import active

    colleague = signed_in(active(account.key, "pbx.view", "task.view", "task.manage"))
    with pytest.raises(NotAllowed):
        add_task(colleague, pbx)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"kind": "explode"}, "kind"),
        ({"kind": {}}, "kind"),
        ({"at": ""}, "at"),
        ({"at": "tomorrow"}, "at"),
        ({"at": 5}, "at"),
        ({"at": "2026-03-02T09:00+01:00"}, "at"),
        ({"at": "2026-03-02T08:59", "time_zone": "UTC"}, "at"),
        ({"at": "2027-03-04T09:00"}, "at"),
        ({"at": "2026-03-29T02:30"}, "at"),  # the clocks jump from two to three in that night
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"pbxs": []}, "pbxs"),
        ({"pbxs": ["x"]}, "pbxs"),
        ({"pbxs": [10**6]}, "pbxs"),
        ({"pbxs": list(range(1, 60))}, "pbxs"),
        ({"remark": "x" * 501}, "remark"),
        ({"request_key": "'; --"}, "request_key"),
    ],
)
def test_bad_input_is_refused_at_its_field(sqlite: str, change: dict[str, Any], field: str) -> None:
    partner = owner().credential
    pbx = add_pbx(partner)
    with pytest.raises(Refusal) as refused:
        add_task(partner, pbx, **change)
    assert field in refused.value.fields
    assert perform(tasks.listed, {}, partner).rows == []


def test_in_the_night_the_clocks_are_put_back_the_first_of_two_is_meant() -> None:
    typed = datetime.fromisoformat("2026-10-25T02:30")
    assert time_zones.moment(typed, "Europe/Amsterdam") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_two_clicks_make_one_task(db: str) -> None:
    partner = owner().credential
    pbx = add_pbx(partner)
    form = task_form(pbx)
    first, second = (perform(tasks.create, form, partner) for _ in range(2))
    assert first == second
    assert len(perform(tasks.listed, {}, partner).rows) == 1


def test_a_pending_task_is_changed_or_cancelled_and_one_that_began_is_not(db: str) -> None:
    partner = owner().credential
    one, other = add_pbx(partner, name="One"), add_pbx(partner, name="Other")
    let_the_engine_work()
    number = add_task(partner, one)
    perform(tasks.edit, {**task_form(other, name="Later", kind="stop", at="2026-03-02T19:00"), "id": number}, partner)
    changed = seen(partner, number)
    assert (changed.row.name, [line.pbx for line in changed.log]) == ("Later", ["Other"])
    cancelled = add_task(partner, one)
    perform(tasks.cancel, {"id": cancelled}, partner)
    perform(tasks.cancel, {"id": cancelled}, partner)  # the second of two clicks
    clock.advance(timedelta(hours=11))
    jobs.run_due()
    assert seen(partner, cancelled).row.status is TaskStatus.CANCELLED
    assert log(partner, cancelled) == [(TargetStatus.WAITING, "")]
    for action, form in ((tasks.cancel, {"id": number}), (tasks.edit, {**task_form(one, at="2026-03-05T01:00"),
                                                                       "id": number})):  # fmt: skip
        with pytest.raises(Refusal, match="not_pending"):
            perform(action, form, partner)


def test_a_reseller_sees_and_changes_its_own_tasks_only(db: str) -> None:
    partner = owner()
    reseller, other = (activated(add_reseller(partner)) for _ in range(2))
    pbx = add_pbx(reseller)
    number = add_task(reseller, pbx)
    for stranger in (other, owner().credential):
        assert perform(tasks.listed, {}, stranger).rows == []
        for action in (tasks.details, tasks.cancel):
            with pytest.raises(NotFound):
                perform(action, {"id": number}, stranger)
        with pytest.raises(Refusal, match="unknown_pbx"):
            add_task(stranger, pbx)
    (row,) = perform(tasks.listed, {}, partner.credential).rows
    assert not row.own  # the owner looks on; the reseller's plans are the reseller's
    with pytest.raises(NotFound):
        perform(tasks.cancel, {"id": number}, partner.credential)


def test_a_removed_creators_task_does_nothing(sqlite: str) -> None:
    partner = owner()
    pbx = add_pbx(partner.credential)
    let_the_engine_work()
    colleague = factories.account(Kind.COLLEAGUE, partner.company, grants=["central"])
    signed = signed_in(colleague)
    number = add_task(signed, pbx)
    with transaction() as session:
        session.get_one(Account, colleague.key).status = "frozen"
    clock.advance(timedelta(hours=11))
    jobs.run_due()
    assert log(partner.credential, number) == [(TargetStatus.FAILED, "Who made the task may no longer do this.")]


def orders() -> int:
    with transaction(writes=False) as session:
        return len(session.exec(select(EngineCommand.id).where(col(EngineCommand.kind) == CommandKind.RESET)).all())


def test_many_workers_at_once_order_each_pbx_once(db: str) -> None:
    partner = owner().credential
    pbxs = [running(partner, name=f"PBX {number}") for number in range(3)]
    add_task(partner, *pbxs, kind="reset", immediately=True)
    at_once(6, lambda _: jobs.run_due())
    assert orders() == 3


def test_a_crash_between_two_pbxs_leaves_the_rest_to_the_next_run(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = owner().credential
    pbxs = [running(partner, name=f"PBX {number}") for number in range(3)]
    number = add_task(partner, *pbxs, kind="reset", immediately=True)
    whole = task_runs.carry_out

    def dies_at_the_second(session: Any, target: int) -> bool:
        done = whole(session, target)
        if orders_in(session) == 2:
            raise KeyboardInterrupt
        return done

    def orders_in(session: Any) -> int:
        return len(session.exec(select(EngineCommand.id).where(col(EngineCommand.kind) == CommandKind.RESET)).all())

    monkeypatch.setattr(task_runs, "carry_out", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_due()
    assert orders() == 1
    monkeypatch.setattr(task_runs, "carry_out", whole)
    jobs.run_due()
    let_the_engine_work()
    jobs.run_due()
    assert orders() == 3
    assert seen(partner, number).row.status is TaskStatus.FINISHED


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_at_the_end_of_all_calendars_is_refused_at_its_field(sqlite: str, at: str) -> None:
    partner = owner().credential
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with pytest.raises(Refusal) as refused:
            add_task(partner, add_pbx(partner), at=at, time_zone=zone)
        assert refused.value.field == "at"


def test_a_pbx_with_which_something_is_wrong_holds_up_nobody_elses_task(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = owner().credential, owner().credential
    broken, fine = running(first), running(second)
    add_task(first, broken, kind="stop", immediately=True)
    other = add_task(second, fine, kind="stop", immediately=True)
    order = task_runs._order

    def breaks(session: Any, task: Any, pbx_id: int) -> Any:
        if pbx_id == broken:
            raise RuntimeError("nobody foresaw this")
        return order(session, task, pbx_id)

    monkeypatch.setattr(task_runs, "_order", breaks)
    jobs.run_due()
    let_the_engine_work()
    jobs.run_due()
    assert log(second, other) == [(TargetStatus.DONE, "")]
