"""The "More" menu of a row: opened by its button, closed by a click elsewhere, by Escape, or by a choice. The browser's
own popover does all of it, so that it works in every table without being cut off."""

from typing import Any

import reflex as rx

from yeastar_app.components.controls import icon


def more_menu(key: Any, label: Any, *items: Any) -> rx.Component:
    """`key` is unique in the page, `label` says whose menu it is; `items` are `more_item`s with the same key."""
    name = "more-" + key
    return rx.el.span(
        rx.el.button(
            icon("ellipsis"),
            type="button",
            aria_label=label,
            title=label,
            class_name="button button-icon",
            custom_attrs={"popoverTarget": name},
        ),
        rx.el.div(*items, id=name, class_name="more", custom_attrs={"popover": "auto"}),
    )


def more_item(key: Any, label: Any, symbol: str, *, danger: bool = False, **props: Any) -> rx.Component:
    """A choice; the menu closes with it."""
    return rx.el.button(
        icon(symbol),
        label,
        type="button",
        class_name=f"more-item{' more-danger' if danger else ''}",
        custom_attrs={"popoverTarget": "more-" + key, "popoverTargetAction": "hide"},
        **props,
    )
