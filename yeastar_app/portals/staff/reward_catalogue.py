"""Back office > Rewards: what partners can have for points, with pictures, and how many there are for each tier."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables, uploads
from yeastar_app.components.controls import badge, button, button_link, empty, icon_button, submit
from yeastar_app.components.rewards import reward_picture
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.picture_choice import PictureChoice
from yeastar_app.services import images, reward_catalogue
from yeastar_app.services.reward_catalogue import Find, RewardView, Shelf
from yeastar_app.words import plural, t

PATH = "/staff/rewards"
BLANK = {"name": "", "description": "", "points": "", "position": "", "active": "on"}


@dataclass
class ShelfField:
    """A tier's stock in the form: the field's name and label, and what stands in it first."""

    name: str = ""
    tier: str = ""
    stock: str = ""


@dataclass
class RewardRow:
    id: int = 0
    name: str = ""
    description: str = ""
    picture: str = ""
    points: str = ""
    stock: list[str] = field(default_factory=list)
    redeemed: str = ""
    removable: bool = False
    active: bool = False


@guarded(reward_catalogue.POLICY)
class RewardCatalogueState(PictureChoice, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "removing")

    rows: list[RewardRow] = []
    loaded: bool = False
    more: bool = False
    number: int = 1
    search: str = ""
    seed: str = ""
    opened: int = 0

    panel: bool = False
    title: str = ""
    values: dict[str, str] = BLANK
    shelves: list[ShelfField] = []
    form_number: int = 0
    removing: str = ""
    """The name of the reward that is asked about."""

    _views: list[RewardView] = []
    _tiers: list[Shelf] = []
    _next: int = 1
    _subject: int = 0
    _seen: str = ""
    _seen_stock: dict[str, int] = {}
    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        fresh = Find.model_validate(dict(self.router.url.query_parameters))
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched
        self._typing, self.number = False, fresh.page
        await self._fill()

    async def _fill(self) -> None:
        words, tone = self.notice, self.notice_tone
        found = await self._act(reward_catalogue.overview, dict(self.router.url.query_parameters))
        if found is not None:
            self._views, self._tiers, self._next = found.rewards, found.tiers, found.next_position
            self.rows, self.more, self.loaded = [_row_of(view) for view in found.rewards], found.more, True
            self.notice, self.notice_tone = words, tone

    @rx.event
    async def find(self, words: str) -> Any:
        self.search, self._typing = Find.model_validate({"search": words}).search, True
        return rx.redirect(with_query(PATH, search=self.search), replace=True)

    @rx.event
    async def turn(self, by: int) -> Any:
        number = self.number + (1 if by == 1 else -1)
        return rx.redirect(with_query(PATH, search=self.search, page=number if number > 1 else ""))

    def _view_of(self, reward_id: Any) -> RewardView | None:
        return next((view for view in self._views if view.id == reward_id), None)

    def _open(self, title: str, shelves: list[Shelf], picture: str, **values: Any) -> None:
        self.errors, self.title, self.panel = {}, title, True
        self.values = {**BLANK, **{name: str(value) for name, value in values.items()}}
        self.shelves = [
            ShelfField(f"stock_{one.tier_id}", one.tier, "" if one.stock is None else str(one.stock))
            for one in shelves
        ]  # fmt: skip
        self._seen_stock = {str(one.tier_id): one.stock for one in shelves if one.stock is not None}
        self._start_picture(picture)
        self.form_number += 1

    @rx.event
    async def open_reward(self, reward_id: int) -> None:
        """Edit a reward; 0: add one."""
        view = self._view_of(reward_id)
        if view:
            self._subject, self._seen = view.id, view.seen
            self._open(t("Edit {reward}", reward=view.name), view.shelves, images.address(view.image_id),
                       name=view.name, description=view.description, points=view.points, position=view.position,
                       active="on" if view.active else "")  # fmt: skip
        elif isinstance(reward_id, int) and reward_id == 0:
            self._subject, self._seen = 0, ""
            self._open(t("Add Reward"), self._tiers, "", position=self._next)

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel and open_ is True

    @rx.event
    async def save(self, form: dict) -> None:
        if not self.panel:
            return  # the second half of a double click
        typed = form if isinstance(form, dict) else {}
        stock = {one.name.removeprefix("stock_"): typed.get(one.name, "") for one in self.shelves}
        own = with_own(typed, stock=stock, **self._picture_payload())
        if self._subject:
            own.update(reward=self._subject, seen=self._seen, seen_stock=self._seen_stock)
        name = await self._act(reward_catalogue.change if self._subject else reward_catalogue.add, own)
        if name is not None:
            self.panel = False
            self._say(t("{reward} is saved.", reward=name))
            await self._fill()

    @rx.event
    async def ask_remove(self, reward_id: int) -> None:
        view = self._view_of(reward_id)
        if view:
            self._subject, self._seen, self.removing = view.id, view.seen, view.name

    @rx.event
    async def close_removing(self, open_: bool) -> None:
        self.removing = self.removing if open_ is True else ""

    @rx.event
    async def remove(self) -> None:
        if not self.removing:
            return
        self.removing = ""
        name = await self._act(reward_catalogue.remove, {"reward": self._subject, "seen": self._seen})
        if name is not None:
            self._say(t("{reward} is removed.", reward=name))
        await self._fill()


def _row_of(view: RewardView) -> RewardRow:
    return RewardRow(
        view.id,
        view.name,
        view.description,
        images.address(view.image_id),
        f"{view.points:,}",
        [f"{one.tier}: {one.stock:,}" for one in view.shelves if one.stock is not None],
        plural(view.redeemed, "time", "times") if view.redeemed else "",
        view.redeemed == 0,
        view.active,
    )


@page(PATH, t("Rewards"), reward_catalogue.POLICY, RewardCatalogueState.load)
def reward_catalogue_page() -> rx.Component:
    state = RewardCatalogueState
    return layout.shell(
        state,
        t("Back Office"),
        t("Rewards"),
        layout.card(
            tables.toolbar(tables.search_box(state.seed, state.opened, state.find, t("Search name or description"))),
            tables.table(
                [(t("Reward"), ""), (t("Points"), "num wide-only"), (t("Left for each tier"), "wide-only"),
                 (t("Redeemed"), "wide-only"), (t("State"), "wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.search != "",
                    empty("gift", t("No reward matches"), t("Change the search above."),
                          button_link(t("Show Everything"), PATH)),
                    empty("gift", t("No rewards yet"), t("Add the first: partners see it at once.")),
                ),
                label=t("Rewards"),
            ),
            rx.cond(
                state.more | (state.number > 1),
                tables.pager(t("Page ") + state.number.to_string(), earlier=state.turn(-1), later=state.turn(1),
                             has_earlier=state.number > 1, has_later=state.more),
            ),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.removing != "",
            state.close_removing,
            t("Remove this reward?"),
            rx.el.span(state.removing, ". ", t("Nobody has redeemed it. It cannot be brought back.")),
            yes=t("Remove"),
            on_yes=state.remove,
        ),
        note=t("Partners see these in the order of their position. A new price holds for what is redeemed from now "
               "on."),
        actions=(button(t("Add Reward"), look="primary", symbol="plus", on_click=state.open_reward(0)),),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = RewardCatalogueState
    return [
        tables.cell(
            rx.el.div(
                reward_picture(row.picture, small=True),
                rx.el.div(
                    rx.el.span(row.name, class_name="strong cut"),
                    rx.el.span(row.description, class_name="faint cut reward-about wide-only"),
                    tables.on_phone(row.points, rx.cond(row.active, t(" points"), t(" points, taken out"))),
                    rx.cond(row.redeemed != "", tables.on_phone(t("redeemed "), row.redeemed)),
                    class_name="two-lines",
                ),
                class_name="row reward-line",
            )
        ),
        tables.cell(row.points, kind="num wide-only"),
        tables.cell(
            rx.cond(
                row.stock.length() > 0,
                rx.el.ul(rx.foreach(row.stock, lambda one: rx.el.li(badge(one))), class_name="badges"),
                rx.el.span(t("for no tier"), class_name="faint"),
            ),
            kind="wide-only",
        ),
        tables.cell(row.redeemed, kind="wide-only"),
        tables.cell(rx.cond(row.active, badge(t("In the catalogue"), "good"), badge(t("Taken out"))), kind="wide-only"),
        tables.row_actions(
            icon_button("pencil", t("Edit") + " " + row.name, on_click=state.open_reward(row.id)),
            rx.cond(
                row.removable,
                icon_button("trash-2", t("Remove") + " " + row.name, on_click=state.ask_remove(row.id)),
            ),
        ),
    ]


def _panel(state: Any) -> rx.Component:
    values = state.values
    return overlays.drawer(
        state.panel,
        state.close_panel,
        state.title,
        forms.form(
            state,
            forms.field(state, "name", t("Name"), default_value=values["name"], auto_complete="off", max_length=100),
            forms.text_area(state, "description", t("Description"), default_value=values["description"], rows=3,
                            max_length=500),
            uploads.picture_field(
                state, t("Picture"), name="", shown=state.picture_shown, choose=state.choose_picture,
                reject=state.reject_picture, clear=state.clear_picture, preview=reward_picture(state.picture_shown),
            ),
            forms.fields(
                forms.field(state, "points", t("Points"), input_mode="numeric", default_value=values["points"],
                            auto_complete="off", max_length=8, hint=t("What one costs from now on.")),
                forms.field(state, "position", t("Position"), input_mode="numeric",
                            default_value=values["position"], auto_complete="off", max_length=5,
                            hint=t("The lowest comes first.")),
            ),
            rx.el.fieldset(
                rx.el.legend(t("How many are left for each tier"), class_name="label"),
                rx.el.p(t("Empty: the tier cannot have it, and is told from which tier it can be had."),
                        class_name="hint"),
                rx.el.div(
                    rx.foreach(
                        state.shelves,
                        lambda one: forms.field(state, one.name, one.tier, input_mode="numeric",
                                                default_value=one.stock, auto_complete="off", max_length=8),
                    ),
                    class_name="fields",
                ),
                class_name="stack-s",
            ),
            forms.switch("active", t("In the catalogue"), hint=t("Off: nobody sees it; what was redeemed goes on."),
                         default_checked=values["active"] == "on"),
            on_submit=state.save,
            id="reward-form",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Save"), form="reward-form"),
        ),
    )  # fmt: skip
