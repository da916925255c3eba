"""Business > Partner Program."""

import reflex as rx

from yeastar_app.access import Policy
from yeastar_app.components import layout
from yeastar_app.features import Feature, Surface
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER, Feature.PROGRAMME)


@guarded(POLICY)
class ProgramState(Shell):
    pass


@page("/partner/program", t("Partner Program"), POLICY)
def program_page() -> rx.Component:
    return layout.shell(
        ProgramState,
        t("Partner Portal"),
        t("Partner Program"),
        layout.card(rx.el.p("hello"), title="Hello"),
    )
