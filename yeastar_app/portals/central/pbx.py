"""Cloud PBX > PBX: the list, and the panel that creates one inside a package."""

from contextlib import suppress
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.capacity_slider import Bounds, bounds, capacity_slider
from yeastar_app.components.controls import (
    badge,
    button,
    callout,
    download_link,
    empty,
    icon_button,
    link,
    submit,
)
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.features import Feature, Surface
from yeastar_app.models.capacity import FREE_RECORDING_MINUTES, MAX_EXTENSIONS_PER_PBX
from yeastar_app.portals import list_page
from yeastar_app.portals.central.pbx_rows import MOST_EXTENSIONS, PLANS, TYPES, PbxRow, health_words, pbx_row
from yeastar_app.portals.central.portal_customer import PortalCustomerState, portal_customer_field
from yeastar_app.portals.central.recipients import RecipientsState, recipients_field
from yeastar_app.portals.central.rows import typed_number
from yeastar_app.portals.central.usage_rows import capacity_cells
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, pbx, pbx_control, pbx_orders
from yeastar_app.services.capacity import CAPACITIES
from yeastar_app.services.pbx import ListForm, Shown
from yeastar_app.settings import settings
from yeastar_app.words import t

HERE = "/central/pbx"
SHOWN = {
    "": t("All states"),
    Shown.RUNNING.value: t("Running"),
    Shown.STOPPED.value: t("Stopped"),
    Shown.BUSY.value: t("In between"),
    Shown.TROUBLE.value: t("In trouble"),
    Shown.EXPIRING.value: t("Expires within 30 days"),
    Shown.EXPIRED.value: t("Expired"),
    Shown.DELETING.value: t("Being deleted"),
}

LIST = ListOf(HERE, pbx.search, ListForm, {"name": None, "owner": None, "show": SHOWN}, "/files/cloud-pbxs.xlsx")


@guarded(pbx.VIEW)
class PbxState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("adding", "asking")

    may_add: bool = False
    may_edit: bool = False
    may_control: bool = False
    may_delete: bool = False
    rows: list[PbxRow] = []
    lost: str = ""
    """What is said while the hosting engine does not answer."""

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
    expires: bool = False
    offers_high_availability: bool = False
    no_room: str = ""
    """Why the package chosen has no room for another PBX; empty: it has."""

    asking: str = ""
    """What is asked about: "stop", "delete"; empty: nothing."""
    question: str = ""

    _subject: int = 0

    def _list(self) -> ListOf:
        return LIST

    def _topics(self) -> tuple[str, ...]:
        actor = current_actor()
        return (*pbx.topics(actor), *capacity.topics_around(actor))

    @rx.event
    async def arrive(self) -> None:
        """The address may ask for the panel."""
        if self.router.url.query_parameters.get("add") and self.may_add and not self.adding:
            await self._open()

    async def _follow(self) -> None:
        """Rows as they are now; in the open panel only the bounds move, never what is being typed."""
        await super()._follow()
        if self.adding:
            await self._show_place({name: getattr(self, name).value for name in CAPACITIES})

    def _show(self, found: pbx.Found) -> None:
        actor = current_actor()
        self.may_add, self.may_edit = actor.may(Feature.PBX_ADD), actor.may(Feature.PBX_EDIT)
        self.may_control, self.may_delete = actor.may(Feature.PBX_CONTROL), actor.may(Feature.PBX_DELETE)
        self.rows, self.lost = [pbx_row(row) for row in found.rows], health_words(found.health)

    @rx.event
    async def start(self, number: int) -> None:
        name = await self._act(pbx_control.start, {"id": number})
        if name is not None:
            self._say(t("{name} is asked to start.", name=name))
        await self._fill()

    @rx.event
    async def open(self) -> None:
        await self._open()

    async def _open(self) -> None:
        self.place, self.recording, self.expires = "", False, False
        self.adding = await self._show_place()

    @rx.event
    async def show_panel(self, shown: bool) -> Any:
        self.adding = self.adding and shown is True
        return None if self.adding else self._clean_address()

    def _clean_address(self) -> Any:
        """Without `?add=`: or a reload would open the panel again."""
        return rx.redirect(HERE, replace=True) if "add" in self.router.url.query_parameters else None

    @rx.event
    async def choose_place(self, place: str) -> None:
        self.place = str(place)[:20]
        await self._show_place()

    @rx.event
    async def set_recording_on(self, on: bool) -> None:
        self.recording = bool(on)

    @rx.event
    async def set_expiry(self, day: str) -> None:
        self.expires = bool(day)

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
            picker = await self.get_state(RecipientsState)
            picker._begin([], owner=self.place, own=not self.place)
            customer = await self.get_state(PortalCustomerState)
            customer._begin(None, shown=not self.place and current_actor().home is Surface.PARTNER)
        return True

    def _show_bounds(self, place: pbx.Place, stand: dict[str, int]) -> None:
        """The sliders of a package, standing where `stand` says."""
        extensions, calls, minutes = place.gauges
        least, free = place.min_extensions, FREE_RECORDING_MINUTES
        self.extensions = bounds(stand["extensions"], least=least, held=0, free=extensions.free,
                                 total=extensions.total, cap=MAX_EXTENSIONS_PER_PBX, above=MOST_EXTENSIONS,
                                 low=t("{n} at least", n=least))  # fmt: skip
        self.calls = bounds(stand["calls"], least=1, held=0, free=calls.free, total=calls.total)
        self.minutes = bounds(stand["minutes"], least=free, held=free, free=minutes.free, total=minutes.total,
                              low=t("{n} free of charge", n=free))  # fmt: skip

    @rx.event
    async def create(self, form: dict) -> Any:
        """A second click finds the panel closed and does nothing."""
        if not self.adding or not isinstance(form, dict):
            return None
        picker, customer = await self.get_state(RecipientsState), await self.get_state(PortalCustomerState)
        done = await self._act(
            pbx_orders.create,
            {
                **form,
                "owner": self.place,
                "recording": self.recording,
                "recipients": picker._ids(),
                **customer._values(),
                "run_after_expiry": not form.get("stop_at_expiry"),
            },
        )
        if done is None:
            errors = self.errors
            with suppress(Refusal):  # the right to create one may be what was lost
                await self._show_place({name: typed_number(form.get(name)) for name in CAPACITIES})
            self.errors = errors
            return None
        self.adding = False
        words = t("{name} is being created and was deducted from the package.", name=str(form.get("name", "")).strip())
        self._say(words)
        await self._fill()
        return self._clean_address()

    @rx.event
    async def ask(self, what: str, number: int) -> None:
        """The question before something that people notice."""
        named = next((row.name for row in self.rows if row.id == number), "")
        if named and what in ("stop", "delete"):
            self._subject, self.asking = number, what
            self.question = t("Stop {name}?", name=named) if what == "stop" else t("Delete {name}?", name=named)

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = self.asking if shown is True else ""

    @rx.event
    async def answer(self) -> None:
        """Yes. A second click finds the question gone."""
        what, self.asking = self.asking, ""
        if what == "stop":
            name = await self._act(pbx_control.stop, {"id": self._subject})
            words = t("{name} is asked to stop.", name=name)
        elif what == "delete":
            name = await self._act(pbx_control.delete, {"id": self._subject})
            words = t("{name} is being deleted. Its capacity is free again as soon as it is gone.", name=name)
        else:
            return
        if name is not None:
            self._say(words)
        await self._fill()


@page(HERE, t("PBX"), pbx.VIEW, [PbxState.load, PbxState.arrive])
def pbx_page() -> rx.Component:
    state = PbxState
    return layout.shell(
        state,
        t("Central Management"),
        t("PBX"),
        rx.cond(state.lost != "", callout(state.lost, tone="warn", symbol="unplug")),
        layout.card(
            _filters(state),
            tables.table(
                [(t("PBX"), ""), (t("State"), ""), (t("Plan"), "wide-only"), (t("Extensions"), "wide-only"),
                 (t("Concurrent Calls"), "wide-only"), (t("Call Recording (mins)"), "wide-only"),
                 (t("Expires"), "date wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nothing(state),
                label=t("Cloud PBXs"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.asking != "",
            state.show_question,
            state.question,
            rx.cond(
                state.asking == "delete",
                t("The PBX and its settings are gone for good. Its capacity returns to the package it came from as "
                  "soon as the hosting engine has deleted it."),
                t("Its users can neither call nor be called until it is started again."),
            ),
            yes=rx.cond(state.asking == "delete", t("Delete"), t("Stop")),
            on_yes=state.answer,
        ),
        note=t("Cloud PBXs of your company and below."),
        actions=(
            download_link(t("Export"), state.export_href),
            rx.cond(state.may_add, button(t("Add"), look="primary", symbol="plus", on_click=state.open)),
        ),
    )  # fmt: skip


def _filters(state: Any) -> rx.Component:
    return list_page.filter_form(
        state,
        list_page.filter_field(state, "name", t("Name")),
        list_page.filter_field(state, "owner", t("PBX Owner")),
        list_page.filter_select(state, "show", SHOWN, t("State")),
    )


def state_cell(row: Any) -> rx.Component:
    """Run state and activation state, with what is waited for or went wrong under them."""
    return rx.el.div(
        rx.el.div(
            badge(row.state, row.tone), rx.el.span(row.activation, class_name="faint wide-only"), class_name="row tight"
        ),
        rx.cond(
            row.trouble != "",
            rx.fragment(
                rx.el.span(row.trouble, class_name="error cut wide-only", title=row.trouble),
                rx.el.span(t("In trouble"), class_name="error narrow-only"),
            ),
            rx.cond(row.note != "", rx.el.span(row.note, class_name="faint")),
        ),
        class_name="two-lines state-cell",
    )


def _row(row: Any) -> list[rx.Component]:
    state = PbxState
    there = HERE + "/" + row.id.to_string()
    extensions, calls, minutes = capacity_cells(row)
    return [
        tables.cell(
            rx.el.div(
                link(row.name, there),
                rx.el.span(row.owner, class_name="faint cut"),
                tables.on_phone(row.plan, t(" · Extensions "), row.extensions, t(" · Calls "), row.calls),
                class_name="two-lines",
            )
        ),
        tables.cell(state_cell(row)),
        tables.cell(
            rx.el.div(
                badge(row.plan),
                rx.cond(row.high_availability, badge(t("HA"), "accent")),
                rx.cond(row.trial, badge(row.type, "warn")),
                class_name="row tight",
            ),
            kind="wide-only",
        ),
        tables.cell(extensions, kind="wide-only"),
        tables.cell(calls, kind="wide-only"),
        tables.cell(minutes, kind="wide-only"),
        tables.cell(
            rx.el.div(
                rx.el.span(row.expires),
                rx.cond(row.expiry_note != "", rx.el.span(row.expiry_note, class_name="faint")),
                class_name="two-lines",
            ),
            kind="date wide-only",
        ),
        tables.row_actions(
            rx.el.div(
                rx.cond(
                    state.may_control & row.may_start,
                    icon_button("play", t("Start") + " " + row.name, on_click=state.start(row.id)),
                ),
                rx.cond(
                    state.may_control & row.may_stop,
                    icon_button("square", t("Stop") + " " + row.name, on_click=state.ask("stop", row.id)),
                ),
                class_name="wide-only row tight",
            ),
            _more(state, row, there),
        ),
    ]


def _more(state: Any, row: Any, there: Any) -> rx.Component:
    """The row's menu; what needs a form opens on the PBX's own page."""
    key = row.id.to_string()

    def leads(label: str, symbol: str, what: str) -> rx.Component:
        return more_item(key, label, symbol, on_click=rx.redirect(there + "?do=" + what))

    return more_menu(
        key,
        t("More for") + " " + row.name,
        more_item(key, t("View Details"), "eye", on_click=rx.redirect(there)),
        rx.cond(
            state.may_edit & ~row.going,
            rx.fragment(
                leads(t("Edit"), "pencil", "edit"),
                leads(t("Resize Capacity"), "scaling", "resize"),
                leads(t("Change PBX Type/Expiration Date"), "calendar-clock", "term"),
                rx.cond(row.may_upgrade, leads(t("Upgrade Plan"), "circle-arrow-up", "upgrade")),
            ),
        ),
        rx.cond(
            state.may_control & ~row.going,
            rx.fragment(
                rx.cond(row.may_start, more_item(key, t("Start"), "play", on_click=state.start(row.id))),
                rx.cond(row.may_stop, more_item(key, t("Stop"), "square", on_click=state.ask("stop", row.id))),
                rx.cond(~row.activated, leads(t("Send Activation Email"), "mail", "activation")),
                rx.cond(row.may_reset, leads(t("Reset"), "rotate-ccw", "reset")),
            ),
        ),
        rx.cond(
            state.may_delete,
            more_item(key, t("Delete"), "trash-2", danger=True, on_click=state.ask("delete", row.id)),
        ),
    )


def _nothing(state: Any) -> rx.Component:
    return rx.cond(
        state.narrowed,
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
            forms.fields(
                forms.choice(state, "plan", t("Plan"), PLANS),
                forms.choice(state, "type", t("Type"), TYPES),
            ),
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
            forms.fields(
                forms.field(state, "subdomain", t("Sub-domain"), required=False, auto_complete="off", max_length=63,
                            hint=t("Made from the name where you leave it empty.")),
                forms.choice(state, "domain", t("Domain"), {one: one for one in settings().domains}),
            ),
            forms.choice(state, "region", t("Region"), {one: one for one in settings().regions}),
            forms.field(state, "expires_on", t("Expiry Date"), kind="date", required=False,
                        on_change=state.set_expiry),
            rx.cond(
                state.expires,
                forms.switch("stop_at_expiry", t("Stop after this day"),
                             hint=t("Otherwise it runs on, and its customers are reminded.")),
            ),
            on_submit=state.create,
            id="add-pbx",
        ),
        portal_customer_field(state.errors["customer"]),
        recipients_field(state.errors["recipients"]),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.show_panel(False)),
            submit(t("Save"), form="add-pbx"),
        ),
    )  # fmt: skip
