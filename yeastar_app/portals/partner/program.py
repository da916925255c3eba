"""Business > Partner Program: point information, Redeemable Points, Tier Benefits and the rules (Seed 000)."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from yeastar_app import words
from yeastar_app.components import layout, overlays, tables
from yeastar_app.components.controls import (
    badge,
    button,
    button_link,
    emblem,
    icon,
    loading,
    progress_bar,
    tip,
)
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.portals.partner.get_points import GetPoints, get_points_panel, result_window, unfinished_work
from yeastar_app.services import bulk, identifiers, programme
from yeastar_app.services.registration import POLICY
from yeastar_app.words import plural, t


@dataclass
class TierStep:
    """A tier in the comparison."""

    name: str = ""
    threshold: str = ""
    benefits: list[str] = field(default_factory=list)
    current: bool = False


@dataclass
class RuleRow:
    product: str = ""
    points: str = ""
    identifier: str = ""
    window: str = ""


@guarded(POLICY)
class ProgramState(Shell):
    loaded: bool = False
    tier: str = ""
    accrued: str = ""
    percent: int = 0
    ahead: str = ""
    period: str = ""
    validity: str = ""
    balance: str = ""
    expiring: str = ""
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
        self._show_standing(seen)
        self.benefits = seen.tier.benefits
        self.ladder = [
            TierStep(
                step.name,
                t("from {points} points", points=f"{step.threshold:,}") if step.threshold else t("from the start"),
                step.benefits,
                step.key == seen.tier.key,
            )
            for step in seen.ladder
        ]
        self.rules = [_rule_row(rule, seen.window_days) for rule in seen.rules]
        self.loaded = True
        panel = await self.get_state(GetPoints)
        panel._know(seen, await self._act(bulk.latest))

    def _show_standing(self, seen: programme.View) -> None:
        self.tier = seen.tier.name
        self.accrued = f"{seen.accrued:,}"
        self.period = t(
            "earned in the last {n} months, since {day}",
            n=seen.period_months,
            day=words.day(seen.period_start),
        )
        self.validity = t(
            "Points are valid for {validity} months from the day they are earned. The tier counts the points earned "
            "in the last {period} months.",
            validity=seen.validity_months,
            period=seen.period_months,
        )
        if seen.next_tier:
            missing = max(seen.next_tier.threshold - seen.accrued, 0)
            self.percent = min(seen.accrued * 100 // seen.next_tier.threshold, 100)
            self.ahead = t("{points} to {tier}", points=plural(missing, "point", "points"), tier=seen.next_tier.name)
        else:
            self.percent, self.ahead = 100, t("The highest tier is reached")
        self.balance = f"{seen.balance:,}"
        self.expiring = (
            t(
                "{points} expire on {day}",
                points=plural(seen.expiring_points, "point", "points"),
                day=words.day(seen.expiring_on),
            )
            if seen.expiring_on
            else t("Nothing expires: register a product to earn points.")
        )

    @rx.event
    async def compare(self, open_: bool) -> None:
        self.comparing = open_ is True


def _rule_row(rule: programme.Rule, window_days: int) -> RuleRow:
    window = t("Within {n} days of purchase", n=window_days)
    if rule.valid_from:
        window += t(", bought from {day}", day=words.day(rule.valid_from))
    if rule.valid_until:
        window += t(", bought until {day}", day=words.day(rule.valid_until))
    return RuleRow(rule.product, f"{rule.points:,}", identifiers.LABELS[rule.id_kind], window)


@page("/partner/program", t("Partner Program"), POLICY, ProgramState.load)
def program_page() -> rx.Component:
    state = ProgramState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Partner Program"),
        unfinished_work(),
        _standing(state),
        rx.el.div(_redeemable(state), _benefits(state), class_name="grid-2"),
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


def _standing(state: Any) -> rx.Component:
    points = rx.el.div(
        rx.el.div(
            rx.el.span(state.accrued, class_name="figure"),
            rx.el.span(t("points"), class_name="strong"),
            tip(icon("info"), state.validity, t("Period of validity")),
            rx.el.span(state.period, class_name="muted"),
            class_name="standing-line",
        ),
        progress_bar(state.percent, state.ahead),
        rx.el.div(rx.el.span(state.tier), rx.el.span(state.ahead), class_name="row-between faint num"),
        class_name="standing-points",
    )
    return rx.el.section(
        rx.el.div(
            emblem("award"),
            rx.el.div(
                rx.el.p(t("Your tier"), class_name="faint"),
                rx.el.p(rx.cond(state.loaded, state.tier, "…"), class_name="standing-name"),
            ),
            class_name="standing-tier",
        ),
        rx.cond(state.loaded, points, loading(2)),
        button(t("Get Points"), look="primary", symbol="plus", on_click=GetPoints.open_panel),
        class_name="card standing",
        aria_label=t("Point information"),
    )


def _redeemable(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            rx.el.div(
                rx.el.p(
                    rx.el.span(state.balance, class_name="figure"),
                    rx.el.span(t(" points"), class_name="strong"),
                ),
                rx.el.p(icon("hourglass"), state.expiring, class_name="row muted"),
                class_name="stack-s",
            ),
            loading(2),
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


def _ticks(benefits: Any) -> rx.Component:
    return rx.el.ul(rx.foreach(benefits, lambda line: rx.el.li(icon("check"), line)), class_name="ticks")


def _tier_step(step: Any) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h3(step.name),
            rx.cond(step.current, badge(t("Your tier"), "accent")),
            class_name="row-between",
        ),
        rx.el.p(step.threshold, class_name="faint num"),
        _ticks(step.benefits),
        class_name="ladder-step",
        data_current=rx.cond(step.current, "true", "false"),
        aria_label=step.name,
    )


def _rules(state: Any) -> rx.Component:
    return layout.card(
        tables.table(
            [(t("Product"), ""), (t("Points"), "num"), (t("Product ID"), ""), (t("Registration window"), "")],
            state.rules,
            lambda row: [
                tables.cell(rx.el.span(row.product, class_name="strong")),
                tables.cell(row.points, kind="num"),
                tables.cell(row.identifier),
                tables.cell(row.window),
            ],
            ready=state.loaded,
            empty_state=rx.el.p(t("No product earns points at the moment."), class_name="empty"),
            label=t("Products that earn points"),
        ),
        title=t("Get Points"),
        aside=button_link(t("History of Uploads"), "/partner/program/uploads", look="quiet"),
        flush=True,
    )
