"""Alarm: what needs attention now, computed from our own limits."""

from dataclasses import dataclass

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, empty
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import alarms
from yeastar_app.words import t

LEVELS = {alarms.Level.ALERT: (t("Alert"), "bad"), alarms.Level.WARNING: (t("Warning"), "warn")}


@dataclass
class AlarmRow:
    level: str
    tone: str
    title: str
    detail: str
    company: str


@guarded(alarms.VIEW)
class AlarmsState(Shell):
    loaded: bool = False
    rows: list[AlarmRow] = []

    @rx.event
    async def load(self) -> None:
        found = await self._act(alarms.live)
        if found is not None:
            self.rows = [AlarmRow(*LEVELS[one.level], one.title, one.detail, one.company) for one in found]
            self.loaded = True


@page("/central/alarms", t("Alarm"), alarms.VIEW, AlarmsState.load)
def alarms_page() -> rx.Component:
    state = AlarmsState
    return layout.shell(
        state,
        t("Central Management"),
        t("Alarm"),
        layout.card(
            tables.table(
                [(t("Level"), ""), (t("What"), ""), (t("Whose"), "")],
                state.rows,
                lambda row: [
                    tables.cell(badge(row.level, row.tone)),
                    tables.cell(
                        rx.el.div(
                            rx.el.span(row.title, class_name="strong"),
                            rx.el.span(row.detail, class_name="faint"),
                            class_name="two-lines",
                        )
                    ),
                    tables.cell(row.company),
                ],
                ready=state.loaded,
                empty_state=empty("circle-check", t("All quiet"), t("No capacity is running out, no PBX is expiring.")),
                label=t("Alarms"),
            ),
            flush=True,
        ),
        note=t("A capacity at 80 % is a warning, used up an alert. A PBX that expires within 30 days is a warning, an "
               "expired one an alert."),
    )  # fmt: skip
