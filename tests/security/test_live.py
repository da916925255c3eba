"""Attacks on the running application, over its sockets and its HTTP routes, without a browser."""

import asyncio
import json
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import socketio

from tests.bench.load import NAMESPACE, Client
from tests.browser.conftest import Server, start_server
from tests.security.test_matrix import handlers
from yeastar_app import build

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, so that its log is ours to look at."""
    build.build()
    process, running = start_server(tmp_path_factory.mktemp("live"), UPLOAD_LIMIT_MB="1", SOCKET_BURST="5000")
    yield running
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def http(live: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live.address, timeout=20) as client:
        yield client


def session_of(live: Server, who: str) -> str:
    """A cookie of a live session, put straight into the demo database."""
    from tests.bench.__main__ import cookies_of

    return cookies_of(live, who, 1)[0]


@pytest.fixture
async def partner(live: Server) -> AsyncIterator[Client]:
    client = Client(f"attack-{uuid.uuid4().hex}")
    await client.connect(live.address, session_of(live, "partner"))
    yield client
    await client.socket.disconnect()


PLACES = ["/sign-in", "/nothing/here", "/ping", "/session/start", "/style.css", "/partner/program", "/_upload"]


@pytest.mark.parametrize("path", PLACES)
def test_every_answer_carries_the_security_headers(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts and "'sha256-" in scripts
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "x-powered-by" not in headers


def test_the_device_cookie_is_out_of_reach_of_scripts_and_other_sites(http: httpx.Client) -> None:
    cookie = http.get("/sign-in").headers["set-cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Lax", "Path=/"))


def test_a_page_behind_the_sign_in_gives_no_document_to_outsiders(http: httpx.Client) -> None:
    answer = http.get("/partner/program")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/partner/program")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_changing_requests_of_other_sites_are_refused(http: httpx.Client, origin: str) -> None:
    assert http.post("/session/end", headers={"origin": origin}).status_code == 403


def test_nothing_is_read_back_from_uploads(http: httpx.Client) -> None:
    assert http.get("/_upload").status_code == 404
    assert http.get("/_upload/any.txt").status_code == 404


def raw(live: Server, head: str, body: bytes = b"", pieces: int = 1) -> bytes:
    """Send a request by hand; the first bytes of the answer, or nothing where the other end hung up."""
    host, port = live.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        try:
            for _ in range(pieces):
                connection.sendall(body)
            return connection.recv(2000)
        except ConnectionError:
            return b""


def test_fifty_megabytes_without_a_sign_in_are_refused_before_they_are_read(live: Server) -> None:
    head = (
        f"POST /_upload HTTP/1.1\nhost: {live.address.removeprefix('http://')}\norigin: {live.address}\n"
        "content-type: multipart/form-data; boundary=x\ncontent-length: 52428800\n\n"
    )
    assert raw(live, head, b"x" * 1000).startswith(b"HTTP/1.1 401")


def test_a_signed_in_upload_that_says_it_is_too_large_is_refused_before_it_is_read(live: Server) -> None:
    head = (
        f"POST /_upload HTTP/1.1\nhost: {live.address.removeprefix('http://')}\norigin: {live.address}\n"
        f"cookie: {session_of(live, 'partner')}\n"
        "content-type: multipart/form-data; boundary=x\ncontent-length: 52428800\n\n"
    )
    assert raw(live, head, b"x" * 1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/_upload", "/session/start"])
def test_a_body_that_hides_its_length_is_cut_off(live: Server, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\nhost: {live.address.removeprefix('http://')}\norigin: {live.address}\n"
        f"cookie: {session_of(live, 'partner')}\n"
        "content-type: multipart/form-data; boundary=x\ntransfer-encoding: chunked\n\n"
    )
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = raw(live, head, chunk, pieces=40)  # 2.5 MB, never ended
    assert answer == b"" or answer[9:10] in (b"4", b"5")
    assert b"200 OK" not in answer


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_socket_of_another_site_is_refused(live: Server, origin: str) -> None:
    client = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(
            f"{live.address}/?token=x",
            socketio_path=NAMESPACE,
            transports=["websocket"],
            namespaces=[NAMESPACE],
            headers={"Origin": origin},
        )
    await client.eio.http.close()  # the client forgets it where the other side refuses


async def still_alive(client: Client) -> None:
    """The socket answers a harmless event."""
    name = next(name for name in handlers() if name.endswith("shell.say_something_went_wrong"))
    await client.send(name, {})
    while "Something went wrong on our side" not in str(await asyncio.wait_for(client.answers.get(), 60)):
        pass


MISSHAPEN: tuple[Any, ...] = (
    {},
    {"nobody": "asked"},
    {"form": None, "number": None, "wanted": None, "shown": None, "_arg": None},
    {"form": {"email": {}, "password": [], "id": -5}, "extra": 10**30},
)
"""Arguments missing, too many, of the wrong kind; what is in them is tried by test_forged.py."""


async def test_misshapen_events_to_every_handler_neither_end_the_socket_nor_show_a_traceback(
    live: Server, partner: Client
) -> None:
    for name in handlers():
        for payload in MISSHAPEN:
            await partner.send(name, payload)
    await still_alive(partner)
    said = ""
    while not partner.answers.empty():
        said += str(partner.answers.get_nowait())
    assert "Traceback" not in said
    assert ".py" not in said


@pytest.mark.parametrize(
    "event",
    ["setvar", "update_vars_internal", "handle_frontend_exception"],
)
async def test_the_frameworks_own_doors_are_shut(live: Server, partner: Client, event: str) -> None:
    names = [name for name in handlers() if name.endswith(f".{event}")]
    assert names
    while not partner.answers.empty():
        partner.answers.get_nowait()
    for name in names:
        await partner.send(name, {"var_name": "name", "value": "Eve", "vars": {"name": "Eve"}, "info": "Eve was here"})
    await still_alive(partner)
    assert "Eve was here" not in live.log.read_text()


async def test_a_message_that_is_too_large_ends_only_its_own_connection(live: Server, partner: Client) -> None:
    other = Client(f"large-{uuid.uuid4().hex}")
    await other.connect(live.address, "")
    await other.socket.emit("event", {"name": "x", "payload": {"a": "x" * 300_000}}, namespace=NAMESPACE)
    await asyncio.wait_for(other.socket.wait(), 20)
    assert not other.socket.connected
    await still_alive(partner)


async def test_a_socket_event_that_is_no_event_is_ignored(live: Server, partner: Client) -> None:
    for junk in ("{", "text", 7, [1], None, {"name": 5}, {"payload": {}}):
        await partner.socket.emit("event", junk, namespace=NAMESPACE)
    await still_alive(partner)


def test_the_client_cannot_say_where_it_comes_from(live: Server, http: httpx.Client, tmp_path: Path) -> None:
    """X-Forwarded-For counts only where TRUSTED_PROXY_HOPS says that proxies stand in front."""
    import sqlite3

    http.post(
        "/session/end",
        headers={"cookie": session_of(live, "customer"), "x-forwarded-for": "203.0.113.9", "origin": live.address},
    )
    with sqlite3.connect(Path(live.environment["DATA_DIR"]) / "yeastar.db") as database:
        (ip,) = database.execute("SELECT ip FROM audit_row WHERE action = 'session.end' ORDER BY id DESC").fetchone()
    assert ip == "127.0.0.1"
    assert json.dumps(ip)
