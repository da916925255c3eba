"""User > Colleagues > Add Colleague, and the page where one is edited (PRODUCT 3.3)."""

import reflex as rx

from yeastar_app.features import PARTNER_TABS
from yeastar_app.portals.colleague_form import ColleagueForm, colleague_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import colleagues
from yeastar_app.words import t

LIST = "/partner/colleagues"


@guarded(colleagues.POLICY)
class ColleagueFormState(ColleagueForm, Shell):
    def _path(self) -> str:
        return LIST


@page(f"{LIST}/new", t("Add Colleague"), colleagues.POLICY, ColleagueFormState.load_new)
def add_colleague_page() -> rx.Component:
    return _page(t("Add Colleague"))


@page(f"{LIST}/edit", t("Edit Colleague"), colleagues.POLICY, ColleagueFormState.load_edit)
def edit_colleague_page() -> rx.Component:
    return _page(t("Edit Colleague"))


def _page(title: str) -> rx.Component:
    return colleague_page(ColleagueFormState, t("Partner Portal"), title, PARTNER_TABS, LIST, t("Colleagues"))
