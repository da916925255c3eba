"""The form of a new colleague and of one that is edited: the Partner Portal's and Central Management's."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import back_link, button_link, loading, submit
from yeastar_app.components.permissions import granted_by, permission_tabs
from yeastar_app.components.uploads import picture_field
from yeastar_app.features import Tab
from yeastar_app.portals.kept_form import KeptForm
from yeastar_app.portals.page import with_own
from yeastar_app.portals.picture_choice import PictureChoice
from yeastar_app.services import colleagues
from yeastar_app.words import t


class ColleagueForm(KeptForm, PictureChoice, mixin=True):
    """What such a State (a Shell) has in common. It says `_path()`, the list's address."""

    editing: bool = False
    may_change_email: bool = True
    values: dict[str, str] = {}
    shown_name: str = ""
    offered: list[str] = []
    ticked: list[str] = []
    tab: str = "0"

    _id: int = 0
    _seen: str = ""
    _open: bool = False
    """False once saved, so that the second of two clicks does nothing."""

    def _path(self) -> str:
        raise NotImplementedError

    @rx.event
    async def load_new(self) -> None:
        self.offered = await self._act(colleagues.grantable) or []
        if self._begins("new"):
            self._start({}, "", self.offered)  # all ticked at first
            self.editing, self.loaded, self.may_change_email = False, True, True

    @rx.event
    async def load_edit(self) -> Any:
        self.offered = await self._act(colleagues.grantable) or []
        sheet = await self._act(colleagues.opened, {"id": self.router.url.query_parameters.get("id", "")})
        if sheet is None:
            self._close()
            return rx.redirect(self._path())
        if self._begins(sheet.id, sheet.seen):
            self._start(sheet.values, sheet.picture, sheet.grants)
            self.editing, self.loaded, self._id, self._seen = True, True, sheet.id, sheet.seen
            self.may_change_email = sheet.may_change_email
        return None

    def _start(self, values: dict[str, str], picture: str, ticked: list[str]) -> None:
        self.values, self.ticked, self._open, self.tab = values, list(ticked), True, "0"
        self.shown_name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        self._start_picture(picture)

    @rx.event
    async def pick_tab(self, tab: str) -> None:
        self.tab = str(tab)[:2]

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        if not self._open:
            return None
        payload = with_own(form, grants=granted_by(form), id=self._id, seen=self._seen, **self._picture_payload())
        name = await self._act(colleagues.edit if self.editing else colleagues.create, payload)
        if name is None:
            return None
        self._open = self.loaded = False
        self._say(
            t("The changes to {name} are saved.", name=name)
            if self.editing
            else t("The colleague is created. An activation email is on its way.")
        )
        return rx.redirect(self._path())


def colleague_page(
    state: Any, surface: str, title: str, choices: Sequence[Tab], path: str, parent: str
) -> rx.Component:
    """The page; `choices`: the permissions by tab; `path` and `parent`: the list's address and name."""
    return layout.shell(
        state,
        surface,
        title,
        rx.cond(
            state.loaded,
            forms.form(
                state,
                layout.card(_basic(state), title=t("Basic Information")),
                layout.card(
                    permission_tabs(state, choices, field="grants",
                                    note=t("The colleague sees and can do only what is ticked here.")),
                    title=t("User Permission"),
                ),
                rx.el.div(button_link(t("Cancel"), path, look="quiet"), submit(t("Save")), class_name="dialog-actions"),
                on_submit=state.save,
                key=state.form_key,
            ),
            layout.card(loading(8)),
        ),
        note=rx.cond(state.editing, "", t("The person gets an email with a link to activate the account.")),
        back=back_link(parent, path),
        narrow=True,
    )  # fmt: skip


def _basic(state: Any) -> rx.Component:
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
