"""Back office > Partners' Points > one partner: figures, ledger, registrations, tier history; adjust and reverse."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import (
    back_link,
    badge,
    button,
    button_link,
    callout,
    download_link,
    empty,
    loading,
    submit,
    tab_panel,
    tabs,
)  # fmt: skip
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.staff.partner_points import PATH
from yeastar_app.services import partner_points, point_details
from yeastar_app.services.partner_points import Effects, PartnersDetails
from yeastar_app.words import day, minute, plural, t

TABS = {"record": t("Point Record"), "registered": t("Registered Product"), "tiers": t("Tier History")}
FILES = {"record": "/files/partner-record.xlsx", "registered": "/files/partner-registered.xlsx"}
MOST_LINES = 8
TONES = {"earned": "good", "redeemed": "accent", "expired": "warn", "adjusted": "", "reversed": "bad"}


@dataclass
class RecordRow:
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    who: str = ""
    points: str = ""
    balance: str = ""
    expires: str = ""


@dataclass
class ProductRow:
    id: int = 0
    at: str = ""
    who: str = ""
    product: str = ""
    identifier: str = ""
    purchased: str = ""
    company: str = ""
    points: str = ""
    reversed: str = ""
    reason: str = ""


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
class PartnerAccountState(Shell):
    tab: str = "record"
    loaded: bool = False
    known: bool = False
    """False until the figures are there."""
    missing: bool = False
    """There is no such partner, or none that this person looks after."""
    figures: Figures = Figures()
    lots: list[str] = []
    records: list[RecordRow] = []
    registered: list[ProductRow] = []
    steps: list[StepRow] = []
    newer: int = 0
    older: int = 0
    search: str = ""
    since: str = ""
    until: str = ""
    seed: str = ""
    opened: int = 0
    export_href: str = ""

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
    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        asked = dict(self.router.url.query_parameters)
        place = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        self._partner = int(place) if place.isascii() and place.isdigit() and len(place) < 19 else 0
        fresh = PartnersDetails.model_validate({**asked, "partner": self._partner or 1})
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched
        self._typing, self.panel = False, ""
        self.tab = asked.get("tab", "") if asked.get("tab") in TABS else "record"
        self.since, self.until = str(fresh.since or ""), str(fresh.until or "")
        self.export_href = with_query(FILES.get(self.tab, ""), partner=self._partner, **self._filters())
        await self._show_account()
        await self._fill(asked)

    def _filters(self) -> dict[str, str]:
        return {"search": self.search, "since": self.since, "until": self.until}

    async def _show_account(self) -> None:
        seen = await self._act(partner_points.account, {"partner": self._partner})
        self.known, self.missing = seen is not None, seen is None
        if seen is None:
            return
        self._seen = seen.seen
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

    async def _fill(self, asked: dict[str, str]) -> None:
        if not self.known:
            return
        listed = {"record": partner_points.records, "registered": partner_points.registered_products}.get(self.tab)
        if listed is None:
            self.newer, self.older, self.loaded = 0, 0, True
            return
        found = await self._act(listed, {**asked, "partner": self._partner})
        if found is None:
            return
        if self.tab == "registered":
            self.registered = [_product_row(row) for row in found.rows]
        else:
            self.records = [_record_row(row) for row in found.rows]
        self.newer, self.older, self.loaded = found.newer, found.older, True

    def _go(self, **changes: object) -> Any:
        tab = {} if self.tab == "record" else {"tab": self.tab}
        return rx.redirect(with_query(f"{PATH}/{self._partner}", **{**tab, **self._filters(), **changes}), replace=True)

    @rx.event
    async def pick_tab(self, tab: str) -> Any:
        self.tab, self.loaded = (tab if isinstance(tab, str) and tab in TABS else "record"), False
        return self._go()

    @rx.event
    async def find(self, words: str) -> Any:
        self._typing = True
        self.search = point_details.DetailsFilter.model_validate({"search": words}).search
        return self._go()

    @rx.event
    async def pick_since(self, day: str) -> Any:
        return self._go(since=day)

    @rx.event
    async def pick_until(self, day: str) -> Any:
        return self._go(until=day)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)

    def _open(self, panel: str, title: str) -> None:
        self.errors, self.effects, self.panel, self.panel_title = {}, [], panel, title
        self.form_number += 1

    @rx.event
    async def open_adjustment(self) -> None:
        if self.known:
            self._open("adjust", t("Adjust Points"))

    @rx.event
    async def open_reversal(self, registration_id: int) -> None:
        row = next((row for row in self.registered if row.id == registration_id and not row.reversed), None)
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


def _record_row(row: point_details.Record) -> RecordRow:
    return RecordRow(
        minute(row.at), point_details.KINDS[row.kind], TONES[row.kind.value], row.reason, row.who,
        f"{row.points:+,}".replace("-", "\N{MINUS SIGN}"), f"{row.balance:,}", day(row.expires),
    )  # fmt: skip


def _product_row(row: partner_points.Registered) -> ProductRow:
    one = row.product
    return ProductRow(
        one.id, day(one.at), row.who, one.product, one.identifier, day(one.purchase_date), one.end_user_company,
        f"+{one.points:,}", t("Reversed {day}", day=day(row.reversed_at)) if row.reversed_at else "",
        row.reversed_reason,
    )  # fmt: skip


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
            rx.cond(state.tab != "tiers", _toolbar(state)),
            tab_panel(state.tab, "record", _records(state)),
            tab_panel(state.tab, "registered", _registered(state)),
            tab_panel(state.tab, "tiers", _steps(state)),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                tables.pager(
                    t("Newest first"),
                    earlier=state.show_newer,
                    later=state.show_older,
                    has_earlier=state.newer > 0,
                    has_later=state.older > 0,
                ),
            ),
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


def _toolbar(state: Any) -> rx.Component:
    return tables.toolbar(
        tables.search_box(state.seed, state.opened, state.find, t("Search reason, ID or end user")),
        tables.day_filter(state.since, state.pick_since, t("From")),
        tables.day_filter(state.until, state.pick_until, t("To")),
        download_link(t("Export"), state.export_href),
    )


def _records(state: Any) -> rx.Component:
    return tables.table(
        [(t("Date"), "date wide-only"), (t("Type"), "wide-only"), (t("Reason"), ""), (t("By"), "wide-only"),
         (t("Points"), "num"), (t("Balance"), "num wide-only"), (t("Expiry Date"), "date wide-only")],
        state.records,
        lambda row: [
            tables.cell(row.at, kind="date wide-only"),
            tables.cell(badge(row.kind, row.tone), kind="wide-only"),
            tables.cell(row.reason, tables.on_phone(row.kind, " · ", row.at)),
            tables.cell(row.who, kind="wide-only"),
            tables.cell(rx.el.strong(row.points), tables.on_phone(t("Balance"), " ", row.balance), kind="num"),
            tables.cell(row.balance, kind="num wide-only"),
            tables.cell(row.expires, kind="date wide-only"),
        ],
        ready=state.loaded,
        empty_state=_nothing(state, t("No points yet")),
        label=t("Point Record"),
    )  # fmt: skip


def _registered(state: Any) -> rx.Component:
    return tables.table(
        [(t("Registered"), "date wide-only"), (t("Product"), "wide-only"), (t("Product ID"), ""),
         (t("Purchase Date"), "date wide-only"), (t("End User"), "wide-only"), (t("Points"), "num"), ("", "")],
        state.registered,
        lambda row: [
            tables.cell(rx.el.span(row.at, class_name="line"), rx.el.span(row.who, class_name="line faint"),
                        kind="date wide-only"),
            tables.cell(row.product, kind="wide-only"),
            tables.cell(
                rx.el.span(row.identifier, class_name="mono"),
                tables.on_phone(row.product),
                tables.on_phone(row.company, " · ", row.at),
            ),
            tables.cell(row.purchased, kind="date wide-only"),
            tables.cell(row.company, kind="wide-only"),
            tables.cell(row.points, kind="num"),
            tables.row_actions(
                rx.cond(
                    row.reversed != "",
                    rx.el.span(badge(row.reversed, "bad"), title=row.reason),
                    button(t("Reverse"), small=True, look="quiet", on_click=state.open_reversal(row.id),
                           aria_label=t("Reverse") + " " + row.identifier),
                )
            ),
        ],
        ready=state.loaded,
        empty_state=_nothing(state, t("No products registered yet")),
        label=t("Registered Product"),
    )  # fmt: skip


def _steps(state: Any) -> rx.Component:
    return tables.table(
        [(t("Date"), "date"), (t("Tier"), ""), ("", ""), (t("Reason"), "")],
        state.steps,
        lambda row: [
            tables.cell(row.at, kind="date"),
            tables.cell(rx.el.strong(row.change)),
            tables.cell(badge(row.label, row.tone)),
            tables.cell(row.reason),
        ],
        ready=state.loaded,
        empty_state=empty("award", t("No change of tier yet"),
                          t("A tier goes up when products are registered, and down only at the yearly review.")),
        label=t("Tier History"),
    )  # fmt: skip


def _nothing(state: Any, title: str) -> rx.Component:
    return rx.cond(
        (state.search != "") | (state.since != "") | (state.until != ""),
        empty("search", t("Nothing matches"), t("Change the search or the days above.")),
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
