"""The hub: who follows a topic is refreshed, as the person at that screen, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx

from tests.security.test_matrix import cookie
from tests.services.central import Owner, add_reseller, owner
from yeastar_app import access
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines import live as topics
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Account, Status
from yeastar_app.portals import live
from yeastar_app.portals.central.resellers import ResellersState
from yeastar_app.portals.page import Shell, set_current_actor
from yeastar_app.refusals import NotAllowed
from yeastar_app.services import resellers


class Screens:
    """As much of the application as the hub knows: states by token, and which tokens are connected."""

    def __init__(self) -> None:
        self.roots: dict[str, rx.State] = {}
        self.event_namespace = SimpleNamespace(sid_to_token={})
        self.drawn = 0

    def open(self, token: str, credential: Credential) -> ResellersState:
        root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        router = {"token": token, "sid": f"socket of {token}"}
        root.router_data = router | {"headers": {"cookie": cookie(credential), "asgi-scope-client": "192.0.2.1"}}
        root.router = rx.istate.data.RouterData.from_router_data(root.router_data)
        self.roots[token] = root
        self.event_namespace.sid_to_token[f"socket of {token}"] = token
        state: Any = root.get_substate(ResellersState.get_full_name().split("."))
        return state

    @asynccontextmanager
    async def modify_state(self, token: Any) -> AsyncIterator[Any]:
        self.drawn += 1
        yield SimpleNamespace(get_state=lambda page: self._state(token.ident, page))

    async def _state(self, token: str, page: type[rx.State]) -> Any:
        return self.roots[token].get_substate(page.get_full_name().split("."))


@pytest.fixture
async def screens(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Screens]:
    """A hub of the test's own, started, that hears what is committed."""
    mine, shown = live.Hub(), Screens()
    monkeypatch.setattr("yeastar_app.portals.page.hub", mine)
    monkeypatch.setattr(live, "PAUSE", 0.02)
    mine.start(shown)
    shown.hub = mine  # type: ignore[attr-defined]
    stop = topics.listen(mine.changed)
    yield shown
    stop()


async def settled(screens: Any) -> None:
    """Until the hub has told everybody."""
    await asyncio.sleep(0)
    while screens.hub._serving:
        await asyncio.gather(*screens.hub._serving.values())


async def opened(screens: Screens, by: Owner, token: str = "one") -> ResellersState:
    state = screens.open(token, by.credential)
    actor = who(by.credential)
    set_current_actor(actor)
    shell: Any = state._get_root_state().get_substate(Shell.get_full_name().split("."))
    shell._seen_session = actor.session_id  # as the gate notes it
    await ResellersState.event_handlers["load"].fn(state)
    return state


async def test_a_list_shows_the_reseller_that_somebody_else_added(sqlite: str, screens: Screens) -> None:
    partner = owner()
    state = await opened(screens, partner)
    assert state.rows == []
    await asyncio.to_thread(add_reseller, partner, company="Brightline Networks")
    await settled(screens)
    assert [row.company for row in state.rows] == ["Brightline Networks"]


async def test_screens_of_one_company_read_once_for_one_change_and_another_company_reads_its_own(
    sqlite: str, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, other = owner(), owner()
    states = [await opened(screens, partner, token) for token in ("one", "two", "three")]
    stranger = await opened(screens, other, "four")
    await asyncio.to_thread(add_reseller, partner, company="Brightline Networks")
    await asyncio.to_thread(add_reseller, other, company="Nobody Else's")
    await settled(screens)
    asked = []
    monkeypatch.setattr(access, "perform", lambda *given: asked.append(given) or perform(*given))
    topics.publish(frozenset({f"below:{partner.pool.id}", f"below:{other.pool.id}"}))
    await settled(screens)
    assert len(asked) == 2
    assert [[row.company for row in state.rows] for state in states] == 3 * [["Brightline Networks"]]
    assert [row.company for row in stranger.rows] == ["Nobody Else's"]


async def test_after_the_next_change_it_is_read_again(sqlite: str, screens: Screens) -> None:
    partner = owner()
    states = [await opened(screens, partner, token) for token in ("one", "two")]
    for count in (1, 2, 3):
        await asyncio.to_thread(add_reseller, partner, extensions="10", calls="1", minutes="0")
        await settled(screens)
        assert [len(state.rows) for state in states] == [count, count]


def test_who_has_other_rights_never_shares_an_answer(sqlite: str) -> None:
    asking = who(owner().credential)
    fewer = access.acting_as(asking, features=asking.features - {Feature.PBX_VIEW})
    assert access.question(resellers.search, {}, asking) != access.question(resellers.search, {}, fewer)
    with pytest.raises(NotAllowed):
        access.question(resellers.search, {}, access.acting_as(asking, features=frozenset()))


async def test_where_the_first_to_ask_is_refused_the_others_ask_for_themselves() -> None:
    answers = iter([NotAllowed(), "what there is"])

    async def ask() -> str:
        answer = next(answers)
        if isinstance(answer, NotAllowed):
            raise answer
        return answer

    hub = live.Hub()
    assert await hub.together("question", ask) == "what there is"


async def test_another_companys_change_wakes_nobody(sqlite: str, screens: Screens) -> None:
    await opened(screens, owner())
    await asyncio.to_thread(add_reseller, owner())
    await settled(screens)
    assert screens.drawn == 0


async def test_a_hundred_changes_are_a_few_refreshes(sqlite: str, screens: Screens) -> None:
    partner = owner()
    state = await opened(screens, partner)
    for number in range(10):
        await asyncio.to_thread(add_reseller, partner, extensions="10", calls="1", minutes="0", company=f"C{number}")
    for _ in range(100):
        topics.publish(frozenset({f"below:{partner.pool.id}"}))
    await settled(screens)
    assert len(state.rows) == 10
    assert screens.drawn < 30


async def test_a_screen_whose_person_signed_out_gets_nothing(sqlite: str, screens: Screens) -> None:
    partner = owner()
    state = await opened(screens, partner)
    with transaction() as session:
        session.get_one(Account, partner.account.id).status = Status.FROZEN
    await asyncio.to_thread(topics.publish, frozenset({f"below:{partner.pool.id}"}))
    await settled(screens)
    assert screens.drawn == 1
    assert state.rows == []
    assert screens.hub._screens == {}  # type: ignore[attr-defined]


async def test_a_socket_that_has_sent_nothing_yet_does_not_see_what_the_one_before_it_saw(
    sqlite: str, screens: Screens
) -> None:
    partner = owner()
    state = await opened(screens, partner)
    screens.event_namespace.sid_to_token = {"somebody else's socket": "one"}
    await asyncio.to_thread(add_reseller, partner)
    await settled(screens)
    assert state.rows == []


async def test_screens_that_left_are_dropped(sqlite: str, screens: Screens) -> None:
    partner = owner()
    await opened(screens, partner)
    screens.event_namespace.sid_to_token.clear()
    await asyncio.to_thread(add_reseller, partner)
    await settled(screens)
    assert (screens.drawn, screens.hub._screens, screens.hub._watchers) == (0, {}, {})  # type: ignore[attr-defined]


class Table(dict[str, str]):
    """The framework's table of sockets, which counts how often it is looked into and can not be gone through."""

    looks = 0

    def get(self, *wanted: Any) -> Any:
        self.looks += 1
        return super().get(*wanted)

    def __iter__(self) -> Any:
        raise AssertionError("all screens were gone through for the sake of one")

    keys = values = items = __iter__  # type: ignore[assignment]


async def test_telling_a_screen_takes_the_same_few_looks_however_many_are_open(screens: Screens) -> None:
    for many in (10, 1000):
        table = screens.event_namespace.sid_to_token = Table({f"socket {n}": f"screen {n}" for n in range(many)})
        for number in range(many):
            screens.hub.watch(f"screen {number}", f"socket {number}", Shell, frozenset({"topic"}))  # type: ignore[attr-defined]
        screens.roots = {f"screen {n}": SimpleNamespace(get_substate=lambda _: Idle()) for n in range(many)}  # type: ignore[misc]
        table.looks, screens.drawn = 0, 0
        topics.publish(frozenset({"topic"}))
        await settled(screens)
        assert (screens.drawn, table.looks) == (many, many)


class Idle:
    """A State that has nothing to show."""

    async def _catch_up(self, _socket: str) -> bool:
        return True
