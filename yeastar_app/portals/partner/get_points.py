"""The "Get Points" panel: register one product, or many from a workbook, and the window that says what came of it."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import forms, overlays, tables
from yeastar_app.components.controls import button, callout, emblem, submit
from yeastar_app.portals.page import Shell, guarded
from yeastar_app.services import identifiers, programme, registration
from yeastar_app.services.registration import POLICY, Registered
from yeastar_app.words import plural, t


@dataclass
class EarnedRow:
    product: str = ""
    count: int = 0
    points: str = ""


@guarded(POLICY)
class GetPoints(Shell):
    panel: bool = False
    form_number: int = 0
    """Grows with every opening, so that the form starts empty."""
    products: list[dict[str, str]] = []
    id_label: str = t("Product ID")
    id_hint: str = t("Choose the product first.")
    today: str = ""
    result: bool = False
    lines: list[EarnedRow] = []
    total: str = ""
    balance: str = ""
    reached: str = ""

    _id_kinds: dict[str, str] = {}

    @rx.event
    async def open_panel(self) -> None:
        self.errors = {}
        self.today = clock.now().date().isoformat()
        self.form_number += 1
        self._follow("")
        self.result, self.panel = False, True

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel and open_ is True

    @rx.event
    async def close_result(self, open_: bool) -> None:
        self.result = self.result and open_ is True

    @rx.event
    async def pick_product(self, code: str) -> None:
        self._follow(code)

    @rx.event
    async def register(self, form: dict) -> None:
        if not self.panel:
            return  # the second half of a double click
        done = await self._act(registration.register, form)
        if done is not None:
            self._show(done)

    def _know(self, seen: programme.View) -> None:
        """The products to choose from, read with the page."""
        self.products = [{"value": product.code, "label": product.name} for product in seen.products]
        self._id_kinds = {product.code: product.id_kind.value for product in seen.products}

    def _follow(self, code: Any) -> None:
        """The Product ID's label and hint follow the product."""
        kind = self._id_kinds.get(code) if isinstance(code, str) else None
        self.id_label = identifiers.LABELS[identifiers.IdKind(kind)] if kind else t("Product ID")
        self.id_hint = identifiers.HINTS[identifiers.IdKind(kind)] if kind else t("Choose the product first.")

    def _show(self, done: Registered) -> None:
        self.lines = [EarnedRow(line.product, line.count, f"{line.points:,}") for line in done.lines]
        self.total = plural(done.total, "point", "points")
        self.balance = plural(done.balance, "point", "points")
        self.reached = done.tier
        self.panel, self.result = False, True


def get_points_panel() -> rx.Component:
    state = GetPoints
    return overlays.drawer(
        state.panel,
        state.close_panel,
        t("Get Points"),
        _normal(state),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Save"), form="registration"),
        ),
    )


def _normal(state: Any) -> rx.Component:
    return forms.form(
        state,
        forms.choice(
            state,
            "product",
            t("Product"),
            state.products,
            placeholder=t("Choose a product"),
            on_change=state.pick_product,
        ),
        forms.field(state, "product_id", state.id_label, hint=state.id_hint, auto_complete="off", max_length=255),
        forms.field(state, "purchase_date", t("Purchase Date"), kind="date", max=state.today),
        forms.field(
            state,
            "purchase_from",
            t("Purchase From"),
            hint=t("The name of the person from whom you purchased the product."),
            auto_complete="off",
            max_length=100,
        ),
        forms.field(state, "end_user_name", t("End User Name"), auto_complete="off", max_length=100),
        forms.field(state, "end_user_company", t("End User Company Name"), auto_complete="off", max_length=100),
        on_submit=state.register,
        id="registration",
        key=state.form_number.to_string(),
    )


def result_window(on_close: Any) -> rx.Component:
    """What was earned; `on_close` refreshes the page behind it."""
    state = GetPoints
    return overlays.dialog(
        state.result,
        [state.close_result, on_close],
        t("Registered"),
        rx.el.div(
            emblem("sparkles", "good"),
            rx.el.p(t("You earned")),
            rx.el.p(state.total, class_name="figure"),
            rx.el.p(t("New balance: "), rx.el.strong(state.balance), class_name="muted num"),
            class_name="result",
        ),
        rx.cond(
            state.reached != "",
            callout(
                rx.el.strong(t("Congratulations! ")),
                t("Your company has reached the tier "),
                rx.el.strong(state.reached),
                ".",
                tone="good",
                symbol="award",
            ),
        ),
        tables.table(
            [(t("Product"), ""), (t("Registered"), "num"), (t("Points"), "num")],
            state.lines,
            lambda row: [
                tables.cell(row.product),
                tables.cell(row.count, kind="num"),
                tables.cell("+", row.points, kind="num"),
            ],
            ready=True,
            empty_state=rx.fragment(),
            label=t("Points earned by product"),
        ),
        overlays.actions(
            button(t("Register Another"), on_click=state.open_panel),
            button(t("Done"), look="primary", on_click=[state.close_result(False), on_close]),
        ),
    )
