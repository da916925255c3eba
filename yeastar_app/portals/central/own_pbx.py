"""Cloud PBX > My PBXs: what a customer of the Customer Portal has, how it stands, and starting and stopping where the
seller allows it. `?pbx=3` in the address shows that one's details."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import badge, button, callout, empty, link
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.hosting import Outcome
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.central.pbx_details import KINDS
from yeastar_app.portals.central.pbx_rows import PLANS, STATES, PbxRow, pbx_row
from yeastar_app.portals.central.usage_rows import (
    UsageView,
    capacity_cells,
    usage_as_of,
    usage_on_phone,
    usage_parts,
    usage_view,
)
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.refusals import Refusal
from yeastar_app.services import alarm_records, own_pbx, pbx
from yeastar_app.services.pbx import EXPIRES_SOON
from yeastar_app.words import day, minute, t

HERE = "/central/own"


@dataclass
class Event:
    """A line of what happened to a PBX."""

    what: str = ""
    when: str = ""
    result: str = ""
    tone: str = ""


@dataclass
class Remark:
    """Something of the customer's PBXs that wants attention."""

    words: str = ""
    tone: str = ""


@guarded(own_pbx.POLICY)
class OwnPbxState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("open", "asking")

    loaded: bool = False
    rows: list[PbxRow] = []
    remarks: list[Remark] = []
    newer: int = 0
    older: int = 0
    lost: str = ""
    """What is said while the hosting engine does not answer."""
    seller: str = ""
    nothing: str = ""
    """What to do while there is no PBX."""

    open: bool = False
    here: PbxRow = PbxRow()
    """The PBX whose details are open."""
    controls: bool = False
    reported: str = ""
    events: list[Event] = []
    use: UsageView = UsageView()
    alarms: str = ""
    """Where those of the PBX are listed."""

    asking: bool = False
    question: str = ""

    _subject: int = 0

    @rx.event
    async def load(self) -> None:
        actor = current_actor()
        self._watch(*pbx.topics(actor), alarm_records.topic(actor.organisation))
        await self._fill()
        asked = self.router.url.query_parameters.get("pbx")
        self.open = self.open and asked is not None
        if asked is not None:
            await self._open(asked)

    async def _follow(self) -> None:
        """Rows and open details as they are now. What was taken away is gone, and with it what was asked about it."""
        self._show(await self._ask(own_pbx.search, dict(self.router.url.query_parameters)))
        if self.open:
            try:
                self._detail(await self._ask(own_pbx.details, {"id": self.here.id}))
            except Refusal:
                self.open = False
        if self.asking and all(row.id != self._subject for row in self.rows):
            self.asking = False

    async def _fill(self) -> None:
        found = await self._act(own_pbx.search, dict(self.router.url.query_parameters))
        if found is not None:
            self._show(found)

    def _show(self, found: own_pbx.Found) -> None:
        self.rows = [_shown(row) for row in found.rows]
        self.seller = found.seller
        self.nothing = t("It appears as soon as {seller} has bound one to your company. Ask for it.",
                         seller=found.seller)  # fmt: skip
        self.remarks = [_reported(alarm) for alarm in found.alarms]
        self.remarks += [remark for row in found.rows for remark in _remarks(row, found.seller)]
        self.newer, self.older = found.newer, found.older
        self.lost = ""
        if found.health.lost_since is not None:
            self.lost = t("The states shown are those of {moment} UTC: nothing newer is known. What you order now is "
                          "kept and carried out later.", moment=minute(found.health.lost_since))  # fmt: skip
        self.loaded = True

    async def _open(self, number: Any) -> None:
        found = await self._act(own_pbx.details, {"id": number})
        if found is not None:
            self._detail(found)
            self.open = True

    def _detail(self, found: own_pbx.Details) -> None:
        self.here, self.controls = _shown(found.row), found.row.customer_controls
        self.reported = minute(found.reported_at) + " UTC" if found.reported_at else t("Nothing yet")
        self.use = usage_view(found.row, found.past)
        self.alarms = with_query(HERE + "/alarms", search=found.row.name)
        self.events = [_event(said, self.seller) for said in found.history]

    @rx.event
    async def show_details(self, shown: bool) -> Any:
        self.open = self.open and shown is True
        asked = "pbx" in self.router.url.query_parameters  # or a reload would open them again
        return rx.redirect(HERE, replace=True) if asked and not self.open else None

    @rx.event
    async def show_newer(self) -> Any:
        return rx.redirect(with_query(HERE, after=self.newer))

    @rx.event
    async def show_older(self) -> Any:
        return rx.redirect(with_query(HERE, before=self.older))

    @rx.event
    async def start(self, number: int) -> None:
        name = await self._act(own_pbx.start, {"id": number})
        if name is not None:
            self._say(t("{name} is asked to start.", name=name))
        await self._again()

    @rx.event
    async def ask(self, number: int) -> None:
        """The question before its people cannot call any more."""
        named = next((row.name for row in self.rows if row.id == number), "")
        if named:
            self._subject, self.asking, self.question = number, True, t("Stop {name}?", name=named)

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = self.asking and shown is True

    @rx.event
    async def stop(self) -> None:
        """Yes. A second click finds the question gone."""
        if not self.asking:
            return
        self.asking = False
        name = await self._act(own_pbx.stop, {"id": self._subject})
        if name is not None:
            self._say(t("{name} is asked to stop.", name=name))
        await self._again()

    async def _again(self) -> None:
        """The list as it is now; the message about what was just done stays."""
        errors = self.errors
        await self._fill()
        self.errors = errors


def _shown(row: pbx.Row) -> PbxRow:
    """A PBX in the eyes of its customer: what is wrong inside is for its seller to read."""
    shown = pbx_row(row)
    return replace(
        shown,
        owner="",
        plan=PLANS[row.plan.value],
        charged="",
        trouble="",
        may_start=shown.may_start and row.customer_controls,
        may_stop=shown.may_stop and row.customer_controls,
        may_reset=False,
        may_upgrade=False,
    )


def _reported(alarm: own_pbx.Reported) -> Remark:
    tone = {AlarmLevel.INFORMATION: "", AlarmLevel.WARNING: "warn", AlarmLevel.ALERT: "bad"}[alarm.level]
    return Remark(f"{alarm.title}. {alarm.detail}".strip(), tone)


def _remarks(row: pbx.Row, seller: str) -> list[Remark]:
    """What wants attention: an end that is near or over, and an order that could not be carried out."""
    found = []
    if row.trouble:
        words = t("{name}: what was ordered last could not be carried out. {seller} can see why.", name=row.name,
                  seller=seller)  # fmt: skip
        found.append(Remark(words, "bad"))
    if row.expires_on is None:
        return found
    on = day(row.expires_on)
    if row.expired and row.run_after_expiry:
        words = t("{name} expired on {on} and runs on. Ask {seller} to renew it.", name=row.name, on=on, seller=seller)
        found.append(Remark(words, "warn"))
    elif row.expired:
        words = t("{name} expired on {on}. Ask {seller} to renew it.", name=row.name, on=on, seller=seller)
        found.append(Remark(words, "bad"))
    elif row.expires_on - clock.now().date() <= EXPIRES_SOON:
        words = t("{name} expires on {on}. Ask {seller} to renew it.", name=row.name, on=on, seller=seller)
        found.append(Remark(words, "warn"))
    return found


def _event(said: pbx.Said, seller: str) -> Event:
    """An order with who gave it, or what was reported after it."""
    at = minute(said.at) + " UTC"
    kind = KINDS.get(said.kind, "") if said.kind else ""
    if said.state is None:
        what = t("{kind}, by {who}", kind=kind, who=said.who or seller)
        if said.outcome in (Outcome.FAILED, Outcome.TAKEN_BACK):
            return Event(what, at, t("Failed"), "bad")
        return Event(what, at, t("Done"), "good") if said.outcome else Event(what, at, t("Waiting"), "accent")
    state, tone = STATES[said.state.value]
    return Event(t("Reported after: {kind}", kind=kind) if kind else t("Reported"), at, state, tone)


@page(HERE, t("My PBXs"), own_pbx.POLICY, OwnPbxState.load)
def own_pbx_page() -> rx.Component:
    state = OwnPbxState
    return layout.shell(
        state,
        t("Central Management"),
        t("My PBXs"),
        rx.cond(state.lost != "", callout(state.lost, tone="warn", symbol="unplug")),
        rx.foreach(state.remarks, lambda one: callout(one.words, tone=one.tone, symbol="bell")),
        layout.card(
            tables.table(
                [(t("PBX"), ""), (t("State"), ""), (t("Extensions"), "wide-only"),
                 (t("Concurrent Calls"), "wide-only"), (t("Call Recording (mins)"), "wide-only"),
                 (t("Expires"), "date wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nothing(state),
                label=t("My PBXs"),
            ),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                tables.pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                             has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
            flush=True,
        ),
        overlays.drawer(state.open, state.show_details, state.here.name, _details(state)),
        overlays.confirm(
            state.asking,
            state.show_question,
            state.question,
            t("Your people can neither call nor be called until it is started again."),
            yes=t("Stop"),
            on_yes=state.stop,
        ),
        note=t("The cloud PBXs of your company, as they are at this moment."),
    )  # fmt: skip


def _nothing(state: Any) -> rx.Component:
    return empty("server", t("No cloud PBX here yet"), state.nothing)


def _row(row: Any) -> list[rx.Component]:
    state = OwnPbxState
    return [
        tables.cell(
            rx.el.div(
                link(row.name, HERE + "?pbx=" + row.id.to_string()),
                rx.el.span(row.address, class_name="faint wide-only"),
                usage_on_phone(row),
                class_name="two-lines",
            )
        ),
        tables.cell(
            rx.el.div(
                rx.el.div(badge(row.state, row.tone), class_name="row tight"),
                rx.cond(row.note != "", rx.el.span(row.note, class_name="faint")),
                class_name="two-lines state-cell",
            )
        ),
        *[tables.cell(cell, kind="wide-only") for cell in capacity_cells(row)],
        tables.cell(
            rx.el.div(
                rx.el.span(row.expires),
                rx.cond(row.expiry_note != "", rx.el.span(row.expiry_note, class_name="faint")),
                class_name="two-lines",
            ),
            kind="date wide-only",
        ),
        tables.row_actions(
            rx.cond(
                row.may_start,
                _act(t("Start"), "play", row.name, state.start(row.id)),
            ),
            rx.cond(
                row.may_stop,
                _act(t("Stop"), "square", row.name, state.ask(row.id)),
            ),
        ),
    ]


def _act(words: str, symbol: str, name: Any, on_click: Any) -> rx.Component:
    """A button of a row; on a phone its icon has to do."""
    label = rx.el.span(words, class_name="wide-only")
    return button(label, small=True, symbol=symbol, on_click=on_click, aria_label=words + " " + name, title=words)


def _details(state: Any) -> rx.Component:
    here = state.here
    return rx.el.div(
        forms.facts(
            (t("Run state"), rx.el.span(
                badge(here.state, here.tone),
                rx.cond(here.note != "", rx.el.span(" ", here.note, class_name="faint")),
                role="status",
            )),
            (t("Activation"), here.activation),
            (t("Started and stopped by"), rx.cond(state.controls, t("You and") + " " + state.seller, state.seller)),
        ),
        rx.el.div(rx.el.h3(t("Usage")), usage_as_of(state.use), class_name="row-between"),
        usage_parts(state.use),
        rx.el.p(link(t("Alarms of this PBX"), state.alarms)),
        rx.el.h3(t("Details")),
        forms.facts(
            (t("Address"), rx.el.span(here.address, class_name="mono")),
            (t("Region"), here.region),
            (t("Plan"), here.plan + " · " + here.type),
            (t("Extensions"), here.extensions),
            (t("Concurrent Calls"), here.calls),
            (t("Call Recording (mins)"), here.minutes),
            (t("High Availability"), rx.cond(here.high_availability, t("On"), t("Off"))),
            (t("Expiry Date"), rx.el.span(
                here.expires,
                rx.cond(here.expiry_note != "", rx.el.span(" · ", here.expiry_note, class_name="faint")))),
            (t("Last report"), state.reported),
        ),
        rx.el.h3(t("History")),
        rx.el.ul(
            rx.foreach(
                state.events,
                lambda one: rx.el.li(
                    rx.el.div(
                        rx.el.span(one.what),
                        rx.el.span(one.when, class_name="faint"),
                        class_name="two-lines grow",
                    ),
                    badge(one.result, one.tone),
                    class_name="people-row",
                ),
            ),
            class_name="people",
            aria_label=t("History"),
        ),
        class_name="stack",
    )  # fmt: skip
