"""Back office > Partners' Points > one partner: figures, ledger, registrations, tier history; adjust and reverse."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import (
    back_link,
    badge,
    button,
    button_link,
    callout,
    empty,
    loading,
    submit,
    tab_panel,
    tabs,
)  # fmt: skip
from yeastar_app.components.point_story import story_drawer
from yeastar_app.portals import point_lists
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.point_lists import LISTS, PointLists, Source
from yeastar_app.portals.staff.partner_points import PATH
from yeastar_app.services import partner_points, registry
from yeastar_app.services.partner_points import Effects
from yeastar_app.words import day, plural, t

TABS = {**LISTS, "tiers": t("Tier History")}
FILES = {"record": "/files/partner-record.xlsx", "registered": "/files/partner-registered.xlsx"}
MOST_LINES = 8


@dataclass
class StepRow:
    at: str = ""
    change: str = ""
    label: str = ""
    tone: str = ""
    reason: str = ""


@dataclass
class Figures:
    name: str = ""
    tier: str = ""
    tier_note: str = ""
    balance: str = ""
    balance_note: str = ""
    debt: str = ""
    accrued: str = ""
    accrued_note: str = ""


@guarded(partner_points.POLICY)
class PartnerAccountState(PointLists, Shell):
    OPENS: ClassVar[tuple[str, ...]] = (*PointLists.OPENS, "panel")

    known: bool = False
    """False until the figures are there."""
    missing: bool = False
    """There is no such partner, or none that this person looks after."""
    figures: Figures = Figures()
    lots: list[str] = []
    steps: list[StepRow] = []

    panel: str = ""
    """Which drawer is open: "adjust" or "reverse"; empty for none."""
    panel_title: str = ""
    form_number: int = 0
    effects: list[str] = []
    """What would happen, before it is saved."""

    _partner: int = 0
    _registration: int = 0
    _seen: str = ""
    _typed: dict[str, Any] = {}

    def _path(self) -> str:
        return f"{PATH}/{self._partner}"

    def _tabs(self) -> dict[str, str]:
        return TABS

    def _source(self) -> Source:
        return Source(partner_points.records, partner_points.registered_products, registry.products,
                      partner_points.story, FILES, {"partner": self._partner})  # fmt: skip

    @rx.event
    async def load(self) -> None:
        place = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self._partner = int(place) if place.isascii() and place.isdigit() and len(place) < 19 else 0
        asked = self._read_address()
        await self._show_account()
        if self.known:
            await self._fill(asked)
            await self._tell(asked)

    async def _show_account(self) -> None:
        seen = await self._act(partner_points.account, {"partner": self._partner})
        self.known, self.missing = seen is not None, seen is None
        if seen is None:
            return
        if not self.panel:
            self._seen = seen.seen  # of what is open, the mark is that of its opening
        self.figures = Figures(
            seen.name,
            seen.tier,
            t("since {day}, review on {review}", day=day(seen.tier_since), review=day(seen.review_at))
            if seen.review_at
            else t("nothing registered yet"),
            f"{seen.balance:,}",
            t("{points} expire after {day}", points=plural(seen.lots[0][1], "point", "points"),
              day=day(seen.lots[0][0])) if seen.lots else t("nothing expires"),
            plural(seen.debt, "point is owed", "points are owed") if seen.debt else "",
            f"{seen.accrued:,}",
            t("in {n} months; {points} to {tier}", n=seen.period_months, points=f"{seen.missing:,}",
              tier=seen.next_tier) if seen.next_tier else t("in {n} months; the highest tier", n=seen.period_months),
        )  # fmt: skip
        self.lots = [t("{day}: {points}", day=day(last), points=plural(left, "point", "points"))
                     for last, left in seen.lots]  # fmt: skip
        self.steps = [_step_row(step) for step in seen.history]

    def _open(self, panel: str, title: str) -> None:
        self.errors, self.effects, self.panel, self.panel_title = {}, [], panel, title
        self.form_number += 1

    @rx.event
    async def open_adjustment(self) -> None:
        if self.known:
            self._open("adjust", t("Adjust Points"))

    @rx.event
    async def open_reversal(self, registration_id: int) -> None:
        row = next((row for row in self.registered if row.id == registration_id and not row.undone), None)
        if row is None:
            return
        self._open("reverse", t("Reverse {product} {id}", product=row.product, id=row.identifier))
        self._registration = row.id
        asked = {"partner": self._partner, "registration": row.id}
        would = await self._act(partner_points.preview_reversal, asked)
        if would is None:
            self.panel = ""
        else:
            self._seen, self.effects = would.seen, _said(would)

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel if open_ is True else ""

    @rx.event
    async def look_first(self, form: dict) -> None:
        """What the adjustment would do, before it is saved."""
        if self.panel != "adjust":
            return
        self._typed = with_own(form, partner=self._partner)
        would = await self._act(partner_points.preview_adjustment, self._typed)
        if would is not None:
            self._seen = would.seen
            self.effects = [*_said(would), t("Reason: {reason}", reason=str(self._typed.get("reason", "")).strip())]

    @rx.event
    async def back_to_form(self) -> None:
        self.effects = []

    @rx.event
    async def save_adjustment(self) -> None:
        if self.panel != "adjust" or not self.effects:
            return  # the second half of a double click
        done = await self._act(partner_points.adjust, {**self._typed, "seen": self._seen})
        self.effects = []
        if done is not None:
            await self._saved(t("The points are adjusted, and the partner is told."))

    @rx.event
    async def save_reversal(self, form: dict) -> None:
        if self.panel != "reverse":
            return  # the second half of a double click
        own = {"partner": self._partner, "registration": self._registration, "seen": self._seen}
        done = await self._act(partner_points.reverse, with_own(form, **own))
        if done is not None:
            await self._saved(t("The registration is reversed, and the partner is told."))

    async def _saved(self, words: str) -> None:
        self.panel = ""
        self._say(words)
        await self._show_account()
        await self._fill(dict(self.router.url.query_parameters))


def _said(effects: Effects) -> list[str]:
    """A change in words: the lines of the ledger, those of the same last day together, then how the account stands."""
    sums: dict[tuple[bool, bool, Any], list[int]] = {}
    for line in effects.lines:
        kind = sums.setdefault((line.debt != 0, line.points > 0, line.expires), [0, 0])
        kind[0] += line.points
        kind[1] += line.debt
    lines = [partner_points.Line(*both, kind[2]) for kind, both in sums.items()]
    said = []
    for line in lines[:MOST_LINES]:
        if line.debt < 0:
            said.append(t("{n} of these pay what is owed.", n=plural(-line.points, "point", "points")))
        elif line.debt > 0:
            said.append(t("{n} are spent already: they become a debt that the next earnings pay.",
                          n=plural(line.debt, "point", "points")))  # fmt: skip
        elif line.points > 0:
            said.append(t("{n} are added; the last day to spend them is {day}.",
                          n=plural(line.points, "point", "points"), day=day(line.expires)))  # fmt: skip
        else:
            said.append(t("{n} are taken from those that can be spent until {day}.",
                          n=plural(-line.points, "point", "points"), day=day(line.expires)))  # fmt: skip
    if len(lines) > MOST_LINES:
        said.append(t("… and {n} with later last days.", n=len(lines) - MOST_LINES))
    if effects.expired:
        said.append(t("{n} had expired: they are gone already.", n=plural(effects.expired, "point", "points")))
    said.append(t("Balance: {before} → {after}", before=f"{effects.balance_before:,}", after=f"{effects.balance:,}"))
    if effects.debt or effects.debt_before:
        said.append(t("Owed: {before} → {after}", before=f"{effects.debt_before:,}", after=f"{effects.debt:,}"))
    return said


def _step_row(step: partner_points.Step) -> StepRow:
    kept = step.before == step.after
    label, tone = (t("Kept"), "") if kept else (t("Up"), "good") if step.rises else (t("Down"), "warn")
    return StepRow(day(step.at), step.after if kept else f"{step.before} → {step.after}", label, tone, step.reason)


@page(f"{PATH}/[organisation_id]", t("Partner's Points"), partner_points.POLICY, PartnerAccountState.load)
def partner_account_page() -> rx.Component:
    state = PartnerAccountState
    return layout.shell(
        state,
        t("Back Office"),
        rx.cond(state.known, state.figures.name, t("Partner's Points")),
        rx.cond(
            state.missing,
            layout.card(empty("search", t("This partner is not here"),
                              t("It may have been removed, or another account manager looks after it."),
                              button_link(t("Show All Partners"), PATH))),
            rx.cond(state.known, _account(state), layout.card(loading(6))),
        ),
        _adjust_panel(state),
        _reverse_panel(state),
        story_drawer(state.story, state.telling, state.close_story),
        back=back_link(t("Partners' Points"), PATH),
        actions=(
            rx.cond(
                state.known,
                button(t("Adjust Points"), look="primary", symbol="plus", on_click=state.open_adjustment),
            ),
        ),
    )  # fmt: skip


def _account(state: Any) -> rx.Component:
    return rx.fragment(
        _figures(state),
        tabs(state.tab, TABS, state.pick_tab, label=t("Partner's Points")),
        layout.card(
            rx.cond(state.tab != "tiers", point_lists.filters(state, t("Product, ID or end user"))),
            tab_panel(state.tab, "record", point_lists.records_table(state, _nothing(state, t("No points yet")))),
            tab_panel(
                state.tab,
                "registered",
                point_lists.registered_table(state, _nothing(state, t("No products registered yet")), _reverse),
            ),
            tab_panel(state.tab, "tiers", _steps(state)),
            point_lists.pager(state),
            flush=True,
        ),
    )


def _figures(state: Any) -> rx.Component:
    seen = state.figures
    return rx.el.section(
        _figure(t("Balance"), seen.balance, seen.balance_note,
                rx.cond(seen.debt != "", rx.el.p(badge(seen.debt, "warn")), rx.fragment())),
        _figure(t("Earned"), seen.accrued, seen.accrued_note),
        _figure(t("Tier"), seen.tier, seen.tier_note),
        class_name="card figures",
        aria_label=t("Figures"),
    )  # fmt: skip


def _figure(label: str, value: Any, note: Any, shown: Any = None) -> rx.Component:
    return rx.el.div(
        rx.el.p(label, class_name="faint"),
        rx.el.p(value, class_name="figure"),
        rx.el.p(note, class_name="muted"),
        shown if shown is not None else rx.fragment(),
        class_name="stack-s",
    )


def _reverse(row: Any) -> rx.Component:
    return tables.row_actions(
        rx.cond(
            ~row.undone,
            button(t("Reverse"), small=True, look="quiet", on_click=PartnerAccountState.open_reversal(row.id),
                   aria_label=t("Reverse") + " " + row.identifier),
        )
    )  # fmt: skip


def _steps(state: Any) -> rx.Component:
    return tables.table(
        [(t("Date"), "date wide-only"), (t("Tier"), ""), ("", ""), (t("Reason"), "wide-only")],
        state.steps,
        lambda row: [
            tables.cell(row.at, kind="date wide-only"),
            tables.cell(rx.el.strong(row.change), tables.on_phone(row.at), tables.on_phone(row.reason)),
            tables.cell(badge(row.label, row.tone)),
            tables.cell(row.reason, kind="wide-only"),
        ],
        ready=state.loaded,
        empty_state=empty("award", t("No change of tier yet"),
                          t("A tier goes up when products are registered, and down only at the yearly review.")),
        label=t("Tier History"),
    )  # fmt: skip


def _nothing(state: Any, title: str) -> rx.Component:
    return rx.cond(
        point_lists.filtered(state),
        empty("search", t("Nothing matches"), t("Change the search or the filters above.")),
        empty("award", title, t("What the partner registers appears here.")),
    )


def _consequences(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.h3(t("What happens")),
        rx.el.ul(rx.foreach(state.effects, rx.el.li), class_name="bullets"),
        class_name="stack-s",
        role="status",
    )


def _reason(state: Any) -> rx.Component:
    return forms.field(state, "reason", t("Reason"), hint=t("The partner reads it, in the email and in the ledger."),
                       auto_complete="off", max_length=160)  # fmt: skip


def _adjust_panel(state: Any) -> rx.Component:
    asking = state.effects.length() > 0
    return overlays.drawer(
        state.panel == "adjust",
        state.close_panel,
        state.panel_title,
        rx.el.p(t("Can be spent:"), " ", state.figures.balance, class_name="muted num"),
        rx.el.div(
            forms.form(
                state,
                forms.field(state, "points", t("Points"), auto_complete="off", max_length=9,
                            hint=t("Whole points; with a minus they are taken out, those that expire first.")),
                _reason(state),
                on_submit=state.look_first,
                id="adjustment",
                key=state.form_number.to_string(),
            ),
            hidden=asking,
        ),
        rx.cond(asking, _consequences(state)),
        foot=rx.cond(
            asking,
            rx.fragment(
                button(t("Back"), on_click=state.back_to_form),
                button(t("Adjust Points"), look="primary", on_click=state.save_adjustment),
            ),
            rx.fragment(
                button(t("Cancel"), on_click=state.close_panel(False)),
                submit(t("Next"), form="adjustment"),
            ),
        ),
    )  # fmt: skip


def _reverse_panel(state: Any) -> rx.Component:
    return overlays.drawer(
        state.panel == "reverse",
        state.close_panel,
        state.panel_title,
        rx.cond(state.effects.length() > 0, _consequences(state)),
        callout(t("The product stays registered: nobody can register it again. The tier stays as it is until the "
                  "yearly review.")),
        forms.form(state, _reason(state), on_submit=state.save_reversal, id="reversal",
                   key=state.form_number.to_string()),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Reverse Registration"), look="danger", form="reversal"),
        ),
    )  # fmt: skip
