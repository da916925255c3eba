"""System > User > Reseller: adding and editing one, in the three sections of Seed 002."""

from collections.abc import Callable
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.capacity_slider import ABOVE, Bounds, bounds, capacity_slider, limits
from yeastar_app.components.controls import (
    back_link,
    badge,
    button,
    button_link,
    icon_button,
    loading,
    submit,
)
from yeastar_app.components.permissions import granted_by, permission_tabs
from yeastar_app.features import CENTRAL_TABS
from yeastar_app.models.accounts import Status, TwoFactor
from yeastar_app.models.capacity import MAX_EXTENSIONS_PER_PBX
from yeastar_app.portals.central.rows import (
    STATES,
    ChangeRow,
    PresetRow,
    change_row,
    preset_row,
    typed_number,
)
from yeastar_app.portals.kept_form import KeptForm
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, presets, resellers
from yeastar_app.words import t

LIST = "/central/resellers"
BLANK = dict.fromkeys(("company", "first_name", "last_name", "email", "phone", "mobile", "address", "remark"), "")
NEW = {"extensions": 50, "calls": 10, "minutes": 0, "min_extensions": 5}
"""Where the sliders of a new reseller stand, as far as that much is free."""
ABOVE_EXTENSIONS = t("At most {most}, the extensions of the package")


@guarded(resellers.MANAGE)
class ResellerState(KeptForm, Shell):
    OPENS: ClassVar[tuple[str, ...]] = (*KeptForm.OPENS, "asking", "choosing")

    heading: str = ""
    is_new: bool = True
    is_active: bool = False
    has_two_factor: bool = False
    asking: bool = False
    """Whether the question about switching the second factor off is open."""
    state_words: str = ""
    state_tone: str = ""
    values: dict[str, str] = BLANK
    extensions: Bounds = Bounds()
    min_extensions: Bounds = Bounds()
    calls: Bounds = Bounds()
    minutes: Bounds = Bounds()
    offers_high_availability: bool = False
    high_availability: bool = False
    offered: list[str] = []
    ticked: list[str] = []
    tab: str = "0"
    drawn: int = 0
    """Grows whenever the package is to be drawn anew, with other values than what stands in its fields."""
    copied_from: str = ""
    """The company whose package and permissions these are; "" where they are nobody's."""
    presets: list[PresetRow] = []
    choosing: bool = False
    """Whether the window with the presets is open."""
    preset_error: str = ""
    changes: list[ChangeRow] = []
    cloned: str = ""
    """This reseller's id, for the address of its clone."""

    _reseller_id: int = 0
    _seen: str = ""
    _saved: bool = False
    _typed: dict[str, int] = NEW
    """Where the sliders stand, as the browser said last."""

    @rx.event
    async def load(self) -> Any:
        asked = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self._watch(*capacity.topics_around(current_actor()))
        try:
            await (self._load_new() if asked == "new" else self._load_one(asked))
            await self._show_presets()
        except Refusal:
            self._close()
            return rx.redirect("/not-found" if asked != "new" else "/not-allowed")
        self.loaded = True
        return None

    async def _load_new(self) -> None:
        source = self.router.url.query_parameters.get("from", "")
        if not self._begins("new", source):
            await self._move_bounds(self._typed)
            return
        self._show_new(await self._ask(resellers.offer))
        await self._copy(source)
        self._note_sliders()

    async def _load_one(self, asked: str) -> None:
        seen = await self._ask(resellers.details, {"id": asked})
        if self._begins(seen.id, seen.mark):
            self._show(seen)
            self._note_sliders()
        else:
            await self._move_bounds(self._typed)
        await self._show_history()

    def _begin(self, reseller_id: int, heading: str) -> None:
        self._reseller_id, self.heading, self.is_new, self._saved = reseller_id, heading, reseller_id == 0, False
        self.tab, self.copied_from, self.changes = "0", "", []

    def _show_new(self, offer: resellers.Offer) -> None:
        self._begin(0, t("Add Reseller"))
        self.values = dict(BLANK)
        self.is_active, self.state_words, self.state_tone = False, "", ""
        self.has_two_factor = False
        self.offers_high_availability, self.high_availability = offer.high_availability, False
        self.offered = self.ticked = sorted(offer.features)
        self._show_offer(offer, {gauge.capacity: min(NEW[gauge.capacity], gauge.free) for gauge in offer.gauges})
        self._show_minimum(min(NEW["min_extensions"], max(1, self.extensions.value)), self.extensions.value)

    def _show_offer(self, offer: resellers.Offer, typed: dict[str, int]) -> None:
        """The bounds of a package that is not there yet; `typed`: where the sliders stand by now."""
        for gauge in offer.gauges:
            least, value = 0 if gauge.capacity == "minutes" else 1, typed[gauge.capacity]
            setattr(self, gauge.capacity, bounds(value, least=least, held=0, free=gauge.free, total=gauge.total))

    async def _copy(self, reseller: Any) -> None:
        """Begin with the package and the permissions of another reseller; the person's data stay empty."""
        if not reseller:
            return
        seen = await self._ask(resellers.details, {"id": reseller})
        total = {each: seen.total.of(each) for each in ("extensions", "calls", "minutes")}
        self._show_offer(seen.offer, total)
        self._show_minimum(seen.min_extensions, seen.total.extensions)
        self.high_availability = seen.high_availability and self.offers_high_availability
        self.ticked = sorted(seen.features & seen.offer.features)
        self.copied_from = seen.values["company"]

    async def _show_history(self) -> None:
        found = await self._ask(resellers.history, {"id": self._reseller_id})
        self.changes = [change_row(row) for row in found]

    async def _show_presets(self) -> None:
        self.presets = [preset_row(row) for row in await self._ask(presets.listed)]

    def _show(self, seen: resellers.Details) -> None:
        self._begin(seen.id, seen.values["company"])
        self._seen, self.cloned = seen.mark, str(seen.id)
        self.values = seen.values
        self.is_active = seen.status is not Status.NOT_ACTIVATED
        self.has_two_factor = seen.two_factor is not TwoFactor.OFF
        self.state_words, self.state_tone = STATES[seen.status]
        self.offers_high_availability = seen.offer.high_availability or seen.high_availability
        self.high_availability = seen.high_availability
        self.offered, self.ticked = sorted(seen.offer.features), sorted(seen.features)
        self._show_package(seen, {})
        self._show_minimum(seen.min_extensions, seen.total.extensions)

    def _show_package(self, seen: resellers.Details, typed: dict[str, int]) -> None:
        """The bounds of an existing package; `typed`: where the sliders stand by now."""
        for gauge in seen.offer.gauges:
            held, used = seen.total.of(gauge.capacity), seen.used.of(gauge.capacity)
            kept = gauge.capacity == "minutes"  # minutes never go down
            where = bounds(
                typed.get(gauge.capacity, held),
                least=held if kept else max(1, used),
                held=held,
                free=gauge.free,
                total=gauge.total,
                low=t("{n}, never less", n=f"{held:,}") if kept and held else "",
            )
            setattr(self, gauge.capacity, where)

    def _show_minimum(self, value: int, extensions: int) -> None:
        """At most the extensions of the package, as they stand by now; the browser moves this end by itself."""
        bound = 0 < extensions < MAX_EXTENSIONS_PER_PBX
        most = extensions if bound else MAX_EXTENSIONS_PER_PBX
        self.min_extensions = limits(value, least=1, most=most, above=ABOVE_EXTENSIONS if bound else ABOVE)

    def _note_sliders(self) -> None:
        self._typed = {name: getattr(self, name).value for name in NEW}

    @rx.event
    async def tell(self, name: str, number: str) -> None:
        """The browser has moved a slider. Nothing is drawn for it: the browser has done so itself."""
        if isinstance(name, str) and name in NEW:
            self._typed = {**self._typed, name: typed_number(number)}

    @rx.event
    async def switch_availability(self, on: bool) -> None:
        self.high_availability = on is True

    @rx.event
    async def show_presets(self, shown: bool) -> None:
        self.choosing, self.preset_error = shown is True, ""

    @rx.event
    async def apply_preset(self, number: int) -> None:
        """Draw the package as the preset says; what does not fit is marked, and Save judges."""
        try:
            chosen = {row.id: row for row in await self._ask(presets.listed)}.get(number if type(number) is int else 0)
            if chosen is None:
                return
            self.high_availability = chosen.high_availability and self.offers_high_availability
            await self._move_bounds({name: getattr(chosen, name) for name in NEW})
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._note_sliders()
        self.errors = {}
        self.drawn += 1
        self.choosing = False
        self._say(t("“{name}” is filled in. It is assigned when you save.", name=chosen.name))

    @rx.event
    async def save_preset(self, form: dict) -> None:
        given = with_own(form, **self._typed, high_availability=self.high_availability)
        if self.choosing:
            await self._change_presets(presets.save, {**given, "name": given.get("preset")})

    @rx.event
    async def remove_preset(self, number: int) -> None:
        if self.choosing and number in [row.id for row in self.presets]:  # the second of two clicks finds nothing
            await self._change_presets(presets.remove, {"id": number})

    async def _change_presets(self, action: Callable[..., str], payload: dict[str, Any]) -> None:
        self.preset_error = ""
        try:
            await self._ask(action, payload)
        except Refusal as refusal:
            self.preset_error = next(iter(refusal.fields.values()), refusal.message)
        await self._show_presets()

    @rx.event
    async def pick_tab(self, tab: str) -> None:
        self.tab = str(tab)[:2]

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = bool(shown)

    @rx.event
    async def switch_off_two_factor(self) -> None:
        if not self.asking:
            return
        self.asking = False
        address = await self._act(resellers.switch_off_two_factor, {"id": self._reseller_id})
        if address is not None:
            self.has_two_factor = False
            self._say(t("Two-factor authentication of {address} is off.", address=address))

    @rx.event
    async def save(self, form: dict) -> Any:
        """Everything or nothing; a second click on a saved form does nothing."""
        if self._saved or not isinstance(form, dict):
            return None
        payload = {**form, "features": granted_by(form), "id": self._reseller_id, "seen": self._seen}
        done = await self._act(resellers.create if self.is_new else resellers.edit, payload)
        if done is None:
            try:
                await self._move_bounds({name: typed_number(form.get(name)) for name in NEW})
            except Refusal as refusal:
                self._refuse(refusal)
            return None
        self._saved, self.loaded = True, False
        company = str(form.get("company", "")).strip()
        if self.is_new:
            words = t("{company} was added and its package deducted. Send the activation email when you are ready.",
                      company=company)  # fmt: skip
            self._say(words)
        else:
            self._say(t("{company} was saved.", company=company))
        return rx.redirect(LIST)

    async def _follow(self) -> None:
        """The bounds as they are now; where the sliders stand is for the person at them to say."""
        if self._saved:
            return
        await self._move_bounds(self._typed)
        if not self.is_new:
            await self._show_history()

    async def _move_bounds(self, typed: dict[str, int]) -> None:
        if self.is_new:
            self._show_offer(await self._ask(resellers.offer), typed)
        else:
            self._show_package(await self._ask(resellers.details, {"id": self._reseller_id}), typed)
        self._show_minimum(typed["min_extensions"], typed["extensions"])


def _build() -> rx.Component:
    state = ResellerState
    return layout.shell(
        state,
        t("Central Management"),
        state.heading,
        rx.cond(state.loaded, rx.el.div(_form(state), _history(state), class_name="stack"), layout.card(loading(8))),
        _presets(state),
        overlays.confirm(
            state.asking,
            state.show_question,
            t("Switch two-factor authentication off?"),
            t(
                "Only for a reseller that lost its second factor: from then on the password alone is enough. "
                "The reseller can set it up again."
            ),
            yes=t("Switch off"),
            on_yes=state.switch_off_two_factor,
        ),
        back=back_link(t("Reseller"), LIST),
        note=rx.cond(
            state.copied_from != "",
            t("Package and permissions are those of ") + state.copied_from + ".",
            t("The capacity is subject to your subscription."),
        ),
        actions=(
            rx.cond(~state.is_new, button_link(t("Clone"), f"{LIST}/new?from=" + state.cloned, symbol="copy")),
            rx.cond(state.state_words != "", badge(state.state_words, state.state_tone)),
            rx.cond(
                state.has_two_factor,
                button(
                    t("Switch off two-factor authentication"),
                    symbol="shield-off",
                    small=True,
                    on_click=state.show_question(True),
                ),
            ),
        ),
    )


@page(f"{LIST}/new", t("Add Reseller"), resellers.MANAGE, ResellerState.load)
def new_reseller_page() -> rx.Component:
    return _build()


@page(f"{LIST}/[reseller_id]", t("Reseller"), resellers.MANAGE, ResellerState.load)
def reseller_page() -> rx.Component:
    return _build()


def _form(state: Any) -> rx.Component:
    return forms.form(
        state,
        layout.card(_information(state), title=t("User Information")),
        layout.card(_package(state), title=t("Reseller Package"), aside=button(
            t("Presets"), symbol="layers", small=True, on_click=state.show_presets(True))),
        layout.card(
            permission_tabs(state, CENTRAL_TABS, field="features",
                            note=t("The reseller sees and can do only what is ticked here.")),
            title=t("User Permission"),
        ),
        rx.el.div(button_link(t("Cancel"), LIST), submit(t("Save")), class_name="form-foot"),
        on_submit=state.save,
        key=state.form_key,
    )  # fmt: skip


def _information(state: Any) -> rx.Component:
    def line(name: str, label: str, required: bool = False, **props: Any) -> rx.Component:
        return forms.field(state, name, label, required=required, default_value=state.values[name], **props)

    return forms.fields(
        line("company", t("Company"), required=True, auto_complete="off"),
        line("email", t("Email"), required=True, kind="email", auto_complete="off",
             hint=t("The user name for signing in to Central Management.")),
        line("first_name", t("First Name"), required=True, auto_complete="off"),
        line("last_name", t("Last Name"), auto_complete="off"),
        line("phone", t("Phone"), kind="tel", auto_complete="off"),
        line("mobile", t("Mobile"), kind="tel", auto_complete="off"),
        rx.cond(
            state.is_active,
            forms.field(state, "password", t("Password"), kind="password", required=False, wide=True,
                        auto_complete="new-password",
                        hint=t("Only where the reseller forgot it: sets a new one, signs the reseller out and has it "
                               "changed at the next sign-in.")),
            forms.field(state, "password", t("Password"), kind="password", wide=True, disabled=True,
                        hint=t("Not editable: the reseller sets the initial password when activating the account.")),
        ),
        line("address", t("Address"), wide=True, auto_complete="off"),
        forms.text_area(state, "remark", t("Remark"), default_value=state.values["remark"], max_length=500),
    )  # fmt: skip


def _package(state: Any) -> rx.Component:
    return rx.el.div(
        capacity_slider(state, "extensions", t("Extensions"), state.extensions, on_tell=state.tell,
                        hint=t("The reseller assigns them to its PBXs as needed.")),
        capacity_slider(state, "min_extensions", t("Minimum Ext. per PBX"), state.min_extensions, plain=True,
                        on_tell=state.tell, within=("extensions", MAX_EXTENSIONS_PER_PBX, ABOVE_EXTENSIONS),
                        hint=t("Each PBX of the reseller gets at least as many; at most 500, which no PBX can "
                               "exceed.")),
        capacity_slider(state, "calls", t("Concurrent Calls"), state.calls, on_tell=state.tell),
        capacity_slider(state, "minutes", t("Call Recording (mins)"), state.minutes, on_tell=state.tell,
                        hint=t("Each PBX has 500 recording minutes for free.")),
        rx.cond(
            state.offers_high_availability,
            rx.el.div(
                forms.switch("high_availability", t("High Availability"), default_checked=state.high_availability,
                             on_change=state.switch_availability,
                             hint=t("PBXs of the reseller keep working when a server fails or is under heavy load.")),
                rx.cond(state.errors["high_availability"],
                        rx.el.p(state.errors["high_availability"], class_name="error")),
                class_name="slider-switch",
            ),
        ),
        class_name="sliders",
        key=state.drawn.to_string(),
    )  # fmt: skip


def _presets(state: Any) -> rx.Component:
    """The window with the presets: apply one, delete one, save the package as it stands in the form."""
    return overlays.dialog(
        state.choosing,
        state.show_presets,
        t("Package presets"),
        rx.cond(
            state.presets.length() == 0,
            rx.el.p(t("No presets yet. Save a package under a name to use it again."), class_name="muted"),
            rx.el.ul(rx.foreach(state.presets, lambda row: _preset(state, row)), class_name="preset-list"),
        ),
        rx.el.form(
            rx.el.label(
                rx.el.span(t("Save this package as"), class_name="label"),
                rx.el.input(name="preset", max_length=60, auto_complete="off", class_name="input",
                            key=state.presets.length().to_string(), aria_describedby="preset-error",
                            aria_invalid=rx.cond(state.preset_error != "", "true", "false")),
                class_name="field grow",
            ),
            submit(t("Save as Preset"), look="plain"),
            on_submit=state.save_preset,
            no_validate=True,
            class_name="row row-end",
        ),
        rx.cond(state.preset_error != "",
                rx.el.p(state.preset_error, id="preset-error", role="alert", class_name="error")),
        wide=True,
    )  # fmt: skip


def _preset(state: Any, row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.span(row.name), rx.el.span(row.words, class_name="faint"), class_name="two-lines grow"),
        button(t("Apply"), small=True, on_click=state.apply_preset(row.id), aria_label=t("Apply ") + row.name),
        icon_button("trash-2", t("Delete preset"), on_click=state.remove_preset(row.id)),
        class_name="row",
    )


def _history(state: Any) -> rx.Component:
    """Who gave what when."""
    return rx.cond(
        state.changes.length() > 0,
        layout.card(
            tables.table(
                [(t("Time (UTC)"), "date"), (t("Who"), "wide-only"), (t("Change"), "")],
                state.changes,
                lambda row: [
                    tables.cell(row.at, kind="date"),
                    tables.cell(row.who, kind="wide-only"),
                    tables.cell(rx.el.ul(rx.foreach(row.lines, _change), class_name="changes")),
                ],
                ready=state.loaded,
                empty_state=rx.fragment(),
                label=t("History of the package"),
            ),
            title=t("History of the package"),
            flush=True,
        ),
    )


def _change(line: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(line.what + " ", class_name="muted"),
        rx.cond(
            line.before != "", rx.fragment(line.before, rx.el.span(" → ", aria_label=t("then")), line.after), line.after
        ),
    )
