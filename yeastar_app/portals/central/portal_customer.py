"""Choosing the customer of the Customer Portal that sees a PBX, and whether it may start and stop it. Used by the panel
that adds a PBX and by the one that edits it."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms
from yeastar_app.portals.central.recipients import Person, chosen_row, offered_row
from yeastar_app.portals.page import Shell, guarded
from yeastar_app.services import pbx, pbx_customers
from yeastar_app.words import t


@guarded(pbx.VIEW)
class PortalCustomerState(Shell):
    shown: bool = False
    """Whether the company whose package it is can have customers of the Customer Portal."""
    chosen: list[Person] = []
    """At most one."""
    offered: list[Person] = []
    looked: bool = False
    """Whether a search was made: only then "nobody" means something."""
    controls: bool = False
    opened: int = 0

    _pbx: str = ""

    def _begin(self, customer: pbx.Customer | None, *, controls: bool = False, pbx_id: int = 0, shown: bool) -> None:
        """For the page that shows the field."""
        self.shown = shown
        self.chosen = [_person(customer)] if customer else []
        self.controls, self._pbx = controls, str(pbx_id or "")
        self.offered, self.looked = [], False
        self.opened += 1

    def _values(self) -> dict[str, Any]:
        """What the forms of a PBX say of it."""
        customer = self.chosen[0].id if self.shown and self.chosen else None
        return {"customer": customer, "customer_controls": self.controls and customer is not None}

    @rx.event
    async def look(self, words: str) -> None:
        found = await self._act(pbx_customers.offer, {"search": words, "pbx": self._pbx})
        if found is not None:
            self.offered, self.looked = [_person(one) for one in found], True

    @rx.event
    async def choose(self, number: int) -> None:
        picked = next((one for one in self.offered if one.id == number), None)
        if picked is not None and not self.chosen:
            self.chosen, self.offered, self.looked = [picked], [], False

    @rx.event
    async def drop(self, number: int) -> None:
        self.chosen = [one for one in self.chosen if one.id != number]
        self.controls = self.controls and bool(self.chosen)
        self.opened += 1

    @rx.event
    async def allow(self, on: bool) -> None:
        self.controls = on is True and bool(self.chosen)


def _person(one: pbx.Customer) -> Person:
    return Person(one.id, one.name, one.email if one.active else t("not activated any more"))


def portal_customer_field(message: Any) -> rx.Component:
    """The field, beside the page's form as the one of its emails is; `message`: the refusal that belongs to it."""
    state = PortalCustomerState
    return rx.cond(
        state.shown,
        rx.el.fieldset(
            rx.el.legend(
                t("Customer"), rx.el.span(f" ({t('optional')})", class_name="label-mark"), class_name="label"
            ),
            rx.el.p(
                t("An activated customer of your Customer Portal. It sees this PBX and nothing else in Central "
                  "Management, with its usual sign-in."),
                class_name="hint",
            ),
            rx.cond(state.chosen.length() > 0, _chosen(state), _finder(state)),
            rx.cond(message, rx.el.p(message, class_name="error", role="alert")),
            class_name="stack-s",
        ),
    )  # fmt: skip


def _chosen(state: Any) -> rx.Component:
    return rx.fragment(
        rx.el.ul(
            rx.foreach(state.chosen, lambda one: chosen_row(one, state.drop)),
            class_name="people",
            aria_label=t("Chosen customer"),
        ),
        forms.switch(
            "customer_controls",
            t("Customer may start and stop it"),
            default_checked=state.controls,
            key="customer-controls" + state.opened.to_string(),
            on_change=state.allow,
            hint=t("Otherwise it only looks."),
        ),
    )


def _finder(state: Any) -> rx.Component:
    return rx.fragment(
        rx.el.input(
            type="search",
            key="portal-customer" + state.opened.to_string(),
            placeholder=t("Search by company or Yeastar ID"),
            aria_label=t("Search the customers of the Customer Portal"),
            on_focus=state.look(""),
            on_change=state.look.debounce(300),
            max_length=100,
            class_name="input",
        ),
        rx.cond(
            state.looked & (state.offered.length() == 0),
            rx.el.p(t("No activated customer matches."), class_name="faint", role="status"),
        ),
        rx.cond(
            state.offered.length() > 0,
            rx.el.ul(
                rx.foreach(state.offered, lambda one: offered_row(one, state.choose)),
                class_name="people",
                aria_label=t("Customers of the Customer Portal found"),
            ),
        ),
    )
