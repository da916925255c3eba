"""How a company stands in the programme: its tier, the way to the next one and what keeps it, what it can spend and
what expires next. Shared by the Dashboard and the Partner Program page."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from yeastar_app import words
from yeastar_app.components.controls import badge, emblem, icon, loading, progress_bar, tip
from yeastar_app.services.forecast import Standing
from yeastar_app.words import plural, t


@dataclass
class StandingRow:
    """The words of the card."""

    tier: str = ""
    accrued: str = ""
    period: str = ""
    percent: int = 0
    ahead: str = ""
    keep: str = ""
    safe: bool = True
    """Whether the next review would keep the tier already."""


NEXT_LOTS = 2
"""How many days on which points expire are listed after the first."""


@dataclass
class ExpiryRow:
    day: str = ""
    points: str = ""


@dataclass
class HeldRow:
    """What can be spent."""

    balance: str = ""
    debt: str = ""
    expiring: str = ""
    later: list[ExpiryRow] = field(default_factory=list)


def held_row(seen: Standing, debt: int) -> HeldRow:
    """Balance, debt and what expires, in words."""
    row = HeldRow(
        balance=f"{seen.balance(seen.moment):,}",
        debt=t("{points} owed", points=plural(debt, "point", "points")) if debt else "",
        expiring=t("Nothing expires: register a product to earn points."),
    )
    if seen.lots:
        last_day, points = seen.lots[0]
        said = plural(points, "point", "points")
        row.expiring = t("{points} expire on {day}", points=said, day=words.day(last_day))
        row.later = [ExpiryRow(words.day(end), f"{points:,}") for end, points in seen.lots[1 : 1 + NEXT_LOTS]]
    return row


def points_held(row: Any) -> rx.Component:
    """Draws a HeldRow."""
    return rx.el.div(
        rx.el.p(
            rx.el.span(row.balance, class_name="figure"),
            rx.el.span(t("points"), class_name="strong"),
            class_name="split-figure",
        ),
        rx.cond(row.debt != "", rx.el.p(badge(row.debt, "bad"))),
        rx.el.p(icon("hourglass"), rx.el.span(row.expiring), class_name="expiring num"),
        rx.cond(
            row.later.length() > 0,
            rx.el.dl(
                rx.foreach(row.later, lambda each: rx.el.div(rx.el.dt(each.day), rx.el.dd(each.points))),
                class_name="split-parts expiries",
                aria_label=t("Then expire"),
            ),
        ),
        class_name="stack-s",
    )


def standing_row(seen: Standing) -> StandingRow:
    """Put into words; `seen` is caught up."""
    accrued, above = seen.counted(seen.moment), seen.next_tier
    return StandingRow(
        tier=seen.tier.name,
        accrued=f"{accrued:,}",
        period=t("earned in the last {n} months", n=seen.period_months),
        percent=min(accrued * 100 // above.threshold, 100) if above else 100,
        ahead=t("{points} to {tier}", points=plural(seen.needed_to_rise, "point", "points"), tier=above.name)
        if above
        else t("The highest tier is reached"),
        keep=_keep(seen),
        safe=seen.needed_to_keep == 0,
    )


def _keep(seen: Standing) -> str:
    if seen.review_at is None or seen.tier.threshold == 0:
        return ""
    day, tier = words.day(seen.review_at), seen.tier.name
    if seen.needed_to_keep == 0:
        return t("{tier} is kept at the review on {day}: the points for it are earned.", tier=tier, day=day)
    return t(
        "Earn {points} by {day}, the day of the review, to keep {tier}.",
        points=plural(seen.needed_to_keep, "point", "points"),
        day=day,
        tier=tier,
    )


def standing_card(row: Any, loaded: Any, action: Any, validity: Any = None) -> rx.Component:
    """The card; `action` stands at its right, `validity` behind an icon."""
    points = rx.el.div(
        rx.el.div(
            rx.el.span(row.accrued, class_name="figure"),
            rx.el.span(t("points"), class_name="strong"),
            tip(icon("info"), validity, t("Period of validity")) if validity is not None else rx.fragment(),
            rx.el.span(row.period, class_name="muted"),
            class_name="standing-line",
        ),
        progress_bar(row.percent, row.ahead),
        rx.el.div(rx.el.span(row.tier), rx.el.span(row.ahead), class_name="row-between faint num"),
        rx.cond(
            row.keep != "",
            rx.el.p(
                rx.cond(row.safe, icon("shield-check"), icon("calendar-clock")),
                rx.el.span(row.keep),
                class_name="standing-keep num",
                data_tone=rx.cond(row.safe, "good", "warn"),
            ),
        ),
        class_name="standing-points",
    )
    return rx.el.section(
        rx.el.div(
            emblem("award"),
            rx.el.div(
                rx.el.p(t("Your tier"), class_name="faint"),
                rx.el.p(rx.cond(loaded, row.tier, "…"), class_name="standing-name"),
            ),
            class_name="standing-tier",
        ),
        rx.cond(loaded, points, loading(4)),
        action,
        class_name="card standing",
        aria_label=t("Point information"),
    )
