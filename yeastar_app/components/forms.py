"""Forms: every field has a label, a hint where it helps, and its error beside it, tied together for screen readers."""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML

from yeastar_app.components.controls import icon
from yeastar_app.words import t


def form(state: Any, *children: Any, on_submit: Any, **props: Any) -> rx.Component:
    """A form whose refusals appear at its fields (from `state.errors`); what was typed stays."""
    return rx.el.form(form_error(state), *children, on_submit=on_submit, no_validate=True, class_name="stack", **props)


class _DocumentForm(BaseHTML):
    """A form as HTML knows it; the framework's own never sends a document request."""

    tag = "form"


def post(action: str, *children: Any) -> rx.Component:
    """A form that posts to one of our own HTTP routes: the answer is a new document."""
    return _DocumentForm.create(*children, custom_attrs={"action": action, "method": "post"})


def form_error(state: Any) -> rx.Component:
    """The message that belongs to the whole form."""
    message = state.errors[""]
    return rx.cond(
        message,
        rx.el.div(icon("circle-alert"), rx.el.span(message), class_name="callout", data_tone="bad", role="alert"),
    )


def _described(state: Any, name: str, hint: Any, control: Any, label: Any, required: bool, wide: bool) -> rx.Component:
    message = state.errors[name]
    return rx.el.div(
        rx.el.label(
            label,
            rx.fragment() if required else rx.el.span(f" ({t('optional')})", class_name="label-mark"),
            html_for=name,
            class_name="label",
        ),
        control,
        rx.el.p(hint, id=f"{name}-hint", class_name="hint") if hint is not None else rx.fragment(),
        rx.cond(message, rx.el.p(message, id=f"{name}-error", class_name="error")),
        class_name=f"field{' field-wide' if wide else ''}",
    )


def _aria(state: Any, name: str, hint: Any, required: bool) -> dict[str, Any]:
    described = f"{name}-error" + (f" {name}-hint" if hint is not None else "")
    return {
        "id": name,
        "name": name,
        "aria_invalid": rx.cond(state.errors[name], "true", "false"),
        "aria_describedby": described,
        "aria_required": "true" if required else "false",
    }


def field(
    state: Any,
    name: str,
    label: Any,
    *,
    kind: str = "text",
    required: bool = True,
    hint: Any = None,
    wide: bool = False,
    **props: Any,
) -> rx.Component:
    """One line of text, a date, a number, a password, … (`kind` is the input's type)."""
    look = props.pop("class_name", "input")
    control = rx.el.input(type=kind, class_name=look, **_aria(state, name, hint, required), **props)
    return _described(state, name, hint, control, label, required, wide)


def text_area(
    state: Any, name: str, label: Any, *, required: bool = False, hint: Any = None, **props: Any
) -> rx.Component:
    control = rx.el.textarea(class_name="input", **_aria(state, name, hint, required), **props)
    return _described(state, name, hint, control, label, required, True)


def choice(
    state: Any,
    name: str,
    label: Any,
    options: Any,
    *,
    required: bool = True,
    hint: Any = None,
    wide: bool = False,
    placeholder: str = "",
    **props: Any,
) -> rx.Component:
    """A drop-down. `options`: a dict value → label, or a State list of `{value, label}` rows."""
    if isinstance(options, dict):
        shown: Any = [rx.el.option(words, value=value) for value, words in options.items()]
    else:
        shown = [rx.foreach(options, lambda row: rx.el.option(row["label"], value=row["value"]))]
    first = [rx.el.option(placeholder or t("Choose …"), value="")] if placeholder or not required else []
    control = rx.el.select(*first, *shown, class_name="input", **_aria(state, name, hint, required), **props)
    return _described(state, name, hint, control, label, required, wide)


def check(name: str, label: Any, **props: Any) -> rx.Component:
    """A checkbox with its words."""
    return rx.el.label(rx.el.input(type="checkbox", name=name, **props), rx.el.span(label), class_name="check")


def switch(name: str, label: Any, *, hint: Any = None, **props: Any) -> rx.Component:
    """An on/off switch with its words on the left."""
    return rx.el.label(
        rx.el.span(
            rx.el.span(label, class_name="label"),
            rx.el.span(hint, class_name="hint") if hint is not None else rx.fragment(),
            class_name="stack-s",
        ),
        rx.el.input(type="checkbox", role="switch", name=name, class_name="switch", **props),
        class_name="row-between",
    )


def fields(*children: Any) -> rx.Component:
    """Fields in two columns, one on a phone."""
    return rx.el.div(*children, class_name="fields")


def read_only(label: Any, value: Any) -> rx.Component:
    """A line of a list of facts: use inside `facts`."""
    return rx.fragment(rx.el.dt(label), rx.el.dd(value))


def facts(*pairs: tuple[Any, Any]) -> rx.Component:
    """Label and value pairs that are only read."""
    return rx.el.dl(*[read_only(label, value) for label, value in pairs], class_name="facts")


def new_password(state: Any, label: str = "") -> tuple[rx.Component, rx.Component]:
    """The two fields of a new password, the same wherever one is set."""
    return (
        field(
            state,
            "password",
            label or t("Password"),
            kind="password",
            auto_complete="new-password",
            hint=t("At least 10 characters. Three or four unrelated words work well."),
        ),
        field(state, "repeat", t("Repeat the password"), kind="password", auto_complete="new-password"),
    )
