"""The two plain routes around a sign-in: the cookie no script can read, and its end."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from tests.factories import PASSWORD, account
from yeastar_app.access import Credential, perform, who
from yeastar_app.http.credential import credential
from yeastar_app.http.session import local_path, routes
from yeastar_app.services import sessions
from yeastar_app.settings import settings

DEVICE = "a-browser"


@pytest.fixture
async def client(sqlite: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as opened:
        opened.cookies.set("device", DEVICE)
        yield opened


def ticket_of(email: str, device: str = DEVICE) -> str:
    here = Credential(device_token=device, ip="192.0.2.1")
    return perform(sessions.sign_in, {"email": email, "password": PASSWORD}, here).token


async def test_a_ticket_becomes_a_cookie_that_no_script_can_read(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/session/start", data={"ticket": ticket_of(account().email), "next": "/partner/program"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/partner/program")
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == "session"
    assert "; Path=/; " in rest
    assert "HttpOnly; SameSite=Lax" in rest
    assert "Secure" not in rest
    assert who(Credential(session_token=rest.split(";")[0])).is_signed_in


async def test_under_https_the_cookie_is_secure_and_bound_to_this_host(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "public_url", "https://portal.example.com")
    client.cookies.set("__Host-device", DEVICE)
    answer = await client.post("/session/start", data={"ticket": ticket_of(account().email)})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert cookie.endswith("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure")


async def test_without_a_page_asked_for_everybody_lands_on_the_own_surface(client: httpx.AsyncClient) -> None:
    answer = await client.post("/session/start", data={"ticket": ticket_of(account().email)})
    assert answer.headers["location"] == "/partner"


@pytest.mark.parametrize("ticket", ["", "never-made", "x" * 200, "<b>", "\U0001f600"])
async def test_a_ticket_that_is_none_leads_back_to_the_sign_in_and_keeps_the_page_asked_for(
    client: httpx.AsyncClient, ticket: str
) -> None:
    answer = await client.post("/session/start", data={"ticket": ticket, "next": "/central?a=1&b=2"})
    where = answer.headers["location"]
    assert where.startswith("/sign-in?reason=")
    assert where.endswith("&next=%2Fcentral%3Fa%3D1%26b%3D2")
    assert "set-cookie" not in answer.headers


async def test_somebody_elses_ticket_is_worth_nothing_in_this_browser(client: httpx.AsyncClient) -> None:
    stolen = ticket_of(account().email, "another browser")
    answer = await client.post("/session/start", data={"ticket": stolen})
    assert answer.headers["location"] == "/sign-in?reason=ticket_ended"


async def test_signing_in_as_somebody_else_ends_the_session_that_was_here(client: httpx.AsyncClient) -> None:
    await client.post("/session/start", data={"ticket": ticket_of(account().email)})
    first = client.cookies["session"]
    await client.post("/session/start", data={"ticket": ticket_of(account().email)})
    assert not who(Credential(session_token=first)).is_signed_in
    assert who(Credential(session_token=client.cookies["session"])).is_signed_in


async def test_signing_out_ends_the_session_and_the_cookie_and_may_be_done_twice(client: httpx.AsyncClient) -> None:
    await client.post("/session/start", data={"ticket": ticket_of(account().email)})
    token = client.cookies["session"]
    for _ in range(2):
        answer = await client.post("/session/end")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?reason=signed_out")
        assert "session=; Path=/; Max-Age=0" in answer.headers["set-cookie"]
    assert not who(Credential(session_token=token)).is_signed_in


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nx: y", "javascript:1"]
)
def test_no_address_of_another_site_is_gone_to(target: str) -> None:
    assert local_path(target) == "/"


def test_a_broken_cookie_header_is_nobody() -> None:
    assert credential({"cookie": "session=\x00;;=;\u1234"}, "192.0.2.1").session_token in ("", "\x00")
