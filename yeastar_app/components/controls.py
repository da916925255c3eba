"""Buttons, links, badges and the other small pieces."""

from typing import Any

import reflex as rx
from reflex.components.core.cond import cond
from reflex_components_core.react_router import ReactRouterLink

from yeastar_app.words import t


def icon(name: str) -> rx.Component:
    """A decorative icon (Lucide); the words beside it carry the meaning."""
    return rx.icon(name, aria_hidden="true", size=16)


def button(label: Any, *, look: str = "plain", symbol: str = "", small: bool = False, **props: Any) -> rx.Component:
    """A button. `look`: primary (one a view), plain, quiet, danger."""
    classes = f"button button-{look}{' button-small' if small else ''}"
    props.setdefault("type", "button")
    return rx.el.button(icon(symbol) if symbol else rx.fragment(), label, class_name=classes, **props)


def submit(label: Any, *, wide: bool = False, look: str = "primary", **props: Any) -> rx.Component:
    """The button that sends its form. A form that is there before its script could send itself as an address: on such
    pages `disabled=~state.is_hydrated` keeps the button, and with it the Enter key, from doing so."""
    return rx.el.button(
        label, type="submit", class_name=f"button button-{look}{' button-wide' if wide else ''}", **props
    )


def icon_button(symbol: str, label: str, **props: Any) -> rx.Component:
    """A button that is only an icon; `label` is what a screen reader says and the hover shows."""
    props.setdefault("type", "button")
    return rx.el.button(icon(symbol), aria_label=label, title=label, class_name="button button-icon", **props)


def link(label: Any, href: Any, **props: Any) -> rx.Component:
    """A link in running text, within the application."""
    return ReactRouterLink.create(label, to=href, class_name="link", **props)


def button_link(
    label: Any, href: Any, *, look: str = "plain", symbol: str = "", small: bool = False, **props: Any
) -> rx.Component:
    """A link that looks like a button: it goes somewhere within the application."""
    classes = f"button button-{look}{' button-small' if small else ''}"
    return ReactRouterLink.create(
        icon(symbol) if symbol else rx.fragment(), label, to=href, class_name=classes, **props
    )


def download_link(label: Any, href: Any, *, look: str = "plain", symbol: str = "download") -> rx.Component:
    """A file from one of our own checked routes: asked of the server, never of the pages' router."""
    return rx.el.a(
        icon(symbol),
        label,
        href=href,
        download=True,
        class_name=f"button button-{look}",
        custom_attrs={"reloadDocument": True},
    )


def file_link(label: Any, href: Any) -> rx.Component:
    """A `download_link` in running text or in a cell."""
    return rx.el.a(label, href=href, download=True, class_name="link", custom_attrs={"reloadDocument": True})


def back_link(label: str, href: str) -> rx.Component:
    """The way up, above a page's title."""
    return ReactRouterLink.create(icon("arrow-left"), label, to=href, class_name="crumb")


def badge(label: Any, tone: Any = "") -> rx.Component:
    """A short state. `tone`: good, warn, bad, accent or none."""
    return rx.el.span(label, class_name="badge", data_tone=tone)


def callout(*words: Any, tone: Any = "", symbol: str = "info") -> rx.Component:
    """A remark that stands in the page."""
    return rx.el.div(icon(symbol), rx.el.div(*words, class_name="grow"), class_name="callout", data_tone=tone)


def verdict(words: Any, tone: Any) -> rx.Component:
    """What is known of a value while it is being typed, below its field; heard when the person pauses. `tone`: good,
    bad, or "" while it cannot be said yet."""
    return rx.el.p(
        cond(tone == "good", icon("circle-check"), cond(tone == "bad", icon("circle-alert"), rx.fragment())),
        rx.el.span(words),
        class_name="verdict",
        data_tone=tone,
        aria_live="polite",
        role="status",
    )


def tip(shown: rx.Component, words: Any, label: str) -> rx.Component:
    """Words that appear on hover and on focus."""
    return rx.el.span(
        rx.el.button(shown, rx.el.span(label, class_name="sr"), type="button", class_name="button button-icon"),
        rx.el.span(words, class_name="tip-text", role="tooltip"),
        class_name="tip",
    )


def usage_bar(used: Any, total: Any, *, label: Any, big: bool = False) -> rx.Component:
    """A bar of used against total (integers; a total of 0 shows empty), announced as `label`."""
    percent = cond(total > 0, used * 100 / total, 0)
    tone = cond(percent >= 100, "bad", cond(percent >= 80, "warn", ""))
    return rx.el.div(
        rx.el.div(class_name="bar-fill", data_tone=tone, style={"width": percent.to_string() + "%"}),
        class_name=f"bar{' bar-big' if big else ''}",
        role="img",
        aria_label=label,
    )


def progress_bar(percent: Any, label: Any) -> rx.Component:
    """How far something is (0 to 100), announced as `label`."""
    return rx.el.div(
        rx.el.div(class_name="bar-fill", style={"width": percent.to_string() + "%"}),
        class_name="bar bar-big",
        role="progressbar",
        aria_label=label,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=percent,
    )


def emblem(symbol: str, tone: Any = "") -> rx.Component:
    """A large decorative icon in a tinted square. `tone`: good, warn, bad, accent or none."""
    return rx.el.span(rx.icon(symbol, size=24), class_name="emblem", data_tone=tone, aria_hidden="true")


def avatar(name: Any, picture: Any = "", *, big: bool = False) -> rx.Component:
    """A person's picture, or the initial of the name."""
    classes = f"avatar{' avatar-big' if big else ''}"
    return cond(
        picture != "",
        rx.el.img(src=picture, alt="", class_name=classes),
        rx.el.span(name[0], class_name=classes, aria_hidden="true"),
    )


def person(name: Any, note: Any, picture: Any = "") -> rx.Component:
    """Somebody in a table: picture, name, and a second line."""
    return rx.el.div(
        avatar(name, picture),
        rx.el.div(
            rx.el.p(name, class_name="person-name cut"),
            rx.el.p(note, class_name="faint cut"),
            class_name="person-text",
        ),
        class_name="person",
    )


def segments(current: Any, options: dict[str, str], on_pick: Any, *, label: str) -> rx.Component:
    """Two to four choices side by side (`options`: value → label); `on_pick` receives the value."""
    return rx.el.div(
        *[
            rx.el.button(
                words,
                type="button",
                class_name="segment",
                aria_pressed=cond(current == value, "true", "false"),
                on_click=on_pick(value),
            )
            for value, words in options.items()
        ],
        class_name="segments",
        role="group",
        aria_label=label,
    )


def tabs(current: Any, options: dict[str, str], on_pick: Any, *, label: str) -> rx.Component:
    """Tabs above a panel; pair with `tab_panel`."""
    return rx.el.div(
        *[
            rx.el.button(
                words,
                type="button",
                role="tab",
                id=f"tab-{value}",
                class_name="tab",
                aria_selected=cond(current == value, "true", "false"),
                on_click=on_pick(value),
            )
            for value, words in options.items()
        ],
        class_name="tabs",
        role="tablist",
        aria_label=label,
    )


def tab_panel(current: Any, value: str, *content: Any) -> rx.Component:
    """What a tab shows; hidden, not removed, so that a form keeps what was typed."""
    return rx.el.div(
        *content, role="tabpanel", aria_labelledby=f"tab-{value}", hidden=current != value, class_name="stack"
    )


def empty(symbol: str, title: str, words: str, *action: rx.Component) -> rx.Component:
    """An empty state: says what to do first."""
    return rx.el.div(
        icon(symbol), rx.el.p(title, class_name="empty-title"), rx.el.p(words), *action, class_name="empty"
    )


def loading(lines: int = 3) -> rx.Component:
    """Skeleton lines while the first data is on its way."""
    return rx.el.div(
        *[rx.el.div(class_name="skeleton") for _ in range(lines)],
        class_name="card-body",
        role="status",
        aria_label=t("Loading"),
    )
