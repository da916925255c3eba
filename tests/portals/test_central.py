"""The pages of Central Management against forged events: any client may call any handler with anything."""

import inspect
from typing import Any

import pytest
import reflex as rx

from tests.services.central import add_pbx, add_reseller, free, owner, problems
from yeastar_app.access import Credential, who
from yeastar_app.portals import page
from yeastar_app.portals.central.alarm import AlarmState
from yeastar_app.portals.central.alarm_contacts import AlarmContactsState
from yeastar_app.portals.central.alarms import AlarmsState
from yeastar_app.portals.central.customers import CustomersState
from yeastar_app.portals.central.dashboard import CentralDashboardState
from yeastar_app.portals.central.logs import LogsState
from yeastar_app.portals.central.pbx import PbxState
from yeastar_app.portals.central.pbx_details import PbxDetailsState
from yeastar_app.portals.central.recipients import RecipientsState
from yeastar_app.portals.central.reseller import ResellerState
from yeastar_app.portals.central.resellers import ResellersState
from yeastar_app.portals.central.subscription import SubscriptionState

STATES = (
    AlarmContactsState,
    AlarmState,
    AlarmsState,
    CentralDashboardState,
    CustomersState,
    LogsState,
    PbxDetailsState,
    PbxState,
    RecipientsState,
    ResellerState,
    ResellersState,
    SubscriptionState,
)
FORGED: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, float("nan"), "", "x", "1", "٣", "<script>", "x" * 5000, [], [1], {}, {"a": 1},
    {"company": {"a": []}, "extensions": [], "grant:pbx.view": {}}, {"name": 1, "owner": {}, "text": [], "plan": None},
)  # fmt: skip


def opened(state: type[rx.State], credential: Credential, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A page's State as it lives in the tab of whoever holds `credential`."""
    monkeypatch.setattr(page, "credential_of", lambda _state: credential)
    page.set_current_actor(who(credential))
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    return root.get_substate(state.get_full_name().split("."))


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_no_forged_event_breaks_a_page_or_saves_anything(
    sqlite: str, monkeypatch: pytest.MonkeyPatch, state: type[rx.State]
) -> None:
    partner = owner()
    add_reseller(partner)
    add_pbx(partner.credential)
    before = free(partner)
    live = opened(state, partner.credential, monkeypatch)
    for name, handler in state.event_handlers.items():
        if name == "setvar":  # the framework's own: no var here has a setter, so it finds nothing to set
            continue
        takes = len(inspect.signature(handler.fn).parameters) - 1
        for payload in FORGED if takes else (None,):
            await handler.fn(live, *([payload] * takes))
            assert isinstance(live.errors, dict), name
    assert free(partner) == before
    assert problems() == []


async def test_a_second_click_on_a_saved_form_does_nothing(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = owner()
    live = opened(PbxState, partner.credential, monkeypatch)
    await PbxState.event_handlers["open"].fn(live)
    form = {"name": "Front desk", "plan": "enterprise", "extensions": "20", "calls": "4"}
    for _ in range(2):
        await PbxState.event_handlers["create"].fn(live, form)
    assert free(partner)[0] == 980
    assert [row.name for row in live.rows] == ["Front desk"]


async def test_a_refused_pbx_keeps_the_panel_open_with_the_message_at_its_field(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = owner()
    live = opened(PbxState, partner.credential, monkeypatch)
    await PbxState.event_handlers["open"].fn(live)
    await PbxState.event_handlers["create"].fn(
        live, {"name": "Front desk", "plan": "enterprise", "extensions": "20", "calls": "201"}
    )
    assert live.adding
    assert live.errors["calls"] == "Concurrent Calls: 201 more asked for, 200 free."
    assert (live.calls.value, live.calls.fits) == (201, False)
