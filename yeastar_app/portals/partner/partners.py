"""User > Partners: the customers (and partners) a partner looks after (Seed 001)."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import badge, button_link, empty, person
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.components.overlays import confirm, drawer
from yeastar_app.components.tables import cell, filter_choice, pager, row_actions, search_box, table, toolbar
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import customers, holdings
from yeastar_app.services.account_lists import AccountFilter, Person
from yeastar_app.services.account_states import STATES
from yeastar_app.services.holdings import Held
from yeastar_app.words import t

PATH = "/partner/partners"
TYPES = {"customer": t("Customer"), "partner": t("Partner")}
SHOWN_STATES = {code: words for code, words in STATES.items() if code != "frozen"}


@guarded(customers.POLICY)
class PartnersState(Shell):
    """The list, its filters (kept in the address) and what its rows offer."""

    rows: list[Person] = []
    loaded: bool = False
    newer: int = 0
    older: int = 0
    search: str = ""
    seed: str = ""
    status: str = ""
    kind: str = ""
    removing_id: int = 0
    removing_name: str = ""
    products_name: str = ""
    products: list[Held] = []

    @rx.event
    async def load(self) -> None:
        asked = self.router.url.query_parameters
        fresh = AccountFilter.model_validate({**asked, "before": None})
        if fresh.search != self.search or not self.loaded:
            self.seed = fresh.search
        self.search, self.status, self.kind = fresh.search, fresh.status, fresh.type
        self.removing_id, self.products_name = 0, ""
        await self._fill()

    async def _fill(self) -> None:
        found = await self._act(customers.listed, dict(self.router.url.query_parameters))
        if found is not None:
            self.rows, self.newer, self.older, self.loaded = found.rows, found.newer, found.older, True

    def _go(self, **changes: object) -> Any:
        kept = {"search": self.search, "status": self.status, "type": self.kind}
        return rx.redirect(with_query(PATH, **{**kept, **changes}), replace=True)

    @rx.event
    async def find(self, words: str) -> Any:
        self.search = AccountFilter.model_validate({"search": words}).search
        return self._go()

    @rx.event
    async def pick_status(self, status: str) -> Any:
        return self._go(status=status)

    @rx.event
    async def pick_kind(self, kind: str) -> Any:
        return self._go(type=kind)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)

    @rx.event
    async def resend(self, account_id: int) -> None:
        sent_to = await self._act(customers.resend_activation, {"id": account_id})
        if sent_to is not None:
            self._say(t("A new activation email is on its way to {address}.", address=sent_to))
        await self._fill()

    @rx.event
    async def switch_two_factor_off(self, account_id: int) -> None:
        name = await self._act(customers.switch_two_factor_off, {"id": account_id})
        if name is not None:
            self._say(t("Two-factor authentication of {name} is off.", name=name))
        await self._fill()

    @rx.event
    async def ask_removal(self, account_id: int, name: str) -> None:
        self.removing_id = account_id if isinstance(account_id, int) else 0
        self.removing_name = str(name)[:250]

    @rx.event
    async def set_asking(self, shown: bool) -> None:
        self.removing_id = self.removing_id if shown is True else 0

    @rx.event
    async def request_removal(self) -> None:
        account_id, self.removing_id = self.removing_id, 0
        if not account_id:  # the second of two clicks
            return
        name = await self._act(customers.request_removal, {"id": account_id})
        if name is not None:
            self._say(t("Your account manager was asked to remove {name}.", name=name))
        await self._fill()

    @rx.event
    async def show_products(self, account_id: int, name: str) -> None:
        found = await self._act(holdings.of_customer, {"id": account_id})
        if found is not None:
            self.products, self.products_name = found.rows, str(name)[:250]

    @rx.event
    async def set_products(self, shown: bool) -> None:
        self.products_name = self.products_name if shown is True else ""


@page(PATH, t("Partners"), customers.POLICY, PartnersState.load)
def partners_page() -> rx.Component:
    state = PartnersState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Partners"),
        layout.card(
            _filters(),
            table(
                [(t("Name"), ""), (t("Yeastar ID"), ""), (t("User Type"), ""), (t("Status"), ""),
                 (t("Created"), "date"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nobody(),
                label=t("Partners"),
            ),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                      has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
            flush=True,
        ),
        _removal(),
        _products(),
        note=t("The customers you create and look after."),
        actions=(button_link(t("Add Partner"), f"{PATH}/new", look="primary", symbol="plus"),),
    )  # fmt: skip


def _filters() -> rx.Component:
    state = PartnersState
    return toolbar(
        search_box(state.seed, state.find, t("Search name, company or Yeastar ID")),
        filter_choice(state.status, {"": t("All statuses"), **SHOWN_STATES}, state.pick_status, t("Status")),
        filter_choice(state.kind, {"": t("All types"), **TYPES}, state.pick_kind, t("User Type")),
    )


def _row(row: Any) -> list[rx.Component]:
    state, key = PartnersState, row.id.to_string()
    waiting = (row.state == "not_activated") | (row.state == "link_expired")
    return [
        cell(person(row.name, row.company, row.picture)),
        cell(row.email),
        cell(rx.match(row.kind, *TYPES.items(), "")),
        cell(badge(row.state_label, row.tone)),
        cell(row.created, kind="date"),
        row_actions(
            button_link(t("Edit"), f"{PATH}/edit?id=" + key, look="quiet", aria_label=t("Edit") + " " + row.name),
            more_menu(
                key,
                t("More for") + " " + row.name,
                more_item(key, t("View Products"), "package", on_click=state.show_products(row.id, row.name)),
                rx.cond(
                    waiting,
                    more_item(key, t("Resend Activation Email"), "send", on_click=state.resend(row.id)),
                ),
                rx.cond(
                    row.two_factor,
                    more_item(
                        key,
                        t("Switch Off Two-factor Authentication"),
                        "shield-off",
                        on_click=state.switch_two_factor_off(row.id),
                    ),
                ),
                rx.cond(
                    row.state != "removal_requested",
                    more_item(key, t("Request Removal"), "user-minus", danger=True,
                              on_click=state.ask_removal(row.id, row.name)),
                ),
            ),
        ),
    ]  # fmt: skip


def _nobody() -> rx.Component:
    state = PartnersState
    return rx.cond(
        (state.search != "") | (state.status != "") | (state.kind != ""),
        empty("search", t("Nobody matches"), t("Change the search or the filters above."),
              button_link(t("Show Everybody"), PATH)),
        empty("users", t("No customers yet"),
              t("Create an account for a customer: they get an email and can then see their products."),
              button_link(t("Add Partner"), f"{PATH}/new", look="primary", symbol="plus")),
    )  # fmt: skip


def _removal() -> rx.Component:
    state = PartnersState
    return confirm(
        state.removing_id > 0,
        state.set_asking,
        t("Request the removal of") + " " + state.removing_name + "?",
        t("Your account manager gets this request and removes the account. The customer can then no longer sign in. "
          "Services you subscribed for them and the orders stay."),
        yes=t("Request Removal"),
        on_yes=state.request_removal,
    )  # fmt: skip


def _products() -> rx.Component:
    state = PartnersState
    return drawer(
        state.products_name != "",
        state.set_products,
        t("Products of") + " " + state.products_name,
        rx.cond(
            state.products.length() == 0,
            empty("package", t("No products yet"), t("Products you associate with this customer appear here.")),
            rx.el.ul(rx.foreach(state.products, _product), class_name="stack"),
        ),
    )


def _product(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.p(row.name, class_name="strong"), badge(row.state_label, row.tone), class_name="row-between"),
        rx.el.p(row.product, rx.cond(row.plan != "", " · " + row.plan, ""), class_name="muted"),
        rx.el.p(row.expires, " · ", row.left, class_name="faint"),
    )
