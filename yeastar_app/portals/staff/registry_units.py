"""The list of Product Registry: units and subscriptions, who registered them, what is changed by hand."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import badge, button, button_link, empty, submit
from yeastar_app.models.accounts import Kind
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, with_own
from yeastar_app.services import registry
from yeastar_app.services.registry import STATES, UnitsFilter
from yeastar_app.words import day, minute, t

PATH = "/staff/registry"
LIST = ListOf(PATH, registry.listed, UnitsFilter, {"search": None, "product": None, "state": STATES})
BLANK = {"product": "", "identifier": "", "subscribed_from": "", "subscribed_until": "", "eligible": ""}


@dataclass
class UnitRow:
    id: int = 0
    product: str = ""
    identifier: str = ""
    days: str = ""
    state: str = ""
    tone: str = ""
    registered: str = ""


@dataclass
class EventRow:
    at: str = ""
    who: str = ""
    what: str = ""


@guarded(registry.VIEW)
class RegistryState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel",)

    rows: list[UnitRow] = []
    products: list[dict[str, str]] = []
    choices: list[dict[str, str]] = []
    may_change: bool = False

    panel: str = ""
    """Which drawer is open: "unit" or "form"; empty for none."""
    panel_title: str = ""
    facts: list[EventRow] = []
    events: list[EventRow] = []
    values: dict[str, str] = BLANK
    fixed: bool = False
    form_number: int = 0

    _units: list[registry.Unit] = []
    _unit: int = 0
    _seen: str = ""

    def _list(self) -> ListOf:
        return LIST

    async def _prepare(self) -> None:
        self.may_change = current_actor().kind is Kind.ADMINISTRATOR
        known = await self._act(registry.products) or []
        self.products = [{"value": one.code, "label": one.name} for one in known]
        self.choices = [{"value": str(one.id), "label": one.name} for one in known]

    def _show(self, found: registry.Units) -> None:
        self._units, self.rows = found.rows, [_row(unit) for unit in found.rows]

    def _unit_of(self, unit_id: Any) -> registry.Unit | None:
        return next((unit for unit in self._units if unit.id == unit_id), None)

    @rx.event
    async def open_unit(self, unit_id: int) -> None:
        """What is known about a unit, and what happened to it."""
        unit = self._unit_of(unit_id)
        if unit is None:
            return
        happened = await self._act(registry.events, {"unit": unit.id})
        if happened is None:
            return
        self._unit = unit.id
        row = _row(unit)
        self.facts = [
            EventRow(t("Product"), "", unit.product),
            EventRow(t("Subscribed"), "", row.days or (t("nothing") if unit.needs_subscription else t("sold once"))),
            EventRow(t("Earns points"), "", t("yes") if unit.eligible else t("no: demonstration or not for resale")),
            EventRow(t("Registered"), "", row.registered or t("by nobody yet")),
        ]
        self.events = [EventRow(one.at, one.who, _what(one)) for one in happened]
        self.panel, self.panel_title = "unit", unit.identifier

    @rx.event
    async def open_form(self, unit_id: int) -> None:
        """Edit a unit; 0: add one, -1: edit the one that is looked at."""
        unit = self._unit_of(self._unit if unit_id == -1 else unit_id)
        if (unit is None and unit_id != 0) or not self.may_change:
            return
        self.errors, self.panel = {}, "form"
        self.form_number += 1
        if unit is None:
            self._unit, self._seen, self.fixed, self.panel_title = 0, "", False, t("Add Unit")
            self.values = {**BLANK, "eligible": "on"}
            return
        self._unit, self._seen, self.fixed = unit.id, unit.seen, unit.registered is not None
        self.panel_title = t("Edit {unit}", unit=unit.identifier)
        self.values = {
            "product": str(unit.product_id),
            "identifier": unit.identifier,
            "subscribed_from": str(unit.since or ""),
            "subscribed_until": str(unit.until or ""),
            "eligible": "on" if unit.eligible else "",
        }

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel if open_ is True else ""

    @rx.event
    async def save(self, form: dict) -> None:
        if self.panel != "form":
            return  # the second half of a double click
        own: dict[str, Any] = {"unit": self._unit, "seen": self._seen}
        if self.fixed:
            own.update(product=self.values["product"], identifier=self.values["identifier"])
        name = await self._act(registry.change if self._unit else registry.add, with_own(form, **own))
        if name is not None:
            self.panel = ""
            self._say(t("{unit} is saved.", unit=name))
            await self._fill()


def _row(unit: registry.Unit) -> UnitRow:
    days = ""
    if unit.since:
        days = day(unit.since) + (t(" to {day}", day=day(unit.until)) if unit.until else t(" on"))
    registered = minute(unit.registered) if unit.registered else ""
    if registered:
        registered += f" · {unit.partner or t('another partner')}"
    if unit.reversed:
        label, tone = t("Reversed"), "bad"
    elif unit.registered:
        label, tone = t("Registered"), "good"
    elif not unit.eligible:
        label, tone = t("Not eligible"), "warn"
    elif unit.needs_subscription and unit.since is None:
        label, tone = t("No subscription"), "warn"
    else:
        label, tone = t("Not registered"), ""
    return UnitRow(unit.id, unit.product, unit.identifier, days, label, tone, registered)


def _what(event: registry.Event) -> str:
    changes = "; ".join(f"{one.name}: {one.before} → {one.after}" for one in event.changes)
    return f"{event.what}. {changes}" if changes else event.what


def units_card(state: Any) -> rx.Component:
    return layout.card(
        tables.toolbar(
            list_page.search(state, t("Product ID begins with")),
            list_page.choice_of(state, "product", t("All products"), state.products,
                                lambda row: rx.el.option(row["label"], value=row["value"]), t("Product")),
            list_page.choice(state, "state", {"": t("All states"), **STATES}, t("State")),
        ),
        tables.table(
            [(t("Product ID"), ""), (t("Product"), "wide-only"), (t("Subscribed"), "wide-only"), (t("State"), ""),
             (t("Registered"), "wide-only")],
            state.rows,
            lambda row: [
                tables.cell(rx.el.button(row.identifier, type="button", class_name="link mono",
                                         on_click=state.open_unit(row.id)),
                            tables.on_phone(row.product), tables.on_phone(row.days)),
                tables.cell(row.product, kind="wide-only"),
                tables.cell(rx.el.span(row.days, class_name="num"), kind="wide-only"),
                tables.cell(badge(row.state, row.tone)),
                tables.cell(rx.el.span(row.registered, class_name="num"), kind="wide-only"),
            ],
            ready=state.loaded,
            empty_state=rx.cond(
                state.narrowed,
                empty("search", t("Nothing matches"), t("Change the search or the filters above."),
                      button_link(t("Show Everything"), PATH)),
                empty("database", t("The registry is empty"),
                      t("Import a workbook, or add a unit by hand: what is not in here cannot be registered.")),
            ),
            label=t("Product Registry"),
        ),
        list_page.pages(state, t("By product and Product ID")),
        flush=True,
    )  # fmt: skip


def unit_panel(state: Any) -> rx.Component:
    return overlays.drawer(
        state.panel == "unit",
        state.close_panel,
        state.panel_title,
        rx.el.dl(
            rx.foreach(state.facts, lambda one: rx.fragment(rx.el.dt(one.at), rx.el.dd(one.what))),
            class_name="facts",
        ),
        rx.el.h3(t("History")),
        rx.cond(
            state.events.length() > 0,
            rx.el.ol(
                rx.foreach(
                    state.events,
                    lambda one: rx.el.li(
                        rx.el.p(one.what, class_name="wrap"),
                        rx.el.p(one.at, rx.cond(one.who != "", " · " + one.who, ""), class_name="faint num"),
                    ),
                ),
                class_name="stack-s",
            ),
            rx.el.p(t("Nothing has happened to it since it came by workbook."), class_name="muted"),
        ),
        foot=rx.fragment(
            button(t("Close"), on_click=state.close_panel(False)),
            rx.cond(state.may_change, button(t("Edit"), look="primary", on_click=state.open_form(-1))),
        ),
    )


def form_panel(state: Any) -> rx.Component:
    values = state.values
    stands = rx.cond(state.fixed, t("Fixed: this unit is registered."), "")
    return overlays.drawer(
        state.panel == "form",
        state.close_panel,
        state.panel_title,
        forms.form(
            state,
            forms.choice(state, "product", t("Product"), state.choices, placeholder=t("Choose …"),
                         default_value=values["product"], disabled=state.fixed),
            forms.field(state, "identifier", t("Product ID"), default_value=values["identifier"],
                        disabled=state.fixed, hint=stands, auto_complete="off", max_length=255),
            forms.fields(
                forms.field(state, "subscribed_from", t("Subscribed From"), kind="date", required=False,
                            default_value=values["subscribed_from"], hint=t("Empty: nothing is subscribed.")),
                forms.field(state, "subscribed_until", t("Subscribed Until"), kind="date", required=False,
                            default_value=values["subscribed_until"], hint=t("Empty: without an end.")),
            ),
            forms.switch("eligible", t("Earns points"), default_checked=values["eligible"] == "on",
                         hint=t("Off for demonstration and not-for-resale units.")),
            on_submit=state.save,
            id="unit",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Save"), form="unit"),
        ),
    )  # fmt: skip
