"""Cloud PBX > Customer: the contact records that get the emails of PBXs."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import button, empty, icon_button, submit
from yeastar_app.features import Feature
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.services import contacts
from yeastar_app.services.countries import countries
from yeastar_app.words import t

HERE = "/central/customers"
LIST = ListOf(HERE, contacts.search, contacts.ListForm, {"search": None})
BLANK = dict.fromkeys(contacts.FIELDS, "")


@dataclass
class CustomerRow:
    id: int = 0
    name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    pbxs: str = ""


@guarded(contacts.VIEW)
class CustomersState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("editing", "doomed")

    may_manage: bool = False
    rows: list[CustomerRow] = []

    editing: bool = False
    heading: str = ""
    values: dict[str, str] = BLANK
    form_number: int = 0
    doomed: str = ""
    """Whom the question is about; empty: nothing is asked."""

    _subject: int = 0
    _seen: str = ""

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: contacts.Found) -> None:
        self.may_manage = current_actor().may(Feature.CUSTOMER_MANAGE)
        self.rows = [
            CustomerRow(row.id, row.name, row.company, row.email, row.phone, str(row.pbxs or "")) for row in found.rows
        ]

    @rx.event
    async def open_new(self) -> None:
        self._open(0, t("Add Customer"), BLANK, "")

    @rx.event
    async def open_row(self, number: int) -> None:
        seen = await self._act(contacts.details, {"id": number})
        if seen is not None:
            self._open(seen.id, t("Edit Customer"), seen.values, seen.mark)

    def _open(self, subject: int, heading: str, values: dict[str, str], mark: str) -> None:
        self._subject, self.heading, self.values, self._seen = subject, heading, dict(values), mark
        self.errors, self.editing = {}, True
        self.form_number += 1

    @rx.event
    async def show_panel(self, shown: bool) -> None:
        self.editing = self.editing and shown is True

    @rx.event
    async def save(self, form: dict) -> None:
        """A second click finds the panel closed."""
        if not self.editing:
            return
        if self._subject:
            done = await self._act(contacts.edit, with_own(form, id=self._subject, seen=self._seen))
        else:
            done = await self._act(contacts.create, with_own(form))
        if done is not None:
            self.editing = False
            self._say(t("The customer is saved."))
            await self._fill()

    @rx.event
    async def ask_delete(self, number: int) -> None:
        self._subject = number
        self.doomed = next((row.name for row in self.rows if row.id == number), "")

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.doomed = self.doomed if shown is True else ""

    @rx.event
    async def delete(self) -> None:
        if not self.doomed:
            return
        name, self.doomed = self.doomed, ""
        if await self._act(contacts.delete, {"ids": [self._subject]}) is not None:
            self._say(t("{name} was deleted.", name=name))
            await self._fill()


@page(HERE, t("Customer"), contacts.VIEW, CustomersState.load)
def customers_page() -> rx.Component:
    state = CustomersState
    return layout.shell(
        state,
        t("Central Management"),
        t("Customer"),
        layout.card(
            tables.toolbar(
                list_page.search(state, t("Search name, company or email")),
            ),
            tables.table(
                [(t("Name"), ""), (t("Company"), "wide-only"), (t("Email"), "wide-only"), (t("Phone"), "wide-only"),
                 (t("Cloud PBXs"), "num wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nothing(state),
                label=t("Customers"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.doomed != "",
            state.show_question,
            t("Delete") + " " + state.doomed + "?",
            t("The record is gone for good. Emails already sent stay where they are."),
            yes=t("Delete"),
            on_yes=state.delete,
        ),
        note=t("People at your end customers. They get the activation and expiry emails of their cloud PBXs; they have "
               "no account here."),
        actions=(
            rx.cond(state.may_manage, button(t("Add"), look="primary", symbol="plus", on_click=state.open_new)),
        ),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = CustomersState
    return [
        tables.cell(
            rx.el.span(row.name, class_name="strong"),
            tables.on_phone(row.company),
            rx.el.span(row.email, class_name="narrow-only faint wrap"),
        ),
        tables.cell(row.company, kind="wide-only"),
        tables.cell(row.email, kind="wide-only"),
        tables.cell(rx.el.span(row.phone, class_name="nowrap"), kind="wide-only"),
        tables.cell(row.pbxs, kind="num wide-only"),
        tables.row_actions(
            rx.cond(
                state.may_manage,
                rx.fragment(
                    icon_button("pencil", t("Edit") + " " + row.name, on_click=state.open_row(row.id)),
                    icon_button("trash-2", t("Delete") + " " + row.name, on_click=state.ask_delete(row.id)),
                ),
            )
        ),
    ]


def _nothing(state: Any) -> rx.Component:
    return rx.cond(
        state.narrowed,
        empty("search-x", t("Nothing matches"), t("No customer fits this search.")),
        empty("contact", t("No customers yet"), t("Add the people who are to activate your cloud PBXs."),
              rx.cond(state.may_manage, button(t("Add"), look="primary", symbol="plus", on_click=state.open_new))),
    )  # fmt: skip


def _panel(state: Any) -> rx.Component:
    def line(name: str, label: str, required: bool = False, **props: Any) -> rx.Component:
        return forms.field(state, name, label, required=required, default_value=state.values[name],
                           auto_complete="off", **props)  # fmt: skip

    return overlays.drawer(
        state.editing,
        state.show_panel,
        state.heading,
        forms.form(
            state,
            forms.fields(
                line("first_name", t("First Name"), required=True),
                line("last_name", t("Last Name")),
                line("company", t("Company"), required=True),
                line("email", t("Email"), required=True, kind="email"),
                line("business_number", t("Business Number"), kind="tel"),
                line("mobile", t("Mobile Number"), kind="tel"),
                line("home_number", t("Home Number"), kind="tel"),
                line("fax", t("Fax Number"), kind="tel"),
                line("street", t("Street"), wide=True),
                line("postal_code", t("ZIP")),
                line("city", t("City")),
                line("state", t("State")),
                forms.choice(state, "country", t("Country"), countries(), required=False,
                             default_value=state.values["country"]),
                forms.text_area(state, "remark", t("Remark"), default_value=state.values["remark"], max_length=500),
            ),
            on_submit=state.save,
            id="customer",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.show_panel(False)),
            submit(t("Save"), form="customer"),
        ),
    )  # fmt: skip
