"""/partner shows the Dashboard to those who may see the Partner Program and leads everybody else on."""

from typing import Any

import pytest

from tests import factories
from tests.portals.test_central import opened
from tests.services.test_forecast import register
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Kind
from yeastar_app.portals.menu import menu_of
from yeastar_app.portals.page import current_actor
from yeastar_app.portals.partner.dashboard import DashboardState


async def loaded(monkeypatch: pytest.MonkeyPatch, grants: list[Feature]) -> tuple[Any, Any]:
    """The State after its first event, and what the event answered."""
    company = factories.organisation()
    register(factories.account(within=company), 1_200)
    who = factories.account(Kind.COLLEAGUE, company, grants=[str(feature) for feature in grants])
    live = opened(DashboardState, factories.signed_in(who), monkeypatch)
    live.menu = menu_of(current_actor(), "/partner")
    return live, await DashboardState.event_handlers["load"].fn(live)


async def test_who_may_see_the_programme_gets_the_dashboard(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    live, answer = await loaded(monkeypatch, [Feature.PARTNERS, Feature.PROGRAMME])
    assert answer is None
    assert (live.shown, live.loaded, live.menu[0].label, live.menu[0].current) == (True, True, "Dashboard", True)
    assert (live.standing.tier, live.points.balance) == ("Silver", "1,200")


async def test_who_may_not_is_led_to_the_first_page_it_may_use(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    live, answer = await loaded(monkeypatch, [Feature.PARTNERS])
    assert "/partner/partners" in str(answer)
    assert (live.shown, live.loaded, live.points.balance) == (False, False, "")


async def test_who_may_use_nothing_is_told_so(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    live, answer = await loaded(monkeypatch, [])
    assert (answer, live.shown, live.menu) == (None, False, [])


async def test_steps_lead_to_the_rewards_only_where_there_is_such_a_page(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, _ = await loaded(monkeypatch, [Feature.PROGRAMME])
    known = {item.href for item in live.menu}
    assert {row.href.split("?")[0] for row in live.steps} <= known | {"/partner/program/points"}
