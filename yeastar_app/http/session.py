"""The two plain routes around a sign-in: one puts the session into a cookie no script can read, one ends it."""

import asyncio
import contextlib
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from yeastar_app import access
from yeastar_app.http.credential import DAY, credential, session_cookie, set_cookie
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions
from yeastar_app.settings import settings


def local_path(target: str) -> str:
    """A path within this application, or "/": never another site's address."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if safe and not any(ord(char) < 32 for char in target) else "/"


async def start(request: Request) -> Response:
    """Trade the one-minute ticket of a passed sign-in for the session cookie, then go to the page asked for."""
    brought = credential(request.headers, request.client.host if request.client else "")
    form = await request.form()
    target = local_path(str(form.get("next", "/")))
    try:
        ticket = {"ticket": str(form.get("ticket", ""))}
        begun = await asyncio.to_thread(access.perform, sessions.start, ticket, brought)
    except Refusal as refusal:
        again = f"/sign-in?reason={quote(refusal.code)}"
        return RedirectResponse(again if target == "/" else f"{again}&next={quote(target, safe='')}", status_code=303)
    response = RedirectResponse(begun.home if target == "/" else target, status_code=303)
    age = settings().session_absolute_days * DAY
    response.headers.append("set-cookie", set_cookie(session_cookie(), begun.token, age))
    return response


async def end(request: Request) -> Response:
    """Sign out here: the session ends in the database and the cookie goes."""
    brought = credential(request.headers, request.client.host if request.client else "")
    with contextlib.suppress(Refusal):  # signed out already: the result is the same
        await asyncio.to_thread(access.perform, sessions.end, None, brought)
    response = RedirectResponse("/sign-in?reason=signed_out", status_code=303)
    response.headers.append("set-cookie", set_cookie(session_cookie(), "", 0))
    return response


routes = [
    Route("/session/start", start, methods=["POST"]),
    Route("/session/end", end, methods=["POST"]),
]
