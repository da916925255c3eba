"""Alarm, for a customer of the Customer Portal: what its own PBXs need attention for, as it happens, and what they
needed it for in the last 6 months. Search, level, state, days and page stand in the address."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button, empty, link
from yeastar_app.portals import list_page
from yeastar_app.portals.central.alarm_rows import LEVELS, TONES, state_cell
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import alarm_records, own_alarms, own_pbx, pbx
from yeastar_app.services.own_alarms import STATES, ListForm
from yeastar_app.words import minute, t

HERE = "/central/own/alarms"
FILTERS = {"search": None, "level": LEVELS, "state": STATES, "since": None, "until": None}
LIST = ListOf(HERE, own_alarms.listed, ListForm, FILTERS)


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
class OwnAlarmsState(ListPage, Shell):
    rows: list[OwnAlarm] = []

    def _list(self) -> ListOf:
        return LIST

    def _topics(self) -> tuple[str, ...]:
        actor = current_actor()
        return (alarm_records.topic(actor.organisation), *pbx.topics(actor))

    def _show(self, found: own_alarms.Found) -> None:
        self.rows = [_shown(row) for row in found.rows]


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
                list_page.search(state, t("Search alarm or PBX")),
                list_page.choice(state, "level", {"": t("All levels"), **LEVELS}, t("Level")),
                list_page.choice(state, "state", {"": t("All states"), **STATES}, t("State")),
                list_page.day(state, "since", t("From")),
                list_page.day(state, "until", t("To")),
            ),
            tables.table(
                [(t("Level"), ""), (t("Alarm"), ""), (t("PBX"), "wide-only"), (t("Raised (UTC)"), "date wide-only"),
                 (t("State"), "wide-only")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.narrowed,
                    empty("search-x", t("Nothing matches"), t("No alarm of your PBXs fits these filters."),
                          button(t("Reset"), on_click=state.reset_filters)),
                    empty("circle-check", t("All quiet"), t("None of your PBXs has needed attention so far.")),
                ),
                label=t("Alarms"),
            ),
            list_page.pages(state),
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
        state_cell(row),
    ]
