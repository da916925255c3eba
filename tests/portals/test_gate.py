"""What the gate does beside an event."""

import asyncio
from datetime import timedelta

from tests.factories import account, signed_in
from yeastar_app import clock
from yeastar_app.access import Actor, who
from yeastar_app.portals import gate


async def noted(actor: Actor) -> None:
    gate.Gate()._note_use(actor)
    await asyncio.gather(*gate._running)


async def test_the_use_of_a_session_is_noted_once_a_minute_beside_the_event(sqlite: str) -> None:
    here = signed_in(account())
    started = who(here).last_seen_at
    clock.advance(timedelta(seconds=59))
    await noted(who(here))
    assert who(here).last_seen_at == started
    clock.advance(timedelta(seconds=1))
    await noted(who(here))
    assert who(here).last_seen_at == clock.now()


async def test_nobodys_events_note_nothing(sqlite: str) -> None:
    await noted(Actor())
    assert not gate._running
