"""Alarm, for a customer of the Customer Portal: what its own PBXs need attention for, as it happens, and what they
needed it for in the last 6 months. Search, level, state, days and page stand in the address."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button, empty, link
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.central.alarm_rows import LEVELS, TONES
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import alarm_records, own_alarms, own_pbx, pbx
from yeastar_app.services.own_alarms import STATES, ListForm
from yeastar_app.words import minute, t

HERE = "/central/own/alarms"


@dataclass
class OwnAlarm:
    level: str = ""
    tone: str = ""
    title: str = ""
    detail: str = ""
    pbx_id: int = 0
    pbx: str = ""
    raised: str = ""
    active: bool = False
    state: str = ""
    ended: str = ""


@guarded(own_pbx.POLICY)
class OwnAlarmsState(Shell):
    loaded: bool = False
    rows: list[OwnAlarm] = []
    newer: int = 0
    older: int = 0
    search: str = ""
    seed: str = ""
    opened: int = 0
    level: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    filtered: bool = False

    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        fresh = ListForm.model_validate(dict(self.router.url.query_parameters))
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched
        self._typing = False
        self.level = fresh.level if fresh.level in LEVELS else ""
        self.state = fresh.state if fresh.state in STATES else ""
        self.since, self.until = str(fresh.since or ""), str(fresh.until or "")
        self.filtered = any((self.search, self.level, self.state, self.since, self.until))
        actor = current_actor()
        self._watch(alarm_records.topic(actor.organisation), *pbx.topics(actor))
        found = await self._act(own_alarms.listed, dict(self.router.url.query_parameters))
        if found is not None:
            self._show(found)

    async def _follow(self) -> None:
        self._show(await self._ask(own_alarms.listed, dict(self.router.url.query_parameters)))

    def _show(self, found: own_alarms.Found) -> None:
        self.rows = [_shown(row) for row in found.rows]
        self.newer, self.older, self.loaded = found.newer, found.older, True

    def _go(self, **changes: object) -> Any:
        kept = {"search": self.search, "level": self.level, "state": self.state, "since": self.since,
                "until": self.until}  # fmt: skip
        asked = ListForm.model_validate({**kept, **changes}).model_dump()
        return rx.redirect(with_query(HERE, **asked), replace=True)

    @rx.event
    async def find(self, words: str) -> Any:
        self.search, self._typing = ListForm.model_validate({"search": words}).search, True
        return self._go()

    @rx.event
    async def pick_level(self, level: str) -> Any:
        return self._go(level=level)

    @rx.event
    async def pick_state(self, state: str) -> Any:
        return self._go(state=state)

    @rx.event
    async def pick_since(self, since: str) -> Any:
        return self._go(since=since)

    @rx.event
    async def pick_until(self, until: str) -> Any:
        return self._go(until=until)

    @rx.event
    async def reset_filters(self) -> Any:
        return rx.redirect(HERE, replace=True)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)


def _shown(row: own_alarms.Row) -> OwnAlarm:
    return OwnAlarm(
        LEVELS[row.level],
        TONES[row.level],
        row.title,
        row.detail,
        row.pbx_id,
        row.pbx,
        minute(row.raised_at),
        row.ended_at is None,
        t("Active") if row.ended_at is None else t("Over"),
        minute(row.ended_at) if row.ended_at else "",
    )


@page(HERE, t("Alarm"), own_pbx.POLICY, OwnAlarmsState.load)
def own_alarms_page() -> rx.Component:
    state = OwnAlarmsState
    return layout.shell(
        state,
        t("Central Management"),
        t("Alarm"),
        layout.card(
            tables.toolbar(
                tables.search_box(state.seed, state.opened, state.find, t("Search alarm or PBX")),
                tables.filter_choice(state.level, {"": t("All levels"), **LEVELS}, state.pick_level, t("Level")),
                tables.filter_choice(state.state, {"": t("All states"), **STATES}, state.pick_state, t("State")),
                tables.day_filter(state.since, state.pick_since, t("From")),
                tables.day_filter(state.until, state.pick_until, t("To")),
            ),
            tables.table(
                [(t("Level"), ""), (t("Alarm"), ""), (t("PBX"), "wide-only"), (t("Raised (UTC)"), "date wide-only"),
                 (t("State"), "wide-only")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.filtered,
                    empty("search-x", t("Nothing matches"), t("No alarm of your PBXs fits these filters."),
                          button(t("Reset"), on_click=state.reset_filters)),
                    empty("circle-check", t("All quiet"), t("None of your PBXs has needed attention so far.")),
                ),
                label=t("Alarms"),
            ),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                tables.pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                             has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
            flush=True,
        ),
        note=t("What your cloud PBXs report, what of them runs out, and what expires. Kept 6 months."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    return [
        tables.cell(badge(row.level, row.tone)),
        tables.cell(
            rx.el.div(
                rx.el.span(row.title, class_name="strong"),
                rx.el.span(row.detail, class_name="faint"),
                rx.el.span(row.raised, ", ", row.state, class_name="narrow-only faint"),
                class_name="two-lines alarm-words wrap-narrow",
            )
        ),
        tables.cell(link(row.pbx, "/central/own?pbx=" + row.pbx_id.to_string()), kind="wide-only"),
        tables.cell(row.raised, kind="date wide-only"),
        tables.cell(
            rx.cond(
                row.active,
                badge(row.state, "warn"),
                rx.el.div(rx.el.span(row.state), rx.el.span(row.ended, class_name="faint"), class_name="two-lines"),
            ),
            kind="wide-only",
        ),
    ]
