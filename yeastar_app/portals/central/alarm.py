"""One alarm: what it says, since when, and who has seen it."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import back_link, badge, button, link, loading
from yeastar_app.features import Feature
from yeastar_app.portals.central.alarm_rows import AlarmRow, alarm_row
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.refusals import Refusal
from yeastar_app.services import alarm_records, alarms
from yeastar_app.words import t

LIST = "/central/alarms"


@guarded(alarms.VIEW)
class AlarmState(Shell):
    loaded: bool = False
    row: AlarmRow = AlarmRow()
    may_manage: bool = False
    may_see_pbxs: bool = False

    @rx.event
    async def load(self) -> Any:
        self.loaded = False
        self._watch(alarm_records.topic(current_actor().organisation))
        try:
            await self._follow()
        except Refusal:
            return rx.redirect("/not-found")
        return None

    async def _follow(self) -> None:
        actor = current_actor()
        self.may_manage, self.may_see_pbxs = actor.may(Feature.ALARM_MANAGE), actor.may(Feature.PBX_VIEW)
        asked = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self.row, self.loaded = alarm_row(await self._ask(alarms.details, {"id": asked})), True
        self._count_alerts(await self._ask(alarms.open_alerts))

    @rx.event
    async def acknowledge(self) -> None:
        if self.loaded and self.row.to_see and await self._act(alarms.acknowledge, {"ids": [self.row.id]}) is not None:
            await self._follow()


@page(f"{LIST}/[alarm_id]", t("Alarm"), alarms.VIEW, AlarmState.load)
def alarm_page() -> rx.Component:
    state = AlarmState
    row = state.row
    return layout.shell(
        state,
        t("Central Management"),
        rx.cond(state.loaded, row.title, t("Alarm")),
        layout.card(
            rx.cond(
                state.loaded,
                forms.facts(
                    (t("Level"), badge(row.level, row.tone)),
                    (t("Details"), rx.cond(row.detail != "", row.detail, t("None"))),
                    (t("Type"), row.type),
                    (t("Company"), row.company),
                    (
                        t("Cloud PBX"),
                        rx.cond(
                            (row.pbx_id > 0) & state.may_see_pbxs,
                            link(row.pbx, "/central/pbx/" + row.pbx_id.to_string()),
                            rx.cond(row.pbx != "", row.pbx, t("None")),
                        ),
                    ),
                    (t("Raised (UTC)"), row.raised),
                    (t("State"), rx.cond(row.active, row.state, row.state + ", " + row.ended + " UTC")),
                    (
                        t("Acknowledged"),
                        rx.cond(row.seen_at != "", row.seen + ", " + row.seen_at + " UTC", t("Not yet")),
                    ),
                ),
                loading(8),
            ),
        ),
        back=back_link(t("Alarm"), LIST),
        actions=(
            rx.cond(
                state.loaded & row.to_see & state.may_manage,
                button(t("Acknowledge"), look="primary", symbol="check", on_click=state.acknowledge),
            ),
        ),
    )
