"""A forgotten password: asking for the email, and the page behind its link."""

from typing import Any

import reflex as rx

from yeastar_app.access import PUBLIC
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import button_link, callout, link, loading, submit
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.refusals import Refusal
from yeastar_app.services import passwords
from yeastar_app.words import t


@guarded(PUBLIC)
class ForgotState(Shell):
    asked_for: str = ""
    """The address an email was asked for; then the form is gone."""

    @rx.event
    async def load(self) -> None:
        self.asked_for = ""

    @rx.event
    async def ask(self, form: dict[str, Any]) -> None:
        if self.asked_for:
            return
        if await self._did(passwords.forgot, form):
            self.asked_for = form["email"].strip()

    def _refuse(self, refusal: Refusal) -> None:
        self.errors = refusal.fields or {"": refusal.message}


@page("/forgot-password", t("Forgot Password"), PUBLIC, ForgotState.load)
def forgot_page() -> rx.Component:
    state = ForgotState
    return layout.plain(
        state,
        t("Forgot Password"),
        rx.cond(
            state.asked_for == "",
            forms.form(
                state,
                rx.el.p(t("Enter your Yeastar ID. We send you a link to set a new password."), class_name="muted"),
                forms.field(state, "email", t("Yeastar ID"), kind="email", auto_complete="username", auto_focus=True),
                submit(t("Send Password Reset Email"), wide=True, disabled=~state.is_hydrated),
                on_submit=state.ask,
            ),
            rx.el.div(
                callout(
                    rx.el.p(t("Check your mailbox"), class_name="strong"),
                    rx.el.p(
                        t("If an active account has the address "),
                        rx.el.strong(state.asked_for, class_name="wrap"),
                        t(", an email with a link is on its way. The link is valid for 1 hour and works once."),
                    ),
                    tone="good",
                    symbol="mail-check",
                ),
                rx.el.p(
                    t("Nothing there after a few minutes? Look into the spam folder. An account that was never "
                      "activated needs its activation email: ask whoever created it."),
                    class_name="muted",
                ),
                class_name="stack",
                role="status",
            ),
        ),
        rx.el.p(link(t("Back to sign-in"), "/sign-in"), class_name="center"),
    )  # fmt: skip


NEXT = {
    "expired": t("It was valid for 1 hour. Ask for a new one."),
    "used": t("If it was not you, ask for a new one and set another password."),
    "replaced": t("Open the link in the latest one, or ask for another."),
    "unknown": t("Open the whole address from the email, or ask for a new one."),
}


@guarded(PUBLIC)
class ResetState(Shell):
    link_state: str = ""
    words: str = ""
    what_next: str = ""
    yeastar_id: str = ""

    _token: str = ""

    @rx.event
    async def load(self) -> None:
        self._token = self.router.url.query_parameters.get("token", "")
        try:
            opened = await self._ask(passwords.open_reset, {"token": self._token})
        except Refusal:  # no token has this shape
            opened = passwords.UNKNOWN
        self.link_state, self.words, self.yeastar_id = opened.state.value, opened.words, opened.email
        self.what_next = NEXT.get(self.link_state, "")

    @rx.event
    async def reset_password(self, form: dict[str, Any]) -> Any:
        if self.link_state != "good":
            return None
        if not await self._did(passwords.reset, with_own(form, token=self._token)):
            return None
        self.link_state = ""
        return rx.redirect("/sign-in?reason=password_changed")

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.code.startswith("link_"):
            self.link_state = refusal.code.removeprefix("link_")
            self.words, self.what_next = refusal.message, NEXT.get(self.link_state, "")
        self.errors = refusal.fields or {"": refusal.message}


@page("/reset-password", t("Reset Password"), PUBLIC, ResetState.load)
def reset_page() -> rx.Component:
    state = ResetState
    return layout.plain(
        state,
        t("Reset Password"),
        rx.match(
            state.link_state,
            ("", loading()),
            (
                "good",
                forms.form(
                    state,
                    rx.el.p(t("A new password for "), rx.el.strong(state.yeastar_id), ".", class_name="muted wrap"),
                    *forms.new_password(state, t("New password")),
                    submit(t("Save"), wide=True),
                    on_submit=state.reset_password,
                ),
            ),
            rx.el.div(
                callout(
                    rx.el.p(state.words, class_name="strong"),
                    rx.el.p(state.what_next),
                    tone="warn",
                    symbol="link-2-off",
                ),
                button_link(t("Send a new link"), "/forgot-password", look="primary"),
                class_name="stack",
            ),
        ),
    )
