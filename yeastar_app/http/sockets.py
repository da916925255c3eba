"""What one connection of an open page may send: how large a message, how many in a time. Knows no event."""

import asyncio
import time

import structlog
from starlette.types import Message, Receive

from yeastar_app.settings import settings

log = structlog.get_logger()
TOO_LARGE = 1009
"""The close code for a message that is too big (RFC 6455)."""


class Bucket:
    """Lets `burst` through at once and `rate` a second after that. Time is handed in, in seconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.level, self.at = burst, 0.0

    def wait(self, now: float) -> float:
        """Take one; the seconds to wait before it may go on (0: at once)."""
        self.level = min(self.burst, self.level + (now - self.at) * self.rate) - 1
        self.at = now
        return max(0.0, -self.level / self.rate)


def tamed(receive: Receive) -> Receive:
    """Wraps one connection's `receive`: who sends too fast is read more slowly, so that nothing piles up here; who
    sends too much at once is disconnected."""
    limit = settings().socket_message_limit_kb * 1024
    bucket = Bucket(settings().socket_messages_per_second, settings().socket_burst)
    slowed = False

    async def read() -> Message:
        nonlocal slowed
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        if len(message.get("bytes") or message.get("text") or "") > limit:
            log.warning("socket_message_too_large")
            return {"type": "websocket.disconnect", "code": TOO_LARGE}
        pause = bucket.wait(time.monotonic())
        if pause:
            if not slowed:
                log.warning("socket_slowed_down")
            slowed = True
            await asyncio.sleep(pause)
        return message

    return read
