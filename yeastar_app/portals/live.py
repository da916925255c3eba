"""The hub: which open screen follows which topic, and what makes it read again when one changes. Knows no page and no
rule. A page says `self._watch(topic, …)` in its `load` and reads again in `_follow`; see portals/page.py.

A screen that nothing happens to costs nothing. Screens that left are dropped when they would be told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
import structlog

from yeastar_app.engines import live
from yeastar_app.refusals import Refusal
from yeastar_app.settings import settings

log = structlog.get_logger()

PAUSE = 0.25
"""Seconds between two refreshes of one screen: a hundred changes in a second become four."""
AT_ONCE = 8
"""Screens that read at the same moment; clicks come through between them."""

Page = type[Any]


class Hub:
    """The screens of this process. Everything but `changed` is called on the event loop."""

    def __init__(self) -> None:
        self._app: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._screens: dict[str, dict[Page, frozenset[str]]] = {}
        """Client token → the States of its page that follow something, and what."""
        self._sockets: dict[str, str] = {}
        """Client token → the socket it was connected by when it last said what it follows."""
        self._watchers: dict[str, set[tuple[str, Page]]] = {}
        """Topic → who follows it."""
        self._due: dict[str, dict[Page, None]] = {}
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[Hashable, asyncio.Future[Any]] = {}
        """What was read since the last change, by what was asked."""

    def start(self, app: Any) -> None:
        """From now on, tell the clients of `app`."""
        self._app, self._loop, self._room = app, asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    def watch(self, token: str, socket: str, page: Page, topics: frozenset[str]) -> None:
        """A State of the screen at the end of `socket` follows these topics, and no longer those it followed before."""
        if not token:
            return
        self._drop(token, page)
        self._sockets[token] = socket
        self._screens.setdefault(token, {})[page] = topics
        for topic in topics:
            self._watchers.setdefault(topic, set()).add((token, page))
        if len(self._screens) > 2 * len(self._connected()) + 50:
            for left in [each for each in self._screens if not self._socket_of(each)]:
                self.leave(left)

    def leave(self, token: str) -> None:
        """A screen shows another page now, or is gone."""
        for page in list(self._screens.get(token, ())):
            self._drop(token, page)
        self._due.pop(token, None)

    def changed(self, topics: frozenset[str]) -> None:
        """From any thread: make the screens read again that follow one of these."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._mark, topics)

    def _mark(self, topics: frozenset[str]) -> None:
        if live.ALL in topics:
            topics = frozenset(self._watchers)
        self._answers = {}
        for topic in topics:
            for token, page in self._watchers.get(topic, ()):
                self._due.setdefault(token, {})[page] = None
                if token not in self._serving:
                    self._serving[token] = asyncio.create_task(self._serve(token))

    async def _serve(self, token: str) -> None:
        """Refresh one screen at once, and again for as long as something changes, with a pause between."""
        try:
            while pages := self._due.pop(token, None):
                async with self._room:
                    for page in pages:
                        await self._refresh(token, page)
                await asyncio.sleep(PAUSE)
        finally:
            self._serving.pop(token, None)

    async def _refresh(self, token: str, page: Page) -> None:
        socket = self._socket_of(token)
        if not socket:
            self.leave(token)
            return
        try:
            async with self._app.modify_state(rx.BaseStateToken(ident=token, cls=page)) as root:
                state = await root.get_state(page)
                if page in self._screens.get(token, ()) and not await state._catch_up(socket):
                    self.leave(token)
        except Refusal:
            self.leave(token)
        except Exception:
            log.exception("live_refresh_failed", page=page.__name__)

    async def together(self, question: Hashable, ask: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """The answer to what several screens ask because of one change, read once for all of them. Where it was refused
        each asks for itself: its right may be another one."""
        if question not in self._answers:
            self._answers[question] = asyncio.ensure_future(ask())
        try:
            return await asyncio.shield(self._answers[question])
        except Exception:
            return await ask()

    def _connected(self) -> Any:
        """Socket → client token, of the screens connected to this process: the framework's own table. The other way
        round it makes a new one of all screens each time it is asked."""
        namespace = self._app.event_namespace if self._app is not None else None
        return namespace.sid_to_token if namespace is not None else {}

    def _socket_of(self, token: str) -> str:
        """The socket by which a screen came to follow something; empty where it is gone or belongs to another now."""
        socket = self._sockets.get(token, "")
        return socket if self._connected().get(socket) == token else ""

    def _drop(self, token: str, page: Page) -> None:
        screen = self._screens.get(token, {})
        for topic in screen.pop(page, ()):
            watching = self._watchers[topic]
            watching.discard((token, page))
            if not watching:
                del self._watchers[topic]
        if not screen:
            self._screens.pop(token, None)
            self._sockets.pop(token, None)


hub = Hub()


@asynccontextmanager
async def inside_the_application(screens: Any) -> AsyncIterator[None]:
    """The application's lifespan task: `screens` (the rx.App) follow what changes, here and in other processes."""
    hub.start(screens)
    stop = live.listen(hub.changed)
    relaying = asyncio.create_task(live.relay()) if settings().redis_url else None
    yield
    stop()
    if relaying is not None:
        relaying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relaying
