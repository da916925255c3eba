"""User > Partners: the customers (and partners) a partner looks after (Seed 001)."""

from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import badge, button_link, empty
from yeastar_app.components.overlays import confirm, drawer
from yeastar_app.portals.account_list import AccountList, account_actions, account_cells, accounts_card, waits
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import customers, holdings
from yeastar_app.services.account_states import STATES
from yeastar_app.services.holdings import Held
from yeastar_app.words import t

PATH = "/partner/partners"
TYPES = {"customer": t("Customer"), "partner": t("Partner")}
SHOWN_STATES = {code: words for code, words in STATES.items() if code != "frozen"}


@guarded(customers.POLICY)
class PartnersState(AccountList, Shell):
    """The list, and what its rows offer."""

    OPENS: ClassVar[tuple[str, ...]] = (*AccountList.OPENS, "products_open")

    products_open: bool = False
    products_name: str = ""
    products: list[Held] = []

    def _path(self) -> str:
        return PATH

    def _listing(self) -> Any:
        return customers.listed

    @rx.event
    async def resend(self, account_id: int) -> None:
        await self._do(customers.resend_activation, account_id, t("A new activation email is on its way to {}."))

    @rx.event
    async def switch_two_factor_off(self, account_id: int) -> None:
        row = self._row_of(account_id)
        if row is None or not row.two_factor:
            return
        words = t("Two-factor authentication of {} is off.")
        await self._do(customers.switch_two_factor_off, account_id, words)

    @rx.event
    async def request_removal(self) -> None:
        account_id = self._answered("remove")
        if account_id is not None:
            words = t("Your account manager was asked to remove {}.")
            await self._do(customers.request_removal, account_id, words)

    @rx.event
    async def show_products(self, account_id: int, name: str) -> None:
        found = await self._act(holdings.of_customer, {"id": account_id})
        if found is not None:
            self.products, self.products_name, self.products_open = found.rows, str(name)[:250], True

    @rx.event
    async def set_products(self, shown: bool) -> None:
        self.products_open = self.products_open and shown is True


@page(PATH, t("Partners"), customers.POLICY, PartnersState.load)
def partners_page() -> rx.Component:
    state = PartnersState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Partners"),
        accounts_card(
            state, t("Partners"), _row, statuses=SHOWN_STATES, kinds=TYPES, kind_label=t("User Type"),
            nobody=empty("users", t("No customers yet"),
                         t("Create an account for a customer: they get an email and can then see their products."),
                         button_link(t("Add Partner"), f"{PATH}/new", look="primary", symbol="plus")),
        ),
        confirm(
            state.asking == "remove",
            state.set_asking,
            t("Request the removal of") + " " + state.asked_name + "?",
            t("Your account manager gets this request and removes the account. The customer can then no longer sign "
              "in. Services you subscribed for them and the orders stay."),
            yes=t("Request Removal"),
            on_yes=state.request_removal,
        ),
        _products(),
        note=t("The customers you create and look after."),
        actions=(button_link(t("Add Partner"), f"{PATH}/new", look="primary", symbol="plus"),),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = PartnersState
    return [
        *account_cells(row, TYPES),
        account_actions(
            row,
            (row.id > 0, t("View Products"), "package", state.show_products(row.id, row.name)),
            (waits(row), t("Resend Activation Email"), "send", state.resend(row.id)),
            (row.two_factor, t("Switch Off Two-factor Authentication"), "shield-off",
             state.switch_two_factor_off(row.id)),
            (row.state != "removal_requested", t("Request Removal"), "user-minus",
             state.ask("remove", row.id, row.name)),
            edit=f"{PATH}/edit?id=",
        ),
    ]  # fmt: skip


def _products() -> rx.Component:
    state = PartnersState
    return drawer(
        state.products_open,
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
