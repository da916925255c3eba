"""What every page shares: its registration with a policy, the Shell state (who is signed in, menu, messages) and the
way from an event to an action and back."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import reflex as rx
import structlog
from reflex.state import BaseState

from yeastar_app import access
from yeastar_app.access import PUBLIC, Actor, Credential, Policy
from yeastar_app.http.credential import credential
from yeastar_app.http.way_out import way_out
from yeastar_app.portals.live import hub
from yeastar_app.portals.menu import ALARMS, Item, menu_of
from yeastar_app.refusals import NotAllowed, NotFound, Refusal, SignInNeeded
from yeastar_app.services import alarms
from yeastar_app.words import t

log = structlog.get_logger()
Result = TypeVar("Result")

POLICIES: dict[type[BaseState], Policy] = {}
"""Which State's handlers may be used by whom; the gate refuses what is not in here."""

_actor: ContextVar[Actor] = ContextVar("actor")
_catching_up: ContextVar[bool] = ContextVar("catching_up", default=False)
"""Whether nobody clicked: the screen is brought up to date after somebody's change."""


def guarded(policy: Policy) -> Callable[[type], type]:
    """Class decorator: who may send events to the handlers of this State."""

    def mark(state: type) -> type:
        POLICIES[state] = policy
        return state

    return mark


@dataclass(frozen=True)
class Page:
    route: str
    title: str
    policy: Policy
    build: Callable[[], rx.Component]
    on_load: Any
    states: tuple[type[BaseState], ...]
    """Those it shows something of that can be open."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the addresses of this page, dynamic parts included."""
        return re.compile("^" + re.sub(r"\\\[[^/]+\\\]", "[^/]+", re.escape(self.route)) + "/?$")


PAGES: list[Page] = []


def page_at(path: str) -> Page | None:
    """The page at an address."""
    return next((page for page in PAGES if page.pattern.match(path)), None)


def policy_for(path: str) -> Policy | None:
    """Who may have the page at an address; None: it is no page."""
    found = page_at(path)
    return found.policy if found else None


def page(route: str, title: str, policy: Policy, on_load: Any = None, also: tuple[Any, ...] = ()) -> Callable[..., Any]:
    """Register a page. Its document is served only to those the policy admits; `on_load`, a handler or several, runs
    after Shell.enter; `also`: further States that can have something open on it."""

    def register(build: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        first = on_load if isinstance(on_load, list) else [on_load] if on_load else []
        states = dict.fromkeys([*(handler.state for handler in first), *also])
        PAGES.append(Page(route, title, policy, build, first, tuple(states)))
        return build

    return register


def set_current_actor(actor: Actor) -> None:
    """For the gate alone."""
    _actor.set(actor)


def current_actor() -> Actor:
    """Who sent the event that is being handled, as resolved by the gate a moment ago."""
    return _actor.get(Actor())


def credential_of(state: BaseState) -> Credential:
    """The credential of the browser behind a state: from its socket's handshake, never from a payload."""
    headers = {key: str(value) for key, value in (state.router_data.get("headers") or {}).items()}
    return credential(headers, headers.get("asgi-scope-client", ""))


def with_own(form: Any, **own: Any) -> dict[str, Any]:
    """What a form brought, with values from this side of the wire, which win. Not a form: only our own values."""
    return {**(form if isinstance(form, dict) else {}), **own}


@guarded(PUBLIC)
class Shell(rx.State):
    """The frame around every page. Page states subclass it, so `_act`, messages and errors are theirs too.

    Its own two handlers are public, because public pages have the frame as well; `enter` holds every page to the
    page's own policy."""

    OPENS: ClassVar[tuple[str, ...]] = ()
    """The vars that say what is open on the page: panels, questions, the form itself. They are emptied when the page is
    left, reloaded by the browser included (see the gate), and never when it is loaded: that happens also beneath
    somebody who types, when a lost connection comes back, and after a click that was quicker."""

    ready: bool = False
    """False until the page's first data is there: skeletons are shown."""
    name: str = ""
    email: str = ""
    organisation: str = ""
    home: str = "/"
    menu: list[Item] = []
    errors: dict[str, str] = {}
    """Messages by field name; the key "" belongs to the whole form."""
    notice: str = ""
    notice_tone: str = "good"
    notice_number: int = 0
    """Grows with every notice, so that the same words appear again."""

    _seen_session: int | None = None
    _path: str = ""
    """Of the page that is shown."""
    _notice_carried: int = 0
    _done: tuple[str, int] = ("", 0)
    """What was done last, and the number of the notice that said so."""

    @rx.event
    async def enter(self) -> Any:
        """First event of every page: who is here, may they be here, what may they see."""
        actor, path = current_actor(), self.router.url.path
        if path != self._path:
            await self._leave()
        self._path = path
        try:
            (policy_for(path) or PUBLIC).check(actor)
        except Refusal as refusal:
            return rx.redirect(way_out(actor, refusal))
        hub.leave(self.router.session.client_token)
        self.errors = {}
        if self._notice_carried == self.notice_number:
            self.notice = ""  # it was carried over to one page already
        self._notice_carried = self.notice_number
        self.name, self.email, self.organisation = actor.name, actor.email, actor.organisation_name
        self.home = f"/{actor.home}" if actor.home else "/sign-in"
        self.menu = menu_of(actor, path)
        if any(item.href == ALARMS for item in self.menu):
            with suppress(Refusal):  # the right to see them is gone since a moment ago
                self._count_alerts(await self._ask(alarms.open_alerts))
        self.ready = True
        return None

    async def _leave(self) -> None:
        """Close what is open on the page that was shown so far."""
        left, self._path = page_at(self._path), ""
        for state in left.states if left else ():
            (await self.get_state(state))._close()

    def _close(self) -> None:
        """Close whatever is open."""
        for name in self.OPENS:
            if getattr(self, name):
                setattr(self, name, self.get_fields()[name].default_value())

    @rx.event
    async def dismiss_notice(self) -> None:
        self.notice = ""

    @rx.event
    async def say_something_went_wrong(self) -> None:
        """What a person is told when a handler failed; also the framework's answer to its own failures."""
        self._say(t("Something went wrong on our side. Nothing was saved. Please try again."), "bad")

    @rx.event
    async def say_no_right(self) -> None:
        """What a person is told whose right was taken away while something was done for them."""
        self._refuse(NotAllowed())

    def _count_alerts(self, alerts: int) -> None:
        """Show in the menu how many alerts nobody has acknowledged."""
        self.menu = [replace(item, count=alerts) if item.href == ALARMS else item for item in self.menu]

    def _watch(self, *topics: str) -> None:
        """Follow these topics from now on and until this page is left: `_follow` runs within a second of a change,
        whoever made it (a service says `live.changed(session, topic)`)."""
        screen = self.router.session
        hub.watch(screen.client_token, screen.session_id, type(self), frozenset(topics))

    async def _follow(self) -> None:
        """A topic that this page watches has changed: show it as it is now. Nobody clicked: read with `_ask`, leave
        messages and what is being typed alone."""

    async def _catch_up(self, socket: str) -> bool:
        """For the hub: `_follow` as the person at the other end of `socket`. False where that person is no longer who
        sent the last event, is not signed in any more or may not be here."""
        if self.router.session.session_id != socket:
            return False
        actor = await access.who_is(credential_of(self))
        set_current_actor(actor)
        if actor.session_id is None or self._seen_session != actor.session_id:
            return False
        POLICIES[type(self)].check(actor)
        _catching_up.set(True)
        await self._follow()
        return True

    def _say(self, text: str, tone: str = "good") -> None:
        """Show a short message (tone: good, bad); screen readers hear it."""
        self.notice, self.notice_tone = text, tone
        self.notice_number += 1

    def _say_done(self, what: str, text: str) -> None:
        """Say that `what` was done; see `_is_done`."""
        self._say(text)
        self._done = what, self.notice_number

    def _is_done(self, what: str) -> bool:
        """Whether the message on the screen says that this very thing was done: then it is the second of two clicks,
        which must neither do it again nor complain."""
        return self.notice != "" and self._done == (what, self.notice_number)

    async def _ask(self, function: Callable[..., Result], payload: Any = None) -> Result:
        """Carry out an action off the event loop and hand over what came of it; a Refusal is raised. Screens that are
        brought up to date share what is alike for them."""

        async def ask() -> Result:
            return await asyncio.to_thread(access.perform, function, payload, credential_of(self))

        shared = access.question(function, payload, current_actor()) if _catching_up.get() else None
        return await (hub.together(shared, ask) if shared else ask())

    async def _act(self, function: Callable[..., Result], payload: Any = None) -> Result | None:
        """Like `_ask`, for forms and buttons: a refusal is shown where it belongs and None comes back."""
        return (await self._try(function, payload))[1]

    async def _did(self, function: Callable[..., Any], payload: Any = None) -> bool:
        """Like `_act`, for actions that give nothing back: whether it was done."""
        return (await self._try(function, payload))[0]

    async def _try(self, function: Callable[..., Result], payload: Any) -> tuple[bool, Result | None]:
        self.errors = {}
        try:
            return True, await self._ask(function, payload)
        except Refusal as refusal:
            self._refuse(refusal)
        except Exception:
            log.exception("action_failed", action=getattr(function, "__name__", "?"))
            self._say(t("Something went wrong on our side. Nothing was saved. Please try again."), "bad")
        return False, None

    def _refuse(self, refusal: Refusal) -> None:
        self.errors = refusal.fields or {}
        if not refusal.fields or isinstance(refusal, SignInNeeded | NotAllowed | NotFound):
            self._say(refusal.message, "bad")
        else:
            self.errors = {"": refusal.message, **refusal.fields}
