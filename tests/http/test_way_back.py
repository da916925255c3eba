"""Whoever is sent to the sign-in comes back to exactly the page asked for."""

import httpx

from yeastar_app.access import SIGNED_IN
from yeastar_app.http.guard import Guard


async def nothing(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody signed in gets this far")


async def test_filters_survive_a_sign_in(sqlite: str) -> None:
    guarded = httpx.ASGITransport(app=Guard(nothing, lambda path: SIGNED_IN))
    async with httpx.AsyncClient(transport=guarded, base_url="http://127.0.0.1:8000") as browser:
        answer = await browser.get("/partner/partners?status=active&q=zo%C3%AB")
    assert answer.headers["location"] == "/sign-in?next=/partner/partners%3Fstatus%3Dactive%26q%3Dzo%25C3%25AB"
