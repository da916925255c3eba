"""What is shown when something is not there, not allowed, broken, or out of reach."""

from typing import Any

import reflex as rx
import structlog
from reflex_base.event import EventSpec
from reflex_base.vars.base import Var
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from yeastar_app.access import PUBLIC
from yeastar_app.components import layout
from yeastar_app.components.controls import button_link
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.refusals import NotAllowed
from yeastar_app.words import t

log = structlog.get_logger()


@guarded(PUBLIC)
class ErrorState(Shell):
    """Nothing to show of its own: an error page knows who is here only to lead back."""

    @rx.event
    async def report(self, error: str, where: str) -> None:
        """A page failed in somebody's browser. The words come from outside, so only those of people who are signed in
        are written down, and cut."""
        actor = current_actor()
        if actor.is_signed_in:
            log.error("page_failed", account=actor.account_id, error=str(error)[:2000], where=str(where)[:500])


def _page(symbol: str, title: str, words: str, way_back: Any) -> rx.Component:
    return layout.plain(ErrorState, title, layout.remark(symbol, words), way_back)


@page("/not-allowed", t("Not allowed"), PUBLIC)
def not_allowed_page() -> rx.Component:
    return _page(
        "lock",
        t("This is not open to you"),
        t("Your account has no right to see this page. If you need it, ask the owner of your company's account."),
        button_link(t("Back to my start page"), ErrorState.home, look="primary"),
    )


@page("/404", t("Not found"), PUBLIC)
def not_found_page() -> rx.Component:
    return _page(
        "map-pin-off",
        t("There is nothing here"),
        t("The address may be mistyped, or what it showed is gone."),
        button_link(t("Go to the start page"), "/", look="primary"),
    )


def overlay() -> rx.Component:
    """In front of every page: a calm word while the connection is away. The framework reconnects by itself."""
    return rx.cond(has_connection_errors, layout.offline())


def boundary(*children: Any) -> rx.Component:
    """Around every page: what is shown when drawing it failed in the browser."""
    shown = ArgsFunctionOperation.create(("event_args",), Var.create(layout.broken()))
    return ErrorBoundary.create(*children, fallback_render=shown, on_error=ErrorState.report)


def failed(exception: Exception) -> EventSpec:
    """A handler failed: the log gets the traceback, the person one sentence. Where a right was lost while it ran, that
    is no fault: it is said."""
    if isinstance(exception, NotAllowed):
        return Shell.say_no_right()
    log.error("event_failed", exc_info=exception)
    return Shell.say_something_went_wrong()
