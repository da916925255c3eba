"""Business > Partner Program: point information, Redeemable Points, Tier Benefits and the rules (Seed 000); between
them what is to come, and how the tier changed."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import reflex as rx

from yeastar_app import words
from yeastar_app.components import charts, layout, overlays, tables
from yeastar_app.components.charts import Chart, Stretch
from yeastar_app.components.controls import badge, button, button_link, icon, loading
from yeastar_app.models.points import Tier
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.portals.partner.get_points import GetPoints, get_points_panel, result_window, unfinished_work
from yeastar_app.portals.partner.standing import (
    HeldRow,
    StandingRow,
    held_row,
    points_held,
    standing_card,
    standing_row,
)
from yeastar_app.services import bulk, identifiers, programme
from yeastar_app.services.forecast import Month
from yeastar_app.services.registration import POLICY
from yeastar_app.words import t

PATH = "/partner/program"


@dataclass
class TierStep:
    """A tier in the comparison."""

    name: str = ""
    threshold: str = ""
    rebate: str = ""
    benefits: list[str] = field(default_factory=list)
    rewards: list[str] = field(default_factory=list)
    current: bool = False


@dataclass
class RuleRow:
    product: str = ""
    points: str = ""
    identifier: str = ""
    window: str = ""


@dataclass
class MonthRow:
    """A month of the forecast."""

    day: str = ""
    expired: str = ""
    balance: str = ""
    counted: str = ""
    tier: str = ""
    review: str = ""


@dataclass
class ChangeRow:
    """A line of the tier's history."""

    at: str = ""
    what: str = ""
    tone: str = ""
    reason: str = ""


@guarded(POLICY)
class ProgramState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("comparing",)

    loaded: bool = False
    standing: StandingRow = StandingRow()
    validity: str = ""
    points: HeldRow = HeldRow()
    outlook: Chart = Chart()
    tiers_ahead: list[Stretch] = []
    months: list[MonthRow] = []
    history: list[ChangeRow] = []
    benefits: list[str] = []
    ladder: list[TierStep] = []
    rules: list[RuleRow] = []
    comparing: bool = False

    @rx.event
    async def load(self) -> Any:
        """Fill the page; the panel gets its list of products from the same reading."""
        seen = await self._act(programme.view)
        if seen is None:
            return
        self._show_points(seen)
        self.outlook, self.tiers_ahead = _outlook(seen), _tiers_ahead(seen)
        self.months = [_month_row(month) for month in seen.forecast.months]
        self.history = [_change_row(change) for change in seen.history]
        self.benefits = seen.standing.tier.benefits
        self.ladder = [_tier_step_of(step, seen) for step in seen.standing.steps]
        self.rules = [_rule_row(rule, seen.window_days) for rule in seen.rules]
        self.loaded = True
        panel = await self.get_state(GetPoints)
        panel._know(seen, await self._act(bulk.latest))

    def _show_points(self, seen: programme.View) -> None:
        self.standing = standing_row(seen.standing)
        self.validity = t(
            "Points are valid for {validity} months from the day they are earned. The tier counts the points earned "
            "in the last {period} months.",
            validity=seen.validity_months,
            period=seen.standing.period_months,
        )
        self.points = held_row(seen.standing, seen.debt)

    @rx.event
    async def arrive(self) -> Any:
        """An address may ask for the panel (`?get=1`): the Dashboard's steps lead to it. It asks once: the address
        forgets it, so that a reload does not open what was closed."""
        if not self.router.url.query_parameters.get("get"):
            return None
        return [rx.redirect(PATH, replace=True), GetPoints.open_panel]

    @rx.event
    async def compare(self, open_: bool) -> None:
        self.comparing = open_ is True


def _tier_step_of(step: Tier, seen: programme.View) -> TierStep:
    return TierStep(
        step.name,
        t("{points} or more", points=f"{step.threshold:,}") if step.threshold else t("from the start"),
        t("{rate} of paid orders", rate=words.percent(step.rebate_basis_points))
        if step.rebate_basis_points
        else t("none"),
        step.benefits,
        seen.rewards.get(step.key, []),
        step.key == seen.standing.tier.key,
    )


def _outlook(seen: programme.View) -> Chart:
    now, until = seen.standing.moment, seen.forecast.until
    levels, left = [(0.0, seen.standing.balance(now))], seen.standing.balance(now)
    for at, points in seen.forecast.expiries:
        left -= points
        levels.append(((at - now) / (until - now), left))
    spoken = t(
        "Balance over the next {n} months if nothing new is earned or spent: {now} points today, {then} on {day}.",
        n=len(seen.forecast.months),
        now=f"{levels[0][1]:,}",
        then=f"{left:,}",
        day=words.day(until),
    )
    ends = [(t("Today"), levels[0][1]), (words.day(until), left)]
    return charts.steps(levels, ends, spoken=spoken, heading=t("Day"), unit=t("Balance"))


def _tiers_ahead(seen: programme.View) -> list[Stretch]:
    """The tiers of the next months, each with the day on which a review ends it."""
    now, until = seen.standing.moment, seen.forecast.until
    shades = {step.key: number for number, step in enumerate(seen.standing.steps)}
    parts, tier, since = [], seen.standing.tier, now
    for review in seen.forecast.reviews:
        if review.after.key != tier.key:
            said = t("until the review on {day}", day=words.day(review.at))
            parts.append((tier.name, said, (review.at - since) / (until - now), shades[tier.key]))
            tier, since = review.after, review.at
    said = t("from {day}", day=words.day(since)) if parts else t("for the next {n} months", n=len(seen.forecast.months))
    parts.append((tier.name, said, (until - since) / (until - now), shades[tier.key]))
    return charts.ribbon(parts)


def _month_row(month: Month) -> MonthRow:
    return MonthRow(
        words.day(month.at),
        f"{month.expired:,}" if month.expired else "",
        f"{month.balance:,}",
        f"{month.counted:,}",
        month.tier.name,
        t("review on {day}", day=words.day(month.review.at)) if month.review and month.review.before.threshold else "",
    )


def _change_row(change: programme.Change) -> ChangeRow:
    if change.before == change.after:
        return ChangeRow(words.day(change.at), t("{tier} kept", tier=change.after), "", change.reason)
    tone = "good" if change.up else "warn"
    said = t("{before} to {after}", before=change.before, after=change.after)
    return ChangeRow(words.day(change.at), said, tone, change.reason)


def _rule_row(rule: programme.Rule, window_days: int) -> RuleRow:
    window = t("Within {n} days of purchase", n=window_days)
    if rule.valid_from:
        window += t(", bought from {day}", day=words.day(rule.valid_from))
    if rule.valid_until:
        window += t(", bought until {day}", day=words.day(rule.valid_until))
    return RuleRow(rule.product, f"{rule.points:,}", identifiers.LABELS[rule.id_kind], window)


@page(PATH, t("Partner Program"), POLICY, [ProgramState.load, ProgramState.arrive], (GetPoints,))
def program_page() -> rx.Component:
    state = ProgramState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Partner Program"),
        unfinished_work(),
        standing_card(
            state.standing,
            state.loaded,
            button(t("Get Points"), look="primary", symbol="plus", on_click=GetPoints.open_panel),
            state.validity,
        ),
        rx.el.div(_redeemable(state), _benefits(state), class_name="grid-2"),
        rx.el.div(_what_comes(state), _tier_history(state), class_name="grid-wide-left"),
        _rules(state),
        overlays.dialog(
            state.comparing,
            state.compare,
            t("Tier Benefits"),
            rx.el.div(rx.foreach(state.ladder, _tier_step), class_name="ladder"),
            wide=True,
        ),
        get_points_panel(),
        result_window(ProgramState.load),
        note=t("Register the Yeastar products you sold, earn points, and rise to a higher tier."),
    )


def _redeemable(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            points_held(state.points),
            loading(5),
        ),
        title=t("Redeemable Points"),
        aside=button_link(t("View Point Details"), "/partner/program/points", look="quiet"),
    )


def _benefits(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(state.loaded, _ticks(state.benefits), loading(4)),
        title=t("Tier Benefits"),
        aside=button(t("View Details"), look="quiet", on_click=state.compare(True)),
    )


def _what_comes(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            rx.el.div(
                rx.el.p(
                    t("If nothing new is earned or spent: the balance, and the tier below it."), class_name="muted"
                ),
                charts.step_chart(state.outlook, tall=True),
                charts.ribbon_chart(state.tiers_ahead, t("Tier over the next 12 months")),
                rx.el.details(
                    rx.el.summary(t("Month by month"), class_name="link"),
                    _month_table(state),
                    class_name="more-figures",
                ),
                class_name="stack",
            ),
            loading(8),
        ),
        title=t("The next 12 months"),
    )


def _month_table(state: Any) -> rx.Component:
    return tables.table(
        [(t("Until"), "date"), (t("Expires"), "num"), (t("Balance"), "num"),
         (t("Counts for the tier"), "num wide-only"), (t("Tier"), "")],
        state.months,
        lambda row: [
            tables.cell(row.day, kind="date"),
            tables.cell(row.expired, kind="num"),
            tables.cell(row.balance, kind="num"),
            tables.cell(row.counted, kind="num wide-only"),
            tables.cell(row.tier, rx.cond(row.review != "", rx.el.span(row.review, class_name="line faint"))),
        ],
        ready=state.loaded,
        empty_state=rx.fragment(),
        label=t("The next 12 months, month by month"),
    )  # fmt: skip


def _tier_history(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            rx.cond(
                state.history.length() > 0,
                rx.el.ol(rx.foreach(state.history, _change), class_name="steps", aria_label=t("Tier History")),
                rx.el.p(t("The tier has not changed yet. Each step up, and each review, is noted here."),
                        class_name="empty"),
            ),
            loading(6),
        ),
        title=t("Tier History"),
        flush=True,
    )  # fmt: skip


def _change(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(badge(row.what, row.tone), rx.el.span(row.at, class_name="faint num"), class_name="row-between"),
            rx.el.p(row.reason, class_name="faint num"),
            class_name="stack-s grow",
        ),
        class_name="step-row",
    )


def _ticks(benefits: Any) -> rx.Component:
    return rx.el.ul(rx.foreach(benefits, lambda line: rx.el.li(icon("check"), line)), class_name="ticks")


def _tier_step(step: Any) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h3(step.name),
            rx.cond(step.current, badge(t("Your tier"), "accent")),
            class_name="row-between",
        ),
        rx.el.dl(
            rx.el.dt(t("Points")),
            rx.el.dd(step.threshold),
            rx.el.dt(t("Rebate")),
            rx.el.dd(step.rebate),
            class_name="ladder-facts num",
        ),
        _ticks(step.benefits),
        rx.cond(
            step.rewards.length() > 0,
            rx.el.div(
                rx.el.p(t("Rewards"), class_name="label"),
                rx.el.ul(rx.foreach(step.rewards, lambda name: rx.el.li(icon("gift"), name)), class_name="ticks"),
                class_name="stack-s",
            ),
        ),
        class_name="ladder-step",
        data_current=rx.cond(step.current, "true", "false"),
        aria_label=step.name,
    )


def _rules(state: Any) -> rx.Component:
    return layout.card(
        tables.table(
            [
                (t("Product"), ""),
                (t("Points"), "num"),
                (t("Product ID"), "wide-only"),
                (t("Registration window"), "wide-only"),
            ],
            state.rules,
            lambda row: [
                tables.cell(
                    rx.el.span(row.product, class_name="strong"),
                    tables.on_phone(row.identifier),
                    tables.on_phone(row.window),
                ),
                tables.cell(row.points, kind="num"),
                tables.cell(row.identifier, kind="wide-only"),
                tables.cell(row.window, kind="wide-only"),
            ],
            ready=state.loaded,
            empty_state=rx.el.p(t("No product earns points at the moment."), class_name="empty"),
            label=t("Products that earn points"),
        ),
        title=t("Get Points"),
        aside=button_link(t("History of Uploads"), "/partner/program/uploads", look="quiet"),
        flush=True,
    )
