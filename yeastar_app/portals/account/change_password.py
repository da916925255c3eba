"""The page for a password that a superior has set: nothing else is open before it is replaced."""

from typing import Any

import reflex as rx

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import submit
from yeastar_app.portals.account.frame import AccountState
from yeastar_app.portals.page import current_actor, guarded, page
from yeastar_app.services import passwords
from yeastar_app.words import t


@guarded(OWN_ACCOUNT)
class ChangePasswordState(AccountState):
    @rx.event
    async def load(self) -> Any:
        return None if current_actor().must_change_password else rx.redirect("/account?tab=password")

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        if current_actor().must_change_password and not await self._did(passwords.replace, form):
            return None
        return rx.redirect("/")


@page("/change-password", t("Change Password"), OWN_ACCOUNT, ChangePasswordState.load)
def change_password_page() -> rx.Component:
    state = ChangePasswordState
    return layout.plain(
        state,
        t("Choose your own password"),
        rx.el.p(
            t("The password of "),
            rx.el.strong(state.email),
            t(" was set by somebody else. Replace it with one that only you know."),
            class_name="muted wrap",
        ),
        forms.form(
            state, *forms.new_password(state, t("New password")), submit(t("Save"), wide=True), on_submit=state.save
        ),
        forms.post("/session/end", submit(t("Sign out"), look="quiet", wide=True)),
    )
