"""System > Operation Logs: what the own people did here in the last 6 months, with what was before and after."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import button, download_link, empty, icon_button
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import operation_logs
from yeastar_app.services.audit_log import Change
from yeastar_app.services.operation_logs import Filter
from yeastar_app.words import minute, t

HERE = "/central/logs"
FILTERS = dict.fromkeys(("who", "what", "operation", "since", "until"))
LIST = ListOf(HERE, operation_logs.search, Filter, FILTERS, "/files/operation-logs.xlsx")


@dataclass
class LogRow:
    id: int = 0
    at: str = ""
    who: str = ""
    company: str = ""
    operation: str = ""
    label: str = ""
    ip: str = ""


def log_row(row: operation_logs.Row) -> LogRow:
    return LogRow(row.id, minute(row.at), row.who, row.company, row.operation, row.label, row.ip)


@guarded(operation_logs.VIEW)
class LogsState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("reading",)

    rows: list[LogRow] = []

    reading: bool = False
    row: LogRow = LogRow()
    changes: list[Change] = []

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: operation_logs.Found) -> None:
        self.rows = [log_row(row) for row in found.rows]

    @rx.event
    async def open_row(self, number: int) -> None:
        seen = await self._act(operation_logs.details, {"id": number})
        if seen is not None:
            self.row, self.changes, self.reading = log_row(seen.row), seen.changes, True

    @rx.event
    async def show_panel(self, shown: bool) -> None:
        self.reading = self.reading and shown is True


@page(HERE, t("Operation Logs"), operation_logs.VIEW, LogsState.load)
def logs_page() -> rx.Component:
    state = LogsState
    return layout.shell(
        state,
        t("Central Management"),
        t("Operation Logs"),
        layout.card(
            _filters(state),
            tables.table(
                [(t("Time (UTC)"), "date"), (t("Who"), "wide-only"), (t("Operation"), ""), (t("On"), "wide-only"),
                 (t("IP address"), "date wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.narrowed,
                    empty("search-x", t("Nothing matches"), t("Change the filters above, or reset them.")),
                    empty("scroll-text", t("Nothing here"), t("What you and your people do here stands here.")),
                ),
                label=t("Operations"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        _panel(state),
        note=t("Every successful operation of your company's people and of your resellers in Central Management. "
               "Shown for 6 months; what was recorded is never deleted."),
        actions=(download_link(t("Export"), state.export_href),),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    return [
        tables.cell(row.at, kind="date"),
        tables.cell(
            rx.el.div(
                rx.el.span(row.who),
                rx.el.span(row.company, class_name="faint"),
                class_name="two-lines",
            ),
            kind="wide-only",
        ),
        tables.cell(
            rx.el.div(
                rx.el.span(row.operation),
                rx.el.span(row.label, class_name="narrow-only faint cut"),
                class_name="two-lines wrap-narrow",
            )
        ),
        tables.cell(row.label, kind="wide-only"),
        tables.cell(row.ip, kind="date wide-only"),
        tables.row_actions(
            icon_button("file-search", t("Details") + ": " + row.operation + " " + row.label,
                        on_click=LogsState.open_row(row.id))
        ),
    ]  # fmt: skip


def _filters(state: Any) -> rx.Component:
    return list_page.filter_form(
        state,
        list_page.filter_field(state, "who", t("Who or company")),
        list_page.filter_field(state, "what", t("On")),
        list_page.filter_select(state, "operation", {"": t("All"), **operation_logs.WORDS}, t("Operation")),
        list_page.filter_field(state, "since", t("From"), "date"),
        list_page.filter_field(state, "until", t("To"), "date"),
    )


def _panel(state: Any) -> rx.Component:
    row = state.row
    return overlays.drawer(
        state.reading,
        state.show_panel,
        row.operation,
        rx.el.div(
            forms.facts(
                (t("Time (UTC)"), row.at),
                (t("Who"), row.who),
                (t("Company"), row.company),
                (t("On"), rx.cond(row.label != "", row.label, t("None"))),
                (t("IP address"), rx.cond(row.ip != "", row.ip, t("Not from a browser"))),
            ),
            rx.cond(
                state.changes.length() > 0,
                rx.el.div(
                    rx.el.table(
                        rx.el.thead(
                            rx.el.tr(
                                rx.el.th(t("What"), scope="col"),
                                rx.el.th(t("Before"), scope="col"),
                                rx.el.th(t("After"), scope="col"),
                            )
                        ),
                        rx.el.tbody(
                            rx.foreach(
                                state.changes,
                                lambda one: rx.el.tr(
                                    rx.el.th(one.name, scope="row"),
                                    rx.el.td(rx.el.span(one.before, class_name="wrap")),
                                    rx.el.td(rx.el.span(one.after, class_name="wrap strong")),
                                ),
                            )
                        ),
                        class_name="table before-after",
                        aria_label=t("Before and after"),
                    ),
                    class_name="table-wrap",
                    role="region",
                    aria_label=t("Before and after"),
                    tab_index=0,
                ),
                rx.el.p(t("Nothing else is recorded of it."), class_name="faint"),
            ),
            class_name="stack",
        ),
        foot=button(t("Close"), on_click=state.show_panel(False)),
    )
