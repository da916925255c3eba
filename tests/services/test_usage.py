"""How much of a cloud PBX is in use: what the engine measures, late, twice and in any order, and the alarms of it."""

import io
import random
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from tests.conftest import START
from tests.race import at_once
from tests.services.central import delete_pbx, free, let_the_engine_work, owner
from tests.services.test_hosting import resize, running
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.engines import simulated_days, simulator
from yeastar_app.engines.hosting import Usage
from yeastar_app.engines.hosting_http import read_usage
from yeastar_app.jobs import hosting
from yeastar_app.models.alarms import Alarm, AlarmLevel
from yeastar_app.models.capacity import Pbx, RunState
from yeastar_app.models.hosting import SimulatedPbx
from yeastar_app.models.records import Email
from yeastar_app.models.usage import UsageDay
from yeastar_app.refusals import NotFound
from yeastar_app.services import alarm_contacts, capacity_records, checks, pbx, pbx_control, usage
from yeastar_app.settings import settings

MINUTE = timedelta(minutes=1)


def measured(number: int, calls: int = 0, *, at: datetime = START, **more: int) -> Usage:
    amounts = {"extensions": 0, "peak": calls, "minutes": 0, **more}
    return Usage(f"pbx-{number}", at, calls=calls, **amounts)


def take_in(*said: Usage) -> list[bool]:
    kept = []
    for one in said:
        with transaction() as session:
            kept.append(usage.take_in(session, one))
    return kept


def now_of(number: int) -> usage.InUse | None:
    with transaction(writes=False) as session:
        return usage.now_of(session.get_one(Pbx, number))


def days_of(number: int) -> list[usage.Day]:
    with transaction(writes=False) as session:
        return usage.past(session, number)


def alarms_of(number: int) -> list[tuple[str, AlarmLevel, bool]]:
    """(title without the name, level, whether it lasts), as they were raised."""
    with transaction(writes=False) as session:
        rows = session.exec(select(Alarm).where(col(Alarm.pbx_id) == number).order_by(col(Alarm.id)))
        return [(row.title.partition(": ")[2], row.level, row.ended_at is None) for row in rows]


def lasting(number: int) -> list[str]:
    return [title for title, _, lasts in alarms_of(number) if lasts]


def broken() -> list[str]:
    with transaction(writes=False) as session:
        return checks.broken(session)


def test_what_was_measured_last_is_what_is_in_use(db: str) -> None:
    number = running(owner())
    assert now_of(number) is None
    take_in(
        measured(number, 2, extensions=17, minutes=120),
        measured(number, 1, at=START + 5 * MINUTE, extensions=18, peak=3, minutes=121),
    )
    assert now_of(number) == usage.InUse(START + 5 * MINUTE, 18, 1, 3, 121)
    (day,) = days_of(number)
    assert (day.day, day.extensions, day.calls, day.minutes) == (START.date(), 18, 3, 121)
    assert [hour for hour in enumerate(day.hours) if hour[1] is not None] == [(9, 3)]
    assert broken() == []


def test_what_is_older_or_comes_twice_changes_nothing(db: str) -> None:
    number = running(owner())
    newest = measured(number, 2, at=START + 10 * MINUTE)
    assert take_in(newest, newest, measured(number, 4, at=START + 5 * MINUTE)) == [True, False, False]
    seen = now_of(number)
    assert seen is not None and (seen.at, seen.calls, days_of(number)[0].calls) == (START + 10 * MINUTE, 2, 2)


def test_in_any_order_the_newest_stands_and_no_day_knows_less_than_it(sqlite: str) -> None:
    numbers = [running(partner := owner())]
    numbers += [running(partner) for _ in range(2)]
    chance = random.Random(7)
    said = [
        measured(
            number, chance.randint(0, 4), at=START + chance.randint(0, 4_000) * MINUTE, minutes=chance.randint(0, 9)
        )
        for number in numbers
        for _ in range(60)
    ]
    newest: dict[str, Usage] = {}
    for one in said * 2:
        (kept,) = take_in(one)
        assert kept is (one.pbx not in newest or one.at > newest[one.pbx].at)
        newest[one.pbx] = one if kept else newest[one.pbx]
        shown = now_of(int(one.pbx[4:]))
        assert shown is not None and (shown.at, shown.calls) == (newest[one.pbx].at, newest[one.pbx].calls)
    assert broken() == []


def test_a_day_begins_at_midnight_utc_whatever_zone_the_engine_writes(sqlite: str) -> None:
    number = running(owner())
    late = datetime(2026, 3, 2, 23, 58, tzinfo=UTC)
    east = datetime.fromisoformat("2026-03-03T05:33:00+05:30")  # 00:03 UTC
    take_in(measured(number, 4, at=late), measured(number, 0, at=east, peak=1))
    first, second = days_of(number)
    assert (first.calls, first.hours[23], second.day, second.calls, second.hours[0]) == (4, 4, date(2026, 3, 3), 1, 1)
    assert now_of(number).peak == 1  # type: ignore[union-attr]


def test_a_peak_counts_for_the_hour_only_where_the_engine_was_heard_within_it(sqlite: str) -> None:
    number = running(owner())
    take_in(
        measured(number, 1, at=START),
        measured(number, 1, at=START + 30 * MINUTE, peak=3),
        measured(number, 0, at=START + 300 * MINUTE, peak=4),
    )
    (day,) = days_of(number)
    assert (day.hours[9], day.hours[14], day.calls) == (3, 0, 4)


def test_of_reports_at_once_the_newest_stands(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = owner()
    if db == "postgresql":  # the control: without the lock the first two make the day's row twice
        met, number, look_up = threading.Barrier(2, timeout=10), running(partner), usage._days

        def unlocked(session: Session, reference: str) -> Pbx:
            return session.get_one(Pbx, int(reference[4:]))

        def both_found_none(*asked: Any) -> Any:
            days = look_up(*asked)
            met.wait()
            return days

        with monkeypatch.context() as without, pytest.raises(IntegrityError):
            without.setattr(usage, "_locked", unlocked)
            without.setattr(usage, "_days", both_found_none)
            at_once(2, lambda which: take_in(measured(number, which, at=START + which * MINUTE)))
    number = running(partner)
    said = [measured(number, calls, at=START + calls * MINUTE) for calls in range(1, 9)]
    at_once(len(said), lambda which: take_in(said[which]))
    seen = now_of(number)
    assert seen is not None and (seen.calls, seen.peak, days_of(number)[0].calls) == (8, 8, 8)
    assert broken() == []


def test_usage_is_never_charged_and_a_pbx_that_is_gone_says_nothing(sqlite: str) -> None:
    partner = owner()
    number = running(partner)
    before = free(partner)
    take_in(measured(number, 4_000, extensions=400, minutes=9_000))
    assert free(partner) == before
    delete_pbx(partner.credential, number)
    assert take_in(measured(number, 1, at=START + MINUTE)) == [False]
    assert lasting(number) == []
    with pytest.raises(NotFound):
        take_in(measured(10**9))


WHOLE = {"pbx": "pbx-1", "at": "2026-03-02T09:00:00Z", "extensions": 1, "calls": 1, "peak": 1, "minutes": 1}


def test_what_a_message_does_not_know_is_left_out() -> None:
    assert read_usage({**WHOLE, "colour": "red"}) == Usage("pbx-1", START, 1, 1, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        *[{name: value} for name in ("extensions", "calls", "peak", "minutes")
          for value in (-1, 1.5, "1", True, None, 2**31, [])],
        {"extensions": 501}, {"calls": 2}, {"pbx": "17"}, {"pbx": "pbx-0"}, {"pbx": None}, {"at": "yesterday"},
        {"at": "2026-03-02T09:00:00"}, {"at": "2026-03-02T09:05:01Z"}, {"at": "1999-01-01T00:00:00Z"}, {"at": 10**30},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_usage({**WHOLE, **wrong})


@pytest.mark.parametrize("missing", WHOLE)
def test_every_figure_has_to_be_there(missing: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_usage({name: value for name, value in WHOLE.items() if name != missing})


# Alarms


def in_a_row(number: int, *calls: int, every: timedelta = 30 * MINUTE) -> list[list[str]]:
    """What lasts after each of so many measurements."""
    found = []
    for count, amount in enumerate(calls):
        take_in(measured(number, amount, at=START + count * every))
        found.append(lasting(number))
    return found


HIGH, FULL = "concurrent calls run out", "all concurrent calls in use"


def test_calls_that_run_out_are_a_warning_and_all_of_them_an_alert_until_it_is_quiet_again(db: str) -> None:
    number = running(owner(), calls=10)
    assert in_a_row(number, 7, 8, 10, 10) == [[], [HIGH], [FULL], [FULL]]
    take_in(measured(number, 0, at=START + timedelta(hours=4)))
    assert lasting(number) == []
    assert alarms_of(number) == [(HIGH, AlarmLevel.WARNING, False), (FULL, AlarmLevel.ALERT, False)]
    assert broken() == []


def test_what_is_no_longer_all_in_use_still_runs_out(sqlite: str) -> None:
    number = running(owner(), calls=100)
    assert in_a_row(number, 100, 95, 94, 76, 74, every=3 * timedelta(hours=1)) == [[FULL], [FULL], [HIGH], [HIGH], []]


def test_an_alarm_does_not_come_and_go_with_every_call(sqlite: str) -> None:
    number = running(owner(), calls=10)
    in_a_row(number, *[10, 0, 9, 10, 2, 8, 10, 0] * 6, every=5 * MINUTE)
    assert [title for title, _, _ in alarms_of(number)] == [FULL]


@pytest.mark.parametrize(
    ("used", "then", "stays"),
    [(800, 750, True), (800, 749, False), (1000, 950, True), (1000, 949, False)],
)
def test_what_was_raised_ends_a_little_below_its_line(sqlite: str, used: int, then: int, stays: bool) -> None:
    number = running(owner(), recording=True, minutes=1000)
    take_in(measured(number, minutes=used))
    raised = lasting(number)
    take_in(measured(number, at=START + MINUTE, minutes=then))
    assert (lasting(number) == raised) is stays


def test_extensions_are_less_urgent_and_recordings_as_urgent_as_calls(sqlite: str) -> None:
    number = running(owner(), recording=True, minutes=1000)
    take_in(measured(number, extensions=20, minutes=1000))
    assert [(title, level.value) for title, level, _ in alarms_of(number)] == [
        ("every extension is registered", "warning"),
        ("call recording is full", "alert"),
    ]


def test_of_few_calls_it_is_said_once_that_they_are_all_in_use(sqlite: str) -> None:
    number = running(owner(), calls=4)
    assert in_a_row(number, 3, 4) == [[], [FULL]]


def test_more_capacity_ends_the_alarm_and_less_raises_it(sqlite: str) -> None:
    partner = owner()
    number = running(partner, calls=10)
    assert in_a_row(number, 9) == [[HIGH]]
    for calls, lasts in ((20, []), (9, [FULL])):
        resize(partner.credential, number, calls=calls)
        let_the_engine_work()
        with clock.frozen(START + calls * MINUTE):
            take_in(measured(number, 9, at=START + (30 - calls) * MINUTE))
        assert lasting(number) == lasts


def test_a_stopped_pbx_has_no_calls_to_run_out_of(sqlite: str) -> None:
    partner = owner()
    number = running(partner, calls=10)
    assert in_a_row(number, 10) == [[FULL]]
    perform(pbx_control.stop, {"id": number}, partner.credential)
    let_the_engine_work()
    take_in(measured(number, 0, at=START + MINUTE, peak=10))
    assert lasting(number) == []


def test_contacts_of_the_level_have_one_email_of_each(sqlite: str) -> None:
    partner = owner()
    number = running(partner, calls=10)
    form = {"name": "Night duty", "email": "duty@example.com", "alert": True}
    perform(alarm_contacts.create, form, partner.credential)
    in_a_row(number, 8, 10, 10)
    with transaction(writes=False) as session:
        told = session.exec(select(Email).where(col(Email.kind) == "alarm")).all()
    assert [(one.to, one.subject) for one in told] == [("duty@example.com", f"Alert: Front desk: {FULL}")]
    assert "10 of 10 when it was raised." in told[0].text


# The simulator


def simulate_usage(at: datetime) -> int:
    with clock.frozen(at):
        return hosting.measure()


def test_a_simulated_pbx_says_what_is_in_use_every_five_minutes_and_nothing_when_it_is_stopped(db: str) -> None:
    partner = owner()
    number = running(partner, extensions=40, calls=20, recording=True, minutes=900)
    noon = START + timedelta(hours=1)
    assert [simulate_usage(noon + minute * MINUTE) for minute in (0, 0, 4, 5)] == [1, 0, 0, 1]
    seen = now_of(number)
    assert seen is not None and 0 < seen.calls < 20 and 0 < seen.extensions < 40 and 0 <= seen.minutes < 900
    with clock.frozen(noon + 6 * MINUTE):
        perform(pbx_control.stop, {"id": number}, partner.credential)
        let_the_engine_work()
        assert hosting.measure() == 1
    stopped = now_of(number)
    assert stopped is not None and (stopped.extensions, stopped.calls) == (0, 0)
    assert stopped.peak >= seen.peak
    with clock.frozen(noon + 60 * MINUTE):
        delete_pbx(partner.credential, number)
        assert hosting.measure() == 0
    assert broken() == []


def test_nothing_is_simulated_for_an_engine_elsewhere(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    running(owner())
    monkeypatch.setenv("HOSTING_ENGINE_URL", "https://engine.example.com")
    monkeypatch.setenv("HOSTING_SECRET", "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ=")
    settings.cache_clear()
    assert hosting.measure() == 0


def test_simulated_days_are_the_same_for_everybody_and_within_what_there_is(sqlite: str) -> None:
    for number in range(1, 20):
        for hour in range(0, 7 * 24, 13):
            at = START + timedelta(hours=hour)
            said = simulated_days.in_use(f"pbx-{number}", at, 20, 5, 700)
            assert said == simulated_days.in_use(f"pbx-{number}", at, 20, 5, 700)
            assert 0 <= said.extensions <= 20 and 0 <= said.calls <= said.peak <= 5 and 0 <= said.minutes <= 700


def test_a_new_simulated_pbx_fills_in_its_time_and_keeps_its_recordings_when_it_is_stopped(sqlite: str) -> None:
    partner = owner()
    number = running(partner, extensions=40, calls=20, recording=True, minutes=900)
    filled = []
    for age in (timedelta(), timedelta(hours=1), timedelta(days=14), timedelta(days=28), timedelta(days=56)):
        assert simulate_usage(START + age) == 1
        now = now_of(number)
        assert now is not None
        filled.append((now.extensions > 0, now.minutes))
    assert [phones for phones, _ in filled] == [False, True, True, True, True]
    minutes = [minutes for _, minutes in filled]
    assert minutes[:2] == [0, 0] and 0 < minutes[2] < minutes[3] < minutes[4]
    with transaction() as session:
        simulated = session.exec(select(SimulatedPbx)).one()
        simulated.state = RunState.STOPPED
        said = simulator.usage_of(simulated, START + timedelta(days=56))
    assert (said.extensions, said.calls, said.peak, said.minutes) == (0, 0, 0, minutes[4])


def test_who_wants_to_see_alarms_has_busy_pbxs(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = running(owner(), calls=20)
    monkeypatch.setenv("SIMULATOR_ALARM_PERCENT", "100")
    settings.cache_clear()
    simulate_usage(START + timedelta(hours=6))
    assert lasting(number) == [FULL]


# What is kept, and what is handed out


def test_the_exported_list_says_what_is_in_use_and_when_that_was(sqlite: str) -> None:
    partner = owner()
    measured_one, _ = running(partner), running(partner, name="Never measured")
    take_in(measured(measured_one, 2, extensions=17, peak=3, minutes=9))
    exported = perform(pbx.export, {}, partner.credential)
    heads, never, now = openpyxl.load_workbook(io.BytesIO(exported)).active.iter_rows(values_only=True)  # type: ignore[union-attr]
    assert heads[-5:] == (
        "Measured (UTC)", "Extensions Registered", "Calls in Progress", "Most Calls That Day", "Recording Minutes Used",
    )  # fmt: skip
    assert (never[-5:], now[-5:]) == ((None,) * 5, (START.replace(tzinfo=None), 17, 2, 3, 9))


def test_days_are_kept_as_long_as_my_subscription_looks_back(sqlite: str) -> None:
    number = running(owner())
    for ago in (400, 366, 365, 31, 30, 0):
        with transaction() as session:
            session.add(UsageDay(pbx_id=number, day=START.date() - timedelta(days=ago)))
    assert usage.KEPT == capacity_records.WINDOW
    assert hosting.forget_usage() == 2
    with transaction(writes=False) as session:
        assert len(session.exec(select(UsageDay)).all()) == 4
    assert [day.day for day in days_of(number)] == [START.date() - timedelta(days=30), START.date()]
