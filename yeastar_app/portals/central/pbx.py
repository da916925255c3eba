"""Cloud PBX > PBX: the list, and the panel that creates one inside a package."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.capacity_slider import Bounds, bounds, capacity_slider
from yeastar_app.components.controls import badge, button, callout, empty, icon_button, submit
from yeastar_app.features import Feature
from yeastar_app.models.capacity import FREE_RECORDING_MINUTES, MAX_EXTENSIONS_PER_PBX
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.central.rows import PLANS, PbxRow, page_number, pbx_row, typed_number
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import pbx
from yeastar_app.services.capacity import CAPACITIES
from yeastar_app.words import plural, t

HERE = "/central/pbx"
FILTERS = ("name", "owner")


@guarded(pbx.VIEW)
class PbxState(Shell):
    loaded: bool = False
    may_add: bool = False
    may_delete: bool = False
    rows: list[PbxRow] = []
    filters: dict[str, str] = dict.fromkeys(FILTERS, "")
    filtered: bool = False
    page_number: int = 1
    pages: int = 1
    summary: str = ""

    adding: bool = False
    places: list[dict[str, str]] = []
    """"PBX Owner": whose package a new PBX comes from."""
    place: str = ""
    place_number: int = 0
    """Grows when the package changes: its sliders are drawn anew."""
    extensions: Bounds = Bounds()
    calls: Bounds = Bounds()
    minutes: Bounds = Bounds()
    recording: bool = False
    offers_high_availability: bool = False
    no_room: str = ""
    """Why the package chosen has no room for another PBX; empty: it has."""

    asking: bool = False
    question: str = ""
    doomed: int = 0

    @rx.event
    async def load(self) -> None:
        asked = self.router.url.query_parameters
        self.filters = {name: str(asked.get(name, ""))[:255] for name in FILTERS}
        self.filtered = any(self.filters.values())
        self.page_number = page_number(asked.get("page"))
        actor = current_actor()
        self.may_add, self.may_delete = actor.may(Feature.PBX_ADD), actor.may(Feature.PBX_DELETE)
        self.adding = self.asking = False
        await self._show()
        if asked.get("add") and self.may_add:
            await self._open()

    async def _show(self) -> None:
        found = await self._act(pbx.search, {**self.filters, "page": self.page_number})
        if found is None:
            return
        self.rows = [pbx_row(row) for row in found.rows]
        self.page_number, self.pages = found.page, found.pages
        self.summary = plural(found.count, "cloud PBX", "cloud PBXs")
        self.loaded = True

    def _address(self, page_number: int = 1, **filters: str) -> str:
        return with_query(HERE, **filters, page=page_number if page_number > 1 else "")

    @rx.event
    async def search(self, form: dict) -> Any:
        given = form if isinstance(form, dict) else {}
        return rx.redirect(self._address(**{name: str(given.get(name, "")).strip()[:255] for name in FILTERS}))

    @rx.event
    async def reset_filters(self) -> Any:
        return rx.redirect(HERE)

    @rx.event
    async def go(self, step: int) -> Any:
        there = self.page_number + (1 if step == 1 else -1)
        return rx.redirect(self._address(max(1, there), **self.filters))

    @rx.event
    async def open(self) -> None:
        await self._open()

    async def _open(self) -> None:
        self.place, self.recording = "", False
        self.adding = await self._show_place()

    @rx.event
    async def show_panel(self, shown: bool) -> None:
        self.adding = self.adding and bool(shown)

    @rx.event
    async def choose_place(self, place: str) -> None:
        self.place = str(place)[:20]
        await self._show_place()

    @rx.event
    async def set_recording_on(self, on: bool) -> None:
        self.recording = bool(on)

    async def _show_place(self, typed: dict[str, int] | None = None) -> bool:
        """The bounds of the package chosen, as they are now. With `typed` the sliders stay where they are."""
        found = await self._act(pbx.places) if typed is None else await self._ask(pbx.places)
        if not found:
            return False
        self.places = [{"value": str(each.owner or ""), "label": each.company} for each in found]
        chosen = next((each for each in found if str(each.owner or "") == self.place), found[0])
        self.place = str(chosen.owner or "")
        self.offers_high_availability = chosen.high_availability
        extensions, calls, _minutes = chosen.gauges
        least = chosen.min_extensions
        self.no_room = ""
        if extensions.free < least or not calls.free:
            self.no_room = t("This package has no room for another PBX: {extensions} extensions and {calls} concurrent "
                             "calls are free, at least {least} and 1 are needed.",
                             extensions=f"{extensions.free:,}", calls=f"{calls.free:,}", least=least)  # fmt: skip
        self._show_bounds(chosen, typed or {"extensions": least, "calls": 1, "minutes": FREE_RECORDING_MINUTES})
        if typed is None:
            self.place_number += 1
        return True

    def _show_bounds(self, place: pbx.Place, stand: dict[str, int]) -> None:
        """The sliders of a package, standing where `stand` says."""
        extensions, calls, minutes = place.gauges
        least, free = place.min_extensions, FREE_RECORDING_MINUTES
        self.extensions = bounds(stand["extensions"], least=least, held=0, free=extensions.free,
                                 total=extensions.total, cap=MAX_EXTENSIONS_PER_PBX,
                                 low=t("{n} at least", n=least))  # fmt: skip
        self.calls = bounds(stand["calls"], least=1, held=0, free=calls.free, total=calls.total)
        self.minutes = bounds(stand["minutes"], least=free, held=free, free=minutes.free, total=minutes.total,
                              low=t("{n} free of charge", n=free))  # fmt: skip

    @rx.event
    async def create(self, form: dict) -> Any:
        """A second click finds the panel closed and does nothing."""
        if not self.adding or not isinstance(form, dict):
            return None
        done = await self._act(pbx.create, {**form, "owner": self.place, "recording": self.recording})
        if done is None:
            errors = self.errors
            await self._show_place({name: typed_number(form.get(name)) for name in CAPACITIES})
            self.errors = errors
            return None
        self.adding = False
        self._say(t("{name} was created and deducted from the package.", name=str(form.get("name", "")).strip()))
        await self._show()
        asked_for = "add" in self.router.url.query_parameters  # or a reload would open the panel again
        return rx.redirect(HERE, replace=True) if asked_for else None

    @rx.event
    async def ask_delete(self, number: int) -> None:
        named = next((row.name for row in self.rows if row.id == number), "")
        if named:
            self.doomed, self.question, self.asking = number, t("Delete {name}?", name=named), True

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = bool(shown)

    @rx.event
    async def delete(self) -> None:
        if not self.asking:
            return
        self.asking = False
        name = await self._act(pbx.delete, {"id": self.doomed})
        if name is not None:
            self._say(t("{name} was deleted. Its capacity is free again.", name=name))
        await self._show()


@page(HERE, t("PBX"), pbx.VIEW, PbxState.load)
def pbx_page() -> rx.Component:
    state = PbxState
    return layout.shell(
        state,
        t("Central Management"),
        t("PBX"),
        layout.card(
            _filters(state),
            tables.table(
                [
                    (t("PBX"), ""),
                    (t("State"), ""),
                    (t("Plan"), ""),
                    (t("Extensions"), "num"),
                    (t("Concurrent Calls"), "num"),
                    (t("Call Recording (mins)"), "num"),
                    (t("Expires"), "date"),
                    ("", ""),
                ],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nothing(state),
                label=t("Cloud PBXs"),
            ),
            tables.pager(
                state.summary,
                earlier=state.go(-1),
                later=state.go(1),
                has_earlier=state.page_number > 1,
                has_later=state.page_number < state.pages,
            ),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.asking,
            state.show_question,
            state.question,
            t("The PBX and its settings are gone for good. Its capacity returns to the package it came from."),
            yes=t("Delete"),
            on_yes=state.delete,
        ),
        note=t("Cloud PBXs of your company and below."),
        actions=(rx.cond(state.may_add, button(t("Add"), look="primary", symbol="plus", on_click=state.open)),),
    )


def _filters(state: Any) -> rx.Component:
    labels = {"name": t("Name"), "owner": t("PBX Owner")}
    return rx.el.form(
        *[
            rx.el.label(
                rx.el.span(words, class_name="label"),
                rx.el.input(name=name, default_value=state.filters[name], key=state.filters[name], class_name="input"),
                class_name="field",
            )
            for name, words in labels.items()
        ],
        rx.el.div(
            button(t("Search"), symbol="search", type="submit"),
            button(t("Reset"), look="quiet", on_click=state.reset_filters),
            class_name="row",
        ),
        on_submit=state.search,
        class_name="filters",
        role="search",
        aria_label=t("Filter the list"),
    )


def _row(row: Any) -> list[rx.Component]:
    state = PbxState
    return [
        tables.cell(
            rx.el.div(
                rx.el.span(row.name, class_name="strong"),
                rx.el.span(row.owner, class_name="faint"),
                class_name="two-lines",
            )
        ),
        tables.cell(
            rx.el.div(badge(row.state, row.tone), rx.el.span(row.activation, class_name="faint"), class_name="row")
        ),
        tables.cell(
            rx.el.div(
                badge(row.plan),
                rx.cond(row.high_availability, badge(t("HA"), "accent")),
                class_name="row",
            )
        ),
        tables.cell(row.extensions, kind="num"),
        tables.cell(row.calls, kind="num"),
        tables.cell(
            rx.el.div(
                rx.el.span(row.minutes),
                rx.cond(row.charged != "", rx.el.span(row.charged, class_name="faint")),
                class_name="two-lines",
            ),
            kind="num",
        ),
        tables.cell(row.expires, kind="date"),
        tables.row_actions(
            rx.cond(
                state.may_delete,
                icon_button("trash-2", t("Delete"), on_click=state.ask_delete(row.id)),
            )
        ),
    ]


def _nothing(state: Any) -> rx.Component:
    return rx.cond(
        state.filtered,
        empty("search-x", t("Nothing matches"), t("No cloud PBX fits these filters."),
              button(t("Reset"), on_click=state.reset_filters)),
        empty("server", t("No cloud PBXs yet"), t("Create the first one inside your package."),
              rx.cond(state.may_add, button(t("Add"), look="primary", symbol="plus", on_click=state.open))),
    )  # fmt: skip


def _panel(state: Any) -> rx.Component:
    return overlays.drawer(
        state.adding,
        state.show_panel,
        t("Add PBX"),
        forms.form(
            state,
            rx.cond(
                state.places.length() > 1,
                forms.choice(state, "place", t("PBX Owner"), state.places, value=state.place,
                             on_change=state.choose_place,
                             hint=t("Whose package it is deducted from.")),
            ),
            rx.cond(state.no_room != "", callout(state.no_room, tone="warn")),
            forms.field(state, "name", t("Name"), auto_complete="off", max_length=60),
            forms.choice(state, "plan", t("Plan"), PLANS),
            rx.el.div(
                capacity_slider(state, "extensions", t("Extensions"), state.extensions, assigns=False,
                                hint=t("At most 500 for each PBX.")),
                capacity_slider(state, "calls", t("Concurrent Calls"), state.calls, assigns=False),
                rx.el.div(
                    forms.switch("recording", t("Call Recording"), default_checked=False,
                                 on_change=state.set_recording_on,
                                 hint=t("The first 500 minutes are free, only what exceeds them is deducted.")),
                    class_name="slider-switch",
                ),
                rx.cond(
                    state.recording,
                    capacity_slider(state, "minutes", t("Call Recording (mins)"), state.minutes, assigns=False),
                ),
                rx.cond(
                    state.offers_high_availability,
                    rx.el.div(
                        forms.switch("high_availability", t("High Availability"),
                                     hint=t("It keeps working when a server fails or is under heavy load.")),
                        rx.cond(state.errors["high_availability"],
                                rx.el.p(state.errors["high_availability"], class_name="error")),
                        class_name="slider-switch",
                    ),
                ),
                class_name="sliders",
                key=state.place_number.to_string(),
            ),
            forms.field(state, "expires_on", t("Expiry Date"), kind="date", required=False),
            on_submit=state.create,
            id="add-pbx",
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.show_panel(False)),
            submit(t("Save"), form="add-pbx"),
        ),
    )  # fmt: skip
