"""/partner: the Dashboard for those who may see the Partner Program; others are led to the first page they may use."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app import words
from yeastar_app.access import Policy
from yeastar_app.components import charts, layout
from yeastar_app.components.charts import Chart
from yeastar_app.components.controls import badge, button_link, empty, loading
from yeastar_app.components.steps import StepRow, step_list
from yeastar_app.features import Feature, Surface
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.portals.partner.standing import (
    HeldRow,
    StandingRow,
    held_row,
    points_held,
    standing_card,
    standing_row,
)
from yeastar_app.portals.point_lists import TONES
from yeastar_app.services import dashboard, point_details
from yeastar_app.services.next_steps import Step, StepKind
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER)
PROGRAM, DETAILS, REWARDS = "/partner/program", "/partner/program/points", "/partner/rewards"
GET_POINTS = f"{PROGRAM}?get=1"

LOOKS = {
    StepKind.DEBT: ("scale", "bad", t("Point Details"), DETAILS),
    StepKind.DECLINED: ("undo-2", "warn", t("See why"), f"{REWARDS}?tab=redemptions"),
    StepKind.WORKBOOK: ("file-spreadsheet", "accent", t("Open it"), GET_POINTS),
    StepKind.KEEP: ("calendar-clock", "warn", t("Get Points"), GET_POINTS),
    StepKind.EXPIRING: ("hourglass", "warn", t("See rewards"), REWARDS),
    StepKind.REWARDS: ("gift", "accent", t("See rewards"), REWARDS),
    StepKind.RISE: ("trending-up", "accent", t("Get Points"), GET_POINTS),
    StepKind.BEGIN: ("plus", "accent", t("Get Points"), GET_POINTS),
}
"""Icon, tone, and where a step leads to."""


@dataclass
class ActivityRow:
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    points: str = ""


@guarded(POLICY)
class DashboardState(Shell):
    loaded: bool = False
    shown: bool = True
    """False: this account sees no dashboard, and nothing else either."""
    standing: StandingRow = StandingRow()
    points: HeldRow = HeldRow()
    steps: list[StepRow] = []
    earned: Chart = Chart()
    balances: Chart = Chart()
    recent: list[ActivityRow] = []

    @rx.event
    async def load(self) -> Any:
        self.shown = current_actor().may(Feature.PROGRAMME)
        if not self.shown:
            self.loaded = False
            return rx.redirect(self.menu[0].href, replace=True) if self.menu else None
        seen = await self._act(dashboard.view)
        if seen is None:
            return None
        self.standing = standing_row(seen.standing)
        self.points = held_row(seen.standing, seen.debt)
        open_to = {item.href for item in self.menu}
        self.steps = [_step_row(step, open_to) for step in seen.steps]
        self.earned, self.balances = _earned(seen), _balances(seen)
        self.recent = [_activity_row(line) for line in seen.recent]
        self.loaded = True
        return None


def _step_row(step: Step, open_to: set[str]) -> StepRow:
    symbol, tone, action, href = LOOKS[step.kind]
    if href.startswith(REWARDS) and REWARDS not in open_to:
        action, href = t("Point Details"), DETAILS
    return StepRow(symbol, tone, step.title, step.words, action, href)


def _activity_row(line: dashboard.Line) -> ActivityRow:
    signed = f"{line.points:+,}" if line.points else t("{n} owed", n=f"{line.debt:,}")
    return ActivityRow(
        words.day(line.at),
        point_details.KINDS[line.kind],
        TONES[line.kind.value],
        line.reason,
        signed.replace("-", "\N{MINUS SIGN}"),
    )


def _earned(seen: dashboard.View) -> Chart:
    total = sum(points for _, points in seen.earned)
    return charts.bars(
        [(f"{month:%b %Y}", points) for month, points in seen.earned],
        spoken=t(
            "Points earned in each of the last {n} months: {total} in all.", n=len(seen.earned), total=f"{total:,}"
        ),
        heading=t("Month"),
        unit=t("Points earned"),
    )


def _balances(seen: dashboard.View) -> Chart:
    held = [*((words.day(month), points) for month, points in seen.balances), (t("Today"), seen.balance)]
    return charts.steps(
        [(number / len(held), points) for number, (_, points) in enumerate(held)],
        held,
        spoken=t(
            "Balance on the first of each month: {first} on {day}, {now} today.",
            first=f"{held[0][1]:,}",
            day=held[0][0],
            now=f"{seen.balance:,}",
        ),
        heading=t("Day"),
        unit=t("Balance"),
    )


@page("/partner", t("Dashboard"), POLICY, DashboardState.load)
def dashboard_page() -> rx.Component:
    state = DashboardState
    nothing = empty("lock", t("Nothing here yet"), t("Ask your company's owner which parts of the portal you may use."))
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Dashboard"),
        rx.cond(
            state.shown,
            rx.el.div(
                standing_card(
                    state.standing,
                    state.loaded,
                    button_link(t("Get Points"), GET_POINTS, look="primary", symbol="plus"),
                ),
                rx.el.div(_redeemable(state), _chart(state, t("Earned per month"), charts.bar_chart(state.earned)),
                          _chart(state, t("Balance"), charts.step_chart(state.balances)), class_name="grid-3"),
                rx.el.div(_next_steps(state), _recent(state), class_name="grid-left"),
                class_name="stack",
            ),
            layout.card(rx.cond(state.ready & (state.menu.length() == 0), nothing, loading())),
        ),
    )  # fmt: skip


def _redeemable(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            points_held(state.points),
            loading(5),
        ),
        title=t("Redeemable Points"),
        aside=button_link(t("Details"), DETAILS, look="quiet", aria_label=t("Point Details")),
    )


def _chart(state: Any, title: str, drawn: rx.Component) -> rx.Component:
    return layout.card(
        rx.cond(state.loaded, drawn, rx.el.div(class_name="skeleton chart-place")),
        title=title,
    )


def _next_steps(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            rx.cond(
                state.steps.length() > 0,
                step_list(state.steps, [symbol for symbol, *_ in LOOKS.values()], t("What to do next")),
                empty("circle-check", t("Nothing to do"), t("You hold the highest tier and no points expire soon.")),
            ),
            loading(6),
        ),
        title=t("What to do next"),
        flush=True,
    )


def _recent(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            rx.cond(
                state.recent.length() > 0,
                rx.el.ul(rx.foreach(state.recent, _activity), class_name="steps", aria_label=t("Recent activity")),
                empty("award", t("No points yet"), t("What you earn and spend appears here.")),
            ),
            loading(6),
        ),
        title=t("Recent activity"),
        aside=button_link(t("View all"), DETAILS, look="quiet", aria_label=t("View all point records")),
        flush=True,
    )


def _activity(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row.reason, class_name="cut", title=row.reason),
            rx.el.p(row.at, class_name="faint num"),
            class_name="grow",
        ),
        badge(row.kind, row.tone),
        rx.el.strong(row.points, class_name="activity-points num"),
        class_name="step-row",
    )
