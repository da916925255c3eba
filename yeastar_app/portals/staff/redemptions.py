"""Back office > Redemptions: the fulfilment queue. Account managers have their own partners' requests, administrators
all."""

from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, menus, overlays, tables
from yeastar_app.components.controls import badge, button, button_link, callout, download_link, empty, submit
from yeastar_app.components.rewards import reward_picture, steps
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.redemption_rows import RedemptionRow, row_of
from yeastar_app.services import redemptions
from yeastar_app.services.redemptions import QueueFilter
from yeastar_app.words import plural, t

PATH = "/staff/redemptions"
STATUSES = {"": t("Waiting for us"), "all": t("All states"),
            **{status.value: words for status, words in redemptions.LABELS.items()}}  # fmt: skip
FILTERS = {"search": None, "status": STATUSES, "since": None, "until": None}
LIST = ListOf(PATH, redemptions.queue, QueueFilter, FILTERS, "/files/redemptions.xlsx")
TITLES = {"details": t("Redemption"), "fulfil": t("Fulfil"), "decline": t("Decline")}


@guarded(redemptions.POLICY)
class RedemptionsState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel",)

    rows: list[RedemptionRow] = []
    work: str = ""
    """What waits, in words; empty for nothing."""
    order: str = ""
    """The order of the list, in words."""

    panel: str = ""
    """Which drawer is open: "details", "fulfil" or "decline"; empty for none."""
    title: str = ""
    chosen: RedemptionRow = RedemptionRow()
    form_number: int = 0

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: redemptions.Found) -> None:
        self.rows = [row_of(row) for row in found.rows]
        self.order = t("Oldest first") if redemptions.oldest_first(self.seeds.get("status", "")) else t("Newest first")

    async def _fill(self) -> None:
        await super()._fill()
        requested, approved = await self._act(redemptions.waiting) or (0, 0)
        parts = [
            plural(requested, "request waits for an approval", "requests wait for an approval") if requested else "",
            plural(approved, "approved reward is to be sent", "approved rewards are to be sent") if approved else "",
        ]
        self.work = ", ".join(part for part in parts if part)

    @rx.event
    async def open_panel(self, panel: str, redemption_id: int) -> None:
        row = next((row for row in self.rows if row.id == redemption_id), None)
        if row is not None and isinstance(panel, str) and panel in TITLES:
            self.errors, self.chosen, self.panel, self.title = {}, row, panel, TITLES[panel]
            self.form_number += 1

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel if open_ is True else ""

    @rx.event
    async def approve(self, redemption_id: int) -> None:
        what = f"approve {redemption_id!s:.20}"
        if self._is_done(what):
            return
        done = await self._act(redemptions.approve, {"redemption": redemption_id})
        self.panel = ""
        if done is not None:
            self._say_done(what, t("{reward} for {company} is approved.", reward=done.reward, company=done.company))
        await self._fill()

    @rx.event
    async def fulfil(self, form: dict) -> None:
        if self.panel == "fulfil":
            done = await self._act(redemptions.fulfil, with_own(form, redemption=self.chosen.id))
            if done is not None:
                self._say(t("{reward} for {company} is on its way.", reward=done.reward, company=done.company))
            await self._settled()

    @rx.event
    async def decline(self, form: dict) -> None:
        if self.panel == "decline":
            done = await self._act(redemptions.decline, with_own(form, redemption=self.chosen.id))
            if done is not None:
                self._say(t("{reward} for {company} is declined. {points}", reward=done.reward, company=done.company,
                            points=done.points))  # fmt: skip
            await self._settled()

    async def _settled(self) -> None:
        """Close the drawer unless a field in it is wrong; somebody else's step closes it too, and is said."""
        if not self.errors:
            self.panel = ""
            await self._fill()


@page(PATH, t("Redemptions"), redemptions.POLICY, RedemptionsState.load)
def redemptions_page() -> rx.Component:
    state = RedemptionsState
    return layout.shell(
        state,
        t("Back Office"),
        t("Redemptions"),
        rx.cond(state.work != "", callout(state.work, ".", tone="warn", symbol="gift")),
        layout.card(
            tables.toolbar(
                list_page.search(state, t("Search reward, company or person")),
                list_page.choice(state, "status", STATUSES, t("State")),
                list_page.day(state, "since", t("From")),
                list_page.day(state, "until", t("To")),
                download_link(t("Export"), state.export_href),
            ),
            tables.table(
                [(t("Reward"), ""), (t("Company"), "wide-only"), (t("Requested (UTC)"), "date wide-only"),
                 (t("Points"), "num wide-only"), (t("State"), "wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.narrowed,
                    empty("gift", t("Nothing matches"), t("Change the search or the filters above."),
                          button_link(t("Show Everything"), PATH + "?status=all")),
                    empty("gift", t("Nothing waits"), t("Requests of the partners you look after appear here."),
                          button_link(t("Show Everything"), PATH + "?status=all")),
                ),
                label=t("Redemptions"),
            ),
            list_page.pages(state, state.order),
            flush=True,
        ),
        _panel(state),
        note=t("Approve what was redeemed, send it, or say why not: declined points go back with their old expiry."),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = RedemptionsState
    of = row.reward + ", " + row.company
    key = row.id.to_string()
    return [
        tables.cell(
            rx.el.div(
                reward_picture(row.picture, small=True),
                rx.el.div(
                    rx.el.span(row.reward, class_name="strong cut reward-about"),
                    rx.el.span(row.company, class_name="narrow-only cut"),
                    tables.on_phone(row.points, " · ", row.status_words),
                    class_name="two-lines",
                ),
                class_name="row reward-line",
            )
        ),
        tables.cell(
            rx.el.div(rx.el.span(row.company, class_name="cut"), rx.el.span(row.who, class_name="faint cut"),
                      class_name="two-lines"),
            kind="wide-only",
        ),
        tables.cell(row.at, kind="date wide-only"),
        tables.cell(row.points, kind="num wide-only"),
        tables.cell(badge(row.status_words, row.tone), kind="wide-only"),
        tables.row_actions(
            rx.cond(
                row.status == "requested",
                button(t("Approve"), small=True, on_click=state.approve(row.id), aria_label=t("Approve") + ": " + of),
            ),
            rx.cond(
                row.status == "approved",
                button(t("Fulfil"), small=True, on_click=state.open_panel("fulfil", row.id),
                       aria_label=t("Fulfil") + ": " + of),
            ),
            menus.more_menu(
                key,
                t("More") + ": " + of,
                menus.more_item(key, t("View Details"), "eye", on_click=state.open_panel("details", row.id)),
                rx.cond(
                    (row.status == "requested") | (row.status == "approved"),
                    menus.more_item(key, t("Decline"), "x", danger=True,
                                    on_click=state.open_panel("decline", row.id)),
                ),
            ),
        ),
    ]  # fmt: skip


def _panel(state: Any) -> rx.Component:
    chosen = state.chosen
    return overlays.drawer(
        state.panel != "",
        state.close_panel,
        state.title,
        rx.el.div(
            reward_picture(chosen.picture, small=True),
            rx.el.div(
                rx.el.h3(chosen.reward, class_name="wrap"),
                rx.el.p(chosen.points, " · ", chosen.tier, class_name="muted num"),
                class_name="two-lines grow",
            ),
            class_name="row",
        ),
        steps(chosen.steps, chosen.reward),
        forms.facts(
            (t("Company"), chosen.company),
            (t("Redeemed by"), rx.el.span(chosen.who, rx.el.br(), rx.el.span(chosen.email, class_name="faint"))),
            (t("Deliver to"), rx.el.span(chosen.deliver_to, class_name="lines")),
        ),
        rx.cond(
            (state.panel == "details") & (chosen.decided_by != ""),
            forms.facts((t("Decided by"), chosen.decided_by)),
        ),
        rx.cond(
            (state.panel == "details") & (chosen.note != ""),
            forms.facts((chosen.note_label, rx.el.span(chosen.note, class_name="lines"))),
        ),
        rx.cond(state.panel == "fulfil", _fulfil_form(state)),
        rx.cond(state.panel == "decline", _decline_form(state)),
        foot=rx.match(
            state.panel,
            ("fulfil", rx.fragment(button(t("Cancel"), on_click=state.close_panel(False)),
                                   submit(t("Fulfil"), form="fulfilment"))),
            ("decline", rx.fragment(button(t("Cancel"), on_click=state.close_panel(False)),
                                    submit(t("Decline"), look="danger", form="declining"))),
            _details_foot(state),
        ),
    )  # fmt: skip


def _details_foot(state: Any) -> rx.Component:
    chosen = state.chosen
    return rx.fragment(
        rx.cond(
            (chosen.status == "requested") | (chosen.status == "approved"),
            button(t("Decline"), look="danger", on_click=state.open_panel("decline", chosen.id)),
        ),
        rx.cond(
            chosen.status == "requested",
            button(t("Approve"), look="primary", on_click=state.approve(chosen.id)),
        ),
        rx.cond(
            chosen.status == "approved",
            button(t("Fulfil"), look="primary", on_click=state.open_panel("fulfil", chosen.id)),
        ),
        button(t("Close"), on_click=state.close_panel(False)),
    )


def _fulfil_form(state: Any) -> rx.Component:
    return forms.form(
        state,
        forms.text_area(state, "note", t("Note"), rows=3, max_length=500,
                        hint=t("How it was sent: a tracking number, or the code of a voucher. The partner reads it.")),
        on_submit=state.fulfil,
        id="fulfilment",
        key="fulfil" + state.form_number.to_string(),
    )  # fmt: skip


def _decline_form(state: Any) -> rx.Component:
    return forms.form(
        state,
        forms.text_area(state, "reason", t("Reason"), required=True, rows=3, max_length=500,
                        hint=t("The partner reads it. The points go back at once.")),
        on_submit=state.decline,
        id="declining",
        key="decline" + state.form_number.to_string(),
    )  # fmt: skip
