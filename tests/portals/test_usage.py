"""Usage of a cloud PBX as people see it: in words, bars and charts, with its age."""

from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import START
from tests.services.central import add_pbx, owner
from tests.services.test_usage import measured, take_in
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.portals.central.usage_rows import UsageView, in_use, usage_view
from yeastar_app.services import pbx

DAY = timedelta(days=1)


def view_of(partner: Any, number: int) -> UsageView:
    seen = perform(pbx.details, {"id": number}, partner.credential)
    return usage_view(seen.row, seen.past)


def test_what_was_never_measured_shows_no_figures(sqlite: str) -> None:
    partner = owner()
    assert view_of(partner, add_pbx(partner.credential)) == UsageView()


def test_each_capacity_is_said_against_what_the_pbx_has(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential, calls=10, recording=True, minutes=1500)
    take_in(measured(number, 3, extensions=18, peak=7, minutes=1_210))
    seen = view_of(partner, number)
    assert [(part.label, part.note) for part in seen.parts] == [
        ("Extensions: 18 of 20", "registered"),
        ("Concurrent Calls: 3 of 10", "most today 7"),
        ("Call Recording (mins): 1,210 of 1,500", "used"),
    ]
    assert [chart.top for chart in seen.past] == ["20", "10", "1,500"]


def test_without_call_recording_nothing_is_said_about_minutes(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    take_in(measured(number, 1))
    row = perform(pbx.search, {}, partner.credential).rows[0]
    assert [part.name for part in in_use(row)] == ["Extensions", "Concurrent Calls"]


@pytest.mark.parametrize(
    ("later", "age"),
    [
        (timedelta(minutes=29), ""),
        (timedelta(minutes=31), "31 minutes old"),
        (timedelta(hours=1), "1 hour old"),
        (timedelta(hours=11), "11 hours old"),
    ],
)
def test_figures_that_are_old_say_how_old_they_are(sqlite: str, later: timedelta, age: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    take_in(measured(number, 1))
    with clock.frozen(START + later):
        seen = view_of(partner, number)
    assert (seen.measured, seen.age) == ("2 Mar 2026, 09:00 UTC", age)


def test_the_peak_of_another_day_is_not_called_todays(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    take_in(measured(number, 3, at=START - DAY))
    seen = view_of(partner, number)
    assert (seen.parts[1].note, seen.age) == ("most that day 3", "1 day old")


def test_calls_are_drawn_by_the_hour_and_what_nobody_measured_is_a_gap(sqlite: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential, calls=4)
    take_in(*[measured(number, 2, at=START - ago * DAY) for ago in (3, 1, 0)])
    calls = view_of(partner, number).past[1]
    assert calls.line.count("M") == 3
    assert [(figure.name, figure.words) for figure in calls.figures] == [
        ("27 Feb 2026", "2"),
        ("1 Mar 2026", "2"),
        ("2 Mar 2026", "2"),
    ]
    assert (calls.first, calls.last) == ("24 Feb 2026", "Today")
