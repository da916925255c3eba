"""System > User > My Colleague: adding one, and the page where one is edited."""

from types import ModuleType

import reflex as rx

from yeastar_app.features import CENTRAL_TABS
from yeastar_app.portals.colleague_form import ColleagueForm, colleague_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import central_colleagues
from yeastar_app.words import t

LIST = "/central/colleagues"


@guarded(central_colleagues.POLICY)
class CentralColleagueFormState(ColleagueForm, Shell):
    def _path(self) -> str:
        return LIST

    def _rules(self) -> ModuleType:
        return central_colleagues


@page(f"{LIST}/new", t("Add Colleague"), central_colleagues.POLICY, CentralColleagueFormState.load_new)
def add_central_colleague_page() -> rx.Component:
    return _page(t("Add Colleague"))


@page(f"{LIST}/edit", t("Edit Colleague"), central_colleagues.POLICY, CentralColleagueFormState.load_edit)
def edit_central_colleague_page() -> rx.Component:
    return _page(t("Edit Colleague"))


def _page(title: str) -> rx.Component:
    state = CentralColleagueFormState
    return colleague_page(state, t("Central Management"), title, CENTRAL_TABS, LIST, t("My Colleague"))
