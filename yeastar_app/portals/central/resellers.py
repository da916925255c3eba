"""System > User > Reseller: the list (Seed 002)."""

from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import layout, overlays, tables
from yeastar_app.components.controls import (
    badge,
    button,
    button_link,
    download_link,
    empty,
    icon_button,
    link,
    usage_bar,
)
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Status
from yeastar_app.portals import list_page
from yeastar_app.portals.central.rows import STATES, ResellerRow, reseller_row
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import capacity, resellers
from yeastar_app.services.resellers import Use
from yeastar_app.words import plural, t

USES = {Use.NEAR.value: t("80% or more"), Use.FULL.value: t("Used up")}
HERE = "/central/resellers"
FILTERS = dict.fromkeys(("name", "company", "email", "state", "use"))
LIST = ListOf(HERE, resellers.search, resellers.Filter, FILTERS, "/files/resellers.xlsx")


@guarded(resellers.VIEW)
class ResellersState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("asking",)

    may_manage: bool = False
    rows: list[ResellerRow] = []
    picked: list[int] = []
    asking: bool = False
    question: str = ""
    doomed: list[int] = []

    def _list(self) -> ListOf:
        return LIST

    def _topics(self) -> tuple[str, ...]:
        return capacity.topics_around(current_actor())

    def _show(self, found: resellers.Found) -> None:
        self.may_manage = current_actor().may(Feature.RESELLER_MANAGE)
        self.rows = [reseller_row(row) for row in found.rows]
        there = {row.id for row in self.rows}
        self.picked = [number for number in self.picked if number in there]

    @rx.event
    async def tick(self, number: int) -> None:
        known = [row.id for row in self.rows]
        if number in known:
            kept = [one for one in self.picked if one != number]
            self.picked = kept if number in self.picked else [*self.picked, number]

    @rx.event
    async def tick_all(self) -> None:
        self.picked = [] if len(self.picked) == len(self.rows) else [row.id for row in self.rows]

    @rx.event
    async def ask_delete(self, number: int) -> None:
        """Open the question: about one row, or (0) about all that are picked."""
        wanted = self.picked if number == 0 else [number]
        named = [row.company for row in self.rows if row.id in wanted]
        self.doomed = [row.id for row in self.rows if row.id in wanted]
        if named:
            self.question = t("Delete {names}?", names=", ".join(named))
            self.asking = True

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = bool(shown)

    @rx.event
    async def delete(self) -> None:
        if not self.asking:
            return
        self.asking = False
        done = await self._act(resellers.delete, {"ids": self.doomed})
        if done is not None:
            words = t("{what} deleted. The capacity is yours again.", what=plural(done.count, "reseller", "resellers"))
            self._say(" ".join([words, *done.kept]), "bad" if done.kept else "good")
        await self._fill()

    @rx.event
    async def send_activation(self, number: int) -> None:
        what = f"send_activation {number!r:.40}"
        if self._is_done(what):
            return
        address = await self._act(resellers.send_activation, {"id": number})
        if address is not None:
            self._say_done(
                what, t("Activation email sent to {address}. The link is valid for 7 days.", address=address)
            )


@page(HERE, t("Reseller"), resellers.VIEW, ResellersState.load)
def resellers_page() -> rx.Component:
    state = ResellersState
    return layout.shell(
        state,
        t("Central Management"),
        t("Reseller"),
        layout.card(
            _filters(state),
            tables.table(
                [
                    (_all_box(state), ""),
                    (t("Reseller"), ""),
                    (t("State"), ""),
                    (t("PBXs"), "num wide-only"),
                    (t("Extensions"), "wide-only"),
                    (t("Concurrent Calls"), "wide-only"),
                    (t("Call Recording (mins)"), "wide-only"),
                    ("", ""),
                ],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=_nothing(state),
                label=t("Resellers"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        overlays.confirm(
            state.asking,
            state.show_question,
            state.question,
            t("Their colleagues lose access too, and the capacity returns to your package. Resellers that still have "
              "cloud PBXs are kept."),
            yes=t("Delete"),
            on_yes=state.delete,
        ),
        note=t("Resellers create cloud PBXs on their own, within the package you assign to them."),
        actions=(
            download_link(t("Export"), state.export_href),
            rx.cond(
                state.may_manage,
                rx.fragment(
                    button(t("Delete"), look="danger", symbol="trash-2", disabled=state.picked.length() == 0,
                           on_click=state.ask_delete(0)),
                    button_link(t("Add"), f"{HERE}/new", look="primary", symbol="plus"),
                ),
            ),
        ),
    )  # fmt: skip


def _filters(state: Any) -> rx.Component:
    states = {status.value: STATES[status][0] for status in (Status.NOT_ACTIVATED, Status.ACTIVE)}
    return list_page.filter_form(
        state,
        list_page.filter_field(state, "name", t("Name")),
        list_page.filter_field(state, "company", t("Company")),
        list_page.filter_field(state, "email", t("Email")),
        list_page.filter_select(state, "state", {"": t("All"), **states}, t("State")),
        list_page.filter_select(state, "use", {"": t("All"), **USES}, t("Capacity in use")),
    )


def _all_box(state: Any) -> rx.Component:
    return rx.el.input(
        type="checkbox",
        checked=(state.picked.length() > 0) & (state.picked.length() == state.rows.length()),
        on_change=lambda _: state.tick_all(),
        aria_label=t("Select all"),
        class_name="tick",
    )


def _use(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(row.words, " ", rx.el.span(row.of, class_name="muted"), class_name="usage-words"),
        usage_bar(row.used, row.total, label=row.label),
        class_name="usage",
    )


def _row(row: Any) -> list[rx.Component]:
    state = ResellersState
    return [
        tables.cell(
            rx.el.input(
                type="checkbox",
                checked=state.picked.contains(row.id),
                on_change=lambda _: state.tick(row.id),
                aria_label=t("Select ") + row.company,
                class_name="tick",
            )
        ),
        tables.cell(
            rx.el.div(
                rx.cond(state.may_manage, link(row.company, f"{HERE}/" + row.id.to_string()), rx.el.span(row.company)),
                rx.el.span(row.name, " · ", row.email, class_name="faint wide-only"),
                rx.el.span(row.name, class_name="narrow-only faint cut"),
                tables.on_phone(t("PBXs "), row.pbxs),
                tables.on_phone(t("Extensions "), row.extensions.words, " ", row.extensions.of),
                class_name="two-lines",
            )
        ),
        tables.cell(badge(row.state, row.tone)),
        tables.cell(row.pbxs, kind="num wide-only"),
        tables.cell(_use(row.extensions), kind="wide-only"),
        tables.cell(_use(row.calls), kind="wide-only"),
        tables.cell(_use(row.minutes), kind="wide-only"),
        tables.row_actions(rx.cond(state.may_manage, _actions(row))),
    ]


def _actions(row: Any) -> rx.Component:
    """Buttons side by side; in a menu on a phone, which has no room for four."""
    key, one = row.id.to_string(), f"{HERE}/" + row.id.to_string()
    what = (
        ("mail", t("Send activation email"), ResellersState.send_activation(row.id)),
        ("copy", t("Clone"), rx.redirect(f"{HERE}/new?from=" + key)),
        ("pencil", t("Edit"), rx.redirect(one)),
        ("trash-2", t("Delete"), ResellersState.ask_delete(row.id)),
    )
    return rx.fragment(
        rx.el.div(
            *[icon_button(symbol, label, on_click=act) for symbol, label, act in what],
            class_name="wide-only cell-actions",
        ),
        rx.el.div(
            more_menu(
                key,
                t("More for") + " " + row.company,
                *[more_item(key, label, symbol, on_click=act, danger=symbol == "trash-2")
                  for symbol, label, act in what],
            ),
            class_name="narrow-only",
        ),
    )  # fmt: skip


def _nothing(state: Any) -> rx.Component:
    return rx.cond(
        state.narrowed,
        empty("search-x", t("Nothing matches"), t("No reseller fits these filters."),
              button(t("Reset"), on_click=state.reset_filters)),
        empty("users", t("No resellers yet"),
              t("Add your first reseller and assign a part of your hosting package to it."),
              button_link(t("Add"), f"{HERE}/new", look="primary", symbol="plus")),
    )  # fmt: skip
