"""Business > Rewards: what can be had for points, and what became of what was redeemed. Tab and filters live in the
address."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import (
    badge,
    button,
    button_link,
    empty,
    icon,
    loading,
    segments,
    submit,
    tab_panel,
    tabs,
)
from yeastar_app.components.rewards import reward_picture, steps
from yeastar_app.portals.addresses import with_query
from yeastar_app.portals.page import Shell, guarded, page, with_own
from yeastar_app.portals.redemption_rows import RedemptionRow, row_of
from yeastar_app.refusals import Refusal
from yeastar_app.services import images, redemptions, rewards
from yeastar_app.services.registration import POLICY
from yeastar_app.words import day, plural, t

PATH = "/partner/rewards"
TABS = {"catalogue": t("Catalogue"), "redemptions": t("My Redemptions")}
SHOWN = {"all": t("All"), "mine": t("I Can Have Now")}
STATUSES = {"": t("All states"), "waiting": t("On their way"),
            **{status.value: words for status, words in redemptions.LABELS.items()}}  # fmt: skip


@dataclass
class OfferRow:
    id: int = 0
    name: str = ""
    description: str = ""
    picture: str = ""
    points: str = ""
    possible: bool = False
    tier: str = ""
    """From which tier it can be had, in words, where the own one may not."""
    why: str = ""
    few: str = ""


@dataclass
class DrawRow:
    points: str = ""
    expires: str = ""


@guarded(POLICY)
class RewardsState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "asking")

    tab: str = "catalogue"
    loaded: bool = False
    tier: str = ""
    balance: str = ""
    offers: list[OfferRow] = []
    show: str = "all"
    number: int = 1
    more: bool = False
    redemptions: list[RedemptionRow] = []
    status: str = ""
    newer: int = 0
    older: int = 0

    panel: bool = False
    chosen: OfferRow = OfferRow()
    held: str = ""
    after: str = ""
    draws: list[DrawRow] = []
    deliver_to: str = ""
    form_number: int = 0
    asking: str = ""
    """The redemption that is asked about, by its reward's name."""

    _reward: int = 0
    _price: int = 0
    _key: str = ""
    _asked: int = 0

    @rx.event
    async def load(self) -> None:
        asked = dict(self.router.url.query_parameters)
        self.tab = "redemptions" if asked.get("tab") == "redemptions" else "catalogue"
        await self._fill()

    async def _fill(self) -> None:
        asked = dict(self.router.url.query_parameters)
        found = await self._act(rewards.catalogue, asked if self.tab == "catalogue" else {})
        if found is None:
            return
        self.tier, self.balance = found.tier, plural(found.balance, "point", "points")
        if self.tab == "catalogue":
            fresh = rewards.CatalogueFilter.model_validate(asked)
            self.show, self.number, self.more = "mine" if fresh.show == "mine" else "all", fresh.page, found.more
            self.offers = [_offer_row(offer) for offer in found.offers]
        else:
            await self._list(asked)
        self.loaded = True

    async def _list(self, asked: dict[str, str]) -> None:
        status = rewards.MineFilter.model_validate(asked).status
        self.status = status if status in STATUSES else ""
        mine = await self._act(rewards.mine, asked)
        if mine is not None:
            self.redemptions = [row_of(row) for row in mine.rows]
            self.newer, self.older = mine.newer, mine.older

    def _refuse(self, refusal: Refusal) -> None:
        """What is refused while the window is open stands in it."""
        super()._refuse(refusal)
        if self.panel and not self.errors:
            self.errors, self.notice = {"": refusal.message}, ""

    @rx.event
    async def pick_tab(self, tab: str) -> Any:
        self.tab, self.loaded = ("redemptions" if tab == "redemptions" else "catalogue"), False
        return rx.redirect(with_query(PATH, tab="redemptions" if self.tab == "redemptions" else ""))

    @rx.event
    async def pick_shown(self, show: str) -> Any:
        return rx.redirect(with_query(PATH, show="mine" if show == "mine" else ""), replace=True)

    @rx.event
    async def turn(self, by: int) -> Any:
        number = self.number + (1 if by == 1 else -1)
        show = self.show if self.show == "mine" else ""
        return rx.redirect(with_query(PATH, show=show, page=number if number > 1 else ""))

    @rx.event
    async def pick_status(self, status: str) -> Any:
        known = status if isinstance(status, str) and status in STATUSES else ""
        return rx.redirect(with_query(PATH, tab="redemptions", status=known), replace=True)

    @rx.event
    async def show_newer(self) -> Any:
        return rx.redirect(with_query(PATH, tab="redemptions", status=self.status, after=self.newer))

    @rx.event
    async def show_older(self) -> Any:
        return rx.redirect(with_query(PATH, tab="redemptions", status=self.status, before=self.older))

    @rx.event
    async def open_reward(self, reward_id: int) -> None:
        """The window that says what redeeming does; its request key makes two clicks one redemption."""
        seen = await self._act(rewards.prepare, {"reward": reward_id})
        if seen is None:
            await self._fill_keeping_words()
            return
        self._reward, self._price, self._key = seen.offer.id, seen.offer.points, seen.request_key
        self.chosen = _offer_row(seen.offer)
        self.held, self.after = f"{seen.balance:,}", f"{seen.after:,}"
        self.draws = [DrawRow(plural(one.points, "point", "points"), day(one.expires_on)) for one in seen.draws[:6]]
        self.deliver_to, self.panel = seen.deliver_to, True
        self.form_number += 1

    async def _fill_keeping_words(self) -> None:
        """Show how things are now, with what was just said."""
        words, tone = self.notice, self.notice_tone
        await self._fill()
        self.notice, self.notice_tone = words, tone

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel and open_ is True

    @rx.event
    async def redeem(self, form: dict) -> Any:
        if not self.panel:
            return None  # the second half of a double click
        own = with_own(form, reward=self._reward, points=self._price, request_key=self._key)
        done = await self._act(rewards.redeem, own)
        if done is None:
            return None
        self.panel, self.loaded, self.tab = False, False, "redemptions"
        self._say(t("{reward} is requested. Your balance: {balance}.", reward=done.reward,
                    balance=plural(done.balance, "point", "points")))  # fmt: skip
        return rx.redirect(with_query(PATH, tab="redemptions"))

    @rx.event
    async def ask_withdraw(self, redemption_id: int) -> None:
        row = next((row for row in self.redemptions if row.id == redemption_id), None)
        if row is not None and row.status == "requested":
            self._asked, self.asking = row.id, row.reward

    @rx.event
    async def close_asking(self, open_: bool) -> None:
        self.asking = self.asking if open_ is True else ""

    @rx.event
    async def withdraw(self) -> None:
        if not self.asking:
            return  # the second half of a double click
        self.asking = ""
        done = await self._act(rewards.withdraw, {"redemption": self._asked})
        if done is not None:
            self._say(t("{reward} is withdrawn. {points}", reward=done.reward, points=done.points))
        await self._fill_keeping_words()


def _offer_row(offer: rewards.Offer) -> OfferRow:
    why = ""
    if not offer.from_tier:
        if offer.stock == 0:
            why = t("Out of stock")
        elif offer.missing:
            why = t("{points} to go", points=plural(offer.missing, "point", "points"))
    return OfferRow(
        offer.id,
        offer.name,
        offer.description,
        images.address(offer.image_id),
        f"{offer.points:,}",
        offer.possible,
        t("From {tier}", tier=offer.from_tier) if offer.from_tier else "",
        why,
        t("{n} left", n=offer.stock) if 0 < offer.stock <= 5 else "",
    )


@page(PATH, t("Rewards"), POLICY, RewardsState.load)
def rewards_page() -> rx.Component:
    state = RewardsState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Rewards"),
        tabs(state.tab, TABS, state.pick_tab, label=t("Rewards")),
        tab_panel(state.tab, "catalogue", _catalogue(state)),
        tab_panel(state.tab, "redemptions", _mine(state)),
        _window(state),
        overlays.confirm(
            state.asking != "",
            state.close_asking,
            t("Withdraw the request?"),
            rx.el.span(state.asking, ". ", t("The points come back into your balance, with their old expiry.")),
            yes=t("Withdraw"),
            on_yes=state.withdraw,
        ),
        note=rx.cond(
            state.balance != "",
            rx.el.span(
                t("You have "), rx.el.strong(state.balance, class_name="num"), t(" to spend as a "),
                rx.el.strong(state.tier), t(" partner."),
            ),
            t("What you can have for your points."),
        ),
        actions=(button_link(t("Get Points"), "/partner/program", symbol="plus"),),
    )  # fmt: skip


def _catalogue(state: Any) -> rx.Component:
    nothing = rx.cond(
        state.show == "mine",
        empty("gift", t("Nothing within reach yet"), t("Register products to earn points, or look at everything."),
              button_link(t("Show Everything"), PATH)),
        empty("gift", t("No rewards at the moment"), t("Your points stay. Look again later.")),
    )  # fmt: skip
    return rx.fragment(
        rx.el.div(segments(state.show, SHOWN, state.pick_shown, label=t("Which rewards"))),
        rx.cond(
            state.loaded,
            rx.cond(
                state.offers.length() > 0,
                rx.el.ul(rx.foreach(state.offers, _offer), class_name="shelf"),
                layout.card(nothing),
            ),
            rx.el.div(
                *[rx.el.div(rx.el.div(class_name="skeleton"), class_name="card reward") for _ in range(4)],
                class_name="shelf", role="status", aria_label=t("Loading"),
            ),
        ),
        rx.cond(
            state.more | (state.number > 1),
            tables.pager(t("Page ") + state.number.to_string(), earlier=state.turn(-1), later=state.turn(1),
                         has_earlier=state.number > 1, has_later=state.more),
        ),
    )  # fmt: skip


def _offer(offer: Any) -> rx.Component:
    return rx.el.li(
        reward_picture(offer.picture),
        rx.el.div(
            rx.el.h2(offer.name, class_name="wrap"),
            rx.el.p(offer.description, class_name="muted wrap grow"),
            rx.el.div(
                rx.el.p(
                    rx.el.span(offer.points, class_name="reward-price"), rx.el.span(t(" points"), class_name="muted")
                ),
                rx.cond(offer.few != "", badge(offer.few, "warn")),
                class_name="row-between",
            ),
            rx.cond(
                offer.possible,
                button(t("Redeem"), look="primary", on_click=RewardsState.open_reward(offer.id),
                       aria_label=t("Redeem") + " " + offer.name),
                rx.el.p(
                    rx.cond(offer.tier != "", rx.fragment(icon("lock"), offer.tier),
                            rx.fragment(icon("hourglass"), offer.why)),
                    class_name="reward-why",
                ),
            ),
            class_name="reward-words",
        ),
        class_name="card reward",
        data_possible=rx.cond(offer.possible, "true", "false"),
    )  # fmt: skip


def _window(state: Any) -> rx.Component:
    return overlays.drawer(
        state.panel,
        state.close_panel,
        t("Redeem"),
        rx.el.div(
            reward_picture(state.chosen.picture, small=True),
            rx.el.div(
                rx.el.h3(state.chosen.name, class_name="wrap"),
                rx.el.p(state.chosen.points, t(" points"), class_name="muted num"),
                class_name="two-lines grow",
            ),
            class_name="row",
        ),
        forms.facts(
            (t("You have"), rx.el.span(state.held, class_name="num")),
            (t("This takes"), rx.el.span("\N{MINUS SIGN}", state.chosen.points, class_name="num")),
            (t("Afterwards"), rx.el.strong(state.after, class_name="num")),
        ),
        rx.el.section(
            rx.el.h3(t("These points go first")),
            rx.el.ul(
                rx.foreach(
                    state.draws,
                    lambda one: rx.el.li(
                        rx.el.span(one.points, class_name="num"),
                        rx.el.span(t("would expire after "), one.expires, class_name="faint num"),
                        class_name="row-between",
                    ),
                ),
                class_name="stack-s",
            ),
            class_name="stack-s",
        ),
        forms.form(
            state,
            forms.text_area(state, "deliver_to", t("Deliver To"), required=True, rows=5, max_length=500,
                            default_value=state.deliver_to,
                            hint=t("Name and address, or the email address a voucher goes to.")),
            on_submit=state.redeem,
            id="redeem",
            key=state.form_number.to_string(),
        ),
        rx.el.p(t("Your points are held at once. Your account manager approves the request; until then you can "
                  "withdraw it. If it is declined, the points come back."), class_name="hint"),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Redeem"), form="redeem"),
        ),
    )  # fmt: skip


def _mine(state: Any) -> rx.Component:
    filtered = empty("gift", t("None in this state"), t("Choose another state above."),
                     button_link(t("Show Everything"), PATH + "?tab=redemptions"))  # fmt: skip
    nothing = empty("gift", t("Nothing redeemed yet"), t("Choose something from the catalogue."),
                    button_link(t("Open the Catalogue"), PATH, look="primary"))  # fmt: skip
    return layout.card(
        tables.toolbar(tables.filter_choice(state.status, STATUSES, state.pick_status, t("State"))),
        rx.cond(
            state.loaded,
            rx.cond(
                state.redemptions.length() > 0,
                rx.el.ul(rx.foreach(state.redemptions, _redemption), aria_label=t("My Redemptions")),
                rx.cond(state.status != "", filtered, nothing),
            ),
            loading(4),
        ),
        rx.cond(
            (state.newer > 0) | (state.older > 0),
            tables.pager(t("Newest first"), earlier=state.show_newer, later=state.show_older,
                         has_earlier=state.newer > 0, has_later=state.older > 0),
        ),
        flush=True,
    )  # fmt: skip


def _redemption(row: Any) -> rx.Component:
    return rx.el.li(
        reward_picture(row.picture, small=True),
        rx.el.div(
            rx.el.div(
                rx.el.h2(row.reward, class_name="wrap"),
                badge(row.status_words, row.tone),
                class_name="row",
            ),
            rx.el.p(row.points, " · ", row.at, " · ", row.who, class_name="faint num"),
            rx.cond(row.note != "", rx.el.p(rx.el.strong(row.note_label, ": "), row.note, class_name="wrap lines")),
            class_name="stack-s grow",
        ),
        steps(row.steps, row.reward),
        rx.cond(
            row.status == "requested",
            button(t("Withdraw"), small=True, on_click=RewardsState.ask_withdraw(row.id),
                   aria_label=t("Withdraw") + " " + row.reward),
        ),
        class_name="section redemption",
    )  # fmt: skip
