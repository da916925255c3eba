"""Back office > Audit Log: who did what, on what, before → after, from where, when."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import button_link, download_link, empty
from yeastar_app.components.tables import cell, day_filter, on_phone, pager, search_box, table, toolbar
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import audit_log
from yeastar_app.services.audit_log import AuditFilter, Entry
from yeastar_app.words import t

PATH = "/staff/audit"


@guarded(audit_log.POLICY)
class AuditLogState(Shell):
    """The log's page and its filters (kept in the address)."""

    rows: list[Entry] = []
    loaded: bool = False
    newer: int = 0
    older: int = 0
    filters: dict[str, str] = {}
    seeds: dict[str, str] = {}
    """What the fields begin with; never what is being typed."""
    opened: int = 0
    """Grows whenever the address was changed by other means than the fields."""

    export_href: str = ""

    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        query = dict(self.router.url.query_parameters)
        asked = self._parsed(query)
        if asked != self.filters and not self._typing:
            self.filters, self.opened = asked, self.opened + 1
        self.seeds, self._typing = asked, False
        self.export_href = with_query("/files/audit-log.xlsx", **asked)
        found = await self._act(audit_log.read, query)
        if found is not None:
            self.rows, self.newer, self.older, self.loaded = found.rows, found.newer, found.older, True

    def _parsed(self, query: dict[str, Any]) -> dict[str, str]:
        form = AuditFilter.model_validate(query)
        names = ("search", "who", "action", "since", "until")
        return {name: str(getattr(form, name) or "") for name in names}

    def _narrow(self, **changes: Any) -> Any:
        self.filters, self._typing = self._parsed({**self.filters, **changes}), True
        return rx.redirect(with_query(PATH, **self.filters), replace=True)

    @rx.event
    async def find(self, words: str) -> Any:
        return self._narrow(search=words)

    @rx.event
    async def find_who(self, words: str) -> Any:
        return self._narrow(who=words)

    @rx.event
    async def find_action(self, words: str) -> Any:
        return self._narrow(action=words)

    @rx.event
    async def pick_since(self, day: str) -> Any:
        return self._narrow(since=day)

    @rx.event
    async def pick_until(self, day: str) -> Any:
        return self._narrow(until=day)

    @rx.event
    async def show_newer(self) -> Any:
        return rx.redirect(with_query(PATH, **self.filters, after=self.newer))

    @rx.event
    async def show_older(self) -> Any:
        return rx.redirect(with_query(PATH, **self.filters, before=self.older))


@page(PATH, t("Audit Log"), audit_log.POLICY, AuditLogState.load)
def audit_log_page() -> rx.Component:
    state = AuditLogState
    return layout.shell(
        state,
        t("Back Office"),
        t("Audit Log"),
        layout.card(
            toolbar(
                search_box(state.seeds["search"], state.opened, state.find, t("Search what, company or address")),
                search_box(state.seeds["who"], state.opened, state.find_who, t("Who")),
                search_box(state.seeds["action"], state.opened, state.find_action, t("Action")),
                day_filter(state.seeds["since"], state.pick_since, t("From")),
                day_filter(state.seeds["until"], state.pick_until, t("To")),
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
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                      has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
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
