"""System > User > My Colleague: adding one, and the page where one is edited."""

import reflex as rx

from yeastar_app.features import CENTRAL_TABS
from yeastar_app.portals.colleague_form import ColleagueForm, colleague_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import colleagues
from yeastar_app.words import t

LIST = "/central/colleagues"


@guarded(colleagues.RESELLERS_POLICY)
class CentralColleagueFormState(ColleagueForm, Shell):
    def _path(self) -> str:
        return LIST


@page(f"{LIST}/new", t("Add Colleague"), colleagues.RESELLERS_POLICY, CentralColleagueFormState.load_new)
def add_central_colleague_page() -> rx.Component:
    return _page(t("Add Colleague"))


@page(f"{LIST}/edit", t("Edit Colleague"), colleagues.RESELLERS_POLICY, CentralColleagueFormState.load_edit)
def edit_central_colleague_page() -> rx.Component:
    return _page(t("Edit Colleague"))


def _page(title: str) -> rx.Component:
    state = CentralColleagueFormState
    return colleague_page(state, t("Central Management"), title, CENTRAL_TABS, LIST, t("My Colleague"))
