"""My Products: what the customer holds, its own and what its partner associated it with."""

from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout
from yeastar_app.components.controls import badge, button, button_link, empty
from yeastar_app.components.overlays import drawer
from yeastar_app.components.tables import cell, on_phone, row_actions, table
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import holdings
from yeastar_app.services.holdings import Held
from yeastar_app.services.paging import PageForm
from yeastar_app.words import t

PATH = "/customer"
LIST = ListOf(PATH, holdings.mine, PageForm, {})


@guarded(holdings.POLICY)
class MyProductsState(ListPage, Shell):
    """The list and the drawer with one product's details."""

    OPENS: ClassVar[tuple[str, ...]] = ("open",)

    rows: list[Held] = []
    open: bool = False
    shown: list[Held] = []
    """The product of the drawer, once there is one."""

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: holdings.Holdings) -> None:
        self.rows = found.rows

    @rx.event
    async def show(self, holding_id: int) -> None:
        found = await self._act(holdings.details, {"id": holding_id})
        if found is not None:
            self.shown, self.open = [found], True

    @rx.event
    async def set_drawer(self, shown: bool) -> None:
        self.open = self.open and shown is True


@page(PATH, t("My Products"), holdings.POLICY, MyProductsState.load)
def my_products_page() -> rx.Component:
    state = MyProductsState
    return layout.shell(
        state,
        t("Customer Portal"),
        t("My Products"),
        layout.card(
            table(
                [(t("Product"), ""), (t("Plan"), "wide-only"), (t("Capacity"), "wide-only"), (t("Status"), ""),
                 (t("Term"), "date wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=empty(
                    "package", t("No products yet"),
                    t("Products your partner assigns to you, and those you try or subscribe, appear here."),
                ),
                label=t("My Products"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        drawer(state.open, state.set_drawer, t("Product Details"), rx.foreach(state.shown, _details)),
        note=t("Everything you try, subscribe to, or were assigned by your partner."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    return [
        cell(rx.el.p(row.name, class_name="person-name"), rx.el.p(row.product, class_name="faint"),
             on_phone(row.expires, " · ", row.left)),
        cell(rx.cond(row.plan != "", row.plan, "–"), kind="wide-only"),  # noqa: RUF001
        cell(row.capacity, kind="wide-only"),
        cell(badge(row.state_label, row.tone)),
        cell(rx.el.p(row.expires), rx.el.p(row.left, class_name="faint"), kind="date wide-only"),
        row_actions(rx.el.div(_to_central(row), class_name="wide-only"),
                    button(t("View Details"), look="quiet", small=True, on_click=MyProductsState.show(row.id),
                           aria_label=t("View Details") + " " + row.name)),
    ]  # fmt: skip


def _to_central(row: Any) -> rx.Component:
    """The way to the running PBX behind a product, where the product is one."""
    return rx.cond(
        row.hosted,
        button_link(t("Central Management"), "/central/own", look="quiet", symbol="server", small=True),
    )


def _details(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.p(row.name, class_name="strong"), badge(row.state_label, row.tone), class_name="row-between"),
        forms.facts(
            (t("Product"), row.product),
            (row.id_label, rx.el.span(row.identifier, class_name="mono")),
            (t("Plan"), rx.cond(row.plan != "", row.plan, "–")),  # noqa: RUF001
            (t("Capacity"), rx.cond(row.capacity != "", row.capacity, "–")),  # noqa: RUF001
            (t("Start of the term"), row.starts),
            (t("End of the term"), row.expires + " · " + row.left),
            (t("Auto Renew"), rx.cond(row.renews, t("On"), t("Off"))),
            (t("Provided by"), rx.cond(row.provider != "", row.provider, t("Your own subscription"))),
        ),
        rx.cond(
            row.hosted,
            rx.el.div(button_link(t("Central Management"), "/central/own", symbol="server"), class_name="row"),
        ),
        class_name="stack",
    )
