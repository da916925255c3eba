"""User Permission: a tab for each part of a portal, a checkbox for each feature, and "Select all" in step with them."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_base.event import EventChain
from reflex_base.vars.function import FunctionVar

from yeastar_app.components import forms
from yeastar_app.components.controls import callout, tab_panel, tabs
from yeastar_app.features import Feature, Tab
from yeastar_app.words import t

GRANT = "grant:"
"""What the names of the checkboxes begin with; the feature's code follows."""

_TICK = rx.Var("""((event) => {
  const panel = event.currentTarget, all = panel.querySelector("[data-all]");
  const boxes = [...panel.querySelectorAll("input[name^='grant:']")].filter((box) => !box.disabled);
  if (event.target === all) boxes.forEach((box) => { box.checked = all.checked; });
  else all.checked = boxes.every((box) => box.checked);
  all.indeterminate = !all.checked && boxes.some((box) => box.checked);
})""").to(FunctionVar, EventChain)
"""Keeps "Select all" and the boxes of its tab in step, in the browser."""


def granted_by(form: Any) -> list[str]:
    """The features that are ticked in a submitted form."""
    ticked = form if isinstance(form, dict) else {}
    return [feature.value for feature in Feature if ticked.get(GRANT + feature.value)]


def permission_tabs(state: Any, choices: Sequence[Tab], *, field: str, note: str) -> rx.Component:
    """`state` has `tab` with `pick_tab`, `offered` and `ticked` (feature codes); refusals stand at `field`. What is not
    offered is not there, unless it is ticked: then it stays and cannot be changed."""
    names = {str(number): tab.name for number, tab in enumerate(choices)}
    message = state.errors[field]
    panels = [tab_panel(state.tab, number, _tab(state, tab)) for number, tab in zip(names, choices, strict=True)]
    return rx.el.div(
        rx.el.p(note, class_name="muted"),
        rx.cond(message, callout(message, tone="bad", symbol="circle-alert")),
        tabs(state.tab, names, state.pick_tab, label=t("User Permission")) if len(choices) > 1 else rx.fragment(),
        *(panels if len(choices) > 1 else [_tab(state, choices[0])]),
        class_name="stack",
    )


def _tab(state: Any, tab: Tab) -> rx.Component:
    codes = [feature.value for feature in tab.features]
    all_ticked = state.ticked.contains(codes[0])
    for code in codes[1:]:
        all_ticked = all_ticked & state.ticked.contains(code)
    return rx.el.div(
        rx.el.label(
            rx.el.input(type="checkbox", default_checked=all_ticked, custom_attrs={"data-all": "true"}),
            rx.el.span(t("Select all of {tab}", tab=tab.name)),
            class_name="check checks-all",
        ),
        *[
            rx.cond(
                state.offered.contains(feature.value) | state.ticked.contains(feature.value),
                forms.check(
                    GRANT + feature.value,
                    words,
                    default_checked=state.ticked.contains(feature.value),
                    disabled=~state.offered.contains(feature.value),
                ),
            )
            for feature, words in tab.features.items()
        ],
        class_name="checks",
        custom_attrs={"onChange": _TICK},
    )
