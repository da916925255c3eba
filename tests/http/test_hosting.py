"""A hosting engine elsewhere: a server process of its own plays it, messages are signed both ways."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette

from tests.browser.conftest import free_port
from tests.conftest import START
from tests.services.central import add_pbx, free, owner, problems
from tests.services.test_hosting import do, seen, stands
from yeastar_app import clock
from yeastar_app.access import Credential
from yeastar_app.database import transaction
from yeastar_app.engines import webhooks
from yeastar_app.http import hosting as route
from yeastar_app.http.guard import Guard
from yeastar_app.jobs import hosting
from yeastar_app.models.capacity import Pbx
from yeastar_app.models.hosting import EngineReport
from yeastar_app.services import pbx_control
from yeastar_app.settings import ROOT, settings

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def guarded() -> Guard:
    return Guard(Starlette(routes=route.routes), lambda _path: None)


class Door(BaseHTTPRequestHandler):
    """Our own route over a real socket."""

    def log_message(self, *_: Any) -> None:
        """Quietly."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded()), base_url="http://test") as client:
                return await client.post(self.path, content=body, headers=dict(self.headers))

        self.send_response(asyncio.run(ask()).status_code)
        self.send_header("content-length", "0")
        self.end_headers()


@pytest.fixture
def elsewhere(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine's address; its reports come to our own route, served behind the guard."""
    engine_port, our_port = free_port(), free_port()
    monkeypatch.setenv("HOSTING_ENGINE_URL", f"http://127.0.0.1:{engine_port}/engine")
    monkeypatch.setenv("HOSTING_SECRET", SECRET)
    settings.cache_clear()
    ours = ThreadingHTTPServer(("127.0.0.1", our_port), Door)
    serving = threading.Thread(target=ours.serve_forever)
    serving.start()
    hook = f"http://127.0.0.1:{our_port}{route.PATH}"
    process = subprocess.Popen([sys.executable, "-m", "tests.engine_server", str(engine_port), hook, SECRET], cwd=ROOT)
    address = f"http://127.0.0.1:{engine_port}"
    until(lambda: control(address) is not None)
    yield address
    process.terminate()
    process.wait()
    ours.shutdown()
    serving.join()
    ours.server_close()


def control(address: str, **changes: Any) -> dict[str, Any] | None:
    """Tell the engine's process how to behave; what it has done so far."""
    with suppress(httpx.TransportError):
        return dict(httpx.post(f"{address}/control", json=changes).json())
    return None


def until(true: Any) -> None:
    """Wait for what another process does; a test that hopes in vain fails."""
    for _ in range(400):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it never happened")


@pytest.fixture
def real_time() -> Iterator[None]:
    """Signatures of another process carry the time of the day."""
    frozen = clock._frozen
    clock._frozen = None
    yield
    clock._frozen = frozen


def test_a_pbx_lives_its_life_at_an_engine_in_another_process(real_time: None, elsewhere: str) -> None:
    partner = owner()
    control(elsewhere, double=True)
    number = add_pbx(partner.credential)
    assert hosting.send_due() == 1
    until(lambda: stands(partner.credential, number) == "stopped")
    do(pbx_control.start, partner.credential, number)
    hosting.send_due()
    until(lambda: stands(partner.credential, number) == "running")
    do(pbx_control.delete, partner.credential, number)
    hosting.send_due()
    until(lambda: free(partner)[0] == 1000)
    assert problems() == []
    until(lambda: len((control(elsewhere) or {})["heard"]) == 6)
    done = control(elsewhere)
    assert done == {"taken": ["create", "start", "delete"], "heard": [204] * 6}  # each report came twice
    with transaction(writes=False) as session:
        assert len(session.exec(select(EngineReport.id)).all()) == 3


def test_an_engine_that_is_away_finds_everything_when_it_comes_back(real_time: None, elsewhere: str) -> None:
    partner = owner()
    control(elsewhere, away=True)
    number = add_pbx(partner.credential)
    assert hosting.send_due() == 0
    hosting.look_after()
    lost = seen(partner.credential, number).health
    assert lost.lost_since is not None and lost.reason == "it answered 503"
    control(elsewhere, away=False)
    until(lambda: hosting.send_due() == 1)
    until(lambda: stands(partner.credential, number) == "stopped")
    assert seen(partner.credential, number).health.lost_since is None


def test_what_an_engine_in_another_process_measures_is_known(real_time: None, elsewhere: str) -> None:
    number = add_pbx(owner().credential)
    hosting.send_due()
    control(elsewhere, measured={"pbx": f"pbx-{number}", "extensions": 18, "calls": 2, "peak": 3, "minutes": 7})

    def known() -> bool:
        with transaction(writes=False) as session:
            return session.get_one(Pbx, number).in_use_minutes == 7

    until(known)


def test_what_the_engine_refuses_is_shown_in_its_words(real_time: None, elsewhere: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential, name="Refuse me")
    hosting.send_due()
    assert seen(partner.credential, number).row.trouble == "It could not be created: no licence for this name"


def test_an_answer_that_got_lost_is_fetched_by_asking(real_time: None, elsewhere: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential)
    hosting.send_due()
    until(lambda: stands(partner.credential, number) == "stopped")
    with transaction() as session:  # as if the report had never come
        row = session.get_one(Pbx, number)
        row.reported_at, row.report_sequence = None, 0
    hosting.ask(number)
    assert stands(partner.credential, number) == "stopped"


# The door itself


@pytest.fixture
def door(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOSTING_ENGINE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("HOSTING_SECRET", SECRET)
    settings.cache_clear()
    return httpx.AsyncClient(transport=httpx.ASGITransport(guarded()), base_url="http://test")


def report_of(number: int, **changes: Any) -> dict[str, Any]:
    return {"pbx": f"pbx-{number}", "sequence": 1, "at": START.isoformat(), "state": "running", "activated": False,
            "extensions": 20, "calls": 4, "minutes": 0, **changes}  # fmt: skip


async def told(
    door: Any, data: Any, message_id: str = "m-1", secret: str = SECRET, kind: str = "pbx.reported", **headers: str
) -> int:
    body = data if isinstance(data, bytes) else json.dumps({"type": kind, "data": data}).encode()
    signed = {**webhooks.headers(secret, message_id, body), **headers}
    return int((await door.post(route.PATH, content=body, headers=signed)).status_code)


async def test_a_signed_report_is_believed_and_its_repetition_changes_nothing(door: Any) -> None:
    partner: Credential = owner().credential
    number = add_pbx(partner)
    assert await told(door, report_of(number)) == 204
    assert await told(door, report_of(number)) == 204
    assert await told(door, report_of(number, state="stopped")) == 409
    assert stands(partner, number) == "running"


async def test_what_is_in_use_is_kept_once_and_only_of_pbxs_that_are_ours(door: Any) -> None:
    number = add_pbx(owner().credential)
    said = {"pbx": f"pbx-{number}", "at": START.isoformat(), "extensions": 18, "calls": 2, "peak": 3, "minutes": 0}
    for data, answer in (
        (said, 204),
        (said, 204),
        ({**said, "calls": 9, "peak": 9, "at": "2026-03-02T08:00:00Z", "codec": "opus"}, 204),
        ({**said, "pbx": "pbx-99"}, 404),
        ({**said, "pbx": f"pbx-{10**17}"}, 404),
        ({**said, "at": "2026-03-02T09:06:00Z"}, 422),
        ({**said, "peak": 1}, 422),
        ({}, 422),
    ):
        assert await told(door, data, kind="pbx.usage") == answer
    assert await told(door, said, kind="pbx.usage", secret="a secret of somebody else") == 401
    with transaction(writes=False) as session:
        row = session.get_one(Pbx, number)
        assert (row.in_use_extensions, row.in_use_calls, row.peak_calls) == (18, 2, 3)
        assert (row.reported_at, session.exec(select(EngineReport.id)).all()) == (None, [])


async def test_a_report_of_a_pbx_nobody_can_have_is_answered(door: Any) -> None:
    assert await told(door, report_of(2**62 // 10)) == 404


async def test_the_words_of_a_report_are_kept_without_what_no_database_keeps(door: Any) -> None:
    partner = owner().credential
    number = add_pbx(partner)
    assert await told(door, report_of(number, words="No\0 host", command="cmd\0")) == 204
    with transaction(writes=False) as session:
        assert session.exec(select(EngineReport.words)).all() == ["No host"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-11:00", "2026-03-02T09:00:00"])
async def test_a_report_of_a_time_that_no_clock_shows_is_none(door: Any, at: str) -> None:
    number = add_pbx(owner().credential)
    assert await told(door, report_of(number, at=at)) == 422


@pytest.mark.parametrize("how", ["another secret", "no signature", "old", "another site"])
async def test_who_is_not_the_engine_is_not_heard(door: Any, how: str) -> None:
    partner = owner().credential
    number = add_pbx(partner)
    changes: dict[str, Any] = {
        "another secret": {"secret": "a secret of somebody else"},
        "no signature": {"webhook-signature": ""},
        "old": {"webhook-timestamp": str(int(START.timestamp()) - 3600)},
        "another site": {"origin": "https://evil.example"},
    }[how]
    assert await told(door, report_of(number), **changes) in (401, 403)
    assert stands(partner, number) == "creating"


@pytest.mark.parametrize("changes", [
    {"pbx": "pbx-0"}, {"pbx": "1"}, {"pbx": "pbx-" + "9" * 30}, {"pbx": None}, {"sequence": 0}, {"sequence": "1"},
    {"sequence": 10**20}, {"at": "soon"}, {"at": "2026-03-02T09:00:00"}, {"state": "flying"}, {"activated": "perhaps"},
    {"extensions": -1}, {"minutes": 1e99}, {"outcome": "maybe"}, {"words": "x" * 301}, {"command": ["a"]},
])  # fmt: skip
async def test_a_misshapen_report_is_refused_and_nothing_is_kept(door: Any, changes: dict[str, Any]) -> None:
    number = add_pbx(owner().credential)
    assert await told(door, report_of(number, **changes)) == 422
    with transaction(writes=False) as session:
        assert session.exec(select(EngineReport.id)).all() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"data": null}', b"\xff\xfe", b"[" * 60_000])
async def test_what_is_no_message_is_refused(door: Any, body: bytes) -> None:
    assert await told(door, body) == 422


async def test_an_unknown_pbx_a_body_without_end_and_a_system_without_engine(
    door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await told(door, report_of(99)) == 404
    assert await told(door, b"x" * 70_000) == 413
    monkeypatch.setenv("HOSTING_ENGINE_URL", "")
    settings.cache_clear()
    assert await told(door, report_of(99)) == 404
