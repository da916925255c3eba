"""Back office > Accounts: find an account, send its activation email again, remove it (Seed 001)."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import badge, button_link, callout, empty, link, person
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.components.overlays import confirm
from yeastar_app.components.tables import cell, filter_choice, pager, row_actions, search_box, table, toolbar
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import staff
from yeastar_app.services.account_lists import AccountFilter, Person
from yeastar_app.services.account_states import STATES
from yeastar_app.words import plural, t

PATH = "/staff"
KINDS = {kind.value: words for kind, words in staff.KINDS.items()}
REMOVABLE = [kind.value for kind in staff.REMOVABLE]


@guarded(staff.POLICY)
class StaffAccountsState(Shell):
    """The list, its filters (kept in the address) and what its rows offer."""

    rows: list[Person] = []
    loaded: bool = False
    newer: int = 0
    older: int = 0
    search: str = ""
    seed: str = ""
    status: str = ""
    kind: str = ""
    requests: str = ""
    """How many removal requests wait, in words; empty for none."""
    removing_id: int = 0
    removing_name: str = ""

    @rx.event
    async def load(self) -> None:
        fresh = AccountFilter.model_validate(dict(self.router.url.query_parameters))
        if fresh.search != self.search or not self.loaded:
            self.seed = fresh.search
        self.search, self.status, self.kind = fresh.search, fresh.status, fresh.type
        self.removing_id = 0
        await self._fill()

    async def _fill(self) -> None:
        found = await self._act(staff.accounts, dict(self.router.url.query_parameters))
        if found is not None:
            self.rows, self.newer, self.older, self.loaded = found.rows, found.newer, found.older, True
        waiting = await self._act(staff.removal_requests) or 0
        self.requests = plural(waiting, "removal request waits", "removal requests wait") if waiting else ""

    def _go(self, **changes: object) -> Any:
        kept = {"search": self.search, "status": self.status, "type": self.kind}
        return rx.redirect(with_query(PATH, **{**kept, **changes}), replace=True)

    @rx.event
    async def find(self, words: str) -> Any:
        self.search = AccountFilter.model_validate({"search": words}).search
        return self._go()

    @rx.event
    async def pick_status(self, status: str) -> Any:
        return self._go(status=status)

    @rx.event
    async def pick_kind(self, kind: str) -> Any:
        return self._go(type=kind)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)

    @rx.event
    async def resend(self, account_id: int) -> None:
        sent_to = await self._act(staff.resend_activation, {"id": account_id})
        if sent_to is not None:
            self._say(t("A new activation email is on its way to {address}.", address=sent_to))
        await self._fill()

    @rx.event
    async def switch_two_factor_off(self, account_id: int) -> None:
        name = await self._act(staff.switch_two_factor_off, {"id": account_id})
        if name is not None:
            self._say(t("Two-factor authentication of {name} is off.", name=name))
        await self._fill()

    @rx.event
    async def ask_removal(self, account_id: int, name: str) -> None:
        self.removing_id = account_id if isinstance(account_id, int) else 0
        self.removing_name = str(name)[:250]

    @rx.event
    async def set_asking(self, shown: bool) -> None:
        self.removing_id = self.removing_id if shown is True else 0

    @rx.event
    async def remove(self) -> None:
        account_id, self.removing_id = self.removing_id, 0
        if not account_id:  # the second of two clicks
            return
        gone = await self._act(staff.remove, {"id": account_id})
        if gone is not None and gone.accounts > 1:
            self._say(t("{name} is removed, and {count} with it.", name=gone.name,
                        count=plural(gone.accounts - 1, "colleague", "colleagues")))  # fmt: skip
        elif gone is not None:
            self._say(t("{name} is removed and can no longer sign in.", name=gone.name))
        await self._fill()


@page(PATH, t("Accounts"), staff.POLICY, StaffAccountsState.load)
def accounts_page() -> rx.Component:
    state = StaffAccountsState
    return layout.shell(
        state,
        t("Back office"),
        t("Accounts"),
        rx.cond(
            (state.requests != "") & (state.status != "removal_requested"),
            callout(
                rx.el.span(state.requests, ". "),
                link(t("Show removal requests"), f"{PATH}?status=removal_requested"),
                tone="warn", symbol="user-minus",
            ),
        ),
        layout.card(
            toolbar(
                search_box(state.seed, state.find, t("Search name, company or Yeastar ID")),
                filter_choice(state.status, {"": t("All statuses"), **STATES}, state.pick_status, t("Status")),
                filter_choice(state.kind, {"": t("All kinds"), **KINDS}, state.pick_kind, t("Kind of account")),
            ),
            table(
                [(t("Name"), ""), (t("Yeastar ID"), ""), (t("Kind"), ""), (t("Status"), ""), (t("Created"), "date"),
                 ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=empty("search", t("Nobody matches"), t("Change the search or the filters above."),
                                  button_link(t("Show Everybody"), PATH)),
                label=t("Accounts"),
            ),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                      has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
            flush=True,
        ),
        confirm(
            state.removing_id > 0,
            state.set_asking,
            t("Remove") + " " + state.removing_name + "?",
            t("The account disappears from all lists and can no longer sign in, at once and for good. Services that "
              "were subscribed for it and the orders stay."),
            yes=t("Remove"),
            on_yes=state.remove,
        ),
        note=t("Everybody you look after: partners, their customers, colleagues and resellers."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state, key = StaffAccountsState, row.id.to_string()
    waiting = (row.state == "not_activated") | (row.state == "link_expired")
    removable = rx.Var.create(REMOVABLE).contains(row.kind)
    pending = waiting | (row.state == "removal_requested")
    return [
        cell(person(row.name, row.company, row.picture)),
        cell(row.email),
        cell(rx.match(row.kind, *KINDS.items(), "")),
        cell(badge(row.state_label, row.tone)),
        cell(row.created, kind="date"),
        row_actions(
            rx.cond(
                pending | removable | row.two_factor,
                more_menu(
                    key,
                    t("More for") + " " + row.name,
                    rx.cond(
                        pending,
                        more_item(key, t("Resend Activation Email"), "send", on_click=state.resend(row.id)),
                    ),
                    rx.cond(
                        row.two_factor,
                        more_item(
                            key,
                            t("Switch Off Two-factor Authentication"),
                            "shield-off",
                            on_click=state.switch_two_factor_off(row.id),
                        ),
                    ),
                    rx.cond(
                        removable,
                        more_item(key, t("Remove"), "user-minus", danger=True,
                                  on_click=state.ask_removal(row.id, row.name)),
                    ),
                ),
            ),
        ),
    ]  # fmt: skip
