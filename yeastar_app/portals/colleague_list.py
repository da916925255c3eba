"""The list of a company's colleagues and what its rows offer: the Partner Portal's and Central Management's."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import button_link, empty
from yeastar_app.components.overlays import confirm
from yeastar_app.portals.account_list import AccountList, account_actions, account_cells, accounts_card, waits
from yeastar_app.services import colleagues
from yeastar_app.services.account_states import STATES
from yeastar_app.words import t

SHOWN_STATES = {code: words for code, words in STATES.items() if code != "removal_requested"}


class ColleagueList(AccountList, mixin=True):
    """What such a State (a Shell) has in common. It says `_path()`."""

    def _listing(self) -> Any:
        return colleagues.listed

    @rx.event
    async def resend(self, account_id: int) -> None:
        await self._do(colleagues.resend_activation, account_id, t("A new activation email is on its way to {}."))

    @rx.event
    async def switch_two_factor_off(self, account_id: int) -> None:
        row = self._row_of(account_id)
        if row is not None and row.two_factor:
            words = t("Two-factor authentication of {} is off.")
            await self._do(colleagues.switch_two_factor_off, account_id, words)

    @rx.event
    async def unfreeze(self, account_id: int) -> None:
        row = self._row_of(account_id)
        if row is not None and row.state == "frozen":
            await self._do(colleagues.unfreeze, account_id, t("{} can sign in again."))

    @rx.event
    async def freeze(self) -> None:
        account_id = self._answered("freeze")
        if account_id is not None:
            await self._do(colleagues.freeze, account_id, t("{} is frozen and cannot sign in."))

    @rx.event
    async def delete(self) -> None:
        account_id = self._answered("remove")
        if account_id is not None:
            await self._do(colleagues.delete, account_id, t("{} is deleted."))


def colleagues_page(state: Any, surface: str, title: str, path: str) -> rx.Component:
    """The page; forms stand at `path`/new and `path`/edit."""
    add = button_link(t("Add Colleague"), f"{path}/new", look="primary", symbol="plus")
    return layout.shell(
        state,
        surface,
        title,
        accounts_card(
            state, title, lambda row: _row(state, path, row), statuses=SHOWN_STATES, kinds=None, kind_label="",
            nobody=empty("contact", t("No colleagues yet"),
                         t("Add the people you work with and choose what each of them may do."), add),
        ),
        confirm(
            state.asking == "freeze",
            state.set_asking,
            t("Freeze") + " " + state.asked_name + "?",
            t("The colleague is signed out at once and cannot sign in until you unfreeze the account."),
            yes=t("Freeze"),
            on_yes=state.freeze,
        ),
        confirm(
            state.asking == "remove",
            state.set_asking,
            t("Delete") + " " + state.asked_name + "?",
            t("The colleague is signed out at once and can no longer sign in. This cannot be undone."),
            yes=t("Delete"),
            on_yes=state.delete,
        ),
        note=t("People of your company, each with their own permissions."),
        actions=(button_link(t("Add Colleague"), f"{path}/new", look="primary", symbol="plus"),),
    )  # fmt: skip


def _row(state: Any, path: str, row: Any) -> list[rx.Component]:
    return [
        *account_cells(row, None),
        account_actions(
            row,
            (waits(row), t("Resend Activation Email"), "send", state.resend(row.id)),
            (row.two_factor, t("Switch Off Two-factor Authentication"), "shield-off",
             state.switch_two_factor_off(row.id)),
            (row.state == "active", t("Freeze"), "snowflake", state.ask("freeze", row.id, row.name)),
            (row.state == "frozen", t("Unfreeze"), "sun", state.unfreeze(row.id)),
            (row.id > 0, t("Delete"), "user-minus", state.ask("remove", row.id, row.name)),
            edit=f"{path}/edit?id=",
        ),
    ]  # fmt: skip
