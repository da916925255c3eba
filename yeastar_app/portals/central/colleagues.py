"""System > User > My Colleague: the people of the reseller's own company and what each may do."""

from types import ModuleType

import reflex as rx

from yeastar_app.portals.colleague_list import ColleagueList, colleagues_page
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import central_colleagues
from yeastar_app.words import t

PATH = "/central/colleagues"


@guarded(central_colleagues.POLICY)
class CentralColleaguesState(ColleagueList, Shell):
    def _path(self) -> str:
        return PATH

    def _rules(self) -> ModuleType:
        return central_colleagues


@page(PATH, t("My Colleague"), central_colleagues.POLICY, CentralColleaguesState.load)
def central_colleagues_page() -> rx.Component:
    return colleagues_page(CentralColleaguesState, t("Central Management"), t("My Colleague"), PATH)
