"""The bare address: leads everybody to the surface they belong on, or to the sign-in."""

import reflex as rx

from yeastar_app.access import PUBLIC
from yeastar_app.components import layout
from yeastar_app.components.controls import loading
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.words import t


@guarded(PUBLIC)
class HomeState(Shell):
    @rx.event
    async def load(self) -> object:
        home = current_actor().home
        return rx.redirect(f"/{home}" if home else "/sign-in", replace=True)


@page("/", t("Welcome"), PUBLIC, HomeState.load)
def home_page() -> rx.Component:
    return layout.plain(HomeState, t("One moment …"), loading())
