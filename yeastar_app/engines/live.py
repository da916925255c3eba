"""Telling every open screen that something changed. A service names a topic inside its transaction; after the commit
whoever listens in this process is told at once, and through Redis (REDIS_URL) so is every other process. A message
holds topics, never data: whoever is told reads again, by its own right."""

import asyncio
import json
import os
import uuid
from collections.abc import Callable
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from sqlmodel import Session

from yeastar_app.database import after_commit
from yeastar_app.settings import settings

log = structlog.get_logger()

ALL = "*"
"""The topic of a listener that may have missed something: everything is to be read again."""

CHANNEL = "yeastar:live"
PATIENCE = 1.0
"""Seconds that a commit waits for Redis at most, and for which one that did not answer is not asked again."""

Listener = Callable[[frozenset[str]], None]
_listeners: list[Listener] = []
_not_before = 0.0


def changed(session: Session, *topics: str) -> None:
    """Say that what `topics` stand for changes with this transaction: told after its commit, once each, and never
    where it is rolled back."""
    waiting = session.info.get("topics")
    if waiting is None:
        waiting = session.info["topics"] = set()
        after_commit(session, lambda: publish(frozenset(waiting)))
    waiting.update(topics)


def publish(topics: frozenset[str]) -> None:
    """Tell the listeners of this process, then the other processes. Never raises: what was committed stays so, and
    who could not be told reads again when it next connects."""
    _tell(topics)
    if not settings().redis_url:
        return
    global _not_before
    if monotonic() < _not_before:
        return
    try:
        _redis().publish(CHANNEL, json.dumps([_here(), sorted(topics)]))
    except Exception as error:
        _not_before = monotonic() + PATIENCE
        log.warning("live_not_published", error=str(error))


def listen(listener: Listener) -> Callable[[], None]:
    """Have `listener` called, in whatever thread commits, with the topics that changed. Gives what ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def _tell(topics: frozenset[str]) -> None:
    for listener in list(_listeners):
        try:
            listener(topics)
        except Exception:
            log.exception("live_listener_failed")


def _here() -> str:
    """This process, so that it does not tell itself twice."""
    return _name_of(os.getpid())


@lru_cache
def _name_of(_process: int) -> str:
    """A name that no other process has: the server's processes are forked from one that has read this module."""
    return uuid.uuid4().hex


@lru_cache
def _redis() -> Any:
    return Redis.from_url(settings().redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


async def relay() -> None:
    """Pass on what other processes publish, until cancelled; connects again by itself, and then says ALL, because what
    was published meanwhile is lost."""
    was_connected = False
    while True:
        try:
            async with AsyncRedis.from_url(settings().redis_url) as redis, redis.pubsub() as pubsub:
                await pubsub.subscribe(CHANNEL)
                if was_connected:
                    _tell(frozenset({ALL}))
                was_connected = True
                async for message in pubsub.listen():
                    if message["type"] == "message":
                        _hear(message["data"])
        except Exception as error:
            log.warning("live_not_connected", error=str(error))
        await asyncio.sleep(PATIENCE)


def _hear(data: bytes) -> None:
    origin, topics = json.loads(data)
    if origin != _here():
        _tell(frozenset(topics))
