"""Back office > Partners' Points: who has how many, in which tier, and what expires next."""

from dataclasses import dataclass

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button_link, download_link, empty, link
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import partner_points
from yeastar_app.services.countries import country_name
from yeastar_app.services.partner_points import PartnersFilter
from yeastar_app.words import day, t

PATH = "/staff/points"
FILE = "/files/partners-points.xlsx"
LIST = ListOf(PATH, partner_points.listed, PartnersFilter, {"search": None, "tier": None}, FILE)


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
class PartnerPointsState(ListPage, Shell):
    rows: list[PartnerRow] = []
    tiers: list[str] = []

    def _list(self) -> ListOf:
        return LIST

    def _show(self, found: partner_points.Partners) -> None:
        self.rows, self.tiers = [_row(row) for row in found.rows], found.tiers


def _row(row: partner_points.Partner) -> PartnerRow:
    return PartnerRow(
        f"{PATH}/{row.id}",
        row.name,
        country_name(row.country),
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
                list_page.search(state, t("Search partner or city")),
                list_page.choice_of(state, "tier", t("All tiers"), state.tiers,
                                    lambda name: rx.el.option(name, value=name), t("Tier")),
                download_link(t("Export"), state.export_href),
            ),
            tables.table(
                [(t("Partner"), ""), (t("Tier"), "wide-only"), (t("Balance"), "num"), (t("Owed"), "num wide-only"),
                 (t("Earned in the Period"), "num wide-only"), (t("Next Expiry"), "date wide-only")],
                state.rows,
                lambda row: [
                    tables.cell(
                        link(row.name, row.href),
                        rx.el.span(row.country, class_name="line faint"),
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
                    state.narrowed,
                    empty("search", t("No partner matches"), t("Change the search or the tier above."),
                          button_link(t("Show Everything"), PATH)),
                    empty("users", t("No partners yet"), t("Partners you look after appear here.")),
                ),
                label=t("Partners' Points"),
            ),
            list_page.pages(state, t("Newest partners first")),
            flush=True,
        ),
        note=t("Open a partner to adjust its points or to reverse a registration. Each change needs a reason, which "
               "the partner reads."),
    )  # fmt: skip
