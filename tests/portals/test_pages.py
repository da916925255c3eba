"""What is open on a page: it stays through whatever loads the page, and is closed when the page is left."""

from typing import Any

import pytest
import reflex as rx
from reflex.state import State
from reflex_base.event import Event
from reflex_base.vars import Var

import yeastar_app.yeastar_app  # noqa: F401 - registers every page
from tests.security.test_matrix import cookie
from tests.services.central import add_pbx, owner
from tests.services.customers_ground import FORM, customer, edit, partner
from yeastar_app.access import Credential, who
from yeastar_app.components import overlays
from yeastar_app.portals.central.customers import HERE as CUSTOMERS
from yeastar_app.portals.central.customers import CustomersState
from yeastar_app.portals.central.pbx_details import PbxDetailsState
from yeastar_app.portals.gate import HYDRATE, Gate
from yeastar_app.portals.page import PAGES, Page, Shell, set_current_actor
from yeastar_app.portals.partner.partner_form import PartnerFormState
from yeastar_app.services import customers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.route)
def test_whatever_can_be_open_on_a_page_is_closed_when_it_is_left(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Var[Any]] = []
    root = overlays.radix.root

    def noted(*content: Any, open: Any, **props: Any) -> rx.Component:
        drawn.append(Var.create(open))
        return root(*content, open=open, **props)

    monkeypatch.setattr(overlays.radix, "root", noted)
    page.build()
    closed = [str(getattr(state, name)) for state in page.states for name in state.OPENS if name[0] != "_"]
    for shown in drawn:
        assert any(name in str(shown) for name in closed), f"{page.route}: {shown}"


def tab(credential: Credential) -> Any:
    """A browser's tab that holds `credential`."""
    root = State(_reflex_internal_init=True)  # type: ignore[call-arg]
    root.router_data = {"headers": {"cookie": cookie(credential), "asgi-scope-client": "192.0.2.1"}, "token": "a tab"}
    set_current_actor(who(credential))
    return root


async def arrive(root: Any, path: str) -> None:
    """The first event of a page."""
    root.router_data = {**root.router_data, "pathname": path, "asPath": path}
    root.router = rx.istate.data.RouterData.from_router_data(root.router_data)
    shell = await root.get_state(Shell)
    await type(shell).event_handlers["enter"].fn(shell)


async def hydrate(root: Any, **says: Any) -> None:
    """The browser connects."""
    await Gate().preprocess(None, root, Event(name=HYDRATE, payload=says))


async def adding(root: Any) -> Any:
    """The page of customers with its panel opened, perhaps before anything else has happened there."""
    state = await root.get_state(CustomersState)
    await CustomersState.event_handlers["open_new"].fn(state)
    return state


async def test_a_panel_stays_while_its_page_is_loaded_again_and_is_closed_when_it_is_left(sqlite: str) -> None:
    root = tab(owner().credential)
    await hydrate(root, hashes=["a"])
    await arrive(root, CUSTOMERS)
    state = await adding(root)
    await hydrate(root)  # a lost connection is back
    await arrive(root, CUSTOMERS)
    await CustomersState.event_handlers["load"].fn(state)
    assert state.editing and state.loaded
    await arrive(root, "/central/tasks")
    assert not state.editing


async def test_a_click_before_the_page_is_loaded_counts(sqlite: str) -> None:
    root = tab(owner().credential)
    await hydrate(root, hashes=["a"])
    await arrive(root, "/central/tasks")
    state = await adding(root)
    await arrive(root, CUSTOMERS)
    await CustomersState.event_handlers["load"].fn(state)
    assert state.editing


async def test_in_a_reloaded_document_nothing_is_open(sqlite: str) -> None:
    root = tab(owner().credential)
    await hydrate(root, hashes=["a"])
    await arrive(root, CUSTOMERS)
    state = await adding(root)
    await hydrate(root, hashes=["a"])
    assert not state.editing


async def test_a_panel_the_address_asks_for_is_opened_once_and_not_drawn_anew_beneath_the_typing(sqlite: str) -> None:
    hosting = owner()
    path = f"/central/pbx/{add_pbx(hosting.credential)}"
    root = tab(hosting.credential)
    state = await root.get_state(PbxDetailsState)
    for _ in range(2):  # the second time because a lost connection is back
        await arrive(root, f"{path}?do=edit")
        await PbxDetailsState.event_handlers["load"].fn(state)
        assert (state.panel, state.form_number) == ("edit", 1)
    await arrive(root, "/central/pbx/new")
    assert (state.panel, state.loaded) == ("", False)


async def test_a_form_is_filled_anew_only_where_what_is_stored_is_different(sqlite: str) -> None:
    me = partner()
    person = customer(me)
    root = tab(me)
    state = await root.get_state(PartnerFormState)
    keys = []
    for city in ("", "", "Groningen"):
        if city:
            edit(customers, me, person, **FORM, city=city)
        await arrive(root, f"/partner/partners/edit?id={person}")
        await PartnerFormState.event_handlers["load_edit"].fn(state)
        keys.append(state.form_key)
        state.picture_shown = "chosen" if not city else state.picture_shown
    assert keys[0] == keys[1] != keys[2]
    assert (state.values["city"], state.picture_shown) == ("Groningen", "")
