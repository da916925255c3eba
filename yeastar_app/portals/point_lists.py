"""The point record and the registered products of a company, as its own page and the back office's show them: tab,
search, filters, order and the story that is open live in the address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import tables
from yeastar_app.components.controls import badge, download_link
from yeastar_app.components.point_story import LotRow, StoryLine, StoryView
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.services import point_details, point_stories
from yeastar_app.services.paging import turned
from yeastar_app.services.point_details import DetailsFilter
from yeastar_app.words import day, minute, plural, t

LISTS = {"record": t("Point Record"), "registered": t("Registered Product")}
TONES = {"earned": "good", "redeemed": "accent", "expired": "warn", "adjusted": "", "reversed": "bad"}
RISING_FIRST = ("product", "identifier", "company")
"""Columns of words: a first click sorts from A on."""


@dataclass
class RecordRow:
    href: str = ""
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    who: str = ""
    points: str = ""
    balance: str = ""
    expires: str = ""
    owed: str = ""
    undone: bool = False


@dataclass
class ProductRow:
    href: str = ""
    id: int = 0
    at: str = ""
    product: str = ""
    identifier: str = ""
    purchased: str = ""
    seller: str = ""
    end_user: str = ""
    company: str = ""
    points: str = ""
    undone: bool = False
    who: str = ""
    reason: str = ""
    """Who registered it, and why it was reversed: for the back office."""


@dataclass(frozen=True)
class Source:
    """Where a page has its lists from: the actions, whose they are (values added to what is asked), the addresses of
    the exports."""

    records: Any
    registered: Any
    choices: Any
    story: Any
    files: dict[str, str]
    whose: dict[str, Any]


class PointLists(rx.State, mixin=True):
    """What such a State (a Shell) has in common. It says `_path()` and `_source()`."""

    OPENS: ClassVar[tuple[str, ...]] = ("telling",)

    tab: str = "record"
    loaded: bool = False
    records: list[RecordRow] = []
    registered: list[ProductRow] = []
    newer: int = 0
    older: int = 0
    seed: str = ""
    opened: int = 0
    search: str = ""
    product: str = ""
    since: str = ""
    until: str = ""
    products: list[dict[str, str]] = []
    kind: str = ""
    state: str = ""
    sort: str = point_details.USUAL
    export_href: str = ""
    story: StoryView = StoryView()
    telling: bool = False
    """Whether a story is open."""

    _typing: bool = False
    _place: dict[str, str] = {}
    """Where the page begins, as the address says."""

    def _tabs(self) -> dict[str, str]:
        return LISTS

    def _read_address(self) -> dict[str, str]:
        """The filters as the address has them; gives the address."""
        asked = dict(self.router.url.query_parameters)
        fresh = DetailsFilter.model_validate(asked)
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched  # the field is drawn anew only for what was not typed into it
        self._typing = False
        self.tab = asked.get("tab", "") if asked.get("tab") in self._tabs() else "record"
        self.product = fresh.product
        self.since, self.until = str(fresh.since or ""), str(fresh.until or "")
        self.kind = fresh.kind if fresh.kind in point_details.KINDS else ""
        self.state = fresh.state if fresh.state in point_details.STATES else ""
        sorts = point_details.PRODUCT_SORTS if self.tab == "registered" else point_details.RECORD_SORTS
        self.sort = fresh.sort if fresh.sort.removeprefix("-") in sorts else point_details.USUAL
        self._place = {name: str(key) for name in ("before", "after") if (key := getattr(fresh, name))}
        source = self._source()
        self.export_href = with_query(source.files.get(self.tab, ""), **source.whose, **self._filters())
        return asked

    async def _fill(self, asked: dict[str, str]) -> None:
        source = self._source()
        if not self.products:
            choices = await self._act(source.choices) or []
            self.products = [{"value": one.code, "label": one.name} for one in choices]
        if self.tab not in LISTS:
            self.newer, self.older, self.loaded = 0, 0, True
            return
        listed = source.registered if self.tab == "registered" else source.records
        found = await self._act(listed, {**asked, **source.whose})
        if found is None:
            return
        if self.tab == "registered":
            self.registered = [_product_row(row, self._story_of("registration", row.id)) for row in found.rows]
        else:
            self.records = [_record_row(row, self._story_of("entry", row.id)) for row in found.rows]
        self.newer, self.older, self.loaded = found.newer, found.older, True

    async def _tell(self, asked: dict[str, str]) -> None:
        """Open the story the address names, or close the one that is open."""
        self.telling = False
        source = self._source()
        wanted = point_stories.StoryForm.model_validate(asked)
        if wanted.entry or wanted.registration:
            told = await self._act(source.story, {**asked, **source.whose})
            if told is not None:
                self.story, self.telling = _story_view(told, self._story_of), True

    def _filters(self) -> dict[str, str]:
        own = {"record": {"kind": self.kind}, "registered": {"state": self.state}}.get(self.tab, {})
        sort = "" if self.sort == point_details.USUAL else self.sort
        return {"search": self.search, "product": self.product, **own, "since": self.since, "until": self.until,
                "sort": sort}  # fmt: skip

    def _address(self, **changes: object) -> str:
        tab = {} if self.tab == "record" else {"tab": self.tab}
        return with_query(self._path(), **{**tab, **self._filters(), **changes})

    def _go(self, *, replace: bool = False, **changes: object) -> Any:
        return rx.redirect(self._address(**changes), replace=replace)

    def _story_of(self, what: str, key: int) -> str:
        """The address of a story over the list as it stands."""
        return self._address(**self._place, **{what: key})

    @rx.event
    async def pick_tab(self, tab: str) -> Any:
        self.tab, self.loaded = (tab if isinstance(tab, str) and tab in self._tabs() else "record"), False
        self.sort = point_details.USUAL
        return self._go()

    @rx.event
    async def find(self, words: str) -> Any:
        self._typing = True
        self.search = DetailsFilter.model_validate({"search": words}).search
        return self._go(replace=True)

    @rx.event
    async def sort_by(self, name: str) -> Any:
        return self._go(sort=turned(self.sort, str(name)[:20], RISING_FIRST))

    @rx.event
    async def close_story(self, open_: bool) -> Any:
        if open_ is True or not self.telling:
            return None
        self.telling = False
        return self._go(**self._place)

    @rx.event
    async def pick_kind(self, kind: str) -> Any:
        return self._go(kind=kind)

    @rx.event
    async def pick_state(self, state: str) -> Any:
        return self._go(state=state)

    @rx.event
    async def pick_product(self, code: str) -> Any:
        return self._go(product=code)

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


# Rows


def _signed(points: int) -> str:
    return f"{points:+,}".replace("-", "\N{MINUS SIGN}") if points else "0"


def _owed(debt: int) -> str:
    """What a line adds to the debt, or pays of it, in words."""
    if debt > 0:
        return t("{n} more owed", n=f"{debt:,}")
    return t("pays {n} owed", n=f"{-debt:,}") if debt else ""


def _record_row(row: point_details.Record, href: str) -> RecordRow:
    return RecordRow(
        href,
        minute(row.at),
        point_details.KINDS[row.kind],
        TONES[row.kind.value],
        row.reason,
        row.who,
        _signed(row.points),
        f"{row.balance:,}",
        day(row.expires),
        _owed(row.debt),
        row.undone,
    )


def _product_row(row: point_details.RegisteredProduct, href: str) -> ProductRow:
    return ProductRow(
        href,
        row.id,
        day(row.at),
        row.product,
        row.identifier,
        day(row.purchase_date),
        row.purchase_from,
        row.end_user_name,
        row.end_user_company,
        f"+{row.points:,}",
        row.undone,
        row.who,
        row.reversal_reason,
    )


def _story_view(told: point_stories.Story, address: Callable[[str, int], str]) -> StoryView:
    of = {"registration": t("Registration"), "redemption": t("Redemption"), "entry": t("Entry")}
    return StoryView(
        f"{of[told.of]}: {told.title}",
        told.undone,
        [[fact.label, fact.words] for fact in [*told.facts, *told.reversal]],
        [_story_line(line, told.line, address) for line in told.lines],
        [_lot_row(lot, told.line, address) for lot in told.lots],
    )


def _story_line(line: point_stories.Line, asked: int | None, address: Callable[[str, int], str]) -> StoryLine:
    return StoryLine(
        address("entry", line.id),
        minute(line.at),
        point_details.KINDS[line.kind],
        TONES[line.kind.value],
        line.reason,
        line.who,
        _signed(line.points),
        _owed(line.debt),
        t("Balance {n}", n=f"{line.balance:,}"),
        line.id == asked,
    )


def _lot_row(lot: point_stories.Lot, asked: int | None, address: Callable[[str, int], str]) -> LotRow:
    shared = (
        t("One lot for {products} of the same workbook.", products=plural(lot.products, "product", "products"))
        if lot.products > 1
        else ""
    )
    return LotRow(
        t("{points} earned {day}", points=plural(lot.points, "point", "points"), day=day(lot.earned_at)),
        t("can be spent until {day}", day=day(lot.expires)),
        t("{n} left", n=f"{lot.remaining:,}"),
        lot.remaining,
        lot.points,
        address("entry", lot.origin),
        lot.origin_reason,
        shared,
        [_story_line(line, asked, address) for line in lot.lines],
        lot.more,
    )


# What they look like


def filters(state: Any, placeholder: str) -> rx.Component:
    return tables.toolbar(
        tables.search_box(state.seed, state.opened, state.find, placeholder),
        rx.el.select(
            rx.el.option(t("All products"), value=""),
            rx.foreach(state.products, lambda row: rx.el.option(row["label"], value=row["value"])),
            value=state.product,
            on_change=state.pick_product,
            aria_label=t("Product"),
            class_name="input",
        ),
        rx.cond(
            state.tab == "registered",
            tables.filter_choice(
                state.state, {"": t("All states"), **point_details.STATES}, state.pick_state, t("State")
            ),
            tables.filter_choice(
                state.kind,
                {"": t("All types"), **{kind.value: words for kind, words in point_details.KINDS.items()}},
                state.pick_kind,
                t("Type"),
            ),
        ),
        tables.day_filter(state.since, state.pick_since, t("From")),
        tables.day_filter(state.until, state.pick_until, t("To")),
        download_link(t("Export"), state.export_href),
    )


def filtered(state: Any) -> Any:
    """Whether anything narrows the list."""
    return (
        (state.search != "") | (state.product != "") | (state.since != "") | (state.until != "")
        | (state.kind != "") | (state.state != "")
    )  # fmt: skip


def records_table(state: Any, nothing: rx.Component) -> rx.Component:
    return tables.table(
        [(t("Date"), "date wide-only", "at"), (t("Type"), "wide-only"), (t("Reason"), ""), (t("By"), "wide-only"),
         (t("Points"), "num", "points"), (t("Balance"), "num wide-only"), (t("Expiry Date"), "date wide-only")],
        state.records,
        lambda row: [
            tables.cell(row.at, kind="date wide-only"),
            tables.cell(badge(row.kind, row.tone), kind="wide-only"),
            tables.cell(
                tables.row_link(row.reason, row.href),
                rx.cond(row.undone, rx.el.span(" ", badge(t("Reversed later"), "bad"))),
                tables.on_phone(row.kind, " · ", row.at),
            ),
            tables.cell(row.who, kind="wide-only"),
            tables.cell(
                rx.el.strong(row.points),
                rx.cond(row.owed != "", rx.el.span(row.owed, class_name="line faint")),
                tables.on_phone(t("Balance"), " ", row.balance),
                kind="num",
            ),
            tables.cell(row.balance, kind="num wide-only"),
            tables.cell(row.expires, kind="date wide-only"),
        ],
        ready=state.loaded,
        empty_state=nothing,
        label=LISTS["record"],
        sort=state.sort,
        on_sort=state.sort_by,
    )  # fmt: skip


def registered_table(
    state: Any, nothing: rx.Component, actions: Callable[[Any], rx.Component] | None = None
) -> rx.Component:
    """`actions`: what the back office can do with a row; with it stands who registered the product."""
    own = [("", "")] if actions else []
    return tables.table(
        [(t("Registered"), "date wide-only", "at"), (t("Product"), "wide-only", "product"),
         (t("Product ID"), "", "identifier"), (t("Purchase Date"), "date wide-only", "purchased"),
         (t("Purchase From"), "wide-only"), (t("End User"), "wide-only", "company"), (t("Points"), "num"), *own],
        state.registered,
        lambda row: [
            tables.cell(
                rx.el.span(row.at, class_name="line"),
                rx.cond(row.who != "", rx.el.span(row.who, class_name="line faint")),
                kind="date wide-only",
            ),
            tables.cell(row.product, kind="wide-only"),
            tables.cell(
                tables.row_link(row.identifier, row.href),
                rx.cond(row.undone, rx.el.span(" ", badge(t("Reversed"), "bad"), title=row.reason)),
                tables.on_phone(row.product),
                tables.on_phone(row.company, " · ", row.at),
            ),
            tables.cell(row.purchased, kind="date wide-only"),
            tables.cell(row.seller, kind="wide-only"),
            tables.cell(
                rx.el.span(row.company, class_name="line"),
                rx.el.span(row.end_user, class_name="line faint"),
                kind="wide-only",
            ),
            tables.cell(row.points, kind="num"),
            *([actions(row)] if actions else []),
        ],
        ready=state.loaded,
        empty_state=nothing,
        label=LISTS["registered"],
        sort=state.sort,
        on_sort=state.sort_by,
    )  # fmt: skip


def pager(state: Any) -> rx.Component:
    return rx.cond(
        (state.newer > 0) | (state.older > 0),
        tables.pager(
            rx.cond(state.sort == point_details.USUAL, t("Newest first"), t("Sorted")),
            earlier=state.show_newer,
            later=state.show_older,
            has_earlier=state.newer > 0,
            has_later=state.older > 0,
        ),
    )
