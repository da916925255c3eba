"""What one connection may send."""

import pytest
from starlette.types import Message

from yeastar_app.http import sockets
from yeastar_app.http.sockets import Bucket, tamed
from yeastar_app.settings import settings


def test_a_burst_passes_at_once_and_what_comes_faster_waits_its_turn() -> None:
    bucket = Bucket(rate=10, burst=3)
    assert [bucket.wait(100.0) for _ in range(5)] == [0, 0, 0, pytest.approx(0.1), pytest.approx(0.2)]
    assert bucket.wait(100.3) == pytest.approx(0.0)
    assert [bucket.wait(200.0) for _ in range(3)] == [0, 0, 0]


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(sockets.asyncio, "sleep", sleep)
    return pauses


async def read(messages: list[Message]) -> list[Message]:
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    reader = tamed(receive)
    return [await reader() for _ in messages]


async def test_who_sends_too_fast_is_read_more_slowly(paused: list[float]) -> None:
    sent: list[Message] = [{"type": "websocket.receive", "text": str(n)} for n in range(settings().socket_burst + 2)]
    assert await read(sent) == sent
    assert len(paused) == 2


@pytest.mark.parametrize("kind", ["text", "bytes"])
async def test_a_message_that_is_too_large_ends_the_connection(kind: str, paused: list[float]) -> None:
    limit = settings().socket_message_limit_kb * 1024
    large = "x" * (limit + 1) if kind == "text" else b"x" * (limit + 1)
    assert await read([{"type": "websocket.receive", kind: large}]) == [{"type": "websocket.disconnect", "code": 1009}]
    fitting: list[Message] = [{"type": "websocket.receive", kind: large[:-1]}]
    assert await read(fitting) == fitting
