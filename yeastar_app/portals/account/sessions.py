"""Account > Sessions: where one is signed in, and signing out of any of it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import layout, overlays, tables
from yeastar_app.components.controls import badge, button, empty
from yeastar_app.portals.account.frame import AccountState, when
from yeastar_app.portals.page import guarded
from yeastar_app.services import sessions
from yeastar_app.words import t

COLUMNS = [
    (t("Device"), ""),
    (t("IP address"), "wide-only"),
    (t("Last seen"), "date wide-only"),
    (t("Signed in"), "date wide-only"),
    ("", ""),
]


@dataclass
class SessionRow:
    id: int
    device: str
    ip: str
    started: str
    seen: str
    is_this: bool


@guarded(OWN_ACCOUNT)
class SessionsState(AccountState):
    OPENS: ClassVar[tuple[str, ...]] = ("asking",)

    loaded: bool = False
    rows: list[SessionRow] = []
    asking: bool = False

    @rx.event
    async def read(self) -> None:
        own = await self._act(sessions.own)
        if own is not None:
            self.rows = [
                SessionRow(row.id, row.device, row.ip, when(row.started), when(row.seen), row.is_this) for row in own
            ]
            self.loaded = True

    @rx.event
    async def sign_out(self, session_id: int) -> None:
        if session_id not in [row.id for row in self.rows]:
            return  # the second of two clicks
        if await self._did(sessions.end_one, {"id": session_id}):
            self._say(t("That session is signed out."))
        await self.read()

    @rx.event
    async def ask(self, wanted: bool) -> None:
        self.asking = wanted is True

    @rx.event
    async def sign_out_everywhere(self) -> Any:
        if not self.asking:
            return None
        self.asking = False
        if not await self._did(sessions.end_everywhere):
            return None
        return rx.redirect("/sign-in?reason=everywhere")


def section() -> rx.Component:
    state = SessionsState
    return rx.fragment(
        layout.card(
            tables.table(
                [
                    (t("Device"), ""),
                    (t("IP address"), "wide-only"),
                    (t("Last seen"), "date wide-only"),
                    (t("Signed in"), "date wide-only"),
                    ("", ""),
                ],
                state.rows,
                _cells,
                ready=state.loaded,
                empty_state=empty("monitor", t("No sessions"), t("You are signed in nowhere.")),
                label=t("Sessions"),
            ),
            title=t("Sessions"),
            aside=button(t("Sign out everywhere"), look="danger", small=True, on_click=state.ask(True)),
            flush=True,
        ),
        overlays.confirm(
            state.asking,
            state.ask,
            t("Sign out everywhere?"),
            t("Every browser that is signed in to your account is signed out, this one included."),
            yes=t("Sign out everywhere"),
            on_yes=state.sign_out_everywhere,
        ),
    )


def _cells(row: Any) -> list[rx.Component]:
    return [
        tables.cell(
            rx.el.span(row.device, class_name="strong nowrap"),
            tables.on_phone(row.ip),
            tables.on_phone(t("Last seen"), " ", row.seen),
        ),
        tables.cell(rx.el.span(row.ip, class_name="num"), kind="wide-only"),
        tables.cell(row.seen, kind="date wide-only"),
        tables.cell(row.started, kind="date wide-only"),
        tables.row_actions(
            rx.cond(
                row.is_this,
                badge(t("This browser"), "accent"),
                button(
                    t("Sign out"),
                    small=True,
                    on_click=SessionsState.sign_out(row.id),
                    aria_label=t("Sign out: ") + row.device,
                ),
            )
        ),
    ]
