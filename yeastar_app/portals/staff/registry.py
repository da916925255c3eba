"""Back office > Product Registry: the units and subscriptions that prove a Product ID, and who registered them."""

import reflex as rx

from yeastar_app.components import layout
from yeastar_app.components.controls import button
from yeastar_app.portals.page import page
from yeastar_app.portals.staff.registry_import import RegistryImportState, import_card
from yeastar_app.portals.staff.registry_units import PATH, RegistryState, form_panel, unit_panel, units_card
from yeastar_app.services import registry
from yeastar_app.words import t


@page(PATH, t("Product Registry"), registry.VIEW, [RegistryState.load, RegistryImportState.look_in])
def registry_page() -> rx.Component:
    state = RegistryState
    return layout.shell(
        state,
        t("Back Office"),
        t("Product Registry"),
        rx.cond(state.may_change, import_card()),
        units_card(state),
        unit_panel(state),
        form_panel(state),
        note=t("What the vendor made and subscribed. Only what is in here can be registered for points."),
        actions=(
            rx.cond(
                state.may_change,
                button(t("Add Unit"), look="primary", symbol="plus", on_click=state.open_form(0)),
            ),
        ),
    )  # fmt: skip
