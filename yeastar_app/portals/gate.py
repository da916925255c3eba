"""Deny by default: no event of any State reaches its handler unless its State says who may use it, and they may.

Runs before every handler (client, returned, yielded, background and on_load events). It looks at pages only; the
actions behind them check again inside their transaction.
"""

import asyncio
from typing import Any

import reflex as rx
import structlog
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext

from yeastar_app import access, clock
from yeastar_app.access import Actor, Policy
from yeastar_app.http.way_out import way_out
from yeastar_app.portals.page import POLICIES, Shell, credential_of, set_current_actor
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions

log = structlog.get_logger()

HYDRATE = "reflex___state____state.hydrate_and_load"
"""A browser shows the state: of a document that is new to it (it says `hashes` then), or after a lost connection."""
FRAMEWORK_EVENTS = {
    "reflex___state____state.hydrate",
    HYDRATE,
    "reflex___state____state.reflex___state____on_load_internal_state.on_load_internal",
    "reflex___state____state.set_is_hydrated",
    "reflex___state____state.reflex___state____on_load_internal_state.set_is_hydrated",
}
"""What the framework itself needs for a page to appear. Everything else needs a policy."""


SETTER = ".setvar"
"""Every State has this handler, which writes any of its vars with whatever the client says. Nobody may use it."""

_running: set[asyncio.Task[None]] = set()
"""Tasks beside the events; held here because the event loop itself keeps them only weakly."""


def _noted(task: "asyncio.Task[None]") -> None:
    _running.discard(task)
    if not task.cancelled() and task.exception():
        log.warning("session_use_not_noted", error=str(task.exception()))


def policy_of(event_name: str) -> Policy | None:
    """The policy of the State that owns a handler; None where nobody decided, which is a refusal."""
    if event_name.endswith(SETTER):
        return None
    handler = RegistrationContext.get().event_handlers.get(event_name)
    return POLICIES.get(handler.states[0]) if handler else None


class Gate(Middleware):
    """See the module's first sentence."""

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        brought = credential_of(state)
        actor = await access.who_is(brought)
        set_current_actor(actor)
        self._note_use(actor)
        await self._forget_other_people(state, actor)
        if event.name in FRAMEWORK_EVENTS:
            if event.name == HYDRATE and event.payload.get("hashes"):
                await (await state.get_state(Shell))._leave()  # a new document: nothing is open in it
            return None
        policy = policy_of(event.name)
        if policy is None:
            log.warning("event_without_policy", name=event.name[:200])
            return StateUpdate()
        try:
            policy.check(actor)
        except Refusal as refusal:
            return StateUpdate(events=Event.from_event_type(rx.redirect(way_out(actor, refusal))))
        return None

    def _note_use(self, actor: Actor) -> None:
        """Beside the event, at most once a minute: this session is in use."""
        if actor.session_id and actor.last_seen_at and clock.now() - actor.last_seen_at >= sessions.SEEN_EVERY:
            task = asyncio.create_task(asyncio.to_thread(sessions.touch, actor.session_id))
            _running.add(task)
            task.add_done_callback(_noted)

    async def _forget_other_people(self, state: BaseState, actor: Actor) -> None:
        """A tab keeps its state when somebody else signs in (or nobody is left): empty it before it is shown."""
        shell = await state.get_state(Shell)
        if shell._seen_session != actor.session_id:
            state._get_root_state().reset()
            shell._seen_session = actor.session_id
