"""What is to be done, a line each: a sign, what it is, why, and the link that leads there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components.controls import icon, link


@dataclass
class StepRow:
    """`action` is the words of the link; empty: there is nowhere to go."""

    icon: str = ""
    tone: str = ""
    title: str = ""
    words: str = ""
    action: str = ""
    href: str = ""


def step_list(rows: Any, symbols: Iterable[str], label: str) -> rx.Component:
    """The lines of a State var (a list of StepRow). `symbols`: every icon that may be among them."""
    return rx.el.ul(
        rx.foreach(rows, lambda row: _step(row, sorted(set(symbols)))), class_name="steps", aria_label=label
    )


def _step(row: Any, symbols: list[str]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.match(row.icon, *[(name, icon(name)) for name in symbols], icon("circle")),
            class_name="step-sign",
            data_tone=row.tone,
        ),
        rx.el.div(
            rx.el.p(row.title, class_name="strong num"), rx.el.p(row.words, class_name="faint num"), class_name="grow"
        ),
        rx.cond(row.href != "", link(row.action, row.href, aria_label=row.action + ": " + row.title)),
        class_name="step-row",
    )
