"""What changed is told after the commit, once, and never where nothing was committed."""

from collections.abc import Iterator

import pytest

from yeastar_app.database import transaction
from yeastar_app.engines import live
from yeastar_app.refusals import Refusal


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
