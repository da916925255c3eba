"""Back office > Tiers & Benefits: thresholds, rebates, benefits and the programme's figures, as rules that are data."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays
from yeastar_app.components.controls import badge, button, icon, icon_button, loading, submit
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.services import tier_rules
from yeastar_app.words import plural, t

BLANK = {"name": "", "threshold": "", "rebate": "", "benefits": "", "tier_period_months": "",
         "lot_validity_months": "", "registration_window_days": ""}  # fmt: skip


@dataclass
class TierRow:
    id: int = 0
    name: str = ""
    threshold: str = ""
    rebate: str = ""
    partners: str = ""
    benefits: list[str] = field(default_factory=list)
    lowest: bool = False


@guarded(tier_rules.POLICY)
class TiersState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "removing")

    rows: list[TierRow] = []
    loaded: bool = False
    period: str = ""
    validity: str = ""
    window: str = ""

    panel: str = ""
    """Which drawer is open: "tier" or "figures"; empty for none."""
    panel_title: str = ""
    lowest: bool = False
    values: dict[str, str] = BLANK
    form_number: int = 0
    effects: list[str] = []
    """Who would move, before it is saved."""
    removing: str = ""

    _seen: tier_rules.Overview | None = None
    _tier: int = 0
    _mark: str = ""
    _typed: dict[str, Any] = {}

    @rx.event
    async def load(self) -> None:
        await self._fill()

    async def _fill(self) -> None:
        seen = await self._act(tier_rules.overview)
        if seen is None:
            return
        self._seen, self.rows, self.loaded = seen, [_row(one) for one in seen.tiers], True
        self.period = plural(seen.tier_period_months, "month", "months")
        self.validity = plural(seen.lot_validity_months, "month", "months")
        self.window = plural(seen.registration_window_days, "day", "days")

    def _tier_of(self, tier_id: Any) -> tier_rules.TierView | None:
        return next((one for one in self._seen.tiers if one.id == tier_id), None) if self._seen else None

    def _open(self, panel: str, title: str, **values: Any) -> None:
        self.errors, self.effects, self.panel, self.panel_title = {}, [], panel, title
        self.values = {**BLANK, **{name: str(value) for name, value in values.items()}}
        self.form_number += 1

    @rx.event
    async def open_tier(self, tier_id: int) -> None:
        """Edit a tier; 0: add one."""
        tier = self._tier_of(tier_id)
        if tier:
            self._tier, self._mark, self.lowest = tier.id, tier.seen, tier.lowest
            self._open("tier", t("Edit {tier}", tier=tier.name), name=tier.name, threshold=tier.threshold,
                       rebate=tier.rebate, benefits="\n".join(tier.benefits))  # fmt: skip
        elif tier_id == 0:
            self._tier, self._mark, self.lowest = 0, "", False
            self._open("tier", t("Add Tier"), rebate="0")

    @rx.event
    async def open_figures(self) -> None:
        if self._seen:
            self._mark = self._seen.seen
            names = ("tier_period_months", "lot_validity_months", "registration_window_days")
            self._open("figures", t("Programme Figures"), **{name: getattr(self._seen, name) for name in names})

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel if open_ is True else ""

    @rx.event
    async def look_first(self, form: dict) -> None:
        """Who would move with what was typed."""
        if self.panel not in ("tier", "figures"):
            return
        own: dict[str, Any] = {"seen": self._mark, "tier": self._tier}
        if self.panel == "tier" and self.lowest:
            own["threshold"] = 0
        self._typed = with_own(form, **own)
        would = await self._act(self._action()[0], self._typed)
        if would is not None:
            self.effects = _said(would)

    def _action(self) -> tuple[Any, Any]:
        if self.panel == "figures":
            return tier_rules.preview_figures, tier_rules.change_figures
        if self._tier:
            return tier_rules.preview_change, tier_rules.change
        return tier_rules.preview_new, tier_rules.add

    @rx.event
    async def back_to_form(self) -> None:
        self.effects = []

    @rx.event
    async def save(self) -> None:
        if not self.panel or not self.effects:
            return  # the second half of a double click
        self.effects = []
        if await self._did(self._action()[1], self._typed):
            self.panel = ""
            self._say(t("Saved. Nobody's tier has moved."))
            await self._fill()

    @rx.event
    async def ask_removal(self, tier_id: int) -> None:
        tier = self._tier_of(tier_id)
        if tier:
            self._tier, self._mark, self.removing = tier.id, tier.seen, tier.name

    @rx.event
    async def close_removal(self, open_: bool) -> None:
        self.removing = self.removing if open_ is True else ""

    @rx.event
    async def remove(self) -> None:
        if not self.removing:
            return
        self.removing = ""
        name = await self._act(tier_rules.remove, {"tier": self._tier, "seen": self._mark})
        if name is not None:
            self._say(t("{tier} is removed.", tier=name))
            await self._fill()


def _row(one: tier_rules.TierView) -> TierRow:
    return TierRow(
        one.id,
        one.name,
        t("from {points} points", points=f"{one.threshold:,}") if one.threshold else t("from the start"),
        t("{n}% rebate on paid orders", n=one.rebate) if one.rebate != "0" else t("no rebate"),
        plural(one.partners, "partner", "partners"),
        one.benefits,
        one.lowest,
    )


def _said(would: tier_rules.Preview) -> list[str]:
    rising, falling = would.then
    return [
        t("Nobody's tier moves when you save."),
        t("{n} would rise with their next registration{before}.", n=plural(rising, "partner", "partners"),
          before=_before(rising, would.now.rising)),
        t("{n} would not keep their tier if their review were today{before}.",
          n=plural(falling, "partner", "partners"), before=_before(falling, would.now.falling)),
    ]  # fmt: skip


def _before(then: int, now: int) -> str:
    return "" if then == now else t(" (by today's rules: {n})", n=f"{now:,}")


@page("/staff/tiers", t("Tiers & Benefits"), tier_rules.POLICY, TiersState.load)
def tiers_page() -> rx.Component:
    state = TiersState
    return layout.shell(
        state,
        t("Back Office"),
        t("Tiers & Benefits"),
        rx.cond(
            state.loaded,
            rx.el.div(rx.foreach(state.rows, _tier), class_name="ladder"),
            layout.card(loading(6)),
        ),
        _figures(state),
        _tier_panel(state),
        _figures_panel(state),
        overlays.confirm(
            state.removing != "",
            state.close_removal,
            t("Remove the tier") + " " + state.removing + "?",
            t("Only a tier that nobody holds or held, and that no reward is for, can be removed."),
            yes=t("Remove"),
            on_yes=state.remove,
        ),
        note=t("Changing a tier moves nobody. A partner rises when it registers something, and falls only at its "
               "yearly review."),
        actions=(button(t("Add Tier"), look="primary", symbol="plus", on_click=state.open_tier(0)),),
    )  # fmt: skip


def _tier(row: Any) -> rx.Component:
    state = TiersState
    return rx.el.section(
        rx.el.div(
            rx.el.h2(row.name),
            rx.el.div(
                icon_button("pencil", t("Edit") + " " + row.name, on_click=state.open_tier(row.id)),
                rx.cond(
                    row.lowest,
                    rx.fragment(),
                    icon_button("trash-2", t("Remove") + " " + row.name, on_click=state.ask_removal(row.id)),
                ),
                class_name="row-tight",
            ),
            class_name="row-between",
        ),
        rx.el.div(
            rx.el.p(row.threshold, class_name="strong num"),
            rx.el.p(row.rebate, class_name="muted num"),
            rx.el.p(badge(row.partners, "accent")),
            class_name="stack-s",
        ),
        rx.el.ul(rx.foreach(row.benefits, lambda line: rx.el.li(icon("check"), line)), class_name="ticks"),
        class_name="card ladder-step",
        aria_label=row.name,
    )


def _figures(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.loaded,
            forms.facts(
                (t("Tier period"), rx.fragment(state.period, t("; reviews are as far apart"))),
                (t("Validity of points"), rx.fragment(state.validity, t(" from the day they are earned"))),
                (t("Registration window"), rx.fragment(state.window, t(" from the day of purchase"))),
            ),
            loading(3),
        ),
        title=t("Programme Figures"),
        aside=button(t("Edit Figures"), look="quiet", symbol="pencil", on_click=state.open_figures),
    )  # fmt: skip


def _steps(state: Any, form: rx.Component, form_id: str) -> tuple[rx.Component, rx.Component, rx.Component]:
    """The two steps of a drawer: the form, then who would move; and the buttons of each."""
    asking = state.effects.length() > 0
    return (
        rx.el.div(form, hidden=asking),
        rx.cond(
            asking,
            rx.el.div(
                rx.el.h3(t("What happens")),
                rx.el.ul(rx.foreach(state.effects, rx.el.li), class_name="bullets"),
                class_name="stack-s",
                role="status",
            ),
        ),
        rx.cond(
            asking,
            rx.fragment(
                button(t("Back"), on_click=state.back_to_form),
                button(t("Save"), look="primary", on_click=state.save),
            ),
            rx.fragment(
                button(t("Cancel"), on_click=state.close_panel(False)),
                submit(t("Next"), form=form_id),
            ),
        ),
    )


def _tier_panel(state: Any) -> rx.Component:
    values = state.values
    form = forms.form(
        state,
        forms.field(state, "name", t("Name"), default_value=values["name"], auto_complete="off", max_length=40),
        forms.fields(
            forms.field(state, "threshold", t("Points"), input_mode="numeric", default_value=values["threshold"],
                        disabled=state.lowest, auto_complete="off", max_length=9,
                        hint=rx.cond(state.lowest, t("The lowest tier begins at 0."),
                                     t("Earned within the tier period."))),
            forms.field(state, "rebate", t("Rebate in Percent"), input_mode="decimal", default_value=values["rebate"],
                        auto_complete="off", max_length=6, hint=t("Of paid orders, at most two decimals.")),
        ),
        forms.text_area(state, "benefits", t("Benefits"), default_value=values["benefits"], rows=8,
                        hint=t("One a line, in the order partners read them.")),
        on_submit=state.look_first,
        id="tier",
        key=state.form_number.to_string(),
    )  # fmt: skip
    first, second, foot = _steps(state, form, "tier")
    return overlays.drawer(state.panel == "tier", state.close_panel, state.panel_title, first, second, foot=foot)


def _figures_panel(state: Any) -> rx.Component:
    values = state.values

    def number(name: str, label: str, hint: str) -> rx.Component:
        return forms.field(state, name, label, input_mode="numeric", default_value=values[name], auto_complete="off",
                           max_length=4, hint=hint)  # fmt: skip

    form = forms.form(
        state,
        number("tier_period_months", t("Tier Period in Months"), t("Reviews that are dated stay on their day.")),
        number(
            "lot_validity_months", t("Validity of Points in Months"), t("Points earned before keep their last day.")
        ),
        number("registration_window_days", t("Registration Window in Days"), t("From the day of purchase.")),
        on_submit=state.look_first,
        id="figures",
        key=state.form_number.to_string(),
    )
    first, second, foot = _steps(state, form, "figures")
    return overlays.drawer(state.panel == "figures", state.close_panel, state.panel_title, first, second, foot=foot)
