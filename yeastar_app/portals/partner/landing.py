"""/partner: the first page of the Partner Portal that an account may use."""

import reflex as rx

from yeastar_app.access import Policy
from yeastar_app.components import layout
from yeastar_app.components.controls import empty, loading
from yeastar_app.features import Surface
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER)
FAVOURITE = "/partner/program"


@guarded(POLICY)
class PartnerHomeState(Shell):
    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """To the Partner Program where one may see it, otherwise to the first page of the menu."""
        open_to = [item.href for item in self.menu]
        if not open_to:
            return None
        return rx.redirect(FAVOURITE if FAVOURITE in open_to else open_to[0], replace=True)


@page("/partner", t("Partner Portal"), POLICY, PartnerHomeState.load)
def partner_home_page() -> rx.Component:
    state = PartnerHomeState
    nothing = empty("lock", t("Nothing here yet"), t("Ask your company's owner which parts of the portal you may use."))
    return layout.shell(
        state,
        t("Partner Portal"),
        t("Partner Portal"),
        layout.card(rx.cond(state.ready & (state.menu.length() == 0), nothing, loading())),
    )
