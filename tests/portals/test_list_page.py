"""Lists whose filters live in the address, and somebody who is quicker than the addresses are loaded."""

from typing import Any

import pytest

from tests.portals.test_pages import arrive, tab
from tests.services.central import add_reseller, owner
from yeastar_app.portals.central.resellers import HERE, ResellersState


async def send(state: Any, name: str, *arguments: Any) -> Any:
    return await ResellersState.event_handlers[name].fn(state, *arguments)


async def shown(root: Any, query: str = "") -> Any:
    """The list of resellers at an address, loaded."""
    await arrive(root, f"{HERE}?{query}")
    state = await root.get_state(ResellersState)
    await send(state, "load")
    return state


async def test_the_address_says_what_is_shown(sqlite: str) -> None:
    partner = owner()
    add_reseller(partner)
    root = tab(partner.credential)
    state = await shown(root)
    assert (len(state.rows), state.narrowed) == (1, False)
    state = await shown(root, "company=nobody+has+this&state=active")
    assert (state.rows, state.narrowed) == ([], True)
    assert state.seeds == state.filters == {
        "name": "", "company": "nobody has this", "email": "", "state": "active", "use": ""}  # fmt: skip
    assert state.export_href == "/files/resellers.xlsx?company=nobody+has+this&state=active"


async def test_what_is_typed_stays_while_addresses_behind_it_are_loaded(sqlite: str) -> None:
    root = tab(owner().credential)
    state = await shown(root)
    for words in ("a", "ab", "abc"):
        await send(state, "find", "company", words)
    drawn = state.opened
    for words in ("a", "ab", "abc"):
        state = await shown(root, f"company={words}")
        assert (state.filters["company"], state.opened) == ("abc", drawn)


async def test_one_step_back_counts_although_something_was_typed_before(sqlite: str) -> None:
    root = tab(owner().credential)
    state = await shown(root)
    await send(state, "find", "company", "a")
    await send(state, "find", "company", "ab")  # the browser went there at once, "a" was never loaded
    state = await shown(root, "company=ab")
    drawn = state.opened
    state = await shown(root)
    assert (state.filters["company"], state.opened) == ("", drawn + 1)


async def test_what_is_typed_before_the_page_is_loaded_stays(sqlite: str) -> None:
    root = tab(owner().credential)
    await arrive(root, HERE)
    state = await root.get_state(ResellersState)
    await send(state, "find", "company", "a")
    for query in ("", "company=a"):
        state = await shown(root, query)
        assert (state.filters["company"], state.opened) == ("a", 0)


async def test_a_field_that_was_typed_into_before_the_first_load_is_not_drawn_anew_by_it(sqlite: str) -> None:
    state = await shown(tab(owner().credential))
    assert state.opened == 0


async def test_who_left_before_the_list_caught_up_begins_anew(sqlite: str) -> None:
    root = tab(owner().credential)
    state = await shown(root, "company=x")
    await send(state, "find", "company", "")
    await send(state, "find", "company", "a")
    await arrive(root, "/central/tasks")
    state = await shown(root)
    assert state.filters["company"] == ""


@pytest.mark.parametrize("name", ["before", "nothing", "", None, 5, [], {}])
async def test_a_filter_the_list_does_not_have_changes_nothing(sqlite: str, name: Any) -> None:
    root = tab(owner().credential)
    state = await shown(root, "company=ab")
    assert await send(state, "find", name, "x") is None and await send(state, "pick", name, "x") is None
    assert state.filters["company"] == "ab"


async def test_reset_empties_fields_that_were_typed_into_and_not_searched_for(sqlite: str) -> None:
    root = tab(owner().credential)
    state = await shown(root, "company=ab")
    drawn = state.opened
    await send(state, "reset_filters")
    assert not any(state.seeds.values()) and not any(state.filters.values()) and state.opened == drawn + 1
    state = await shown(root)
    assert state.opened == drawn + 1
