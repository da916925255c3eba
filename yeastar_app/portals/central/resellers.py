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
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.central.rows import STATES, ResellerRow, reseller_row
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import capacity, resellers
from yeastar_app.services.resellers import Use
from yeastar_app.words import plural, t

FILTERS = ("name", "company", "email", "state", "use")
USES = {Use.NEAR.value: t("80 % or more"), Use.FULL.value: t("Used up")}
HERE = "/central/resellers"


@guarded(resellers.VIEW)
class ResellersState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("asking",)

    loaded: bool = False
    may_manage: bool = False
    rows: list[ResellerRow] = []
    filters: dict[str, str] = dict.fromkeys(FILTERS, "")
    filtered: bool = False
    newer: int = 0
    older: int = 0
    export_href: str = ""
    picked: list[int] = []
    asking: bool = False
    question: str = ""
    doomed: list[int] = []

    _place: dict[str, str] = {}
    """Where the page begins, as the address says."""

    @rx.event
    async def load(self) -> None:
        """What the address asks for."""
        asked = self.router.url.query_parameters
        self.filters = {name: str(asked.get(name, ""))[:255] for name in FILTERS}
        self.filtered = any(self.filters.values())
        self._place = {name: str(asked.get(name, ""))[:20] for name in ("before", "after")}
        self.export_href = with_query("/files/resellers.xlsx", **self.filters)
        self.may_manage = current_actor().may(Feature.RESELLER_MANAGE)
        self._watch(*capacity.topics_around(current_actor()))
        await self._show()

    async def _follow(self) -> None:
        self._put(await self._ask(resellers.search, self._asked()))

    async def _show(self) -> None:
        found = await self._act(resellers.search, self._asked())
        if found is not None:
            self.picked = []
            self._put(found)

    def _asked(self) -> dict[str, Any]:
        return {**self.filters, **self._place}

    def _put(self, found: resellers.Found) -> None:
        self.rows = [reseller_row(row) for row in found.rows]
        self.newer, self.older = found.newer, found.older
        there = {row.id for row in self.rows}
        self.picked = [number for number in self.picked if number in there]
        self.loaded = True

    @rx.event
    async def search(self, form: dict) -> Any:
        """The address carries the filters: it can be shared, and going back works."""
        given = form if isinstance(form, dict) else {}
        return rx.redirect(with_query(HERE, **{name: str(given.get(name, "")).strip()[:255] for name in FILTERS}))

    @rx.event
    async def reset_filters(self) -> Any:
        return rx.redirect(HERE)

    @rx.event
    async def show_newer(self) -> Any:
        return rx.redirect(with_query(HERE, **self.filters, after=self.newer))

    @rx.event
    async def show_older(self) -> Any:
        return rx.redirect(with_query(HERE, **self.filters, before=self.older))

    @rx.event
    async def pick(self, number: int) -> None:
        known = [row.id for row in self.rows]
        if number in known:
            kept = [one for one in self.picked if one != number]
            self.picked = kept if number in self.picked else [*self.picked, number]

    @rx.event
    async def pick_all(self) -> None:
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
        await self._show()

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
    labels = {"name": t("Name"), "company": t("Company"), "email": t("Email")}
    states = {status.value: STATES[status][0] for status in (Status.NOT_ACTIVATED, Status.ACTIVE)}
    boxes = [
        rx.el.label(
            rx.el.span(words, class_name="label"),
            rx.el.input(name=name, default_value=state.filters[name], key=state.filters[name], class_name="input"),
            class_name="field",
        )
        for name, words in labels.items()
    ]
    return rx.el.form(
        *boxes,
        *[
            rx.el.label(
                rx.el.span(words, class_name="label"),
                rx.el.select(
                    rx.el.option(t("All"), value=""),
                    *[rx.el.option(shown, value=value) for value, shown in choices.items()],
                    name=name,
                    default_value=state.filters[name],
                    key=state.filters[name],
                    class_name="input",
                ),
                class_name="field",
            )
            for name, words, choices in (("state", t("State"), states), ("use", t("Capacity in use"), USES))
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


def _all_box(state: Any) -> rx.Component:
    return rx.el.input(
        type="checkbox",
        checked=(state.picked.length() > 0) & (state.picked.length() == state.rows.length()),
        on_change=lambda _: state.pick_all(),
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
                on_change=lambda _: state.pick(row.id),
                aria_label=t("Select ") + row.company,
                class_name="tick",
            )
        ),
        tables.cell(
            rx.el.div(
                rx.cond(state.may_manage, link(row.company, f"{HERE}/" + row.id.to_string()), rx.el.span(row.company)),
                rx.el.span(row.name, " · ", row.email, class_name="faint wide-only"),
                rx.el.span(row.name, class_name="narrow-only faint cut"),
                tables.on_phone(t("PBXs "), row.pbxs, t(" · Extensions "), row.extensions.words),
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
        state.filtered,
        empty("search-x", t("Nothing matches"), t("No reseller fits these filters."),
              button(t("Reset"), on_click=state.reset_filters)),
        empty("users", t("No resellers yet"),
              t("Add your first reseller and assign a part of your hosting package to it."),
              button_link(t("Add"), f"{HERE}/new", look="primary", symbol="plus")),
    )  # fmt: skip
