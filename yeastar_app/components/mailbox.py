"""The mailbox's two panes: the list of emails and the one being read."""

from typing import Any

import reflex as rx

from yeastar_app.components.controls import badge, empty, icon, icon_button, loading
from yeastar_app.words import t


def panes(listed: rx.Component, read: rx.Component) -> rx.Component:
    """List on the left, reading on the right; one above the other on a phone."""
    return rx.el.div(listed, read, class_name="mail")


def search(state: Any) -> rx.Component:
    return rx.el.form(
        rx.el.input(
            type="search",
            name="search",
            default_value=state.search,
            key=state.search.to_string(),
            placeholder=t("Recipient or subject"),
            aria_label=t("Search by recipient or subject"),
            class_name="input search",
        ),
        icon_button("search", t("Search"), type="submit"),
        icon_button("refresh-cw", t("Refresh"), on_click=state.refresh),
        on_submit=state.find,
        class_name="toolbar",
        role="search",
    )


def letters(rows: Any, chosen: Any, on_read: Any, *, ready: Any, search: rx.Component) -> rx.Component:
    """The list; the chosen one stands out."""

    def draw(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.button(
                rx.el.span(
                    rx.el.span(row.recipient, class_name="mail-to"),
                    rx.el.span(row.at, class_name="mail-at"),
                    class_name="mail-line",
                ),
                rx.el.span(row.subject, class_name="mail-subject"),
                rx.cond(row.state != "", badge(row.state, row.tone)),
                type="button",
                class_name="mail-row",
                aria_current=rx.cond(row.id == chosen, "true", "false"),
                on_click=on_read(row.id),
            ),
            key=row.id.to_string(),
        )

    nothing = empty("mail", t("No email here"), t("What the system writes to people appears here at once."))
    return rx.el.section(
        search,
        rx.cond(
            ready,
            rx.cond(rows.length() == 0, nothing, rx.el.ul(rx.foreach(rows, draw), class_name="mail-rows")),
            loading(6),
        ),
        class_name="card mail-list",
        aria_label=t("Emails"),
    )


def reading(shown: Any, pieces: Any, remark: Any) -> rx.Component:
    """The email being read, drawn from its text: nothing that somebody typed becomes markup."""

    def draw(piece: Any) -> rx.Component:
        return rx.match(
            piece.kind,
            ("button", rx.el.p(rx.el.a(piece.words, href=piece.href, class_name="button button-primary"))),
            ("code", rx.el.p(piece.words, class_name="mail-code")),
            ("foot", rx.el.p(piece.words, class_name="mail-foot")),
            rx.el.p(piece.words, class_name="wrap"),
        )

    return rx.el.article(
        rx.cond(
            shown.id > 0,
            rx.el.div(
                rx.el.header(
                    rx.el.h2(shown.subject, class_name="wrap"),
                    rx.el.p(t("To"), " ", rx.el.strong(shown.recipient, class_name="wrap"), " · ", shown.at, " UTC"),
                    class_name="mail-head",
                ),
                rx.foreach(pieces, draw),
                rx.cond(remark != "", rx.el.p(icon("info"), remark, class_name="mail-remark")),
                class_name="mail-body",
            ),
            empty("mail-open", t("Nothing to read"), t("Choose an email on the left.")),
        ),
        class_name="card mail-read",
        aria_live="polite",
    )


def keep_asking(on_time: Any, seconds: int) -> rx.Component:
    """Sends `on_time` every few seconds while the page is open and in front."""
    return rx.el.button(
        type="button",
        id="keep-asking",
        hidden=True,
        on_click=on_time,
        on_mount=rx.call_function(
            "() => { clearInterval(globalThis.keepAsking); globalThis.keepAsking = setInterval(() => { if "
            f"(!document.hidden) document.getElementById('keep-asking')?.click() }}, {seconds * 1000}) }}"
        ),
        on_unmount=rx.call_function("() => clearInterval(globalThis.keepAsking)"),
    )
