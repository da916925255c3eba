"""The ASGI wrapper around everything: who may have which document, how large a body may be, security headers, the
device cookie. Decides before a body is read."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yeastar_app import access
from yeastar_app.access import Actor, Policy
from yeastar_app.build import STATIC
from yeastar_app.http import sockets
from yeastar_app.http.credential import DAY, credential, device_cookie, set_cookie
from yeastar_app.http.way_out import way_out
from yeastar_app.refusals import NotAllowed, NotFound, SignInNeeded
from yeastar_app.settings import settings

SMALL_BODY = 64 * 1024
UPLOAD = "/_upload"
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


@lru_cache
def content_security_policy() -> str:
    """Scripts only from here, inline ones only those of the built pages, by hash (see docs/decisions.md)."""
    inline: set[str] = set()
    for document in STATIC.rglob("*.html"):
        for script in INLINE_SCRIPT.findall(document.read_text()):
            inline.add("'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'")
    sockets = " ".join(origin.replace("http", "ws", 1) for origin in settings().origins)
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self' " + " ".join(sorted(inline)),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self' {sockets}",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def security_headers() -> dict[str, str]:
    headers = {
        "content-security-policy": content_security_policy(),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "x-frame-options": "DENY",
    }
    if settings().is_https:
        headers["strict-transport-security"] = f"max-age={365 * DAY}; includeSubDomains"
    return headers


class Guard:
    """Wraps the application (`rx.App(api_transformer=…)`). `policy_for(path)` says who may have a page's document;
    None: not a page."""

    def __init__(self, app: ASGIApp, policy_for: Callable[[str], Policy | None]) -> None:
        self.app = app
        self.policy_for = policy_for

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.app(scope, sockets.tamed(receive), send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = self._finishing(headers, send)
        answer = await self._refusal(scope, headers)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if (STATIC / f"{scope['path'].strip('/')}.html").is_file():
            # The framework's file server would answer /page with a redirect to /page/, and lose the query.
            scope = {**scope, "path": f"/{scope['path'].strip('/')}.html"}
        limit = settings().upload_limit_mb * 1024 * 1024 if scope["path"].startswith(UPLOAD) else SMALL_BODY
        await self.app(scope, _limited(receive, limit), send)

    async def _refusal(self, scope: Scope, headers: Headers) -> Any:
        """An answer given before the application sees the request, or None."""
        path, method = scope["path"], scope["method"]
        peer = (scope.get("client") or ("", 0))[0]
        if path.startswith(UPLOAD):
            return await self._upload_refusal(method, headers, peer)
        if _too_long(headers, SMALL_BODY):
            return PlainTextResponse("The request is too large.", 413)
        if method not in ("GET", "HEAD") and not _same_origin(headers):
            return PlainTextResponse("Requests from other sites are refused.", 403)
        policy = self.policy_for(path) if method in ("GET", "HEAD") else None
        if policy is None or (policy.public and not policy.demo_only):
            return None
        actor = await self._who(headers, peer)
        try:
            policy.check(actor)
        except NotFound:
            return _not_found()
        except (SignInNeeded, NotAllowed) as refusal:
            return RedirectResponse(way_out(actor, refusal, _address(scope)), 303)
        return None

    async def _upload_refusal(self, method: str, headers: Headers, peer: str) -> Any:
        if method != "POST":
            return PlainTextResponse("Not found.", 404)
        if not _same_origin(headers):
            return PlainTextResponse("Requests from other sites are refused.", 403)
        if not (await self._who(headers, peer)).is_signed_in:
            return PlainTextResponse("Sign in first.", 401)
        if _too_long(headers, settings().upload_limit_mb * 1024 * 1024):
            return PlainTextResponse(f"At most {settings().upload_limit_mb} MB.", 413)
        return None

    async def _who(self, headers: Headers, peer: str) -> Actor:
        return await access.who_is(credential(headers, peer))

    def _finishing(self, request: Headers, send: Send) -> Send:
        """Adds the security headers to every answer, and the device cookie to a browser that has none."""

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers().items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["cache-control"] = "no-store"
                    if f"{device_cookie()}=" not in request.get("cookie", ""):
                        fresh = set_cookie(device_cookie(), secrets.token_urlsafe(32), 400 * DAY)
                        headers.append("set-cookie", fresh)
            await send(message)

        return finish


def _not_found() -> Response:
    """Our own page for it, where the pages are built."""
    page = STATIC / "404.html"
    return HTMLResponse(page.read_bytes(), 404) if page.is_file() else PlainTextResponse("Not found.", 404)


def _address(scope: Scope) -> str:
    """Path and query, so that filters survive a sign-in."""
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope['path']}?{query}" if query else str(scope["path"])


def _too_long(headers: Headers, limit: int) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdigit() or int(length) > limit


def _same_origin(headers: Headers) -> bool:
    """A changing request must come from our own pages; browsers say so in Origin (or Sec-Fetch-Site)."""
    origin = headers.get("origin")
    if origin is not None:
        return origin in settings().origins
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _limited(receive: Receive, limit: int) -> Receive:
    """Stops reading a body that grows past `limit` bytes, whatever its headers said."""
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            return {"type": "http.disconnect"}
        return message

    return read
