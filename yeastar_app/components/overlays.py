"""What comes in front of a page: dialogs, the drawer from the right, confirmations. Escape, and the focus while they
are open, are kept by Radix's dialog primitive; what was focused before has the focus again when they close."""

from typing import Any

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog as radix

from yeastar_app.components.controls import button, icon_button
from yeastar_app.words import t

KEEP_FOCUS = {
    "onFocus": rx.Var(
        "(event) => { if (!event.target.closest('[role=dialog]')) globalThis.lastFocused = event.target }"
    )
}
"""For the frame of a page: remembers what is focused in it, outside of dialogs."""
GIVE_FOCUS_BACK = {"onCloseAutoFocus": rx.Var("() => globalThis.lastFocused?.focus()")}
"""Radix gives the focus back to a trigger of its own; ours are opened by the server, so it would be nowhere."""


def drawer(open_: Any, on_open_change: Any, title: Any, *content: Any, foot: Any = None) -> rx.Component:
    """A panel that slides in from the right."""
    return radix.root(
        radix.portal(
            radix.overlay(class_name="scrim"),
            radix.content(
                rx.el.div(
                    radix.title(rx.el.h2(title), as_child=True),
                    radix.close(icon_button("x", t("Close")), as_child=True),
                    class_name="drawer-head",
                ),
                rx.el.div(*content, class_name="drawer-body"),
                rx.el.div(foot, class_name="drawer-foot") if foot is not None else rx.fragment(),
                class_name="drawer",
                aria_describedby="",
                custom_attrs=GIVE_FOCUS_BACK,
            ),
        ),
        open=open_,
        on_open_change=on_open_change,
    )


def dialog(open_: Any, on_open_change: Any, title: Any, *content: Any, wide: bool = False) -> rx.Component:
    """A window in the middle."""
    return radix.root(
        radix.portal(
            radix.overlay(class_name="scrim"),
            radix.content(
                rx.el.div(
                    radix.title(rx.el.h2(title), as_child=True),
                    radix.close(icon_button("x", t("Close")), as_child=True),
                    class_name="row-between",
                ),
                *content,
                class_name=f"dialog{' dialog-wide' if wide else ''}",
                aria_describedby="",
                custom_attrs=GIVE_FOCUS_BACK,
            ),
        ),
        open=open_,
        on_open_change=on_open_change,
    )


def actions(*buttons: Any) -> rx.Component:
    """The buttons at the foot of a dialog."""
    return rx.el.div(*buttons, class_name="dialog-actions")


def confirm(
    open_: Any, on_open_change: Any, title: Any, words: Any, *, yes: Any, on_yes: Any, danger: bool = True
) -> rx.Component:
    """A question before something that cannot be undone; `title` names the thing."""
    return dialog(
        open_,
        on_open_change,
        title,
        rx.el.p(words, class_name="muted"),
        actions(
            button(t("Cancel"), on_click=on_open_change(False)),
            button(yes, look="danger" if danger else "primary", on_click=on_yes),
        ),
    )
