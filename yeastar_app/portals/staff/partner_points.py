"""Back office > Partners' Points: who has how many, in which tier, and what expires next."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button_link, download_link, empty, link
from yeastar_app.portals.addresses import caught_up, with_query
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import partner_points
from yeastar_app.services.partner_points import PartnersFilter
from yeastar_app.words import day, t

PATH = "/staff/points"


@dataclass
class PartnerRow:
    href: str = ""
    name: str = ""
    country: str = ""
    tier: str = ""
    balance: str = ""
    debt: str = ""
    accrued: str = ""
    expires: str = ""


@guarded(partner_points.POLICY)
class PartnerPointsState(Shell):
    rows: list[PartnerRow] = []
    tiers: list[str] = []
    loaded: bool = False
    newer: int = 0
    older: int = 0
    search: str = ""
    tier: str = ""
    seed: str = ""
    opened: int = 0
    export_href: str = ""

    _typing: bool = False

    @rx.event
    async def load(self) -> None:
        asked = dict(self.router.url.query_parameters)
        fresh = PartnersFilter.model_validate(asked)
        self.seed, searched = fresh.search, self.search
        self.search = caught_up(searched, fresh.search, self._typing)
        self.opened += self.search != searched
        self._typing, self.tier = False, fresh.tier
        self.export_href = with_query("/files/partners-points.xlsx", search=fresh.search, tier=fresh.tier)
        found = await self._act(partner_points.listed, asked)
        if found is not None:
            self.rows, self.tiers = [_row(row) for row in found.rows], found.tiers
            self.newer, self.older, self.loaded = found.newer, found.older, True

    def _go(self, **changes: object) -> Any:
        return rx.redirect(with_query(PATH, **{"search": self.search, "tier": self.tier, **changes}), replace=True)

    @rx.event
    async def find(self, words: str) -> Any:
        self.search, self._typing = PartnersFilter.model_validate({"search": words}).search, True
        return self._go()

    @rx.event
    async def pick_tier(self, tier: str) -> Any:
        return self._go(tier=PartnersFilter.model_validate({"tier": tier}).tier)

    @rx.event
    async def show_newer(self) -> Any:
        return self._go(after=self.newer)

    @rx.event
    async def show_older(self) -> Any:
        return self._go(before=self.older)


def _row(row: partner_points.Partner) -> PartnerRow:
    return PartnerRow(
        f"{PATH}/{row.id}",
        row.name,
        row.country,
        row.tier,
        f"{row.balance:,}",
        f"{row.debt:,}" if row.debt else "",
        f"{row.accrued:,}",
        day(row.expires),
    )


@page(PATH, t("Partners' Points"), partner_points.POLICY, PartnerPointsState.load)
def partner_points_page() -> rx.Component:
    state = PartnerPointsState
    return layout.shell(
        state,
        t("Back Office"),
        t("Partners' Points"),
        layout.card(
            tables.toolbar(
                tables.search_box(state.seed, state.opened, state.find, t("Search partner or city")),
                rx.el.select(
                    rx.el.option(t("All tiers"), value=""),
                    rx.foreach(state.tiers, lambda name: rx.el.option(name, value=name)),
                    value=state.tier,
                    on_change=state.pick_tier,
                    aria_label=t("Tier"),
                    class_name="input",
                ),
                download_link(t("Export"), state.export_href),
            ),
            tables.table(
                [(t("Partner"), ""), (t("Tier"), "wide-only"), (t("Balance"), "num"), (t("Owed"), "num wide-only"),
                 (t("Earned in the Period"), "num wide-only"), (t("Next Expiry"), "date wide-only")],
                state.rows,
                lambda row: [
                    tables.cell(
                        link(row.name, row.href),
                        rx.el.span(" ", row.country, class_name="faint"),
                        tables.on_phone(row.tier, ", ", row.accrued, t(" earned in the period")),
                    ),
                    tables.cell(badge(row.tier, "accent"), kind="wide-only"),
                    tables.cell(
                        rx.el.strong(row.balance),
                        rx.cond(row.debt != "", tables.on_phone(row.debt, t(" owed"))),
                        kind="num",
                    ),
                    tables.cell(rx.cond(row.debt != "", badge(row.debt, "warn")), kind="num wide-only"),
                    tables.cell(row.accrued, kind="num wide-only"),
                    tables.cell(row.expires, kind="date wide-only"),
                ],
                ready=state.loaded,
                empty_state=rx.cond(
                    (state.search != "") | (state.tier != ""),
                    empty("search", t("No partner matches"), t("Change the search or the tier above."),
                          button_link(t("Show Everything"), PATH)),
                    empty("users", t("No partners yet"), t("Partners you look after appear here.")),
                ),
                label=t("Partners' Points"),
            ),
            rx.cond(
                (state.newer > 0) | (state.older > 0),
                tables.pager(t("Newest partners first"), earlier=state.show_newer, later=state.show_older,
                             has_earlier=state.newer > 0, has_later=state.older > 0),
            ),
            flush=True,
        ),
        note=t("Open a partner to adjust its points or to reverse a registration. Each change needs a reason, which "
               "the partner reads."),
    )  # fmt: skip
