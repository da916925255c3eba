"""Step-by-step instructions as cards side by side."""

from typing import Any

import reflex as rx

from yeastar_app.components.controls import button_link
from yeastar_app.words import t


def procedures(items: Any) -> rx.Component:
    """One card for each procedure (`title`, `steps`, `href`)."""
    return rx.el.div(*[_card(number, item) for number, item in enumerate(items, 1)], class_name="guide")


def _card(number: int, item: Any) -> rx.Component:
    return rx.el.section(
        rx.el.p(str(number), class_name="guide-number", aria_hidden="true"),
        rx.el.h2(item.title),
        rx.el.ol(*[rx.el.li(step) for step in item.steps], class_name="guide-steps"),
        button_link(t("Begin"), f"/sign-in?next={item.href}", symbol="arrow-right"),
        class_name="guide-card",
    )
