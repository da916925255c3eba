"""Back office > Products & Point Rules: what each product earns from which day to which day."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import forms, layout, overlays
from yeastar_app.components.controls import badge, button, button_link, download_link, empty, icon_button, submit
from yeastar_app.components.tables import toolbar
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.services import identifiers, point_rules
from yeastar_app.services.point_rules import Find
from yeastar_app.words import plural, t

PATH = "/staff/rules"
LIST = ListOf(PATH, point_rules.overview, Find, {"search": None}, "/files/point-rules.xlsx")
KINDS = {kind.value: words for kind, words in identifiers.LABELS.items()}
WHEN = {"ended": (t("Ended"), ""), "now": (t("Now"), "good"), "later": (t("Later"), "accent")}
BLANK = {"code": "", "name": "", "id_kind": "", "needs_subscription": "", "position": "", "points": "",
         "valid_from": "", "valid_until": "", "last_day": ""}  # fmt: skip


@dataclass
class SpanRow:
    id: int = 0
    days: str = ""
    points: str = ""
    when: str = ""
    tone: str = ""
    may_correct: bool = False
    may_end: bool = False


@dataclass
class ProductRow:
    id: int = 0
    name: str = ""
    facts: str = ""
    spans: list[SpanRow] = field(default_factory=list)


@guarded(point_rules.POLICY)
class RulesState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "removing", "answer")

    products: list[ProductRow] = []
    choices: list[dict[str, str]] = []

    panel: str = ""
    """Which drawer is open: "add", "correct", "end", "product"; empty for none."""
    panel_title: str = ""
    fixed: bool = False
    """Code and kind of ID of the product in the drawer stand fast."""
    values: dict[str, str] = BLANK
    form_number: int = 0
    effects: list[str] = []
    """What would hold on which days after saving; shown before it is saved."""
    removing: str = ""
    """The rule that is asked about, in words."""
    answer: str = ""
    asked_day: str = ""

    _views: list[point_rules.ProductView] = []
    _subject: int = 0
    _rule: int = 0
    _seen: str = ""
    _typed: dict[str, Any] = {}

    def _list(self) -> ListOf:
        return LIST

    async def _prepare(self) -> None:
        self.asked_day = clock.now().date().isoformat()
        everything = await self._act(point_rules.overview, {})
        self.choices = [{"value": str(view.id), "label": view.name} for view in everything or []]

    def _put(self, found: list[point_rules.ProductView]) -> None:
        """All of them: there are few products."""
        self._views, self.products, self.loaded = found, [_product_row(view) for view in found], True

    @rx.event
    async def ask_earning(self, form: dict) -> None:
        self.answer = ""
        answer = await self._act(point_rules.earning, form)
        self.answer = answer or ""

    def _view_of(self, product_id: Any) -> point_rules.ProductView | None:
        return next((view for view in self._views if view.id == product_id), None)

    def _open(self, panel: str, title: str, **values: Any) -> None:
        self.errors, self.effects, self.panel, self.panel_title = {}, [], panel, title
        self.values = {**BLANK, **{name: str(value or "") for name, value in values.items()}}
        self.form_number += 1

    @rx.event
    async def open_rule(self, product_id: int) -> None:
        view = self._view_of(product_id)
        if view:
            self._subject, self._rule, self._seen = view.id, 0, view.seen
            self._open("add", t("New Rule: {product}", product=view.name))

    @rx.event
    async def open_span(self, panel: str, product_id: int, rule_id: int) -> None:
        """One of a rule's own drawers, or the question whether to remove it."""
        view = self._view_of(product_id)
        span = next((span for span in view.spans if span.rule == rule_id), None) if view else None
        if view is None or span is None or panel not in ("correct", "end", "remove"):
            return
        self._subject, self._rule, self._seen = view.id, span.rule, view.seen
        if panel == "remove":
            self.panel, self.removing = "", f"{view.name}, {_days(span)}"
        elif panel == "end":
            self._open("end", t("End the Rule: {product}", product=view.name), last_day=clock.now().date())
        else:
            self._open("correct", t("Correct the Rule: {product}", product=view.name), points=span.points,
                       valid_from=span.first, valid_until=span.last)  # fmt: skip

    @rx.event
    async def open_product(self, product_id: int) -> None:
        """Edit a product; 0: add one."""
        view = self._view_of(product_id)
        if view:
            self._subject, self._seen, self.fixed = view.id, view.seen, view.in_use
            self._open("product", t("Edit {product}", product=view.name), code=view.code, name=view.name,
                       id_kind=view.id_kind, needs_subscription="on" if view.needs_subscription else "",
                       position=view.position)  # fmt: skip
        elif product_id == 0:
            self._subject, self._seen, self.fixed = 0, "", False
            last = max((one.position for one in self._views), default=0)
            self._open("product", t("Add Product"), position=last + 1)

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel if open_ is True else ""

    @rx.event
    async def close_removing(self, open_: bool) -> None:
        self.removing = self.removing if open_ is True else ""

    @rx.event
    async def look_first(self, form: dict) -> None:
        """What the rule in the drawer would do, before it is saved."""
        if self.panel not in ("add", "correct"):
            return
        self._typed = with_own(form, product=self._subject, rule=self._rule, seen=self._seen)
        preview = point_rules.preview if self.panel == "add" else point_rules.preview_correction
        self.effects = await self._act(preview, self._typed) or []

    @rx.event
    async def back_to_form(self) -> None:
        self.effects = []

    @rx.event
    async def save_rule(self) -> None:
        if self.panel not in ("add", "correct") or not self.effects:
            return  # the second half of a double click
        action = point_rules.add if self.panel == "add" else point_rules.correct
        name = await self._act(action, self._typed)
        self.effects = []
        if name is not None:
            await self._saved(t("{product}: the rule is saved.", product=name))

    @rx.event
    async def save_end(self, form: dict) -> None:
        if self.panel == "end":
            name = await self._act(point_rules.end, with_own(form, rule=self._rule, seen=self._seen))
            if name is not None:
                await self._saved(t("{product}: the rule has its last day.", product=name))

    @rx.event
    async def remove(self) -> None:
        if not self.removing:
            return
        self.removing = ""
        name = await self._act(point_rules.remove, {"rule": self._rule, "seen": self._seen})
        if name is not None:
            await self._saved(t("{product}: the rule is removed.", product=name))

    @rx.event
    async def save_product(self, form: dict) -> None:
        if self.panel != "product":
            return
        own: dict[str, Any] = {"product": self._subject, "seen": self._seen}
        if self.fixed:
            own.update(code=self.values["code"], id_kind=self.values["id_kind"])
        action = point_rules.change_product if self._subject else point_rules.add_product
        name = await self._act(action, with_own(form, **own))
        if name is not None:
            await self._saved(t("{product} is saved.", product=name))

    async def _saved(self, words: str) -> None:
        self.panel, self.answer = "", ""
        self._say(words)
        await self._fill()
        if not self.narrowed:
            self.choices = [{"value": str(view.id), "label": view.name} for view in self._views]


def _days(span: point_rules.Span) -> str:
    return point_rules.days(span.first or point_rules.date.min, span.last or point_rules.date.max)


def _product_row(view: point_rules.ProductView) -> ProductRow:
    facts = [KINDS[view.id_kind], t("needs a subscription") if view.needs_subscription else t("sold once"), view.code]
    return ProductRow(view.id, view.name, " · ".join(facts), [_span_row(span) for span in view.spans])


def _span_row(span: point_rules.Span) -> SpanRow:
    words, tone = WHEN[span.when]
    stored = span.rule > 0
    return SpanRow(
        span.rule,
        _days(span),
        plural(span.points, "point", "points") if span.points else t("Earns nothing"),
        words,
        tone,
        stored and not span.used,
        stored and span.when != "ended",
    )


@page(PATH, t("Products & Point Rules"), point_rules.POLICY, RulesState.load)
def rules_page() -> rx.Component:
    state = RulesState
    return layout.shell(
        state,
        t("Back Office"),
        t("Products & Point Rules"),
        _question(state),
        layout.card(
            toolbar(
                list_page.search(state, t("Search product or code")),
                download_link(t("Export"), state.export_href),
            ),
            rx.cond(
                state.loaded & (state.products.length() == 0),
                empty("package", t("No product matches"), t("Change the search above."),
                      button_link(t("Show Everything"), PATH)),
                rx.cond(
                    state.loaded,
                    rx.el.ul(rx.foreach(state.products, _product)),
                    rx.el.div(*[rx.el.div(class_name="skeleton") for _ in range(7)], class_name="card-body"),
                ),
            ),
            flush=True,
        ),
        _rule_panel(state),
        _end_panel(state),
        _product_panel(state),
        overlays.confirm(
            state.removing != "",
            state.close_removing,
            t("Remove this rule?"),
            rx.el.span(state.removing, ". ", t("On these days the product will earn nothing.")),
            yes=t("Remove"),
            on_yes=state.remove,
        ),
        note=t("One rule holds on each day. Something bought on a day earns by the rule of that day, whenever it is "
               "registered; once something is registered, the rule of its day stands."),
        actions=(button(t("Add Product"), look="primary", symbol="plus", on_click=state.open_product(0)),),
    )  # fmt: skip


def _question(state: Any) -> rx.Component:
    return layout.card(
        rx.el.form(
            rx.el.label(
                rx.el.span(t("A unit of"), class_name="faint"),
                rx.el.select(
                    rx.foreach(state.choices, lambda one: rx.el.option(one["label"], value=one["value"])),
                    name="product", class_name="input",
                ),
                class_name="stack-s",
            ),
            rx.el.label(
                rx.el.span(t("bought on"), class_name="faint"),
                rx.el.input(type="date", name="day", default_value=state.asked_day, key=state.asked_day,
                            class_name="input"),
                class_name="stack-s",
            ),
            submit(t("What would it earn?"), look="plain"),
            rx.el.p(
                state.answer, rx.cond(state.errors["day"], state.errors["day"], ""),
                class_name="strong grow", role="status",
            ),
            on_submit=state.ask_earning,
            class_name="row row-end",
        ),
    )  # fmt: skip


def _product(product: Any) -> rx.Component:
    state = RulesState
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h2(product.name, class_name="wrap"), rx.el.p(product.facts, class_name="faint wrap"),
                class_name="two-lines grow",
            ),
            rx.el.div(
                button(t("Add Rule"), small=True, symbol="plus", on_click=state.open_rule(product.id),
                       aria_label=t("Add Rule") + ": " + product.name),
                icon_button("pencil", t("Edit") + " " + product.name, on_click=state.open_product(product.id)),
                class_name="row",
            ),
            class_name="row-between",
        ),
        rx.cond(
            product.spans.length() > 0,
            rx.el.ol(rx.foreach(product.spans, lambda span: _span(product, span)), class_name="spans"),
            rx.el.p(t("No rule: it earns nothing on any day."), class_name="muted"),
        ),
        class_name="section",
    )  # fmt: skip


def _span(product: Any, span: Any) -> rx.Component:
    state = RulesState
    words = product.name + ", " + span.days
    return rx.el.li(
        rx.el.span(span.days, class_name="span-days"),
        rx.el.span(span.points, class_name="num strong"),
        badge(span.when, span.tone),
        rx.el.div(
            rx.cond(
                span.may_end,
                button(t("End"), small=True, look="quiet", on_click=state.open_span("end", product.id, span.id),
                       aria_label=t("End") + ": " + words),
            ),
            rx.cond(
                span.may_correct,
                rx.fragment(
                    button(t("Correct"), small=True, look="quiet",
                           on_click=state.open_span("correct", product.id, span.id),
                           aria_label=t("Correct") + ": " + words),
                    button(t("Remove"), small=True, look="quiet",
                           on_click=state.open_span("remove", product.id, span.id),
                           aria_label=t("Remove") + ": " + words),
                ),
            ),
            class_name="cell-actions",
        ),
        class_name="span",
    )  # fmt: skip


def _rule_panel(state: Any) -> rx.Component:
    values = state.values
    asking = state.effects.length() > 0
    return overlays.drawer(
        (state.panel == "add") | (state.panel == "correct"),
        state.close_panel,
        state.panel_title,
        rx.el.div(
            forms.form(
                state,
                forms.field(state, "points", t("Points"), input_mode="numeric", default_value=values["points"],
                            hint=t("For each unit registered."), auto_complete="off", max_length=7),
                forms.fields(
                    forms.field(state, "valid_from", t("Bought From"), kind="date", required=False,
                                default_value=values["valid_from"], hint=t("Empty: from the beginning.")),
                    forms.field(state, "valid_until", t("Bought Until"), kind="date", required=False,
                                default_value=values["valid_until"], hint=t("Empty: until it is ended.")),
                ),
                on_submit=state.look_first,
                id="rule",
                key=state.form_number.to_string(),
            ),
            hidden=asking,
        ),
        rx.cond(
            asking,
            rx.el.div(
                rx.el.h3(t("Afterwards it earns, by the day of purchase:")),
                rx.el.ol(rx.foreach(state.effects, rx.el.li), class_name="bullets"),
                rx.el.p(t("What is registered already keeps its points."), class_name="hint"),
                class_name="stack-s", role="status",
            ),
        ),
        foot=rx.cond(
            asking,
            rx.fragment(
                button(t("Back"), on_click=state.back_to_form),
                button(t("Save"), look="primary", on_click=state.save_rule),
            ),
            rx.fragment(
                button(t("Cancel"), on_click=state.close_panel(False)),
                submit(t("Continue"), form="rule"),
            ),
        ),
    )  # fmt: skip


def _end_panel(state: Any) -> rx.Component:
    return overlays.drawer(
        state.panel == "end",
        state.close_panel,
        state.panel_title,
        forms.form(
            state,
            forms.field(state, "last_day", t("Last Day"), kind="date", default_value=state.values["last_day"],
                        hint=t("What is bought after this day earns nothing, until another rule begins.")),
            on_submit=state.save_end,
            id="ending",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("End the Rule"), form="ending"),
        ),
    )  # fmt: skip


def _product_panel(state: Any) -> rx.Component:
    values = state.values
    stands = rx.cond(state.fixed, t("Stands fast: units or registrations of this product exist."), "")
    return overlays.drawer(
        state.panel == "product",
        state.close_panel,
        state.panel_title,
        forms.form(
            state,
            forms.field(state, "name", t("Name"), default_value=values["name"], auto_complete="off", max_length=100),
            forms.field(state, "code", t("Code"), default_value=values["code"], auto_complete="off", max_length=40,
                        disabled=state.fixed, hint=rx.cond(state.fixed, stands, t("Letters, digits and hyphens."))),
            forms.choice(state, "id_kind", t("Identified By"), KINDS, placeholder=t("Choose …"),
                         default_value=values["id_kind"], disabled=state.fixed, hint=stands),
            forms.switch("needs_subscription", t("Needs a subscription"),
                         hint=t("It earns points only once a plan or service is subscribed for the ID."),
                         default_checked=values["needs_subscription"] == "on"),
            forms.field(state, "position", t("Position"), input_mode="numeric", default_value=values["position"],
                        hint=t("Its place in lists; the lowest comes first."), auto_complete="off", max_length=5),
            on_submit=state.save_product,
            id="product-form",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Save"), form="product-form"),
        ),
    )  # fmt: skip
