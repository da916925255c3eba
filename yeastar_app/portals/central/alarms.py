"""Alarm: what needs attention, as it happens, and what needed it in the last 6 months."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button, download_link, empty, link
from yeastar_app.features import Feature
from yeastar_app.portals import list_page
from yeastar_app.portals.central.alarm_rows import LEVELS, AlarmRow, alarm_row, state_cell
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import alarm_records, alarms
from yeastar_app.services.alarms import ListForm
from yeastar_app.words import plural, t

HERE = "/central/alarms"
STATES = alarms.STATES
LIST = ListOf(HERE, alarms.listed, ListForm, {"search": None, "level": LEVELS, "state": STATES}, "/files/alarms.xlsx")


@guarded(alarms.VIEW)
class AlarmsState(ListPage, Shell):
    may_manage: bool = False
    rows: list[AlarmRow] = []
    to_see: int = 0
    """Rows on this page that can be acknowledged."""

    def _list(self) -> ListOf:
        return LIST

    def _topics(self) -> tuple[str, ...]:
        return (alarm_records.topic(current_actor().organisation),)

    def _show(self, found: alarms.Found) -> None:
        self.may_manage = current_actor().may(Feature.ALARM_MANAGE)
        self.rows = [alarm_row(row) for row in found.rows]
        self.to_see = sum(row.to_see for row in self.rows)
        self._count_alerts(found.alerts)

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
        await self._fill()


@page(HERE, t("Alarm"), alarms.VIEW, AlarmsState.load)
def alarms_page() -> rx.Component:
    state = AlarmsState
    return layout.shell(
        state,
        t("Central Management"),
        t("Alarm"),
        layout.card(
            tables.toolbar(
                list_page.search(state, t("Search alarm or company")),
                list_page.choice(state, "level", {"": t("All levels"), **LEVELS}, t("Level")),
                list_page.choice(state, "state", {"": t("All states"), **STATES}, t("State")),
            ),
            tables.table(
                [(t("Level"), ""), (t("Alarm"), ""), (t("Raised (UTC)"), "date wide-only"), (t("State"), "wide-only"),
                 (t("Acknowledged"), "wide-only")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.narrowed,
                    empty("search-x", t("Nothing matches"), t("No alarm fits these filters."),
                          button(t("Reset"), on_click=state.reset_filters)),
                    empty("circle-check", t("All quiet"), t("No capacity is running out, no PBX needs attention.")),
                ),
                label=t("Alarms"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        note=t("What runs out, what expires, and what the hosting engine and the PBXs report. Kept 6 months."),
        actions=(
            rx.cond(
                state.may_manage & (state.to_see > 0),
                button(t("Acknowledge All Shown"), symbol="check-check", on_click=state.acknowledge_all),
            ),
            download_link(t("Export"), state.export_href),
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
        state_cell(row),
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
