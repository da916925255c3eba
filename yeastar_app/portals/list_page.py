"""A list whose search, filters and place live in the address: it can be shared, reloaded and gone back to. For the
States of pages that show one, and what is drawn of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx
from pydantic import BaseModel

from yeastar_app.components import tables
from yeastar_app.components.controls import button
from yeastar_app.portals.addresses import with_query
from yeastar_app.words import t

UNDER_WAY = 20
"""Addresses that are remembered at most while somebody types faster than they are loaded."""


@dataclass(frozen=True)
class ListOf:
    """What a list is of: its page's path, the action that reads it (its answer has `newer` and `older`), the form that
    parses its address, the filters by name with the values each knows (None: whatever the form takes), and where the
    workbook of what is shown comes from."""

    path: str
    read: Callable[..., Any]
    form: type[BaseModel]
    filters: Mapping[str, Collection[str] | None]
    export: str = ""

    def parsed(self, given: Any) -> dict[str, str]:
        """The filters that an address or a form asks for; what is none asks for nothing."""
        form = self.form.model_validate(given if isinstance(given, dict) else {})
        asked = {name: str(getattr(form, name) or "") for name in self.filters}
        return {name: asked[name] if known is None or asked[name] in known else ""
                for name, known in self.filters.items()}  # fmt: skip


class ListPage(rx.State, mixin=True):
    """What such a State (a Shell) has in common. It says `_list()` and `_show(found)`."""

    loaded: bool = False
    filters: dict[str, str] = {}
    """What is searched and filtered for: what the address says, or what is being typed already."""
    seeds: dict[str, str] = {}
    """What typed fields begin with; never what is being typed."""
    opened: int = 0
    """Grows whenever the filters were changed by other means than this page's fields: these are drawn anew then."""
    narrowed: bool = False
    newer: int = 0
    older: int = 0
    export_href: str = ""

    _under_way: list[str] = []
    """Addresses of this page that somebody has typed past before they were loaded, and the last one asked for."""
    _at: str = ""
    """The address that was loaded last."""

    def _list(self) -> ListOf:
        raise NotImplementedError

    def _show(self, found: Any) -> None:
        """Draw what was read."""
        raise NotImplementedError

    def _topics(self) -> tuple[str, ...]:
        """What makes the rows be read again when it changes."""
        return ()

    async def _prepare(self) -> None:
        """What the page needs besides its rows, before they are read."""

    @rx.event
    async def load(self) -> None:
        self._take(self._list().parsed(dict(self.router.url.query_parameters)))
        if topics := self._topics():
            self._watch(*topics)
        await self._prepare()
        await self._fill()

    def _take(self, asked: dict[str, str]) -> None:
        """What the address asks for counts, unless it is one that somebody has typed past meanwhile."""
        self._at = self._address(asked)
        if asked == (self.filters or self._list().parsed({})):
            self.filters, self._under_way = asked, []
        elif self._at in self._under_way:
            self._under_way = self._under_way[self._under_way.index(self._at) + 1 :]
        else:
            self.filters, self._under_way = asked, []
            self.opened += 1
        self.seeds, self.narrowed = asked, any(asked.values())
        self.export_href = with_query(self._list().export, **asked)

    def _close(self) -> None:
        super()._close()
        self._under_way, self._at = [], ""

    async def _fill(self) -> None:
        """The rows as they are now. What was said about what was just done stays."""
        errors = self.errors
        found = await self._act(self._list().read, self._asked())
        if found is not None:
            self.errors = errors
            self._put(found)

    async def _follow(self) -> None:
        self._put(await self._ask(self._list().read, self._asked()))

    def _asked(self) -> dict[str, Any]:
        query = dict(self.router.url.query_parameters)
        return {**query, **self._list().parsed(query)}

    def _put(self, found: Any) -> None:
        self._show(found)
        self.newer, self.older, self.loaded = found.newer, found.older, True

    def _address(self, filters: dict[str, str], **place: int) -> str:
        return with_query(self._list().path, **filters, **place)

    def _narrow(self, given: dict[str, Any], *, replace: bool = False) -> Any:
        here = self._address(self._list().parsed(dict(self.router.url.query_parameters)))
        before = self._under_way or ([here] if here != self._at else [])  # quicker than the page itself
        self.filters = self._list().parsed(given)
        address = self._address(self.filters)
        self._under_way = [*before, address][-UNDER_WAY:]
        return rx.redirect(address, replace=replace)

    @rx.event
    async def find(self, name: str, words: str) -> Any:
        """Somebody types into the search field of this name: one step back leads to before the search."""
        return self._narrow({**self.filters, name: words}, replace=True) if self._knows(name) else None

    @rx.event
    async def pick(self, name: str, value: str) -> Any:
        """A filter was chosen: one step back leads to the list before it."""
        return self._narrow({**self.filters, name: value}) if self._knows(name) else None

    def _knows(self, name: Any) -> bool:
        return isinstance(name, str) and name in self._list().filters

    @rx.event
    async def apply_filters(self, form: dict) -> Any:
        """ "Search" below a list's filters."""
        return self._narrow(form)

    @rx.event
    async def reset_filters(self) -> Any:
        self.seeds, self.opened = self._list().parsed({}), self.opened + 1
        return self._narrow({})

    @rx.event
    async def show_newer(self) -> Any:
        return rx.redirect(self._address(self.filters, after=self.newer))

    @rx.event
    async def show_older(self) -> Any:
        return rx.redirect(self._address(self.filters, before=self.older))


def search(state: Any, label: str, name: str = "search") -> rx.Component:
    """A field that searches while one types."""
    return tables.search_box(state.seeds[name], state.opened, state.find(name), label)


def choice(state: Any, name: str, options: dict[str, str], label: str) -> rx.Component:
    """A drop-down; `options` begin with the one that filters nothing, under ""."""
    return tables.filter_choice(state.filters[name], options, state.pick(name), label)


def choice_of(state: Any, name: str, nothing: str, rows: Any, option: Any, label: str) -> rx.Component:
    """A drop-down of what is known only once the page is there: an `option` for each of the State's `rows`; `nothing`:
    the words of the one that filters nothing."""
    return rx.el.select(
        rx.el.option(nothing, value=""),
        rx.foreach(rows, option),
        value=state.filters[name],
        on_change=state.pick(name),
        aria_label=label,
        class_name="input",
    )


def day(state: Any, name: str, label: str) -> rx.Component:
    return tables.day_filter(state.seeds[name], state.pick(name), label, key=name + state.opened.to_string())


def pages(state: Any, order: Any = None) -> rx.Component:
    """The way to newer and older rows, where there are any; `order`: how they are sorted, if not newest first."""
    return rx.cond(
        (state.newer > 0) | (state.older > 0),
        tables.pager(t("Newest first") if order is None else order, earlier=state.show_newer, later=state.show_older,
                     has_earlier=state.newer > 0, has_later=state.older > 0),
    )  # fmt: skip


def filter_form(state: Any, *fields: rx.Component) -> rx.Component:
    """Filters that are asked together, by "Search"."""
    return rx.el.form(
        *fields,
        rx.el.div(
            button(t("Search"), symbol="search", type="submit"),
            button(t("Reset"), look="quiet", on_click=state.reset_filters),
            class_name="row",
        ),
        on_submit=state.apply_filters,
        class_name="filters",
        role="search",
        aria_label=t("Filter the list"),
    )


def _drawn(state: Any, name: str) -> Any:
    """The key of such a field: a page that is reloaded is drawn before it is known what its address asks for. Where
    that is nothing the field stays, with what may have been typed into it by then."""
    return name + state.opened.to_string() + "-" + rx.cond(state.seeds.contains(name), state.seeds[name], "")


def filter_field(state: Any, name: str, label: str, kind: str = "text") -> rx.Component:
    """A field of `filter_form`."""
    field = rx.el.input(name=name, type=kind, default_value=state.seeds[name], max_length=100,
                        key=_drawn(state, name), class_name="input")  # fmt: skip
    return rx.el.label(rx.el.span(label, class_name="label"), field, class_name="field")


def filter_select(state: Any, name: str, options: dict[str, str], label: str) -> rx.Component:
    """A drop-down of `filter_form`."""
    return rx.el.label(
        rx.el.span(label, class_name="label"),
        rx.el.select(
            *[rx.el.option(words, value=value) for value, words in options.items()],
            name=name,
            default_value=state.seeds[name],
            key=_drawn(state, name),
            aria_label=label,
            class_name="input",
        ),
        class_name="field",
    )
