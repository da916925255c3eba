"""Tables: fixed row height, skeleton rows of the same height, headings that sort, an empty state, a pager. Filters and
order live in the address."""

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_components_core.react_router import ReactRouterLink

from yeastar_app.components.controls import button, icon
from yeastar_app.words import t

SKELETON_ROWS = 5


def table(
    columns: Sequence[tuple[str, str] | tuple[str, str, str]],
    rows: Any,
    draw: Any,
    *,
    ready: Any,
    empty_state: rx.Component,
    label: str,
    sort: Any = "",
    on_sort: Any = None,
) -> rx.Component:
    """`columns`: (heading, class: "" | "num" | "date", with "wide-only" where a phone says it with `on_phone`), and the
    name of its order where a click on the heading sorts;
    `rows`: a State list; `draw(row)`: the cells of one row (`cell(...)`); `ready`: whether the data is there (skeletons
    until then); `sort`: the order at the moment, as `services/paging` names it; `on_sort` receives a heading's name."""
    head = rx.el.thead(rx.el.tr(*[_heading(*column, sort=sort, on_sort=on_sort) for column in columns]))
    skeleton = rx.el.tbody(
        *[
            rx.el.tr(
                *[rx.el.td(rx.el.div(class_name="skeleton"), class_name=column[1]) for column in columns],
                aria_hidden="true",
            )
            for _ in range(SKELETON_ROWS)
        ]
    )
    body = rx.el.tbody(rx.foreach(rows, lambda row: rx.el.tr(*draw(row))))
    return rx.cond(
        ready & (rows.length() == 0),
        empty_state,
        rx.el.div(
            rx.el.table(head, rx.cond(ready, body, skeleton), class_name="table", aria_label=label),
            class_name="table-wrap",
            role="region",
            aria_label=label,
            tab_index=0,
        ),
    )


def _heading(words: str, kind: str, name: str = "", *, sort: Any, on_sort: Any) -> rx.Component:
    if not name:
        return rx.el.th(words or rx.el.span(t("Actions"), class_name="sr"), scope="col", class_name=kind)
    falls, rises = sort == f"-{name}", sort == name
    return rx.el.th(
        rx.el.button(
            words,
            rx.cond(falls, icon("arrow-down"), rx.cond(rises, icon("arrow-up"), icon("arrow-up-down"))),
            type="button",
            class_name="sorter",
            on_click=on_sort(name),
        ),
        scope="col",
        class_name=kind,
        aria_sort=rx.cond(falls, "descending", rx.cond(rises, "ascending", "none")),
    )


def cell(*content: Any, kind: str = "") -> rx.Component:
    """One cell; `kind`: "" | "num" | "date" | "wordy" (several words: kept wide enough for them on a phone)."""
    return rx.el.td(*content, class_name=kind)


def row_link(label: Any, href: Any) -> rx.Component:
    """What a row opens to, within a cell: looks like a word of the table until one points at it."""
    return ReactRouterLink.create(label, to=href, class_name="row-link")


def on_phone(*words: Any) -> rx.Component:
    """A line under the words of a cell, on a phone alone: what the "wide-only" columns say elsewhere."""
    return rx.el.span(*words, class_name="narrow-only faint")


def row_actions(*buttons: Any) -> rx.Component:
    """The last cell of a row."""
    return rx.el.td(rx.el.div(*buttons, class_name="cell-actions"))


def toolbar(*controls: Any) -> rx.Component:
    """Search, filters and exports above a table."""
    return rx.el.div(*controls, class_name="toolbar")


def search_box(seed: Any, opened: Any, on_search: Any, label: str) -> rx.Component:
    """A search field that asks while one types. `seed` is what the address said when the page was opened for the
    `opened`th time: it fills the field then, and never what is being typed."""
    return rx.el.input(
        type="search",
        default_value=seed,
        key=label + opened.to_string(),
        placeholder=label,
        aria_label=label,
        class_name="input search",
        on_change=on_search.debounce(300),
        max_length=100,
    )


def filter_choice(value: Any, options: dict[str, str], on_pick: Any, label: str) -> rx.Component:
    """A drop-down above a table; `options` begin with the one that filters nothing, under ""."""
    return rx.el.select(
        *[rx.el.option(words, value=key) for key, words in options.items()],
        value=value,
        on_change=on_pick,
        aria_label=label,
        class_name="input",
    )


def day_filter(value: Any, on_pick: Any, label: str, *, key: Any = None) -> rx.Component:
    """A day above a table, its words in front; asks when the day is complete. Drawn anew with another `key`, and where
    there is none with another `value`."""
    again = value.to_string() if key is None else key
    return rx.el.label(
        label,
        rx.el.input(type="date", default_value=value, key=again, on_change=on_pick, class_name="input"),
        class_name="row faint",
    )


def pager(words: Any, *, earlier: Any = None, later: Any = None, has_earlier: Any, has_later: Any) -> rx.Component:
    """Where one is and the way on; `earlier`/`later` are event handlers."""
    return rx.el.div(
        rx.el.span(words),
        rx.el.div(
            button(t("Previous"), small=True, on_click=earlier, disabled=~has_earlier),
            button(t("Next"), small=True, on_click=later, disabled=~has_later),
            class_name="row",
        ),
        class_name="pager",
    )
