"""Point details of the actor's company: "Point Record" and "Registered Product" (Seed 000)."""

from typing import Any

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import back_link, button_link, empty, tab_panel, tabs
from yeastar_app.components.point_story import story_drawer
from yeastar_app.portals import point_lists
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.portals.point_lists import LISTS, PointLists, Source
from yeastar_app.services import point_details, point_stories, programme
from yeastar_app.services.registration import POLICY
from yeastar_app.words import t

PATH = "/partner/program/points"
FILES = {"record": "/files/point-record.xlsx", "registered": "/files/registered-products.xlsx"}


@guarded(POLICY)
class PointsState(PointLists, Shell):
    def _path(self) -> str:
        return PATH

    def _source(self) -> Source:
        return Source(point_details.records, point_details.registered_products, programme.choices,
                      point_stories.story, FILES, {})  # fmt: skip

    @rx.event
    async def load(self) -> None:
        asked = self._read_address()
        await self._fill(asked)
        await self._tell(asked)


@page(PATH, t("Point Details"), POLICY, PointsState.load)
def points_page() -> rx.Component:
    state = PointsState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Point Details"),
        tabs(state.tab, LISTS, state.pick_tab, label=t("Point Details")),
        layout.card(
            point_lists.filters(state, t("Product, ID or end user")),
            tab_panel(state.tab, "record", point_lists.records_table(state, _nothing(state, t("No points yet")))),
            tab_panel(
                state.tab,
                "registered",
                point_lists.registered_table(state, _nothing(state, t("No products registered yet"))),
            ),
            point_lists.pager(state),
            flush=True,
        ),
        story_drawer(state.story, state.telling, state.close_story),
        back=back_link(t("Partner Program"), "/partner/program"),
        actions=(button_link(t("History of Uploads"), "/partner/program/uploads", symbol="history"),),
    )


def _nothing(state: Any, title: str) -> rx.Component:
    return rx.cond(
        point_lists.filtered(state),
        empty("search", t("Nothing matches"), t("Change the search or the filters above."),
              button_link(t("Show Everything"), PATH)),
        empty("award", title, t("Register the Yeastar products you sold to earn points."),
              button_link(t("Get Points"), "/partner/program", look="primary", symbol="plus")),
    )  # fmt: skip
