"""Account Information: who the customer is to us; name, phone and picture can be changed."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import button_link, loading, submit
from yeastar_app.components.uploads import picture_field
from yeastar_app.portals.kept_form import KeptForm
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.picture_choice import PictureChoice
from yeastar_app.services import account_information
from yeastar_app.words import t


@guarded(account_information.POLICY)
class AccountInformationState(KeptForm, PictureChoice, Shell):
    own_email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    company: str = ""
    address: list[str] = []
    tax: str = ""
    partner: str = ""
    since: str = ""
    two_factor: str = ""

    @rx.event
    async def load(self) -> None:
        found = await self._act(account_information.read)
        if found is None or not self._begins(found):
            return
        self.own_email, self.phone = found.email, found.phone
        self.first_name, self.last_name = found.first_name, found.last_name
        self.company, self.address, self.tax = found.company, found.address, found.tax
        self.partner, self.since, self.two_factor = found.partner, found.since, found.two_factor
        self._start_picture(found.picture)
        self.loaded = True

    @rx.event
    async def save(self, form: dict[str, Any]) -> None:
        name = await self._act(account_information.change, with_own(form, **self._picture_payload()))
        if name is not None:
            self.name = name
            self._say(t("Your information is saved."))
            self.form_key = ""
            await self.load()


@page("/customer/account", t("Account Information"), account_information.POLICY, AccountInformationState.load)
def account_information_page() -> rx.Component:
    state = AccountInformationState
    return layout.shell(
        state,
        t("Customer Portal"),
        t("Account Information"),
        rx.cond(
            state.loaded,
            rx.fragment(
                _own(),
                layout.card(
                    forms.facts(
                        (t("Company"), state.company),
                        (t("Address"), rx.foreach(state.address, lambda line: rx.el.span(line, class_name="line"))),
                        (t("Tax number"), rx.cond(state.tax != "", state.tax, "–")),  # noqa: RUF001
                        (t("Your partner"), state.partner),
                        (t("Customer since"), state.since),
                    ),
                    rx.el.p(t("Something is not right here? Ask your partner to change it."), class_name="hint"),
                    title=t("Company"),
                ),
                layout.card(
                    forms.facts((t("Two-factor Authentication"), state.two_factor)),
                    title=t("Security"),
                    aside=button_link(t("Password and Security"), "/account", symbol="shield"),
                ),
            ),
            layout.card(loading(8)),
        ),
        narrow=True,
    )


def _own() -> rx.Component:
    state = AccountInformationState

    def line(name: str, label: str, value: Any, **props: Any) -> rx.Component:
        return forms.field(state, name, label, required=False, default_value=value, **props)

    return forms.form(
        state,
        layout.card(
            picture_field(
                state, t("Profile Image"), name=state.name, shown=state.picture_shown,
                choose=state.choose_picture, reject=state.reject_picture, clear=state.clear_picture,
            ),
            forms.fields(
                line("first_name", t("First Name"), state.first_name, auto_complete="given-name"),
                line("last_name", t("Last Name"), state.last_name, auto_complete="family-name"),
                forms.field(state, "own_email", t("Yeastar ID"), default_value=state.own_email, disabled=True,
                            hint=t("The name you sign in with.")),
                line("phone", t("Phone Number"), state.phone, kind="tel", auto_complete="tel"),
            ),
            title=t("About You"),
            foot=submit(t("Save")),
        ),
        on_submit=state.save,
    )  # fmt: skip
