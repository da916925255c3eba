"""/partner: the first page of the Partner Portal that an account may use."""

import reflex as rx

from yeastar_app.access import Policy
from yeastar_app.components import layout
from yeastar_app.components.controls import empty, loading
from yeastar_app.features import Surface
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER)


@guarded(POLICY)
class PartnerHomeState(Shell):
    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        return rx.redirect(self.menu[0].href, replace=True) if self.menu else None


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
