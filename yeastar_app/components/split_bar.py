"""A bar of one total in parts, each with its number below: how a capacity is divided."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.words import t


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


def split(name: str, total: int, assigned: int, used: int, free: int) -> Split:
    """The numbers of a capacity in words and widths."""
    share = 100 / total if total else 0
    return Split(
        name=name,
        total=f"{total:,}",
        assigned=f"{assigned:,}",
        used=f"{used:,}",
        free=f"{free:,}",
        assigned_width=f"{assigned * share:.2f}%",
        used_width=f"{used * share:.2f}%",
        note=t("{free} of {total} free", free=f"{free:,}", total=f"{total:,}"),
    )


def split_card(row: Any, *, resellers: Any) -> rx.Component:
    """A card of one capacity: what is free in large, the divided bar, the parts. `resellers`: whether a part of it
    can be assigned at all."""
    parts = [
        rx.cond(resellers, _part("assigned", t("Assigned to resellers"), row.assigned)),
        _part("used", t("Used by own PBXs"), row.used),
        _part("free", t("Free"), row.free),
        _part("", t("Total"), row.total),
    ]
    return rx.el.section(
        rx.el.h2(row.name, class_name="split-name"),
        rx.el.p(rx.el.span(row.free, class_name="figure"), rx.el.span(t("free"), class_name="muted"),
                class_name="split-figure"),
        rx.el.div(
            rx.el.span(class_name="split-assigned", style={"width": row.assigned_width}),
            rx.el.span(class_name="split-used", style={"width": row.used_width}),
            class_name="split-bar",
            role="img",
            aria_label=row.note,
        ),
        rx.el.dl(*parts, class_name="split-parts"),
        class_name="card split",
    )  # fmt: skip


def _part(kind: str, words: str, number: Any) -> rx.Component:
    return rx.el.div(
        rx.el.dt(
            rx.el.span(class_name=f"split-dot split-{kind}", aria_hidden="true") if kind else rx.fragment(), words
        ),
        rx.el.dd(number),
    )
