"""Alarm: what needs attention, as it happens, and what needed it in the last 6 months."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button, download_link, empty, link
from yeastar_app.features import Feature
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.central.alarm_rows import LEVELS, AlarmRow, alarm_row
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import alarm_records, alarms
from yeastar_app.services.alarms import ListForm
from yeastar_app.words import plural, t

HERE = "/central/alarms"
STATES = alarms.STATES


@guarded(alarms.VIEW)
class AlarmsState(Shell):
    loaded: bool = False
    may_manage: bool = False
    rows: list[AlarmRow] = []
    newer: int = 0
    older: int = 0
    search: str = ""
    seed: str = ""
    opened: int = 0
    level: str = ""
    state: str = ""
    download: str = ""
    """Where the workbook of what is shown comes from."""
    to_see: int = 0
    """Rows on this page that can be acknowledged."""

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
        self.download = with_query("/files/alarms.xlsx", search=fresh.search, level=self.level, state=self.state)
        self._watch(alarm_records.topic(current_actor().organisation))
        await self._fill()

    async def _follow(self) -> None:
        self._show(await self._ask(alarms.listed, dict(self.router.url.query_parameters)))

    async def _fill(self) -> None:
        found = await self._act(alarms.listed, dict(self.router.url.query_parameters))
        if found is not None:
            self._show(found)

    def _show(self, found: alarms.Found) -> None:
        self.may_manage = current_actor().may(Feature.ALARM_MANAGE)
        self.rows = [alarm_row(row) for row in found.rows]
        self.to_see = sum(row.to_see for row in self.rows)
        self.newer, self.older, self.loaded = found.newer, found.older, True
        self._count_alerts(found.alerts)

    def _go(self, **changes: object) -> Any:
        kept = {"search": self.search, "level": self.level, "state": self.state}
        return rx.redirect(with_query(HERE, **{**kept, **changes}), replace=True)

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
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)

    @rx.event
    async def acknowledge(self, alarm_id: int) -> None:
        await self._acknowledge([row.id for row in self.rows if row.id == alarm_id and row.to_see])

    @rx.event
    async def acknowledge_all(self) -> None:
        await self._acknowledge([row.id for row in self.rows if row.to_see])

    async def _acknowledge(self, ids: list[int]) -> None:
        if not ids:
            return  # the second of two clicks
        done = await self._act(alarms.acknowledge, {"ids": ids})
        if done:
            self._say(t("{alarms} acknowledged.", alarms=plural(done, "alarm", "alarms")))
        errors = self.errors
        await self._fill()
        self.errors = errors


@page(HERE, t("Alarm"), alarms.VIEW, AlarmsState.load)
def alarms_page() -> rx.Component:
    state = AlarmsState
    return layout.shell(
        state,
        t("Central Management"),
        t("Alarm"),
        layout.card(
            tables.toolbar(
                tables.search_box(state.seed, state.opened, state.find, t("Search alarm or company")),
                tables.filter_choice(state.level, {"": t("All levels"), **LEVELS}, state.pick_level, t("Level")),
                tables.filter_choice(state.state, {"": t("All states"), **STATES}, state.pick_state, t("State")),
            ),
            tables.table(
                [(t("Level"), ""), (t("Alarm"), ""), (t("Raised (UTC)"), "date wide-only"), (t("State"), "wide-only"),
                 (t("Acknowledged"), "wide-only")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    (state.search != "") | (state.level != "") | (state.state != ""),
                    empty("search-x", t("Nothing matches"), t("Change the search or the filters above.")),
                    empty("circle-check", t("All quiet"), t("No capacity is running out, no PBX needs attention.")),
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
        note=t("What runs out, what expires, and what the hosting engine and the PBXs report. Kept 6 months."),
        actions=(
            rx.cond(
                state.may_manage & (state.to_see > 0),
                button(t("Acknowledge All Shown"), symbol="check-check", on_click=state.acknowledge_all),
            ),
            download_link(t("Export"), state.download),
        ),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    return [
        tables.cell(badge(row.level, row.tone)),
        tables.cell(
            rx.el.div(
                link(row.title, HERE + "/" + row.id.to_string()),
                rx.el.span(row.detail, class_name="faint cut wide-only", title=row.detail),
                rx.el.span(row.company, class_name="faint"),
                rx.el.span(row.raised, ", ", row.state, class_name="narrow-only faint"),
                class_name="two-lines alarm-words wrap-narrow",
            )
        ),
        tables.cell(row.raised, kind="date wide-only"),
        tables.cell(
            rx.cond(
                row.active,
                badge(row.state, "warn"),
                rx.el.div(
                    rx.el.span(row.state),
                    rx.el.span(row.ended, class_name="faint"),
                    class_name="two-lines",
                ),
            ),
            kind="wide-only",
        ),
        tables.cell(_seen(row), kind="wide-only"),
    ]


def _seen(row: Any) -> rx.Component:
    """By whom and when it was acknowledged, or the button that does."""
    state = AlarmsState
    acknowledge = button(
        t("Acknowledge"),
        small=True,
        on_click=state.acknowledge(row.id),
        custom_attrs={"aria-label": t("Acknowledge") + " " + row.title},
    )
    return rx.cond(
        row.seen_at != "",
        rx.el.div(
            rx.el.span(row.seen),
            rx.el.span(row.seen_at, class_name="faint"),
            class_name="two-lines",
        ),
        rx.cond(row.to_see & state.may_manage, acknowledge, rx.el.span(t("Not yet"), class_name="faint")),
    )
