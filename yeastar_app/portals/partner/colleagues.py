"""User > Colleagues: the people of the partner's own company and what each may do (PRODUCT 3.3)."""

import reflex as rx

from yeastar_app.portals.colleague_list import ColleagueList, colleagues_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import colleagues
from yeastar_app.words import t

PATH = "/partner/colleagues"


@guarded(colleagues.POLICY)
class ColleaguesState(ColleagueList, Shell):
    def _path(self) -> str:
        return PATH


@page(PATH, t("Colleagues"), colleagues.POLICY, ColleaguesState.load)
def partner_colleagues_page() -> rx.Component:
    return colleagues_page(ColleaguesState, t("Partner Portal"), t("Colleagues"), PATH)
