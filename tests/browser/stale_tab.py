"""A tab that keeps what it was given: its handlers, its open panel, its cookie. It speaks over a socket of its own as
the person of a page does, so that it can send what the page would not offer any more."""

import asyncio
import threading
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.bench.__main__ import event_name
from tests.bench.load import PATIENCE, Client


class StaleTab:
    def __init__(self, state: str, loop: asyncio.AbstractEventLoop) -> None:
        self._state, self._loop = state, loop

    def _run(self, what: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(2 * PATIENCE)

    def connect(self, page: Page) -> None:
        where = urlsplit(page.url)
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())

        async def connected() -> None:
            self._client = Client(f"stale-{uuid.uuid4().hex}", where.path)
            await self._client.connect(f"{where.scheme}://{where.netloc}", cookie)

        self._run(connected())

    def send(self, handler: str, payload: dict[str, Any], until: str) -> None:
        """Send an event of the page's State and wait for an answer that holds these words."""

        async def sent() -> None:
            await self._client.send(event_name(self._state, handler), payload)
            while until not in str(await self._client.answer()):
                pass

        self._run(sent())

    def close(self) -> None:
        self._run(self._client.socket.disconnect())


@contextmanager
def stale_tab(page: Page, state: str) -> Iterator[StaleTab]:
    """A second tab of whoever is at `page`, on the same page and the same server. Its loop runs in a thread of its own:
    that of this one belongs to the browser."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        tab = StaleTab(state, loop)
        tab.connect(page)
        try:
            yield tab
        finally:
            tab.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
