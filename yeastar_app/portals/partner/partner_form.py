"""User > Partners > Add Partner, and the page where one is edited (Seed 001)."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import back_link, button_link, callout, loading, submit
from yeastar_app.components.uploads import picture_field
from yeastar_app.models.accounts import TaxType
from yeastar_app.portals.kept_form import KeptForm
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.picture_choice import PictureChoice
from yeastar_app.services import customers
from yeastar_app.services.countries import countries
from yeastar_app.words import t

LIST = "/partner/partners"
TYPES = {"customer": t("Customer"), "partner": t("Partner"), "reseller": t("Reseller")}
TAX_TYPES = {kind.value: kind.value.replace("_", " ") for kind in TaxType}


@guarded(customers.POLICY)
class PartnerFormState(KeptForm, PictureChoice, Shell):
    """One form for a new customer and for one that is edited (`editing`)."""

    editing: bool = False
    types: list[dict[str, str]] = []
    user_type: str = "customer"
    may_change_email: bool = True
    values: dict[str, str] = {}
    shown_name: str = ""

    _id: int = 0
    _seen: str = ""
    _open: bool = False
    """False once saved, so that the second of two clicks does nothing."""

    @rx.event
    async def load_new(self) -> None:
        allowed = await self._act(customers.user_types) or []
        self.types = [{"value": value, "label": TYPES[value]} for value in allowed]
        if self._begins("new"):
            self._start({}, "")
            self.editing, self.loaded, self.user_type, self.may_change_email = False, True, "customer", True

    @rx.event
    async def load_edit(self) -> Any:
        sheet = await self._act(customers.opened, {"id": self.router.url.query_parameters.get("id", "")})
        if sheet is None:
            self._close()
            return rx.redirect(LIST)
        if self._begins(sheet.id, sheet.seen):
            self._start(sheet.values, sheet.picture)
            self.types = [{"value": sheet.kind, "label": TYPES[sheet.kind]}]
            self.editing, self.loaded, self.user_type, self._id = True, True, sheet.kind, sheet.id
            self.may_change_email, self._seen = sheet.may_change_email, sheet.seen
        return None

    def _start(self, values: dict[str, str], picture: str) -> None:
        self.values, self._open = values, True
        self.shown_name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        self._start_picture(picture)

    @rx.event
    async def pick_type(self, user_type: str) -> None:
        self.user_type = user_type if isinstance(user_type, str) and user_type in TYPES else "customer"

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        if not self._open:
            return None
        payload = with_own(form, id=self._id, seen=self._seen, **self._picture_payload())
        saved = await self._act(customers.edit if self.editing else customers.create, payload)
        if saved is None:
            return None
        self._open = False
        self._say(
            t("The changes to {name} are saved.", name=saved)
            if self.editing
            else t("The account is created. An activation email, valid for 48 hours, is on its way.")
        )
        return rx.redirect(LIST)


@page(f"{LIST}/new", t("Add Partner"), customers.POLICY, PartnerFormState.load_new)
def add_partner_page() -> rx.Component:
    return _page(t("Add Partner"), t("The person gets an email with a link to activate the account."))


@page(f"{LIST}/edit", t("Edit Partner"), customers.POLICY, PartnerFormState.load_edit)
def edit_partner_page() -> rx.Component:
    return _page(t("Edit Partner"), None)


def _page(title: str, note: Any) -> rx.Component:
    state = PartnerFormState
    return layout.shell(
        state,
        t("Partner Portal"),
        title,
        rx.cond(
            state.loaded,
            forms.form(
                state,
                layout.card(_basic(), title=t("Basic Information")),
                rx.cond(
                    state.user_type == "reseller",
                    _reseller(),
                    rx.fragment(
                        layout.card(_account(), title=t("Account Information")),
                        rx.el.div(
                            button_link(t("Cancel"), LIST, look="quiet"),
                            submit(t("Save")),
                            class_name="dialog-actions",
                        ),
                    ),
                ),
                on_submit=state.save,
                key=state.form_key,
            ),
            layout.card(loading(8)),
        ),
        note=note,
        back=back_link(t("Partners"), LIST),
        narrow=True,
    )


def _basic() -> rx.Component:
    state = PartnerFormState
    return rx.fragment(
        picture_field(
            state, t("Profile Image"), name=state.shown_name, shown=state.picture_shown,
            choose=state.choose_picture, reject=state.reject_picture, clear=state.clear_picture,
        ),
        forms.fields(
            forms.choice(state, "user_type", t("User Type"), state.types, value=state.user_type,
                         on_change=state.pick_type, disabled=state.types.length() < 2),
            rx.cond(
                state.user_type != "reseller",
                forms.field(
                    state, "email", t("Yeastar ID"), kind="email", auto_complete="off",
                    default_value=state.values["email"], disabled=~state.may_change_email,
                    hint=rx.cond(
                        state.may_change_email,
                        t("An email address. The activation email goes there, and it is the name to sign in with."),
                        t("The account is activated: its Yeastar ID stays as it is."),
                    ),
                ),
            ),
        ),
        forms.switch(
            "two_factor", t("Two-factor Authentication"), disabled=True,
            hint=t("Disabled by default. The person can set it up after activating the account."),
        ),
    )  # fmt: skip


def _account() -> rx.Component:
    state = PartnerFormState
    values = state.values

    def line(name: str, label: str, *, required: bool = False, **props: Any) -> rx.Component:
        return forms.field(state, name, label, required=required, default_value=values[name], **props)

    return forms.fields(
        line("first_name", t("First Name"), hint=t("A first or a last name is needed."), auto_complete="off"),
        line("last_name", t("Last Name"), auto_complete="off"),
        line("company", t("Company"), required=True, auto_complete="off"),
        forms.choice(state, "country", t("Country / Region"), countries(), placeholder=t("Choose a country"),
                     default_value=values["country"]),
        line("phone", t("Phone Number"), kind="tel", auto_complete="off"),
        line("state", t("State / Province")),
        line("city", t("City")),
        line("street", t("Street")),
        line("postal_code", t("ZIP / Postal Code")),
        forms.choice(state, "tax_type", t("Tax Type"), TAX_TYPES, required=False, placeholder=t("None"),
                     default_value=values["tax_type"]),
        line("tax_number", t("Tax Number")),
        forms.text_area(state, "remark", t("Remark"), default_value=values["remark"]),
    )  # fmt: skip


def _reseller() -> rx.Component:
    return layout.card(
        callout(t("A reseller gets a package of your capacity and permissions with the account. Both are given in "
                  "Central Management, under System > User > Reseller.")),
        button_link(t("Go to Resellers"), "/central/resellers", look="primary", symbol="arrow-right"),
    )  # fmt: skip
