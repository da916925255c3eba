"""How rewards and redemptions look on both sides: a picture in a frame of fixed size, and the steps on the way."""

from typing import Any

import reflex as rx

from yeastar_app.components.controls import icon


def reward_picture(address: Any, *, small: bool = False) -> rx.Component:
    """The picture of a reward, or a sign in its place; decorative, the name stands beside it."""
    return rx.el.div(
        rx.cond(
            address != "",
            rx.el.img(src=address, alt="", loading="lazy", decoding="async"),
            rx.icon("gift", size=20 if small else 36, aria_hidden="true"),
        ),
        class_name=f"reward-picture{' reward-picture-small' if small else ''}",
    )


def steps(rows: Any, label: Any) -> rx.Component:
    """Where something is on its way. `rows`: a State list with `words`, `when` and `state` (done, next or bad)."""
    return rx.el.ol(
        rx.foreach(
            rows,
            lambda one: rx.el.li(
                rx.el.span(
                    rx.match(
                        one.state,
                        ("done", icon("check")),
                        ("bad", icon("x")),
                        rx.fragment(),
                    ),
                    class_name="way-dot",
                ),
                rx.el.span(one.words, class_name="way-words"),
                rx.el.span(one.when, class_name="faint"),
                class_name="way-step",
                data_state=one.state,
            ),
        ),
        class_name="way",
        aria_label=label,
    )
