"""Account > Profile: one's own name and phone number; the Yeastar ID is only read."""

from typing import Any

import reflex as rx

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import forms, layout
from yeastar_app.components.controls import loading, submit
from yeastar_app.portals.account.frame import AccountState
from yeastar_app.portals.page import guarded
from yeastar_app.services import profile
from yeastar_app.words import t


@guarded(OWN_ACCOUNT)
class ProfileState(AccountState):
    loaded: bool = False
    company: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""

    @rx.event
    async def read(self) -> None:
        mine = await self._act(profile.mine)
        if mine is not None:
            self.company, self.phone = mine.organisation, mine.phone
            self.first_name, self.last_name = mine.first_name, mine.last_name
            self.loaded = True

    @rx.event
    async def save(self, form: dict[str, Any]) -> None:
        if await self._did(profile.change, form):
            mine = await self._ask(profile.mine)
            self.first_name, self.last_name, self.phone = mine.first_name, mine.last_name, mine.phone
            self.name = f"{mine.first_name} {mine.last_name}".strip()
            self._say(t("Saved."))


def section() -> rx.Component:
    state = ProfileState
    return layout.card(
        rx.cond(
            state.loaded,
            rx.el.div(
                forms.facts((t("Yeastar ID"), state.email), (t("Company"), state.company)),
                forms.form(
                    state,
                    forms.fields(
                        forms.field(state, "first_name", t("First Name"), required=False,
                                    default_value=state.first_name, auto_complete="given-name"),
                        forms.field(state, "last_name", t("Last Name"), required=False,
                                    default_value=state.last_name, auto_complete="family-name"),
                        forms.field(state, "phone", t("Phone"), required=False, kind="tel",
                                    default_value=state.phone, auto_complete="tel"),
                    ),
                    rx.el.div(submit(t("Save")), class_name="row"),
                    on_submit=state.save,
                ),
                class_name="stack-l",
            ),
            loading(4),
        ),
        title=t("Profile"),
    )  # fmt: skip
