"""The one sign-in page of all four surfaces."""

import reflex as rx

from yeastar_app.access import PUBLIC
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import callout, submit
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import sessions
from yeastar_app.words import t


@guarded(PUBLIC)
class SignInState(Shell):
    reason: str = ""
    next: str = ""
    ticket: str = ""
    """Set once everything asked for has been given: the page then posts it for the session cookie."""

    @rx.event
    async def load(self) -> None:
        self.errors, self.ticket = {}, ""
        self.reason = self.router.url.query_parameters.get("reason", "")
        self.next = self.router.url.query_parameters.get("next", "")

    @rx.event
    async def sign_in(self, form: dict) -> None:
        ticket = await self._act(sessions.sign_in, form)
        if ticket is not None:
            self.ticket = ticket.token


@page("/sign-in", t("Sign in"), PUBLIC, SignInState.load)
def sign_in_page() -> rx.Component:
    state = SignInState
    return layout.plain(
        state,
        t("Sign in"),
        rx.cond(state.reason == "signed_out", callout(t("You are signed out."), tone="good", symbol="check")),
        forms.form(
            state,
            forms.field(state, "email", t("Yeastar ID"), kind="email", auto_complete="username", auto_focus=True),
            forms.field(state, "password", t("Password"), kind="password", auto_complete="current-password"),
            submit(t("Sign in"), wide=True),
            on_submit=state.sign_in,
        ),
        rx.cond(state.ticket != "", fetch_cookie(state.ticket, state.next)),
    )


def fetch_cookie(ticket: rx.Var[str], target: rx.Var[str]) -> rx.Component:
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
