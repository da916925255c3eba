"""The page behind the link of an activation email. Opening it uses nothing up; its button does."""

from typing import Any

import reflex as rx

from yeastar_app.access import PUBLIC
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import button_link, callout, loading, submit
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.sign_in.sign_in import fetch_cookie
from yeastar_app.refusals import Refusal
from yeastar_app.services import passwords
from yeastar_app.words import t

NEXT = {
    "expired": t("Ask whoever created your account, or your account manager, to send the activation email again."),
    "used": t("Your account is active already: sign in with your Yeastar ID and password."),
    "replaced": t("Look for the latest activation email in your mailbox."),
    "unknown": t("Open the whole address from the email. If that does not help, ask whoever created your account."),
}


@guarded(PUBLIC)
class ActivateState(Shell):
    link_state: str = ""
    words: str = ""
    what_next: str = ""
    yeastar_id: str = ""
    portal: str = ""
    invited_by: str = ""
    ticket: str = ""

    _token: str = ""

    @rx.event
    async def load(self) -> None:
        self._token = self.router.url.query_parameters.get("token", "")
        self.ticket = ""
        await self._look()

    @rx.event
    async def activate(self, form: dict[str, Any]) -> None:
        if self.link_state != "good" or self.ticket:
            return
        ticket = await self._act(passwords.activate, with_own(form, token=self._token))
        if ticket is not None:
            self.ticket = ticket.token

    async def _look(self) -> None:
        try:
            opened = await self._ask(passwords.open_activation, {"token": self._token})
        except Refusal:  # no token has this shape
            opened = passwords.UNKNOWN
        self.link_state, self.words = opened.state.value, opened.words
        self.what_next = NEXT.get(self.link_state, "")
        self.yeastar_id, self.portal, self.invited_by = opened.email, opened.portal, opened.invited_by

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.code.startswith("link_"):
            self.link_state = refusal.code.removeprefix("link_")
            self.words, self.what_next = refusal.message, NEXT.get(self.link_state, "")
        self.errors = refusal.fields or {"": refusal.message}


@page("/activate", t("Activate your account"), PUBLIC, ActivateState.load)
def activate_page() -> rx.Component:
    state = ActivateState
    return layout.plain(
        state,
        t("Activate your account"),
        rx.match(
            state.link_state,
            ("", loading()),
            ("good", _form()),
            _ended(),
        ),
        rx.cond(state.ticket != "", fetch_cookie(state.ticket)),
    )


def _form() -> rx.Component:
    state = ActivateState
    return rx.el.div(
        forms.facts((t("Yeastar ID"), state.yeastar_id), (t("For"), state.portal)),
        rx.cond(
            state.invited_by != "",
            rx.el.p(state.invited_by + t(" created this account for you."), class_name="muted"),
        ),
        forms.form(
            state,
            *forms.new_password(state),
            submit(t("Activate Account"), wide=True),
            on_submit=state.activate,
        ),
        class_name="stack",
    )


def _ended() -> rx.Component:
    state = ActivateState
    return rx.el.div(
        callout(rx.el.p(state.words, class_name="strong"), rx.el.p(state.what_next), tone="warn", symbol="link-2-off"),
        button_link(t("Go to sign-in"), "/sign-in", look="primary"),
        class_name="stack",
    )
