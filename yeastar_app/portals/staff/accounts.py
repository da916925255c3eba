"""Back office > Accounts: find an account, send its activation email again, remove it (Seed 001)."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import callout, empty, link
from yeastar_app.components.overlays import confirm
from yeastar_app.portals.account_list import AccountList, account_actions, account_cells, accounts_card, waits
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import staff
from yeastar_app.services.account_states import STATES
from yeastar_app.words import plural, t

PATH = "/staff"
KINDS = {kind.value: words for kind, words in staff.KINDS.items()}
REMOVABLE = [kind.value for kind in staff.REMOVABLE]


@guarded(staff.POLICY)
class StaffAccountsState(AccountList, Shell):
    """The list, and what its rows offer."""

    requests: str = ""
    """How many removal requests wait, in words; empty for none."""

    def _path(self) -> str:
        return PATH

    def _listing(self) -> Any:
        return staff.accounts

    @rx.event
    async def count_requests(self) -> None:
        waiting = await self._act(staff.removal_requests) or 0
        self.requests = plural(waiting, "removal request waits", "removal requests wait") if waiting else ""

    @rx.event
    async def resend(self, account_id: int) -> None:
        await self._do(staff.resend_activation, account_id, t("A new activation email is on its way to {}."))

    @rx.event
    async def switch_two_factor_off(self, account_id: int) -> None:
        row = self._row_of(account_id)
        if row is None or not row.two_factor:
            return
        await self._do(staff.switch_two_factor_off, account_id, t("Two-factor authentication of {} is off."))

    @rx.event
    async def remove(self) -> Any:
        account_id = self._answered("remove")
        if account_id is None:
            return None
        gone = await self._act(staff.remove, {"id": account_id})
        if gone is not None:
            self._say(_farewell(gone))
        await self._fill()
        return StaffAccountsState.count_requests


def _farewell(gone: staff.Removed) -> str:
    if gone.accounts > 1:
        others = plural(gone.accounts - 1, "colleague", "colleagues")
        return t("{name} is removed, and {others} with it.", name=gone.name, others=others)
    return t("{name} is removed and can no longer sign in.", name=gone.name)


@page(PATH, t("Accounts"), staff.POLICY, [StaffAccountsState.load, StaffAccountsState.count_requests])
def accounts_page() -> rx.Component:
    state = StaffAccountsState
    return layout.shell(
        state,
        t("Back Office"),
        t("Accounts"),
        rx.cond(
            (state.requests != "") & (state.filters["status"] != "removal_requested"),
            callout(
                rx.el.span(state.requests, ". "),
                link(t("Show removal requests"), f"{PATH}?status=removal_requested"),
                tone="warn", symbol="user-minus",
            ),
        ),
        accounts_card(
            state, t("Accounts"), _row, statuses=STATES, kinds=KINDS, kind_label=t("Kind"),
            nobody=empty("users", t("Nobody yet"), t("Partners you look after, and those below them, appear here.")),
        ),
        confirm(
            state.asking == "remove",
            state.set_asking,
            t("Remove") + " " + state.asked_name + "?",
            t("The account disappears from all lists and can no longer sign in, at once and for good. Services that "
              "were subscribed for it and the orders stay."),
            yes=t("Remove"),
            on_yes=state.remove,
        ),
        note=t("Everybody you look after: partners, their customers, colleagues and resellers."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = StaffAccountsState
    return [
        *account_cells(row, KINDS),
        account_actions(
            row,
            (waits(row) | (row.state == "removal_requested"), t("Resend Activation Email"), "send",
             state.resend(row.id)),
            (row.two_factor, t("Switch Off Two-factor Authentication"), "shield-off",
             state.switch_two_factor_off(row.id)),
            (rx.Var.create(REMOVABLE).contains(row.kind), t("Remove"), "user-minus",
             state.ask("remove", row.id, row.name)),
        ),
    ]  # fmt: skip
