"""A bar of one total in parts, each with its number below: how a capacity is divided."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_components_core.react_router import ReactRouterLink

from yeastar_app.components.controls import badge
from yeastar_app.services import capacity_alarms
from yeastar_app.words import t

LEVELS = (("", ""), (t("Running out"), "warn"), (t("Used up"), "bad"))
"""By how many of capacity_alarms.LINES are crossed."""


@dataclass
class Split:
    """One capacity for `split_bar`; widths are CSS percentages of the total."""

    name: str = ""
    total: str = ""
    assigned: str = ""
    used: str = ""
    free: str = ""
    assigned_width: str = "0%"
    used_width: str = "0%"
    note: str = ""
    level: str = ""
    """Said where little or nothing is left; the tone is that of its alarm."""
    tone: str = ""


def split(name: str, total: int, assigned: int, used: int, free: int) -> Split:
    """The numbers of a capacity in words and widths."""
    share = 100 / total if total else 0
    level, tone = LEVELS[capacity_alarms.crossed(total - free, total)]
    return Split(
        name=name,
        total=f"{total:,}",
        assigned=f"{assigned:,}",
        used=f"{used:,}",
        free=f"{free:,}",
        assigned_width=f"{assigned * share:.2f}%",
        used_width=f"{used * share:.2f}%",
        note=t("{free} of {total} free", free=f"{free:,}", total=f"{total:,}"),
        level=level,
        tone=tone,
    )


def split_card(row: Any, *, resellers: Any, brief: bool = False) -> rx.Component:
    """A card of one capacity: what is free in large, the divided bar, the parts. `resellers`: whether a part of it
    can be assigned at all. `brief`: in less height, for a page with other matters."""
    parts = [
        rx.cond(resellers, _part("assigned", t("Assigned to resellers"), row.assigned)),
        _part("used", t("Used by own PBXs"), row.used),
        *([] if brief else [_part("free", t("Free"), row.free), _part("", t("Total"), row.total)]),
    ]
    free = rx.fragment(t("free of "), row.total) if brief else t("free")
    return rx.el.section(
        rx.el.h2(row.name, class_name="split-name"),
        rx.el.p(rx.el.span(row.free, class_name="figure"), rx.el.span(free, class_name="muted num"),
                rx.cond(row.level != "", badge(row.level, row.tone)), class_name="split-figure"),
        rx.el.div(
            rx.el.span(class_name="split-assigned", style={"width": row.assigned_width}),
            rx.el.span(class_name="split-used", style={"width": row.used_width}),
            class_name="split-bar",
            role="img",
            aria_label=row.note,
        ),
        rx.el.dl(*parts, class_name="split-parts"),
        class_name="card split split-brief" if brief else "card split",
    )  # fmt: skip


def state_card(name: str, total: Any, words: str, states: Any) -> rx.Component:
    """A card of things by state: how many there are, the divided bar, and each state as the way to those in it.
    `states`: a State var, a list of rows with name, count, kind, width and href."""
    return rx.el.section(
        rx.el.h2(name, class_name="split-name"),
        rx.el.p(rx.el.span(total, class_name="figure"), rx.el.span(words, class_name="muted"),
                class_name="split-figure"),
        rx.el.div(
            rx.foreach(states, lambda row: rx.el.span(style={"width": row.width}, data_kind=row.kind)),
            class_name="split-bar",
            aria_hidden="true",
        ),
        rx.el.ul(rx.foreach(states, _state), class_name="split-states"),
        class_name="card split split-brief",
        aria_label=name,
    )  # fmt: skip


def _state(row: Any) -> rx.Component:
    return rx.el.li(
        ReactRouterLink.create(
            rx.el.span(class_name="split-dot", data_kind=row.kind, aria_hidden="true"),
            rx.el.span(row.name, class_name="grow"),
            rx.el.strong(row.count),
            to=row.href,
            class_name="split-state",
        )
    )


def _part(kind: str, words: str, number: Any) -> rx.Component:
    return rx.el.div(
        rx.el.dt(
            rx.el.span(class_name=f"split-dot split-{kind}", aria_hidden="true") if kind else rx.fragment(), words
        ),
        rx.el.dd(number),
    )
