"""Choosing up to three customers who get a PBX's emails: those chosen, a search, and a short form for a new one. Used
by the panel that adds a PBX and by the one that edits it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import forms
from yeastar_app.components.controls import button, icon, icon_button
from yeastar_app.features import Feature
from yeastar_app.portals.page import Shell, current_actor, guarded
from yeastar_app.services import contacts, pbx
from yeastar_app.services.pbx_orders import MOST_RECIPIENTS
from yeastar_app.words import t


@dataclass
class Person:
    id: int = 0
    name: str = ""
    note: str = ""


@guarded(pbx.VIEW)
class RecipientsState(Shell):
    chosen: list[Person] = []
    offered: list[Person] = []
    looked: bool = False
    """Whether a search was made: only then "nobody" means something."""
    full: bool = False
    may_add: bool = False
    adding: bool = False
    opened: int = 0

    _owner: str = ""
    _pbx: str = ""

    def _begin(self, chosen: list[pbx.Recipient], *, owner: str = "", pbx_id: int = 0, own: bool = True) -> None:
        """For the page that shows the field. `own`: new customers can be added, because they are the actor's own."""
        self.chosen = [_person(one) for one in chosen]
        self.offered, self.looked, self.adding = [], False, False
        self._owner, self._pbx = owner, str(pbx_id or "")
        self.may_add = own and current_actor().may(Feature.CUSTOMER_MANAGE)
        self.opened += 1
        self._count()

    def _count(self) -> None:
        self.full = len(self.chosen) >= MOST_RECIPIENTS

    def _ids(self) -> list[int]:
        return [one.id for one in self.chosen]

    @rx.event
    async def look(self, words: str) -> None:
        asked = {"search": words, "owner": self._owner, "pbx": self._pbx}
        found = await self._act(contacts.offer, asked)
        if found is not None:
            have = self._ids()
            self.offered, self.looked = [_person(one) for one in found if one.id not in have], True

    @rx.event
    async def choose(self, number: int) -> None:
        picked = next((one for one in self.offered if one.id == number), None)
        if picked is not None and not self.full:
            self.chosen = [*self.chosen, picked]
            self.offered = [one for one in self.offered if one.id != number]
            self._count()

    @rx.event
    async def drop(self, number: int) -> None:
        self.chosen = [one for one in self.chosen if one.id != number]
        self._count()

    @rx.event
    async def show_form(self, shown: bool) -> None:
        self.adding, self.errors = self.may_add and shown is True, {}

    @rx.event
    async def add(self, form: dict) -> None:
        """Keep a new customer and choose it. A second click finds the form closed."""
        if not self.adding or self.full:
            return
        new = await self._act(contacts.create, form)
        if new is not None:
            self.adding, self.chosen = False, [*self.chosen, _person(new)]
            self._count()


def _person(one: pbx.Recipient) -> Person:
    return Person(one.id, one.name, f"{one.company} · {one.email}")


def recipients_field(message: Any) -> rx.Component:
    """The field; `message`: the refusal that belongs to it. It stands outside of the page's form, because a new
    customer is a form of its own."""
    state = RecipientsState
    return rx.el.fieldset(
        rx.el.legend(
            t("Who Gets the Emails"), rx.el.span(f" ({t('optional')})", class_name="label-mark"), class_name="label"
        ),
        rx.el.p(
            t("Up to three customers; they get the activation email and are told when it expires."), class_name="hint"
        ),
        rx.cond(
            state.chosen.length() > 0,
            rx.el.ul(
                rx.foreach(state.chosen, lambda one: chosen_row(one, state.drop)),
                class_name="people",
                aria_label=t("Chosen customers"),
            ),
        ),
        rx.cond(~state.full & ~state.adding, _finder(state)),
        rx.cond(state.adding, _form(state)),
        rx.cond(message, rx.el.p(message, class_name="error", role="alert")),
        class_name="stack-s",
    )


def chosen_row(one: Any, on_drop: Any) -> rx.Component:
    """Somebody who was chosen, with the way to take that back."""
    return rx.el.li(
        rx.el.div(rx.el.span(one.name, class_name="strong"), rx.el.span(one.note, class_name="faint cut"),
                  class_name="two-lines grow"),
        icon_button("x", t("Remove") + " " + one.name, on_click=on_drop(one.id)),
        class_name="people-row",
    )  # fmt: skip


def _finder(state: Any) -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.input(
                type="search",
                key=state.opened.to_string(),
                placeholder=t("Search customers"),
                aria_label=t("Search customers"),
                on_focus=state.look(""),
                on_change=state.look.debounce(300),
                max_length=100,
                class_name="input grow",
            ),
            rx.cond(state.may_add, button(t("Add Customer"), symbol="plus", on_click=state.show_form(True))),
            class_name="row",
        ),
        rx.cond(
            state.looked & (state.offered.length() == 0),
            rx.el.p(t("No customer matches."), class_name="faint", role="status"),
        ),
        rx.cond(
            state.offered.length() > 0,
            rx.el.ul(
                rx.foreach(state.offered, lambda one: offered_row(one, state.choose)),
                class_name="people",
                aria_label=t("Customers found"),
            ),
        ),
    )


def offered_row(one: Any, on_choose: Any) -> rx.Component:
    """Somebody who can be chosen."""
    return rx.el.li(
        rx.el.button(
            icon("plus"),
            rx.el.span(rx.el.span(one.name, class_name="strong"), rx.el.span(one.note, class_name="faint cut"),
                       class_name="two-lines grow"),
            type="button",
            on_click=on_choose(one.id),
            class_name="people-row people-choice",
        )
    )  # fmt: skip


def _form(state: Any) -> rx.Component:
    return rx.el.div(
        forms.form(
            state,
            forms.fields(
                forms.field(state, "first_name", t("First Name"), auto_complete="off"),
                forms.field(state, "last_name", t("Last Name"), required=False, auto_complete="off"),
                forms.field(state, "company", t("Company"), auto_complete="off"),
                forms.field(state, "email", t("Email"), kind="email", auto_complete="off"),
            ),
            rx.el.div(
                button(t("Cancel"), look="quiet", on_click=state.show_form(False)),
                button(t("Add Customer"), type="submit"),
                class_name="row row-end",
            ),
            on_submit=state.add,
        ),
        class_name="inset",
    )
