"""The one sign-in page of all four surfaces: the password, and the second factor where the account has one."""

from typing import Any

import reflex as rx

from yeastar_app.access import PUBLIC
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import button, callout, link, submit
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions, two_factor
from yeastar_app.services.sessions import Ticket
from yeastar_app.settings import settings
from yeastar_app.words import t

REMARKS = {
    "ended": ("", t("You are signed out. Sign in to go on.")),
    "signed_out": ("good", t("You are signed out.")),
    "everywhere": ("good", t("You are signed out everywhere.")),
    "ticket_ended": ("warn", t("That took too long. Please sign in again.")),
    "password_changed": ("good", t("Your password is changed. Sign in with the new one.")),
}
"""Why somebody is here, by the `reason` in the address: tone and words."""


@guarded(PUBLIC)
class SignInState(Shell):
    remark: str = ""
    remark_tone: str = ""
    next: str = ""
    demo: bool = False
    here_as: str = ""
    """The address of whoever is signed in already."""
    second: str = ""
    """The second factor that is asked for now: app or email."""
    sent_to: str = ""
    by_recovery: bool = False
    ticket: str = ""
    """Set once everything asked for has been given: the page then posts it for the session cookie."""

    _half_passed: str = ""
    """The ticket while its second factor is missing; it never leaves the server."""

    @rx.event
    async def load(self) -> None:
        asked = self.router.url.query_parameters
        self._start_over()
        self.notice = ""
        self.remark_tone, self.remark = REMARKS.get(asked.get("reason", ""), ("", ""))
        self.next = asked.get("next", "")
        self.demo = settings().demo_mode
        self.here_as = current_actor().email

    @rx.event
    async def sign_in(self, form: dict[str, Any]) -> None:
        if self.second or self.ticket:  # a second click on its way while the first had its answer
            return
        self.remark = self.here_as = ""
        ticket = await self._act(sessions.sign_in, form)
        if ticket is None:
            return
        if ticket.second:
            self.second, self.sent_to, self._half_passed = ticket.second, ticket.sent_to, ticket.token
        else:
            self.ticket = ticket.token

    @rx.event
    async def enter_code(self, form: dict[str, Any]) -> None:
        if not self._half_passed:
            return
        passed = await self._step(two_factor.enter_code, with_own(form, recovery=self.by_recovery))
        if passed is not None:
            self._half_passed, self.ticket = "", passed.token

    @rx.event
    async def send_again(self) -> None:
        if self._half_passed and await self._step(two_factor.send_again, {}) is not None:
            self._say(t("A new code is on its way."))

    @rx.event
    async def use_recovery(self, wanted: bool) -> None:
        self.errors, self.by_recovery = {}, wanted is True

    @rx.event
    async def start_over(self) -> None:
        self._start_over()

    def _start_over(self) -> None:
        self.errors, self.remark, self.here_as = {}, "", ""
        self.ticket = self._half_passed = self.second = self.sent_to = ""
        self.by_recovery = False

    async def _step(self, function: Any, form: dict[str, Any]) -> Ticket | bool | None:
        """An action of the second step, with the ticket from this side; back to the password where it has ended."""
        self.errors = {}
        try:
            return await self._ask(function, {**form, "ticket": self._half_passed}) or True
        except Refusal as refusal:
            if refusal.code == "ticket_ended":
                self._start_over()
            self._refuse(refusal)
        return None

    def _refuse(self, refusal: Refusal) -> None:
        self.errors = refusal.fields or {"": refusal.message}


@page("/sign-in", t("Sign in"), PUBLIC, SignInState.load)
def sign_in_page() -> rx.Component:
    state = SignInState
    return layout.plain(
        state,
        rx.cond(state.second == "", t("Sign in"), t("Two-factor Authentication")),
        rx.cond(state.remark != "", callout(state.remark, tone=state.remark_tone)),
        rx.cond(
            state.here_as != "",
            callout(
                t("You are signed in as "),
                rx.el.strong(state.here_as),
                ". ",
                link(t("Go on as this person"), "/"),
                symbol="user-round-check",
            ),
        ),
        rx.cond(state.second == "", _password_step(), _code_step()),
        rx.cond(state.ticket != "", fetch_cookie(state.ticket, state.next)),
        foot=rx.cond(state.demo, link(t("Trying it out? Sample sign-ins and product IDs"), "/demo")),
    )


def _password_step() -> rx.Component:
    state = SignInState
    return forms.form(
        state,
        forms.field(state, "email", t("Yeastar ID"), kind="email", auto_complete="username", auto_focus=True),
        forms.field(state, "password", t("Password"), kind="password", auto_complete="current-password"),
        submit(t("Sign in"), wide=True, disabled=~state.is_hydrated),
        rx.el.p(link(t("Forgot Password"), "/forgot-password"), class_name="center"),
        on_submit=state.sign_in,
        key="password",
    )


def _code_step() -> rx.Component:
    state = SignInState
    return rx.el.div(
        rx.el.p(
            rx.cond(
                state.by_recovery,
                t("Enter one of the recovery codes that you saved when you set up two-factor authentication."),
                rx.cond(
                    state.second == "app",
                    t("Enter the 6-digit code that your authenticator app shows."),
                    t("Enter the 6-digit code that we sent to ") + state.sent_to + t(". It is valid for 5 minutes."),
                ),
            ),
            class_name="muted",
        ),
        forms.form(
            state,
            rx.cond(state.by_recovery, _recovery_field(), _code_field()),
            forms.check("trust", t("Trust this device for 30 days")),
            submit(t("Confirm"), wide=True),
            on_submit=state.enter_code,
            key="code",
        ),
        rx.el.div(
            rx.cond(
                (state.second == "email") & ~state.by_recovery,
                button(t("Send again"), look="quiet", small=True, on_click=state.send_again),
            ),
            rx.cond(
                state.by_recovery,
                button(t("Use a code"), look="quiet", small=True, on_click=state.use_recovery(False)),
                button(t("Use a recovery code"), look="quiet", small=True, on_click=state.use_recovery(True)),
            ),
            button(t("Back"), look="quiet", small=True, on_click=state.start_over),
            class_name="row-center",
        ),
        class_name="stack",
    )


def _code_field() -> rx.Component:
    return forms.field(
        SignInState,
        "code",
        t("Authentication Code"),
        class_name="input code-input",
        input_mode="numeric",
        auto_complete="one-time-code",
        max_length=12,
        auto_focus=True,
    )


def _recovery_field() -> rx.Component:
    return forms.field(
        SignInState, "code", t("Recovery Code"), class_name="input code-input", auto_complete="off", auto_focus=True
    )


def fetch_cookie(ticket: rx.Var[str], target: Any = "") -> rx.Component:
    """Posts the ticket as soon as it is there: a plain form, because only a document request can set the cookie
    that no script may read, and only a new document opens a socket that carries it."""
    return rx.el.form(
        rx.el.input(type="hidden", name="ticket", value=ticket),
        rx.el.input(type="hidden", name="next", value=target),
        id="fetch-cookie",
        action="/session/start",
        method="post",
        on_mount=rx.call_function("() => document.getElementById('fetch-cookie').submit()"),
    )
