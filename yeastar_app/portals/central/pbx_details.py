"""One cloud PBX: where it stands, what it has, who gets its emails, what was ordered and what the hosting engine said;
and everything that can be done with it. `?do=resize` in the address opens the panel of that name."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.capacity_slider import Bounds, bounds, capacity_slider
from yeastar_app.components.controls import back_link, badge, button, callout, empty, loading, submit
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.features import Feature
from yeastar_app.models.capacity import FREE_RECORDING_MINUTES, MAX_EXTENSIONS_PER_PBX
from yeastar_app.models.hosting import CommandKind, Outcome
from yeastar_app.portals.central.pbx_rows import (
    MOST_EXTENSIONS,
    SHORT_PLANS,
    STATES,
    TYPES,
    PbxRow,
    health_words,
    pbx_row,
)
from yeastar_app.portals.central.portal_customer import PortalCustomerState, portal_customer_field
from yeastar_app.portals.central.recipients import RecipientsState, recipients_field
from yeastar_app.portals.central.rows import typed_number
from yeastar_app.portals.central.usage_rows import UsageView, usage_as_of, usage_parts, usage_view
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, engine_orders, engine_troubles, pbx, pbx_control, pbx_orders
from yeastar_app.services.capacity import CAPACITIES
from yeastar_app.words import minute, plural, t

LIST = "/central/pbx"
KINDS = {
    CommandKind.CREATE: t("Create"),
    CommandKind.START: t("Start"),
    CommandKind.STOP: t("Stop"),
    CommandKind.RESIZE: t("Resize"),
    CommandKind.UPGRADE: t("Upgrade"),
    CommandKind.RESET: t("Reset"),
    CommandKind.INVITE: t("Activation email"),
    CommandKind.DELETE: t("Delete"),
}
PANELS = {"edit": Feature.PBX_EDIT, "resize": Feature.PBX_EDIT, "term": Feature.PBX_EDIT}
QUESTIONS = {
    "stop": Feature.PBX_CONTROL,
    "reset": Feature.PBX_CONTROL,
    "activation": Feature.PBX_CONTROL,
    "upgrade": Feature.PBX_EDIT,
    "back": Feature.PBX_EDIT,
    "delete": Feature.PBX_DELETE,
}


@dataclass
class Line:
    """A line of the history."""

    at: str = ""
    what: str = ""
    who: str = ""
    result: str = ""
    tone: str = ""
    words: str = ""


@guarded(pbx.VIEW)
class PbxDetailsState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("loaded", "panel", "asking")

    loaded: bool = False
    here: PbxRow = PbxRow()
    recipients: list[dict[str, str]] = []
    binds: bool = False
    customer: str = ""
    """The customer of the Customer Portal that sees it; empty: none."""
    customer_note: str = ""
    history: list[Line] = []
    use: UsageView = UsageView()
    created: str = ""
    reported: str = ""
    lost: str = ""
    back: str = ""
    """What one can go back to where the engine could not do what is wished, in words; empty: there is no such thing."""
    may_edit: bool = False
    may_control: bool = False
    may_delete: bool = False

    panel: str = ""
    """Which drawer is open: one of PANELS; empty: none."""
    panel_title: str = ""
    form_number: int = 0
    values: dict[str, str] = {"name": "", "type": "", "expires_on": ""}
    stop_at_expiry: bool = False
    recording: bool = False
    high_availability: bool = False
    offers_high_availability: bool = False
    extensions: Bounds = Bounds()
    calls: Bounds = Bounds()
    minutes: Bounds = Bounds()

    asking: str = ""
    """Which question is open: one of QUESTIONS; empty: none."""
    question: str = ""
    question_words: str = ""
    yes: str = ""

    _id: int = 0
    _seen: str = ""

    @rx.event
    async def load(self) -> Any:
        asked = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        try:
            seen = await self._ask(pbx.details, {"id": asked})
        except Refusal:
            return rx.redirect("/not-found")
        self._id = seen.row.id
        self._watch(engine_orders.topic(self._id), engine_orders.HEALTH_TOPIC,
                    *capacity.topics_around(current_actor()))  # fmt: skip
        self._show(seen)
        wanted = str(self.router.url.query_parameters.get("do", ""))
        if wanted in PANELS:
            if wanted != self.panel:
                await self._open(wanted)
        elif wanted in QUESTIONS:
            self._question(wanted)
        return rx.redirect(f"{LIST}/{self._id}", replace=True) if wanted and not (self.panel or self.asking) else None

    async def _follow(self) -> Any:
        """As it is now. What is being typed stays; only the sliders' bounds move."""
        try:
            seen = await self._ask(pbx.details, {"id": self._id})
        except Refusal:
            if self.here.going:
                self.here.state, self.here.tone = t("Deleted"), ""
                return
            raise
        self._show(seen)
        if self.panel == "resize":
            self._show_bounds(seen, {name: getattr(self, name).value for name in CAPACITIES})

    async def _refresh(self) -> None:
        seen = await self._act(pbx.details, {"id": self._id})
        if seen is not None:
            self._show(seen)

    def _show(self, seen: pbx.Details) -> None:
        actor = current_actor()
        self.may_edit = actor.may(Feature.PBX_EDIT)
        self.may_control, self.may_delete = actor.may(Feature.PBX_CONTROL), actor.may(Feature.PBX_DELETE)
        self.here = pbx_row(seen.row)
        self.recipients = [{"name": one.name, "note": f"{one.company} · {one.email}"} for one in seen.recipients]
        self.binds, self.customer = seen.binds, seen.customer.name if seen.customer else ""
        self.customer_note = _customer_note(seen)
        self.history = [_line(said) for said in seen.history]
        self.use = usage_view(seen.row, seen.past)
        self.created = minute(seen.created_at)
        self.reported = minute(seen.reported_at) + " UTC" if seen.reported_at else t("Nothing yet")
        self.back = _runs_words(seen.back) if seen.back else ""
        self.lost = health_words(seen.health)
        self.loaded = True

    @rx.event
    async def open(self, panel: str) -> None:
        if panel in ("edit", "resize", "term"):
            await self._open(panel)

    async def _open(self, panel: str) -> None:
        """Open a drawer with the PBX as it is at this moment."""
        seen = await self._act(pbx.details, {"id": self._id})
        if seen is None or not current_actor().may(PANELS[panel]) or pbx_row(seen.row).going:
            return
        row = seen.row
        self._show(seen)
        self._seen, self.errors = seen.mark, {}
        self.values = {"name": row.name, "type": row.type.value, "expires_on": str(row.expires_on or "")}
        self.stop_at_expiry, self.recording = not row.run_after_expiry, row.recording
        self.high_availability = row.high_availability
        self.offers_high_availability = seen.offers_high_availability or row.high_availability
        self._show_bounds(seen, {})
        titles = {"edit": t("Edit {name}", name=row.name), "resize": t("Resize Capacity of {name}", name=row.name),
                  "term": t("Change PBX Type/Expiration Date")}  # fmt: skip
        self.panel, self.panel_title = panel, titles[panel]
        self.form_number += 1
        if panel == "edit":
            picker = await self.get_state(RecipientsState)
            picker._begin(seen.recipients, pbx_id=row.id, own=row.owner == current_actor().organisation_name)
            customer = await self.get_state(PortalCustomerState)
            customer._begin(seen.customer, controls=row.customer_controls, pbx_id=row.id, shown=seen.binds)

    def _show_bounds(self, seen: pbx.Details, typed: dict[str, int]) -> None:
        """The sliders; `typed`: where they stand by now. Minutes never go down; what is held is what is deducted."""
        row, held = seen.row, seen.held
        extensions, calls, minutes = seen.gauges
        self.extensions = bounds(
            typed.get("extensions", row.extensions), least=min(seen.min_extensions, row.extensions),
            held=held.extensions, free=extensions.free, total=extensions.total, cap=MAX_EXTENSIONS_PER_PBX,
            above=MOST_EXTENSIONS, low=t("{n} at least", n=min(seen.min_extensions, row.extensions)),
        )  # fmt: skip
        self.calls = bounds(typed.get("calls", row.calls), least=1, held=held.calls, free=calls.free, total=calls.total)
        least = max(FREE_RECORDING_MINUTES, row.minutes)
        self.minutes = bounds(
            typed.get("minutes", least), least=least, held=max(least, held.minutes + FREE_RECORDING_MINUTES),
            free=minutes.free, total=minutes.total,
            low=t("{n}, never less", n=f"{least:,}") if row.minutes else t("{n} free of charge", n=least),
        )  # fmt: skip

    @rx.event
    async def show_panel(self, shown: bool) -> Any:
        self.panel = self.panel if shown is True else ""
        return None if self.panel else self._clean_address()

    def _clean_address(self) -> Any:
        """Without `?do=`: or a reload would open the panel again."""
        asked = "do" in self.router.url.query_parameters
        return rx.redirect(f"{LIST}/{self._id}", replace=True) if asked else None

    @rx.event
    async def set_recording_on(self, on: bool) -> None:
        self.recording = bool(on)

    @rx.event
    async def save(self, form: dict) -> Any:
        """Of whichever drawer is open. A second click finds it closed."""
        if self.panel == "edit":
            picker, customer = await self.get_state(RecipientsState), await self.get_state(PortalCustomerState)
            typed = self._typed(form, recipients=picker._ids(), **customer._values())
            name = await self._act(pbx_orders.edit, typed)
            words = t("{name} was saved.", name=name)
        elif self.panel == "resize":
            typed = self._typed(form, recording=self.recording)
            name = await self._act(pbx_orders.resize, typed)
            words = t("{name} gets its new size as soon as the hosting engine has set it.", name=name)
            if name is None:
                await self._move_bounds(typed)
        elif self.panel == "term":
            stops = bool(self._typed(form).get("stop_at_expiry"))
            name = await self._act(pbx_orders.change_term, self._typed(form, run_after_expiry=not stops))
            words = t("{name} was saved.", name=name)
        else:
            return None
        if name is None:
            return None
        self.panel = ""
        self._say(words)
        await self._refresh()
        return self._clean_address()

    def _typed(self, form: Any, **own: Any) -> dict[str, Any]:
        return with_own(form, id=self._id, seen=self._seen, **own)

    async def _move_bounds(self, form: dict[str, Any]) -> None:
        """After a refusal: the bounds as they are now, with what was typed left where it is."""
        errors = self.errors
        seen = await self._act(pbx.details, {"id": self._id})
        if seen is not None:
            self._show_bounds(seen, {name: typed_number(form.get(name)) for name in CAPACITIES})
        self.errors = errors

    @rx.event
    async def start(self) -> None:
        name = await self._act(pbx_control.start, {"id": self._id})
        if name is not None:
            self._say(t("{name} is asked to start.", name=name))
            await self._refresh()

    @rx.event
    async def retry(self) -> None:
        if self.here.trouble and await self._act(pbx_control.retry, {"id": self._id}) is not None:
            self._say(t("The hosting engine is asked again."))
            await self._refresh()

    @rx.event
    async def ask(self, what: str) -> None:
        if what in ("stop", "reset", "activation", "upgrade", "back", "delete"):
            self._question(what)

    def _question(self, what: str) -> None:
        if not current_actor().may(QUESTIONS[what]) or (self.here.going and what not in ("back", "delete")):
            return
        name, to = self.here.name, plural(len(self.recipients), "customer", "customers")
        self.question, self.question_words, self.yes = {
            "stop": (t("Stop {name}?", name=name),
                     t("Its users can neither call nor be called until it is started again."), t("Stop")),
            "reset": (t("Reset {name}?", name=name),
                      t("All its settings, extensions and recordings are gone, and it has to be activated anew. Its "
                        "address and capacity stay."), t("Reset")),
            "activation": (t("Send the activation email of {name}?", name=name),
                           t("It goes to {to} with the link to its address.", to=to), t("Send")),
            "upgrade": (t("Upgrade {name} to the Ultimate Plan?", name=name),
                        t("It is upgraded while it runs. There is no way back to the Enterprise Plan."), t("Upgrade")),
            "back": (t("Go back to what runs?"),
                     t("{name} stays as it runs: {runs}. What the hosting engine could not do is taken back, and what "
                       "was deducted for it is free again.", name=name, runs=self.back), t("Go Back")),
            "delete": (t("Delete {name}?", name=name),
                       t("The PBX and its settings are gone for good. Its capacity returns to the package it came from "
                         "as soon as the hosting engine has deleted it."), t("Delete")),
        }[what]  # fmt: skip
        self.asking = what

    @rx.event
    async def show_question(self, shown: bool) -> Any:
        self.asking = self.asking if shown is True else ""
        return None if self.asking else self._clean_address()

    @rx.event
    async def answer(self) -> Any:
        """Yes. A second click finds the question gone."""
        what, self.asking = self.asking, ""
        if what not in QUESTIONS:
            return None
        action, words = {
            "stop": (pbx_control.stop, t("{name} is asked to stop.", name=self.here.name)),
            "reset": (pbx_control.reset, t("{name} is asked to reset.", name=self.here.name)),
            "activation": (pbx_control.send_activation, t("The activation email is on its way.")),
            "upgrade": (pbx_orders.upgrade, t("{name} is asked to upgrade.", name=self.here.name)),
            "back": (pbx_control.go_back, t("{name} is as it runs.", name=self.here.name)),
            "delete": (pbx_control.delete, t("{name} is being deleted.", name=self.here.name)),
        }[what]
        if await self._act(action, {"id": self._id}) is not None:
            self._say(words)
            await self._refresh()
        return self._clean_address()


def _runs_words(runs: engine_troubles.Runs) -> str:
    """What a PBX really has, as a list."""
    parts = [
        SHORT_PLANS[runs.plan],
        plural(runs.extensions, "extension", "extensions"),
        plural(runs.calls, "concurrent call", "concurrent calls"),
        plural(runs.minutes, "recording minute", "recording minutes") if runs.recording else t("no call recording"),
        t("running") if runs.running else t("stopped"),
    ]
    return ", ".join(parts)


def _customer_note(seen: pbx.Details) -> str:
    if seen.customer is None:
        return t("Nobody yet: bind it to an activated customer of your Customer Portal with Edit.")
    if not seen.customer.active:
        return t("Its account was removed: nobody there can see it.")
    return t("May start and stop it.") if seen.row.customer_controls else t("May look, but not start or stop it.")


def _line(said: pbx.Said) -> Line:
    """An order says who gave it and whether it was answered, a report what the engine found."""
    at = minute(said.at)
    kind = KINDS.get(said.kind, "") if said.kind else ""
    if said.state is None:
        if said.outcome is Outcome.FAILED:
            return Line(at, kind, said.who, t("Failed"), "bad", said.words)
        if said.outcome is Outcome.TAKEN_BACK:
            return Line(at, kind, said.who, t("Failed, taken back"), "", said.words)
        if said.outcome is Outcome.DONE:
            return Line(at, kind, said.who, t("Done"), "good")
        waits = t("Waiting, tried {times}", times=plural(said.tries, "time", "times")) if said.words else t("Waiting")
        return Line(at, kind, said.who, waits, "warn" if said.words else "accent", said.words)
    state, tone = STATES[said.state.value]
    if said.state.value == "deleted":
        state, tone = t("Deleted"), ""
    words = said.words or (t("Activated") if said.activated else "")
    return Line(at, t("Reported after: {kind}", kind=kind) if kind else t("Reported"), t("Hosting engine"), state, tone,
                words)  # fmt: skip


@page(f"{LIST}/[pbx_id]", t("Cloud PBX"), pbx.VIEW, PbxDetailsState.load)
def pbx_details_page() -> rx.Component:
    state = PbxDetailsState
    return layout.shell(
        state,
        t("Central Management"),
        rx.cond(state.loaded, state.here.name, t("Cloud PBX")),
        rx.cond(state.lost != "", callout(state.lost, tone="warn", symbol="unplug")),
        rx.cond(state.loaded, _content(state), layout.card(loading(8))),
        _edit_panel(state),
        _resize_panel(state),
        _term_panel(state),
        overlays.confirm(
            state.asking != "",
            state.show_question,
            state.question,
            state.question_words,
            yes=state.yes,
            on_yes=state.answer,
        ),
        back=back_link(t("PBX"), LIST),
        note=rx.cond(state.loaded, state.here.owner, ""),
        actions=(
            rx.cond(
                state.may_control & state.here.may_start,
                button(t("Start"), look="primary", symbol="play", on_click=state.start),
            ),
            rx.cond(
                state.may_control & state.here.may_stop,
                button(t("Stop"), symbol="square", on_click=state.ask("stop")),
            ),
            rx.cond(
                state.may_edit & ~state.here.going,
                rx.fragment(
                    button(t("Edit"), symbol="pencil", on_click=state.open("edit")),
                    button(t("Resize Capacity"), symbol="scaling", on_click=state.open("resize")),
                ),
            ),
            rx.cond(state.loaded, _more(state)),
        ),
    )


def _more(state: Any) -> rx.Component:
    key, here = "pbx", state.here
    return more_menu(
        key,
        t("More"),
        rx.cond(
            state.may_edit & ~here.going,
            rx.fragment(
                more_item(key, t("Change PBX Type/Expiration Date"), "calendar-clock", on_click=state.open("term")),
                rx.cond(here.may_upgrade,
                        more_item(key, t("Upgrade Plan"), "circle-arrow-up", on_click=state.ask("upgrade"))),
            ),
        ),
        rx.cond(
            state.may_control & ~here.going,
            rx.fragment(
                rx.cond(~here.activated,
                        more_item(key, t("Send Activation Email"), "mail", on_click=state.ask("activation"))),
                rx.cond(here.may_reset, more_item(key, t("Reset"), "rotate-ccw", on_click=state.ask("reset"))),
            ),
        ),
        rx.cond(
            state.may_delete,
            more_item(key, t("Delete"), "trash-2", danger=True, on_click=state.ask("delete")),
            more_item(key, t("View List"), "server", on_click=rx.redirect(LIST)),
        ),
    )  # fmt: skip


def _content(state: Any) -> rx.Component:
    here = state.here
    return rx.fragment(
        rx.cond(here.trouble != "", _trouble(state)),
        rx.el.div(
            layout.card(
                forms.facts(
                    (t("Run state"), rx.el.span(
                        badge(here.state, here.tone),
                        rx.cond(here.note != "", rx.el.span(" ", here.note, class_name="faint")),
                        role="status",
                    )),
                    (t("Activation"), rx.cond(here.activated, badge(here.activation, "good"), badge(here.activation))),
                    (t("Address"), rx.el.span(here.address, class_name="mono")),
                    (t("Region"), here.region),
                    (t("Last report"), state.reported),
                    (t("Created"), state.created + " UTC"),
                ),
                title=t("State"),
            ),
            layout.card(
                forms.facts(
                    (t("Plan"), here.plan + " · " + here.type),
                    (t("Extensions"), here.extensions),
                    (t("Concurrent Calls"), here.calls),
                    (t("Call Recording (mins)"), rx.el.span(
                        here.minutes,
                        rx.cond(here.charged != "", rx.el.span(" · ", here.charged, class_name="faint")))),
                    (t("High Availability"), rx.cond(here.high_availability, t("On"), t("Off"))),
                    (t("Expiry Date"), rx.el.span(
                        here.expires,
                        rx.cond(here.expiry_note != "", rx.el.span(" · ", here.expiry_note, class_name="faint")))),
                ),
                title=t("Capacity and Term"),
            ),
            class_name="grid-2",
        ),
        layout.card(usage_parts(state.use), title=t("Usage"), aside=usage_as_of(state.use)),
        rx.cond(
            state.binds,
            rx.el.div(_portal_customer(state), _recipients(state), class_name="grid-2"),
            _recipients(state),
        ),
        layout.card(
            tables.table(
                [(t("Time (UTC)"), "date wide-only"), (t("What"), ""), (t("By"), "wide-only"), (t("Result"), ""),
                 (t("Remark"), "wide-only")],
                state.history,
                lambda line: [
                    tables.cell(line.at, kind="date wide-only"),
                    tables.cell(rx.el.div(
                        line.what, tables.on_phone(line.at), tables.on_phone(line.who),
                        tables.on_phone(rx.el.span(line.words, class_name="wrap-narrow")), class_name="two-lines",
                    )),
                    tables.cell(line.who, kind="wide-only"),
                    tables.cell(badge(line.result, line.tone)),
                    tables.cell(rx.el.span(line.words, class_name="wrap"), kind="wide-only"),
                ],
                ready=state.loaded,
                empty_state=empty("history", t("Nothing yet"), t("What is ordered and reported appears here.")),
                label=t("History"),
            ),
            title=t("History"),
            flush=True,
        ),
    )  # fmt: skip


def _trouble(state: Any) -> rx.Component:
    """What the engine could not do, and the two ways on: again, or back."""
    here = state.here
    return callout(
        rx.el.div(
            rx.el.div(
                rx.el.span(here.trouble, class_name="wrap"),
                rx.cond(
                    here.waiting,
                    rx.el.span(t("The hosting engine has not answered everything yet.")),
                    rx.cond(state.back != "", rx.el.span(t("The hosting engine has it as: "), state.back, ".")),
                ),
                class_name="two-lines",
            ),
            rx.cond(
                ~here.waiting,
                rx.el.div(
                    rx.cond(state.may_control,
                            button(t("Try Again"), small=True, symbol="rotate-cw", on_click=state.retry)),
                    rx.cond(state.may_edit & (state.back != ""),
                            button(t("Go Back to What Runs"), small=True, symbol="undo-2",
                                   on_click=state.ask("back"))),
                    class_name="row",
                ),
            ),
            class_name="row-between",
        ),
        tone="bad",
        symbol="circle-alert",
    )  # fmt: skip


def _portal_customer(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.customer != "",
            rx.el.ul(_person(state.customer, state.customer_note), class_name="people"),
            rx.el.p(state.customer_note, class_name="muted"),
        ),
        title=t("Customer Portal"),
    )


def _recipients(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.recipients.length() > 0,
            rx.el.ul(
                rx.foreach(state.recipients, lambda one: _person(one["name"], one["note"])), class_name="people"
            ),
            rx.el.p(t("Nobody yet: choose customers with Edit, then send them the activation email."),
                    class_name="muted"),
        ),
        title=t("Who Gets the Emails"),
    )  # fmt: skip


def _person(name: Any, note: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(name, class_name="strong"), rx.el.span(note, class_name="faint wrap"),
                  class_name="two-lines"),
        class_name="people-row",
    )  # fmt: skip


def _drawer(state: Any, panel: str, content: Any, *more: Any) -> rx.Component:
    return overlays.drawer(
        state.panel == panel,
        state.show_panel,
        state.panel_title,
        content,
        *more,
        foot=rx.fragment(button(t("Cancel"), on_click=state.show_panel(False)), submit(t("Save"), form=f"pbx-{panel}")),
    )


def _edit_panel(state: Any) -> rx.Component:
    return _drawer(
        state,
        "edit",
        forms.form(
            state,
            forms.field(state, "name", t("Name"), default_value=state.values["name"], auto_complete="off",
                        max_length=60),
            on_submit=state.save,
            id="pbx-edit",
            key=state.form_number.to_string(),
        ),
        portal_customer_field(state.errors["customer"]),
        recipients_field(state.errors["recipients"]),
    )  # fmt: skip


def _resize_panel(state: Any) -> rx.Component:
    return _drawer(
        state,
        "resize",
        forms.form(
            state,
            rx.el.div(
                capacity_slider(state, "extensions", t("Extensions"), state.extensions,
                                hint=t("At most 500 for each PBX.")),
                capacity_slider(state, "calls", t("Concurrent Calls"), state.calls),
                rx.el.div(
                    forms.switch("recording", t("Call Recording"), default_checked=state.recording,
                                 on_change=state.set_recording_on,
                                 hint=t("Minutes are never taken back: switched off they stay deducted.")),
                    class_name="slider-switch",
                ),
                rx.cond(
                    state.recording,
                    capacity_slider(state, "minutes", t("Call Recording (mins)"), state.minutes),
                ),
                rx.cond(
                    state.offers_high_availability,
                    rx.el.div(
                        forms.switch("high_availability", t("High Availability"),
                                     default_checked=state.high_availability,
                                     hint=t("It keeps working when a server fails or is under heavy load.")),
                        rx.cond(state.errors["high_availability"],
                                rx.el.p(state.errors["high_availability"], class_name="error")),
                        class_name="slider-switch",
                    ),
                ),
                class_name="sliders",
            ),
            rx.el.p(t("What grows is deducted at once. What shrinks comes back when the hosting engine has set it."),
                    class_name="muted"),
            on_submit=state.save,
            id="pbx-resize",
            key=state.form_number.to_string(),
        ),
    )  # fmt: skip


def _term_panel(state: Any) -> rx.Component:
    return _drawer(
        state,
        "term",
        forms.form(
            state,
            forms.choice(state, "type", t("Type"), TYPES, default_value=state.values["type"]),
            forms.field(state, "expires_on", t("Expiry Date"), kind="date", required=False,
                        default_value=state.values["expires_on"],
                        hint=t("Emails go out 30 days and 7 days before, and on the day. Empty: it never expires.")),
            forms.switch("stop_at_expiry", t("Stop after this day"), default_checked=state.stop_at_expiry,
                         hint=t("Otherwise it runs on.")),
            on_submit=state.save,
            id="pbx-term",
            key=state.form_number.to_string(),
        ),
    )  # fmt: skip
