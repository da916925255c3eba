"""Account > Change Password."""

from typing import Any

import reflex as rx

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import submit
from yeastar_app.portals.account.frame import AccountState
from yeastar_app.portals.page import guarded, with_own
from yeastar_app.services import passwords
from yeastar_app.words import t


@guarded(OWN_ACCOUNT)
class PasswordState(AccountState):
    round: int = 0
    """Grows with every change, so that the fields are empty again."""

    @rx.event
    async def read(self) -> None:
        """Nothing to fetch; whoever is quick and types already keeps what was typed."""

    @rx.event
    async def save(self, form: dict[str, Any]) -> None:
        """A second click on its way while the first was answered carries the old round and does nothing: the password
        it calls the present one is that no more."""
        if with_own(form).get("round") != str(self.round):
            return
        if await self._did(passwords.change, form):
            self.round += 1
            self._say(t("Your password is changed. All other sessions are signed out."))


def section() -> rx.Component:
    state = PasswordState
    return layout.card(
        rx.el.p(t("After the change you stay signed in here; all your other sessions end."), class_name="muted"),
        forms.form(
            state,
            rx.el.input(type="hidden", name="round", value=state.round.to_string()),
            forms.field(state, "current", t("Current password"), kind="password", auto_complete="current-password"),
            *forms.new_password(state, t("New password")),
            rx.el.div(submit(t("Save")), class_name="row"),
            on_submit=state.save,
            key=state.round.to_string(),
        ),
        title=t("Change Password"),
    )
