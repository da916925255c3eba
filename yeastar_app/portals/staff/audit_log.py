"""Back office > Audit Log: who did what, on what, before → after, from where, when."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import button_link, download_link, empty
from yeastar_app.components.tables import cell, on_phone, table, toolbar
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import audit_log
from yeastar_app.services.audit_log import AuditFilter, Entry
from yeastar_app.words import t

PATH = "/staff/audit"
FILTERS = dict.fromkeys(("search", "who", "action", "since", "until"))
LIST = ListOf(PATH, audit_log.read, AuditFilter, FILTERS, "/files/audit-log.xlsx")


@guarded(audit_log.POLICY)
class AuditLogState(ListPage, Shell):
    rows: list[Entry] = []

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: audit_log.Entries) -> None:
        self.rows = found.rows


@page(PATH, t("Audit Log"), audit_log.POLICY, AuditLogState.load)
def audit_log_page() -> rx.Component:
    state = AuditLogState
    return layout.shell(
        state,
        t("Back Office"),
        t("Audit Log"),
        layout.card(
            toolbar(
                list_page.search(state, t("What, company or IP")),
                list_page.search(state, t("Who"), "who"),
                list_page.search(state, t("Action"), "action"),
                list_page.day(state, "since", t("From")),
                list_page.day(state, "until", t("To")),
                download_link(t("Export"), state.export_href),
            ),
            table(
                [(t("When (UTC)"), "date wide-only"), (t("Who"), "wide-only"), (t("Action"), "wide-only"),
                 (t("On what"), ""), (t("Changes"), "wide-only"), (t("From"), "wide-only")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=empty("scroll-text", t("No entry matches"), t("Change the search or the days above."),
                                  button_link(t("Show Everything"), PATH)),
                label=t("Audit Log"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        note=t("Every action that changed something. Entries are never changed or deleted."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    return [
        cell(row.at, kind="date wide-only"),
        cell(rx.el.p(row.who), rx.el.p(row.company, class_name="faint"), kind="wide-only"),
        cell(rx.el.p(row.words, class_name="wrap"), rx.el.p(row.action, class_name="faint mono"), kind="wide-only"),
        cell(
            rx.el.p(row.label, class_name="wrap"),
            rx.el.p(row.subject, class_name="faint wide-only"),
            on_phone(row.words, " · ", row.subject),
            on_phone(row.who, " · ", row.at),
            rx.el.div(_changes(row), class_name="narrow-only"),
        ),
        cell(_changes(row), kind="wide-only"),
        cell(rx.el.span(row.ip, class_name="mono"), kind="wide-only"),
    ]


def _changes(row: Any) -> rx.Component:
    return rx.el.ul(rx.foreach(row.changes, _change), class_name="changes")


def _change(change: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(change.name, ": ", class_name="faint"),
        rx.el.span(change.before, class_name="wrap"),
        rx.el.span(" → ", rx.el.span(t("became"), class_name="sr"), class_name="faint"),
        rx.el.span(change.after, class_name="wrap strong"),
    )
