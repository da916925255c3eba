"""Every registered handler against arguments of the wrong kind, called as the framework calls it for an event that came
over the socket, by somebody who may use it: nothing is written, and no handler breaks."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from reflex.state import State
from reflex_base.event.processor.base_state_processor import _prepare_event_payload
from reflex_base.registry import RegistrationContext
from sqlmodel import SQLModel

from tests.security.test_matrix import HANDLERS, SIGNED_IN, cookie, subjects  # noqa: F401 - a fixture
from yeastar_app.access import ACTIONS, Credential, who
from yeastar_app.database import transaction
from yeastar_app.portals.page import set_current_actor
from yeastar_app.settings import settings

HOSTILE: tuple[Any, ...] = (
    None, {}, [], -5, 10**30, 1.5, True, "x" * 5_000, "\0", "\ud800", [[]], [10**30], {"a": {"b": [{}]}}, [None, {}],
)  # fmt: skip
WORDS = ("abc", "0", "-1", "9" * 40)
"""Only in the place of a whole argument: within a form some of these are what a person may type."""
FIELDS = sorted({name for entry in ACTIONS.values() if entry.form for name in entry.form.model_fields} | {"form", "n"})
"""Every name any form knows."""
UNTOUCHED = {"throttle"}
"""Tables that a refused attempt may write: failed sign-ins are counted."""


def forged() -> Iterator[Any]:
    yield from HOSTILE
    yield from WORDS
    for value in HOSTILE:
        yield dict.fromkeys(FIELDS, value)


def everything() -> dict[str, list[Any]]:
    """All rows of all tables."""
    with transaction(writes=False) as session:
        return {
            name: list(session.execute(sa.select(table).order_by(*table.primary_key)).all())
            for name, table in SQLModel.metadata.tables.items()
            if name not in UNTOUCHED
        }


def arguments(handler: Any) -> list[str]:
    code = handler.fn.__code__
    return list(code.co_varnames[1 : code.co_argcount])


def opened(live: Any) -> None:
    """As far as a page can be open: every panel, form and question is."""
    for name, field in type(live).get_fields().items():
        if field.outer_type_ is bool and name not in ("_saved", "is_hydrated") and name in live.get_fields():
            with suppress(AttributeError):
                setattr(live, name, True)


@pytest.fixture
def as_whom(
    subjects: dict[str, Credential],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """State → who opens its pages."""
    monkeypatch.setenv("DEMO_MODE", "true")
    settings.cache_clear()
    return {state: sorted((may & SIGNED_IN) or {"partner"}, key="partner".__ne__)[0] for state, may in HANDLERS.items()}


async def test_no_forged_argument_breaks_a_handler_or_leaves_a_trace(
    subjects: dict[str, Credential],  # noqa: F811
    as_whom: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    # The framework's warnings quote what was sent, and half a surrogate pair cannot be reported to another process.
    caplog.set_level("CRITICAL", logger="reflex_base")
    before, broken, called = everything(), [], 0
    for name, registered in RegistrationContext.get().event_handlers.items():
        state, method = registered.states[0], name.rpartition(".")[2]
        names = arguments(registered.handler)
        if state.__module__.startswith("reflex.") or method == "setvar" or not names:
            continue
        credential = subjects[as_whom[state.__name__]]
        root = State(_reflex_internal_init=True)  # type: ignore[call-arg]
        root.router_data = {"headers": {"cookie": cookie(credential), "asgi-scope-client": "192.0.2.1"}}
        live: Any = root.get_substate(state.get_full_name().split("."))
        for value in forged():
            set_current_actor(who(credential))
            opened(live)
            live.notice = ""
            try:
                payload = _prepare_event_payload(registered.handler, dict.fromkeys(names, value))
                await registered.handler.fn(live, **payload)
            except Exception as error:
                broken.append(f"{state.__name__}.{method}({value!r:.60}): {error!r:.120}")
            if "on our side" in live.notice:
                broken.append(f"{state.__name__}.{method}({value!r:.60}): an action failed")
            called += 1

    assert broken == []
    assert called > 1000
    after = everything()
    assert [table for table in before if before[table] != after[table]] == []
