"""System > User > My Colleague: the people of the reseller's own company and what each may do."""

import reflex as rx

from yeastar_app.portals.colleague_list import ColleagueList, colleagues_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import colleagues
from yeastar_app.words import t

PATH = "/central/colleagues"


@guarded(colleagues.RESELLERS_POLICY)
class CentralColleaguesState(ColleagueList, Shell):
    def _path(self) -> str:
        return PATH


@page(PATH, t("My Colleague"), colleagues.RESELLERS_POLICY, CentralColleaguesState.load)
def central_colleagues_page() -> rx.Component:
    return colleagues_page(CentralColleaguesState, t("Central Management"), t("My Colleague"), PATH)
