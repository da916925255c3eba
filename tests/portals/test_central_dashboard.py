"""The Dashboard of Central Management leads nobody to where it may not go."""

from typing import Any

import pytest

from tests import factories
from tests.portals.test_central import opened
from tests.services.central import owner
from tests.services.test_central_dashboard import everywhere
from yeastar_app.access import Credential, who
from yeastar_app.database import transaction
from yeastar_app.features import NEEDS, RESELLER_FEATURES, Feature
from yeastar_app.models.accounts import Kind, Organisation
from yeastar_app.portals.central.dashboard import CentralDashboardState
from yeastar_app.portals.page import current_actor, policy_for


async def shown(by: Credential, monkeypatch: pytest.MonkeyPatch) -> Any:
    live = opened(CentralDashboardState, by, monkeypatch)
    assert await CentralDashboardState.event_handlers["load"].fn(live) is None
    return live


def colleague(reseller: Credential, *features: Feature) -> Credential:
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, who(reseller).organisation)
    grants = [str(feature) for feature in features]
    return factories.signed_in(factories.account(Kind.RESELLER_COLLEAGUE, company, grants=grants))


async def test_whatever_is_granted_every_link_leads_to_a_page_one_may_see(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = owner()
    reseller = everywhere(partner)
    each_alone = [colleague(reseller, feature, *NEEDS.get(feature, ())) for feature in sorted(RESELLER_FEATURES)]
    numbers = []
    for by in (partner.credential, reseller, *each_alone, colleague(reseller)):
        live = await shown(by, monkeypatch)
        links = [row.href for row in (*live.needs, *live.states) if row.href]
        for link in links:
            policy = policy_for(link.split("?")[0])
            assert policy is not None, link
            policy.check(current_actor())
        numbers.append(len(links))
    assert max(numbers[0], numbers[1]) > 5
    assert numbers[-1] == 0


async def test_who_may_see_nothing_is_told_whom_to_ask_and_who_begins_what_to_do(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await shown(colleague(everywhere(owner())), monkeypatch)
    assert (live.sees_needs, live.sees_pbxs, live.sees_tasks, live.sees_logs, len(live.capacities)) == (
        False, False, False, False, 3,
    )  # fmt: skip
    live = await shown(owner().credential, monkeypatch)
    assert (live.sees_needs, live.needs, live.begins) == (True, [], True)


async def test_a_right_taken_away_is_gone_with_the_next_change(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = owner()
    live = await shown(everywhere(partner), monkeypatch)
    assert (live.sees_pbxs, live.may_add_pbx) == (True, True)
    opened(CentralDashboardState, colleague(everywhere(partner), Feature.ALARM_VIEW), monkeypatch)
    await live._follow()
    assert (live.sees_pbxs, live.states, live.may_add_pbx, live.recent) == (False, [], False, [])
