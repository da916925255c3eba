"""One's own account, for the people of every surface: profile, password, two-factor authentication, sessions."""

from typing import Any

import reflex as rx

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import layout
from yeastar_app.components.controls import callout, loading, tabs
from yeastar_app.portals.account import password, profile, security, sessions
from yeastar_app.portals.account.frame import AccountState
from yeastar_app.portals.page import current_actor, guarded, page
from yeastar_app.words import t

TABS = {
    "profile": t("Profile"),
    "password": t("Change Password"),
    "security": t("Security"),
    "sessions": t("Sessions"),
}


@guarded(OWN_ACCOUNT)
class TabsState(AccountState):
    tab: str = ""

    @rx.event
    async def load(self) -> Any:
        if current_actor().must_change_password:
            return rx.redirect("/change-password")
        asked = self.router.url.query_parameters
        self._take_actor()
        wanted = "security" if asked.get("setup") == "two-factor" else asked.get("tab", "profile")
        self.tab = wanted if wanted in TABS else "profile"
        return self._fill()

    @rx.event
    async def show(self, tab: str) -> Any:
        self.errors, self.notice = {}, ""
        (await self.get_state(security.SecurityState))._close()
        self.tab = tab if isinstance(tab, str) and tab in TABS else "profile"
        return self._fill()

    def _fill(self) -> Any:
        """The event that reads what the present tab shows."""
        return {
            "profile": profile.ProfileState.read,
            "password": password.PasswordState.read,
            "security": security.SecurityState.read,
            "sessions": sessions.SessionsState.read,
        }[self.tab]


@page("/account", t("Account"), OWN_ACCOUNT, TabsState.load, (security.SecurityState, sessions.SessionsState))
def account_page() -> rx.Component:
    state = TabsState
    return layout.shell(
        state,
        state.surface_name,
        t("Account"),
        rx.cond(
            state.demanded,
            callout(
                t("Your account needs two-factor authentication. Set it up here; then you can go on."),
                tone="warn",
                symbol="shield-alert",
            ),
        ),
        tabs(state.tab, TABS, state.show, label=t("Account")),
        rx.el.div(
            rx.match(
                state.tab,
                ("profile", profile.section()),
                ("password", password.section()),
                ("security", security.section()),
                ("sessions", sessions.section()),
                layout.card(loading()),
            ),
            role="tabpanel",
            aria_labelledby="tab-" + state.tab,
            class_name="stack",
        ),
        note=state.email,
        narrow=True,
    )
