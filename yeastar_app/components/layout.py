"""Frames of a page: with the menu (`shell`), without it (`plain`), cards, headings, the message corner."""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router import ReactRouterLink

from yeastar_app.components import forms
from yeastar_app.components.controls import avatar, icon, icon_button
from yeastar_app.components.overlays import KEEP_FOCUS
from yeastar_app.words import t


class _SkipLink(BaseHTML):
    """A plain link into the page; the framework's own would become a way to another address."""

    tag = "a"


def brand(sub: Any = "") -> rx.Component:
    """The mark with the surface's name under it (`sub`: words or a var)."""
    return rx.el.span(
        rx.el.img(src="/logo.svg", alt="", class_name="brand-mark"),
        rx.el.span(
            "Yeastar", rx.el.span(sub, class_name="brand-sub") if not isinstance(sub, str) or sub else rx.fragment()
        ),
        class_name="brand",
    )


def theme_button() -> rx.Component:
    """Light or dark; remembered by the browser."""
    return icon_button("sun-moon", t("Switch between light and dark"), on_click=rx.toggle_color_mode)


def _menu_item(item: Any) -> rx.Component:
    return rx.fragment(
        rx.cond(item.heading != "", rx.el.p(item.heading, class_name="menu-heading")),
        ReactRouterLink.create(
            rx.match(
                item.icon,
                *[(name, icon(name)) for name in MENU_ICONS],
                icon("circle"),
            ),
            item.label,
            rx.cond(
                item.count > 0,
                rx.el.span(
                    item.count,
                    rx.el.span(" ", t("open alerts"), class_name="sr"),
                    class_name="badge menu-count",
                    data_tone="bad",
                ),
            ),
            to=item.href,
            class_name="menu-item",
            aria_current=rx.cond(item.current, "page", "false"),
            data_apart=rx.cond(item.apart, "true", "false"),
        ),
    )


MENU_ICONS = (
    "award", "users", "server", "package", "building-2", "scroll-text", "gauge", "arrow-left", "layout-dashboard",
    "contact",
    "bell", "calendar-range", "layers", "database", "receipt-text",
    "gift", "package-check",
    "calendar-clock", "bell-ring",
)  # fmt: skip


def _side(state: Any, surface: str) -> rx.Component:
    return rx.el.aside(
        brand(surface),
        rx.el.nav(rx.foreach(state.menu, _menu_item), class_name="menu", aria_label=t("Menu")),
        rx.el.div(
            icon_button("user-round-cog", t("Account and security"), on_click=rx.redirect("/account")),
            theme_button(),
            forms.post("/session/end", icon_button("log-out", t("Sign out"), type="submit")),
            class_name="who-tools",
        ),
        rx.el.div(
            avatar(state.name),
            rx.el.div(
                rx.el.p(state.name, class_name="who-name"),
                rx.el.p(state.organisation, class_name="who-org"),
                class_name="who-text",
            ),
            class_name="who",
        ),
        class_name="side",
        id="menu",
    )


def shell(
    state: Any,
    surface: str,
    title: Any,
    *content: Any,
    note: Any = None,
    actions: tuple[Any, ...] = (),
    back: Any = None,
    narrow: bool = False,
) -> rx.Component:
    """A signed-in page: menu on the left (a sheet on a phone), heading with its actions, content, messages.

    `state` is the page's State (a Shell); `surface` the words under the logo, for example "Partner Portal".
    """
    return rx.el.div(
        _SkipLink.create(t("Skip to content"), custom_attrs={"href": "#content"}, class_name="skip"),
        rx.el.header(
            brand(surface),
            rx.el.label(
                icon("menu"),
                rx.el.span(t("Menu"), class_name="sr"),
                rx.el.input(type="checkbox", class_name="menu-open sr", id="menu-open", aria_controls="menu"),
                class_name="button button-icon menu-toggle",
            ),
            class_name="top",
        ),
        rx.el.label(html_for="menu-open", class_name="menu-veil", aria_hidden="true"),
        _side(state, surface),
        rx.el.main(
            rx.el.div(
                rx.el.div(
                    rx.el.div(
                        back if back is not None else rx.fragment(),
                        rx.el.h1(title),
                        rx.el.p(note, class_name="head-note") if note is not None else rx.fragment(),
                        class_name="head-text",
                    ),
                    rx.el.div(*actions, class_name="head-actions"),
                    class_name="head",
                ),
                *content,
                class_name=f"main-inner{' main-narrow' if narrow else ''}",
            ),
            id="content",
            class_name="main",
        ),
        notices(state),
        class_name="frame",
        custom_attrs=KEEP_FOCUS,
    )


def plain(
    state: Any, title: Any, *content: Any, note: Any = None, wide: bool = False, foot: Any = None
) -> rx.Component:
    """A page without menu: sign-in, activation, errors."""
    return rx.el.div(
        rx.el.header(ReactRouterLink.create(brand(), to="/"), theme_button(), class_name="plain-top"),
        rx.el.main(
            rx.el.div(
                rx.el.div(
                    rx.el.h1(title),
                    rx.el.p(note, class_name="muted") if note is not None else rx.fragment(),
                    class_name="plain-title",
                ),
                *content,
                class_name=f"plain-card{' plain-wide' if wide else ''}",
            ),
            class_name="plain-body",
        ),
        rx.el.footer(foot if foot is not None else rx.fragment(), class_name="plain-foot"),
        notices(state) if state is not None else rx.fragment(),
        class_name="plain",
    )


def open_page(state: Any, title: Any, *content: Any, note: Any = None, actions: tuple[Any, ...] = ()) -> rx.Component:
    """A page of its own that needs no sign-in and the whole width: the mailbox, the help page."""
    return rx.el.div(
        rx.el.header(ReactRouterLink.create(brand(), to="/"), theme_button(), class_name="plain-top"),
        rx.el.main(
            rx.el.div(
                rx.el.div(
                    rx.el.div(
                        rx.el.h1(title),
                        rx.el.p(note, class_name="head-note") if note is not None else rx.fragment(),
                        class_name="head-text",
                    ),
                    rx.el.div(*actions, class_name="head-actions"),
                    class_name="head",
                ),
                *content,
                class_name="main-inner",
            ),
            class_name="main",
        ),
        notices(state),
        class_name="open-page",
    )


def remark(symbol: str, words: Any) -> rx.Component:
    """The one sentence of an error page, with its sign."""
    return rx.el.div(rx.el.span(icon(symbol), class_name="emblem"), rx.el.p(words), class_name="remark")


def offline() -> rx.Component:
    """A calm word while the connection is away."""
    return rx.el.div(icon("wifi-off"), rx.el.span(t("Reconnecting …")), class_name="offline", role="status")


def broken() -> rx.Component:
    """In place of a page that could not be drawn. Plain links only: nothing of the page's code runs any more."""
    return rx.el.main(
        rx.el.div(
            rx.el.h1(t("This page could not be shown")),
            rx.el.p(t("Something went wrong in the browser; what was saved is saved. Load the page again.")),
            rx.el.a(t("Load again"), href="", class_name="button button-primary"),
            rx.el.a(t("Go to the start page"), href="/", class_name="button button-plain"),
            class_name="plain-card",
        ),
        class_name="plain-body",
    )


def card(*content: Any, title: Any = None, aside: Any = None, foot: Any = None, flush: bool = False) -> rx.Component:
    """A white box; `aside` stands at the right of its heading; `flush` for tables that reach its edges."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), aside if aside is not None else rx.fragment(), class_name="card-head")
        if title is not None
        else rx.fragment(),
        rx.el.div(*content, class_name="card-flush" if flush else "card-body"),
        rx.el.div(foot, class_name="card-foot") if foot is not None else rx.fragment(),
        class_name="card",
    )


def notices(state: Any) -> rx.Component:
    """The corner where short messages appear."""
    return rx.el.div(
        rx.cond(
            state.notice != "",
            rx.el.div(
                rx.el.span(state.notice, class_name="grow wrap"),
                icon_button("x", t("Dismiss"), on_click=state.dismiss_notice),
                class_name="notice",
                data_tone=state.notice_tone,
                key=state.notice_number.to_string(),
            ),
        ),
        class_name="notices",
        role="status",
        aria_live="polite",
    )
