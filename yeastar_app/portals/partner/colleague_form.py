"""User > Colleagues > Add Colleague, and the page where one is edited (PRODUCT 3.3)."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import back_link, button_link, loading, submit
from yeastar_app.components.uploads import picture_field
from yeastar_app.features import PARTNER_TABS
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.picture_choice import PictureChoice
from yeastar_app.services import colleagues
from yeastar_app.words import t

LIST = "/partner/colleagues"
TICK = "may-"
"""What the names of the checkboxes begin with; the feature's code follows."""


@guarded(colleagues.POLICY)
class ColleagueFormState(PictureChoice, Shell):
    """One form for a new colleague and for one that is edited (`editing`)."""

    editing: bool = False
    loaded: bool = False
    may_change_email: bool = True
    values: dict[str, str] = {}
    shown_name: str = ""
    grantable: list[str] = []
    granted: list[str] = []

    _id: int = 0
    _open: bool = False
    """False once saved, so that the second of two clicks does nothing."""

    @rx.event
    async def load_new(self) -> None:
        self.grantable = await self._act(colleagues.grantable) or []
        self._start({}, "", self.grantable)  # all ticked at first
        self.editing, self.loaded, self.may_change_email = False, True, True

    @rx.event
    async def load_edit(self) -> Any:
        self.loaded = False
        self.grantable = await self._act(colleagues.grantable) or []
        sheet = await self._act(colleagues.opened, {"id": self.router.url.query_parameters.get("id", "")})
        if sheet is None:
            return rx.redirect(LIST)
        self._start(sheet.values, sheet.picture, sheet.grants)
        self.editing, self.loaded, self._id = True, True, sheet.id
        self.may_change_email = sheet.may_change_email
        return None

    def _start(self, values: dict[str, str], picture: str, granted: list[str]) -> None:
        self.values, self.granted, self._open = values, list(granted), True
        self.shown_name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        self._start_picture(picture)

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        if not self._open:
            return None
        ticked = [name.removeprefix(TICK) for name in with_own(form) if str(name).startswith(TICK) and form[name]]
        payload = with_own(form, grants=ticked, id=self._id, **self._picture_payload())
        name = await self._act(colleagues.edit if self.editing else colleagues.create, payload)
        if name is None:
            return None
        self._open = False
        self._say(
            t("The changes to {name} are saved.", name=name)
            if self.editing
            else t("The colleague is created. An activation email, valid for 48 hours, is on its way.")
        )
        return rx.redirect(LIST)


@page(f"{LIST}/new", t("Add Colleague"), colleagues.POLICY, ColleagueFormState.load_new)
def add_colleague_page() -> rx.Component:
    return _page(t("Add Colleague"), t("The person gets an email with a link to activate the account."))


@page(f"{LIST}/edit", t("Edit Colleague"), colleagues.POLICY, ColleagueFormState.load_edit)
def edit_colleague_page() -> rx.Component:
    return _page(t("Edit Colleague"), None)


def _page(title: str, note: Any) -> rx.Component:
    state = ColleagueFormState
    return layout.shell(
        state,
        t("Partner Portal"),
        title,
        rx.cond(
            state.loaded,
            forms.form(
                state,
                layout.card(_basic(), title=t("Basic Information")),
                layout.card(_permissions(), title=t("User Permission")),
                rx.el.div(button_link(t("Cancel"), LIST, look="quiet"), submit(t("Save")), class_name="dialog-actions"),
                on_submit=state.save,
            ),
            layout.card(loading(8)),
        ),
        note=note,
        back=back_link(t("Colleagues"), LIST),
        narrow=True,
    )


def _basic() -> rx.Component:
    state = ColleagueFormState
    values = state.values

    def line(name: str, label: str, **props: Any) -> rx.Component:
        return forms.field(state, name, label, required=False, default_value=values[name], auto_complete="off", **props)

    return rx.fragment(
        picture_field(
            state, t("Profile Image"), name=state.shown_name, shown=state.picture_shown,
            choose=state.choose_picture, reject=state.reject_picture, clear=state.clear_picture,
        ),
        forms.fields(
            line("first_name", t("First Name"), hint=t("A first or a last name is needed.")),
            line("last_name", t("Last Name")),
            forms.field(
                state, "email", t("Yeastar ID"), kind="email", auto_complete="off", default_value=values["email"],
                disabled=~state.may_change_email,
                hint=rx.cond(
                    state.may_change_email,
                    t("An email address. The activation email goes there, and it is the name to sign in with."),
                    t("The account is activated: its Yeastar ID stays as it is."),
                ),
            ),
            line("phone", t("Phone Number"), kind="tel"),
            forms.text_area(state, "remark", t("Remark"), default_value=values["remark"]),
        ),
        forms.switch(
            "two_factor", t("Two-factor Authentication"), disabled=True,
            hint=t("Disabled by default. The person can set it up after activating the account."),
        ),
    )  # fmt: skip


def _permissions() -> rx.Component:
    """One checkbox a feature; what the grantor has not is shown but cannot be ticked."""
    state = ColleagueFormState
    boxes = [
        forms.check(
            TICK + code,
            words,
            default_checked=state.granted.contains(code),
            disabled=~state.grantable.contains(code),
        )
        for tab in PARTNER_TABS
        for code, words in tab.features.items()
    ]
    message = state.errors["grants"]
    return rx.el.fieldset(
        rx.el.legend(t("What this colleague may use"), class_name="hint"),
        *boxes,
        rx.cond(message, rx.el.p(message, id="grants-error", role="alert", class_name="error")),
        class_name="stack-s",
    )
