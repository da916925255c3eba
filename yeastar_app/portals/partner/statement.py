"""Orders and Billing > Account Statement: the company's credit in each currency and every line that made it. The
filters live in the address."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button_link, download_link, empty
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import statement
from yeastar_app.services.statement import POLICY, StatementFilter
from yeastar_app.words import minute, money, percent, t

PATH = "/partner/statement"
FILTERS = dict.fromkeys(("currency", "since", "until"))
LIST = ListOf(PATH, statement.view, StatementFilter, FILTERS, "/files/account-statement.xlsx")
TONES = {"rebate": "good", "rebate_reversed": "warn"}


@dataclass
class Credit:
    currency: str = ""
    amount: str = ""
    below_zero: bool = False


@dataclass
class LineRow:
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    bought: str = ""
    order_amount: str = ""
    tier: str = ""
    rate: str = ""
    change: str = ""
    balance: str = ""


@guarded(POLICY)
class StatementState(ListPage, Shell):
    balances: list[Credit] = []
    rows: list[LineRow] = []

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: statement.Statement) -> None:
        self.balances = [Credit(one.currency, money(one.minor, one.currency), one.minor < 0) for one in found.balances]
        self.rows = [_row(line) for line in found.rows]


def _row(line: statement.Line) -> LineRow:
    return LineRow(
        minute(line.at),
        statement.KINDS[line.kind],
        TONES[line.kind.value],
        line.reason,
        line.order_for,
        money(line.order_amount, line.currency) if line.order else "",
        line.tier,
        percent(line.rate_basis_points),
        money(line.change, line.currency, signed=True),
        money(line.balance, line.currency),
    )


@page(PATH, t("Account Statement"), POLICY, StatementState.load)
def statement_page() -> rx.Component:
    state = StatementState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Account Statement"),
        _balances(state),
        layout.card(
            _toolbar(state),
            _lines(state),
            list_page.pages(state),
            flush=True,
        ),
        note=t("Your tier's rebate on paid orders becomes account credit. A refunded order takes its rebate back."),
    )


def _balances(state: Any) -> rx.Component:
    """A figure for each currency; its place is held until it is there."""
    return rx.el.ul(
        rx.cond(
            state.loaded,
            rx.cond(state.balances.length() > 0, rx.foreach(state.balances, _balance), _tile(t("None yet"))),
            _tile("…"),
        ),
        class_name="grid-3",
        role="list",
        aria_label=t("Account credit"),
    )


def _balance(credit: Any) -> rx.Component:
    return _tile(
        credit.amount,
        rx.cond(credit.below_zero, t("Below zero: your next rebates make it up."), t("From rebates on paid orders.")),
    )


def _tile(amount: Any, words: Any = "") -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(t("Account credit"), class_name="faint"),
            rx.el.p(amount, class_name="figure"),
            rx.el.p(words, class_name="faint"),
            class_name="card-body stack-s",
        ),
        class_name="card",
    )


def _toolbar(state: Any) -> rx.Component:
    return tables.toolbar(
        list_page.choice_of(state, "currency", t("All currencies"), state.balances,
                            lambda one: rx.el.option(one.currency, value=one.currency), t("Currency")),
        list_page.day(state, "since", t("From")),
        list_page.day(state, "until", t("To")),
        download_link(t("Export"), state.export_href),
    )  # fmt: skip


def _lines(state: Any) -> rx.Component:
    return tables.table(
        [(t("Date"), "date wide-only"), (t("Type"), "wide-only"), (t("Order"), ""),
         (t("Order Amount"), "num wide-only"), (t("Tier and Rate"), "wide-only"), (t("Amount"), "num"),
         (t("Balance"), "num wide-only")],
        state.rows,
        lambda row: [
            tables.cell(row.at, kind="date wide-only"),
            tables.cell(badge(row.kind, row.tone), kind="wide-only"),
            tables.cell(
                rx.el.p(row.reason),
                rx.el.p(row.bought, class_name="faint"),
                tables.on_phone(row.at, " · ", row.tier, ", ", row.rate),
                kind="wordy",
            ),
            tables.cell(row.order_amount, kind="num wide-only"),
            tables.cell(row.tier, ", ", row.rate, kind="wide-only"),
            tables.cell(rx.el.strong(row.change), tables.on_phone(row.balance), kind="num"),
            tables.cell(row.balance, kind="num wide-only"),
        ],
        ready=state.loaded,
        empty_state=rx.cond(
            state.narrowed,
            empty("search", t("Nothing matches"), t("Change the filters above."),
                  button_link(t("Show Everything"), PATH)),
            empty("receipt-text", t("No account credit yet"),
                  t("As soon as an order of yours is paid, your tier's rebate on it appears here.")),
        ),
        label=t("Account Statement"),
    )  # fmt: skip
