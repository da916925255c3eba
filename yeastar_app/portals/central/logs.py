"""System > Operation Logs: what the own people did here in the last 6 months."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import button, empty
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import operation_logs
from yeastar_app.words import minute, t

HERE = "/central/logs"


@dataclass
class LogRow:
    at: str
    who: str
    operation: str
    label: str
    ip: str


@guarded(operation_logs.VIEW)
class LogsState(Shell):
    loaded: bool = False
    rows: list[LogRow] = []
    text: str = ""
    operation: str = ""
    older: int = 0
    is_first: bool = True

    @rx.event
    async def load(self) -> None:
        asked = self.router.url.query_parameters
        self.text, self.operation = str(asked.get("text", ""))[:255], str(asked.get("operation", ""))[:60]
        before = str(asked.get("before", "0"))
        self.is_first = before == "0"
        found = await self._act(
            operation_logs.search, {"text": self.text, "operation": self.operation, "before": before}
        )
        if found is None:
            return
        self.rows = [LogRow(minute(row.at), row.who, row.operation, row.label, row.ip) for row in found.rows]
        self.older = found.rows[-1].id if found.more else 0
        self.loaded = True

    def _address(self, **given: Any) -> str:
        return with_query(HERE, **given)

    @rx.event
    async def search(self, form: dict) -> Any:
        given = form if isinstance(form, dict) else {}
        return rx.redirect(
            self._address(text=str(given.get("text", ""))[:255], operation=str(given.get("operation", ""))[:60])
        )

    @rx.event
    async def reset_filters(self) -> Any:
        return rx.redirect(HERE)

    @rx.event
    async def newest(self) -> Any:
        return rx.redirect(self._address(text=self.text, operation=self.operation))

    @rx.event
    async def go_older(self) -> Any:
        return rx.redirect(self._address(text=self.text, operation=self.operation, before=self.older))


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
                [(t("Time (UTC)"), "date"), (t("Who"), ""), (t("Operation"), ""), (t("On"), ""), (t("From"), "")],
                state.rows,
                lambda row: [
                    tables.cell(row.at, kind="date"),
                    tables.cell(row.who),
                    tables.cell(row.operation),
                    tables.cell(row.label),
                    tables.cell(row.ip, kind="date"),
                ],
                ready=state.loaded,
                empty_state=empty("scroll-text", t("Nothing here"), t("No operation fits, or none was done yet.")),
                label=t("Operations"),
            ),
            tables.pager(
                "",
                earlier=state.newest,
                later=state.go_older,
                has_earlier=~state.is_first,
                has_later=state.older > 0,
            ),
            flush=True,
        ),
        note=t("Every operation of your company's people in Central Management, kept 6 months."),
    )


def _filters(state: Any) -> rx.Component:
    options = operation_logs.OPERATIONS
    return rx.el.form(
        rx.el.label(
            rx.el.span(t("Who or what"), class_name="label"),
            rx.el.input(name="text", default_value=state.text, key=state.text, class_name="input"),
            class_name="field",
        ),
        rx.el.label(
            rx.el.span(t("Operation"), class_name="label"),
            rx.el.select(
                rx.el.option(t("All"), value=""),
                *[rx.el.option(words, value=code) for code, words in options.items()],
                name="operation",
                default_value=state.operation,
                key=state.operation,
                class_name="input",
            ),
            class_name="field",
        ),
        rx.el.div(
            button(t("Search"), symbol="search", type="submit"),
            button(t("Reset"), look="quiet", on_click=state.reset_filters),
            class_name="row",
        ),
        on_submit=state.search,
        class_name="filters",
        role="search",
        aria_label=t("Filter the list"),
    )
