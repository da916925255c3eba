"""How much of a cloud PBX is in use, in words, bars and charts: for its owner, its reseller and its customer alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import charts, tables
from yeastar_app.components.controls import badge, usage_bar
from yeastar_app.services import pbx, usage
from yeastar_app.words import day, minute, plural, t

NAMES = (t("Extensions"), t("Concurrent Calls"), t("Call Recording (mins)"))
OLD = timedelta(minutes=30)
HOURLY = 7
"""So many days of calls are drawn hour by hour."""


@dataclass
class InUse:
    """One capacity: so much of so much."""

    name: str = ""
    used: int = 0
    total: int = 0
    words: str = ""
    of: str = ""
    note: str = ""
    label: str = ""
    """Spoken for the bar."""
    drawn: str = ""
    """What its chart shows."""


@dataclass
class UsageView:
    """`parts` and `past` in the same order; `age`: said where the figures are old."""

    measured: str = ""
    age: str = ""
    parts: list[InUse] = field(default_factory=list)
    past: list[charts.Chart] = field(default_factory=list)


def in_use(row: pbx.Row) -> list[InUse]:
    """Of each capacity that a PBX has; nothing where it was never measured."""
    now = row.in_use
    if now is None:
        return []
    most = t("most {day} {n}", day=t("today") if now.at.date() == clock.now().date() else t("that day"),
             n=f"{now.peak:,}")  # fmt: skip
    found = [
        _part(NAMES[0], now.extensions, row.extensions, t("registered")),
        _part(NAMES[1], now.calls, row.calls, most),
    ]
    if row.minutes or now.minutes:
        found.append(_part(NAMES[2], now.minutes, row.minutes, t("used")))
    return found


def _part(name: str, used: int, total: int, note: str) -> InUse:
    words, of = f"{used:,}", t("of {total}", total=f"{total:,}")
    return InUse(name, used, total, words, of, note, t("{name}: {words} {of}", name=name, words=words, of=of))


def usage_view(row: pbx.Row, days: Sequence[usage.Day]) -> UsageView:
    """All there is to show about the usage of a PBX."""
    if row.in_use is None:
        return UsageView()
    calls_by_the_hour, most_of_days = t("Hour by hour, last 7 days"), t("Most of each day, last 30 days")
    parts = [
        replace(part, drawn=calls_by_the_hour if part.name == NAMES[1] else most_of_days) for part in in_use(row)
    ]  # fmt: skip
    past = [
        _daily(parts[0], [(each.day, each.extensions) for each in days]),
        _hourly(parts[1], days),
        *[_daily(part, [(each.day, each.minutes) for each in days]) for part in parts[2:]],
    ]
    return UsageView(minute(row.in_use.at) + " UTC", _age(clock.now() - row.in_use.at), parts, past)


def _age(old: timedelta) -> str:
    """`3 hours old`; nothing for what is fresh."""
    if old < OLD:
        return ""
    for unit, one, many in ((timedelta(days=1), "day", "days"), (timedelta(hours=1), "hour", "hours")):
        if old >= unit:
            return t("{age} old", age=plural(old // unit, one, many))
    return t("{age} old", age=plural(old // timedelta(minutes=1), "minute", "minutes"))


def _daily(part: InUse, values: Sequence[tuple[Any, int]]) -> charts.Chart:
    """The most of each of the last 30 days; a day of which nothing is known is left out."""
    today = clock.now().date()
    known = dict(values)
    dates = [today - timedelta(days=ago) for ago in range(usage.SHOWN.days - 1, -1, -1)]
    line = [(number / len(dates), known.get(date)) for number, date in enumerate(dates)]
    spoken = t("{name}, most of each day of the last 30 days: at most {most}.", name=part.name,
               most=f"{max(known.values(), default=0):,}")  # fmt: skip
    return _ended(charts.steps(line, [(day(date), value) for date, value in values], spoken=spoken,
                               heading=t("Day"), unit=part.name, scale=part.total), day(dates[0]))  # fmt: skip


def _hourly(part: InUse, days: Sequence[usage.Day]) -> charts.Chart:
    """Calls of the last 7 days hour by hour; its table says the most of each day."""
    today = clock.now().date()
    known = {each.day: each for each in days}
    dates = [today - timedelta(days=ago) for ago in range(HOURLY - 1, -1, -1)]
    hours = [hour for date in dates for hour in (known[date].hours if date in known else [None] * 24)]
    line = [(number / len(hours), hour) for number, hour in enumerate(hours)]
    shown = [(day(date), known[date].calls) for date in dates if date in known]
    spoken = t("{name}, hour by hour over the last 7 days: at most {most}.", name=part.name,
               most=f"{max([calls for _, calls in shown], default=0):,}")  # fmt: skip
    return _ended(charts.steps(line, shown, spoken=spoken, heading=t("Day"), unit=part.name, scale=part.total),
                  day(dates[0]))  # fmt: skip


def _ended(chart: charts.Chart, first: str) -> charts.Chart:
    chart.first, chart.last = first, t("Today")
    return chart


def capacity_cells(row: Any) -> list[rx.Component]:
    """Each capacity of a PbxRow in a cell of a list: how much of it is in use, or what there is while nobody knows."""
    return [
        rx.cond(row.in_use.length() > number, _small(row.in_use[number]), whole)
        for number, whole in enumerate((row.extensions, row.calls, row.minutes))
    ]


def usage_on_phone(row: Any) -> rx.Component:
    """Extensions and calls of a PbxRow in a line under its name, on a phone alone."""
    extensions, calls = row.in_use[0], row.in_use[1]
    return rx.cond(
        row.in_use.length() > 1,
        tables.on_phone(t("Extensions "), extensions.words, " ", extensions.of, t(" · Calls "), calls.words, " ",
                        calls.of),
    )  # fmt: skip


def _small(part: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(part.words, " ", rx.el.span(part.of, class_name="muted"), class_name="usage-words"),
        usage_bar(part.used, part.total, label=part.label),
        class_name="usage",
    )


def usage_parts(view: Any) -> rx.Component:
    """Bars and charts; `view`: a State var holding a UsageView."""
    return rx.cond(
        view.measured != "",
        rx.el.div(
            rx.foreach(
                view.parts,
                lambda part, number: rx.el.section(
                    rx.el.h3(part.name, class_name="label"),
                    rx.el.p(
                        rx.el.span(part.words, class_name="figure"),
                        rx.el.span(part.of, " · ", part.note, class_name="muted"),
                        class_name="split-figure",
                    ),
                    usage_bar(part.used, part.total, label=part.label, big=True),
                    charts.step_chart(view.past[number]),
                    rx.el.p(part.drawn, class_name="faint", aria_hidden="true"),
                    class_name="stack-s",
                    aria_label=part.name,
                ),
            ),
            class_name="usage-parts",
        ),
        rx.el.p(t("The hosting engine has not said yet how much is in use."), class_name="muted"),
    )


def usage_as_of(view: Any) -> rx.Component:
    """When it was measured, and how old that is where it is old."""
    return rx.cond(
        view.measured != "",
        rx.el.span(
            rx.el.span(t("as of "), view.measured, class_name="faint"),
            rx.cond(view.age != "", badge(view.age, "warn")),
            class_name="row tight",
        ),
    )
