"""Point details: "Point Record" and "Registered Product" (Seed 000). Tab, search and filters live in the address."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import back_link, badge, button_link, download_link, empty, tab_panel, tabs
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import point_details, programme
from yeastar_app.services.point_details import DetailsFilter
from yeastar_app.services.registration import POLICY
from yeastar_app.words import day, minute, t

PATH = "/partner/program/points"
TABS = {"record": t("Point Record"), "registered": t("Registered Product")}
TONES = {"earned": "good", "redeemed": "accent", "expired": "warn", "adjusted": "", "reversed": "bad"}


@dataclass
class RecordRow:
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    who: str = ""
    points: str = ""
    balance: str = ""
    expires: str = ""


@dataclass
class ProductRow:
    at: str = ""
    product: str = ""
    identifier: str = ""
    purchased: str = ""
    seller: str = ""
    end_user: str = ""
    company: str = ""
    points: str = ""


@guarded(POLICY)
class PointsState(Shell):
    tab: str = "record"
    loaded: bool = False
    records: list[RecordRow] = []
    registered: list[ProductRow] = []
    newer: int = 0
    older: int = 0
    seed: str = ""
    opened: int = 0
    search: str = ""
    product: str = ""
    since: str = ""
    until: str = ""
    products: list[dict[str, str]] = []
    export_href: str = ""

    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        asked = dict(self.router.url.query_parameters)
        fresh = DetailsFilter.model_validate(asked)
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched  # the field is drawn anew only for what was not typed into it
        self._typing = False
        self.tab = "registered" if asked.get("tab") == "registered" else "record"
        self.product = fresh.product
        self.since, self.until = str(fresh.since or ""), str(fresh.until or "")
        files = {"record": "/files/point-record.xlsx", "registered": "/files/registered-products.xlsx"}
        self.export_href = with_query(files[self.tab], **self._filters())
        await self._fill(asked)

    async def _fill(self, asked: dict[str, str]) -> None:
        if not self.products:
            choices = await self._act(programme.choices) or []
            self.products = [{"value": one.code, "label": one.name} for one in choices]
        listed = point_details.registered_products if self.tab == "registered" else point_details.records
        found = await self._act(listed, asked)
        if found is None:
            return
        if self.tab == "registered":
            self.registered = [_product_row(row) for row in found.rows]
        else:
            self.records = [_record_row(row) for row in found.rows]
        self.newer, self.older, self.loaded = found.newer, found.older, True

    def _filters(self) -> dict[str, str]:
        return {"search": self.search, "product": self.product, "since": self.since, "until": self.until}

    def _go(self, **changes: object) -> Any:
        tab = {"tab": self.tab} if self.tab == "registered" else {}
        return rx.redirect(with_query(PATH, **{**tab, **self._filters(), **changes}))

    @rx.event
    async def pick_tab(self, tab: str) -> Any:
        self.tab, self.loaded = ("registered" if tab == "registered" else "record"), False
        return self._go()

    @rx.event
    async def find(self, words: str) -> Any:
        self._typing = True
        self.search = DetailsFilter.model_validate({"search": words}).search
        return self._go()

    @rx.event
    async def pick_product(self, code: str) -> Any:
        return self._go(product=code)

    @rx.event
    async def pick_since(self, day: str) -> Any:
        return self._go(since=day)

    @rx.event
    async def pick_until(self, day: str) -> Any:
        return self._go(until=day)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)


def _record_row(row: point_details.Record) -> RecordRow:
    return RecordRow(
        minute(row.at),
        point_details.KINDS[row.kind],
        TONES[row.kind.value],
        row.reason,
        row.who,
        f"{row.points:+,}".replace("-", "\N{MINUS SIGN}"),
        f"{row.balance:,}",
        day(row.expires),
    )


def _product_row(row: point_details.RegisteredProduct) -> ProductRow:
    return ProductRow(
        day(row.at),
        row.product,
        row.identifier,
        day(row.purchase_date),
        row.purchase_from,
        row.end_user_name,
        row.end_user_company,
        f"+{row.points:,}",
    )


@page(PATH, t("Point Details"), POLICY, PointsState.load)
def points_page() -> rx.Component:
    state = PointsState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Point Details"),
        tabs(state.tab, TABS, state.pick_tab, label=t("Point Details")),
        layout.card(
            _toolbar(state),
            tab_panel(state.tab, "record", _records(state)),
            tab_panel(state.tab, "registered", _registered(state)),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                tables.pager(
                    t("Newest first"),
                    earlier=state.show_newer,
                    later=state.show_older,
                    has_earlier=state.newer > 0,
                    has_later=state.older > 0,
                ),
            ),
            flush=True,
        ),
        back=back_link(t("Partner Program"), "/partner/program"),
    )


def _toolbar(state: Any) -> rx.Component:
    return tables.toolbar(
        tables.search_box(state.seed, state.opened, state.find, t("Search product, ID or end user")),
        rx.el.select(
            rx.el.option(t("All products"), value=""),
            rx.foreach(state.products, lambda row: rx.el.option(row["label"], value=row["value"])),
            value=state.product,
            on_change=state.pick_product,
            aria_label=t("Product"),
            class_name="input",
        ),
        tables.day_filter(state.since, state.pick_since, t("From")),
        tables.day_filter(state.until, state.pick_until, t("To")),
        download_link(t("Export"), state.export_href),
    )


def _records(state: Any) -> rx.Component:
    return tables.table(
        [(t("Date"), "date"), (t("Type"), ""), (t("Reason"), ""), (t("By"), ""), (t("Points"), "num"),
         (t("Balance"), "num"), (t("Expiry Date"), "date")],
        state.records,
        lambda row: [
            tables.cell(row.at, kind="date"),
            tables.cell(badge(row.kind, row.tone)),
            tables.cell(row.reason),
            tables.cell(row.who),
            tables.cell(rx.el.strong(row.points), kind="num"),
            tables.cell(row.balance, kind="num"),
            tables.cell(row.expires, kind="date"),
        ],
        ready=state.loaded,
        empty_state=_nothing(state, t("No points yet")),
        label=t("Point Record"),
    )  # fmt: skip


def _registered(state: Any) -> rx.Component:
    return tables.table(
        [(t("Registered"), "date"), (t("Product"), ""), (t("Product ID"), ""), (t("Purchase Date"), "date"),
         (t("Purchase From"), ""), (t("End User"), ""), (t("Points"), "num")],
        state.registered,
        lambda row: [
            tables.cell(row.at, kind="date"),
            tables.cell(row.product),
            tables.cell(rx.el.span(row.identifier, class_name="mono")),
            tables.cell(row.purchased, kind="date"),
            tables.cell(row.seller),
            tables.cell(rx.el.span(row.end_user, class_name="line"), rx.el.span(row.company, class_name="line faint")),
            tables.cell(row.points, kind="num"),
        ],
        ready=state.loaded,
        empty_state=_nothing(state, t("No products registered yet")),
        label=t("Registered Product"),
    )  # fmt: skip


def _nothing(state: Any, title: str) -> rx.Component:
    return rx.cond(
        (state.search != "") | (state.product != "") | (state.since != "") | (state.until != ""),
        empty("search", t("Nothing matches"), t("Change the search or the filters above."),
              button_link(t("Show Everything"), PATH)),
        empty("award", title, t("Register the Yeastar products you sold to earn points."),
              button_link(t("Get Points"), "/partner/program", look="primary", symbol="plus")),
    )  # fmt: skip
