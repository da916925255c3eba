"""A list of accounts with search, filters and paging in the address, and what its rows offer. For the States of pages
that show one: partners, colleagues, the back office."""

from collections.abc import Callable
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import badge, button_link, empty, person
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.components.tables import cell, row_actions, table, toolbar
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.services.account_lists import AccountFilter, People, Person
from yeastar_app.words import t

FILTERS = dict.fromkeys(("search", "status", "type"))


class AccountList(ListPage, mixin=True):
    """What such a State (a Shell) has in common. It says `_path()` and `_listing()`."""

    OPENS: ClassVar[tuple[str, ...]] = ("asking",)

    rows: list[Person] = []
    asking: str = ""
    """Which question is open: "remove", "freeze", …; empty for none."""
    asked_name: str = ""

    _asked_id: Any = None

    def _path(self) -> str:
        raise NotImplementedError

    def _listing(self) -> Any:
        raise NotImplementedError

    def _list(self) -> ListOf:
        return ListOf(self._path(), self._listing(), AccountFilter, FILTERS)

    def _show(self, found: People) -> None:
        self.rows = found.rows

    async def _do(self, action: Callable[..., Any], account_id: Any, words: str) -> None:
        """Carry out an action on an account, say `words` with its result in them, show the rows as they are now."""
        what = f"{action.__name__} {account_id!r:.40}"
        if self._is_done(what):
            return
        result = await self._act(action, {"id": account_id})
        if result is not None:
            self._say_done(what, words.format(result))
        await self._fill()

    def _row_of(self, account_id: Any) -> Person | None:
        """The row of an account as it is shown: the second of two clicks finds it as the first has left it."""
        return next((row for row in self.rows if row.id == account_id), None)

    @rx.event
    async def ask(self, question: str, account_id: int, name: str) -> None:
        self.asking, self._asked_id, self.asked_name = str(question)[:20], account_id, str(name)[:250]

    @rx.event
    async def set_asking(self, shown: bool) -> None:
        self.asking = self.asking if shown is True else ""

    def _answered(self, question: str) -> Any:
        """The account a question was about, once: the second of two clicks gets None."""
        account_id = self._asked_id if self.asking == question else None
        self.asking, self._asked_id = "", None
        return account_id


def accounts_card(
    state: Any,
    label: str,
    row: Callable[[Any], list[rx.Component]],
    *,
    statuses: dict[str, str],
    kinds: dict[str, str] | None,
    kind_label: str,
    nobody: rx.Component,
) -> rx.Component:
    """The table with its filters; `kinds`: None where all are of one kind; `nobody`: the empty state."""
    kind_column = [(kind_label, "wide-only")] if kinds else []
    return layout.card(
        toolbar(
            list_page.search(state, t("Search name, company or Yeastar ID")),
            list_page.choice(state, "status", {"": t("All statuses"), **statuses}, t("Status")),
            list_page.choice(state, "type", {"": t("All types"), **kinds}, kind_label) if kinds else rx.fragment(),
        ),
        table(
            [
                (t("Name"), ""),
                (t("Yeastar ID"), "wide-only"),
                *kind_column,
                (t("Status"), ""),
                (t("Created"), "date wide-only"),
                ("", ""),
            ],
            state.rows,
            row,
            ready=state.loaded,
            empty_state=rx.cond(
                state.narrowed,
                empty(
                    "search",
                    t("Nobody matches"),
                    t("Change the search or the filters above."),
                    button_link(t("Show Everybody"), state.router.url.path),
                ),
                nobody,
            ),
            label=label,
        ),
        list_page.pages(state),
        flush=True,
    )


def account_cells(row: Any, kinds: dict[str, str] | None) -> list[rx.Component]:
    """Who it is: the cells before the actions. On a phone only what is needed to know and act."""
    return [
        cell(person(row.name, row.company, row.picture), rx.el.p(row.email, class_name="narrow-only faint cut")),
        cell(row.email, kind="wide-only"),
        *([cell(rx.match(row.kind, *kinds.items(), ""), kind="wide-only")] if kinds else []),
        cell(badge(row.state_label, row.tone)),
        cell(row.created, kind="date wide-only"),
    ]


def account_actions(row: Any, *choices: tuple[Any, str, str, Any], edit: str = "") -> rx.Component:
    """The actions of a row: "Edit" (an address to which the id is added) and the "More" menu.

    A choice: when it is there, its words, its symbol, its event."""
    key = row.id.to_string()
    shown = choices[0][0]
    for choice in choices[1:]:
        shown = shown | choice[0]
    items = [
        rx.cond(when, more_item(key, words, symbol, danger=symbol == "user-minus", on_click=event))
        for when, words, symbol, event in choices
    ]
    if edit:
        to_form = more_item(key, t("Edit"), "pencil", on_click=rx.redirect(edit + key))
        items.insert(0, rx.el.span(to_form, class_name="narrow-only"))  # no room for a button of its own on a phone
    return row_actions(
        rx.el.span(
            button_link(t("Edit"), edit + key, look="quiet", aria_label=t("Edit") + " " + row.name),
            class_name="wide-only",
        )
        if edit
        else rx.fragment(),
        rx.cond(shown, more_menu(key, t("More for") + " " + row.name, *items)),
    )


def waits(row: Any) -> Any:
    """Whether a row's account is not activated yet."""
    return (row.state == "not_activated") | (row.state == "link_expired")
