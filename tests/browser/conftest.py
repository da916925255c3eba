"""A real browser against the production build, served by a process of its own with the demo data."""

import os
import secrets
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from bootstrap import system_chromium
from yeastar_app import build
from yeastar_app.access import digest
from yeastar_app.settings import ROOT

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A browser with windows draws the popups of its address bar in pages of their own, two for every window: half of
    # what a new one costs. The others are Playwright's, whose list this one replaces.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,WebUIOmniboxSimplification,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,MediaRouter,OptimizationHints,"
    "PaintHolding,ThirdPartyStoragePartitioning",
]
PASSWORD = "Harbor-Lantern-42"
PATIENCE = 15_000
"""Milliseconds until something that a person waits for counts as missing; who waits for less says so. Two cores with
two browsers and three servers are slower than anybody's own machine."""
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Server:
    address: str
    environment: dict[str, str]
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(folder: Path, **settings: str) -> tuple[subprocess.Popen[bytes], Server]:
    """Migrate, load the demo, serve; waits until it answers."""
    port = free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "PUBLIC_URL")},
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DEMO_MODE": "true",
        "JOBS_IN_APP": "true",
        "SIMULATOR_SECONDS": "1.2",
        **settings,
    }
    yeastar = str(Path(sys.executable).with_name("yeastar"))
    for command in ("migrate", "demo") if environment["DEMO_MODE"] == "true" else ("migrate",):
        subprocess.run([yeastar, command], cwd=ROOT, env=environment, check=True, capture_output=True)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen([yeastar, "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output)
    server = Server(f"http://127.0.0.1:{port}", environment, log)
    with httpx.Client(transport=httpx.HTTPTransport(retries=0)) as client:
        while True:
            try:
                client.get(f"{server.address}/ping")
                return process, server
            except httpx.TransportError:
                # Not asked again at once: who asks all the time takes the processor from the server that starts.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.1)
                    raise AssertionError(log.read_text()) from None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application as `make run` starts it, on a port of its own."""
    build.build()
    process, running = start_server(tmp_path_factory.mktemp("server"))
    yield running
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launched(playwright)
        yield opened
        opened.close()


def launched(playwright: Playwright) -> Browser:
    """Playwright's own Chromium where it is installed, otherwise the system's."""
    own = Path(playwright.chromium.executable_path)
    return playwright.chromium.launch(executable_path=None if own.exists() else system_chromium(), args=FLAGS)


_at: dict[BrowserContext, Server] = {}
"""Which server a browser of the fixtures below is at."""


@contextmanager
def somebody(browser: Browser, server: Server, **look: Any) -> Iterator[BrowserContext]:
    """A browser of its own, with nobody signed in."""
    opened = browser.new_context(base_url=server.address, **{"viewport": {"width": 1440, "height": 900}, **look})
    opened.set_default_timeout(PATIENCE)
    _at[opened] = server
    yield opened
    del _at[opened]
    opened.close()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    with somebody(browser, server) as opened:
        yield opened


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def other_page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page of somebody else's browser."""
    with somebody(browser, server) as opened:
        yield opened.new_page()


def session_of(server: Server, email: str) -> str:
    """The token of a fresh session of an account, put straight into the server's SQLite."""
    token = secrets.token_urlsafe(32)
    database = sqlite3.connect(Path(server.environment["DATA_DIR"]) / "yeastar.db", timeout=30)
    with closing(database), database:
        database.execute(
            "INSERT INTO sign_in_session"
            " (account_id, token_hash, device_hash, ip, user_agent, created_at, last_seen_at)"
            " SELECT id, ?, ?, '127.0.0.1', 'tests', datetime('now'), datetime('now') FROM account WHERE email = ?",
            (digest(token), digest(token), email),
        )
    return token


def address_of(who: str) -> str:
    """The Yeastar ID of a demo account by its short name (`partner`), or as it is."""
    return who if "@" in who else f"{who}@example.com"


def sign_in(page: Page, who: str, password: str = PASSWORD, target: str = "") -> None:
    """Sign in at the form as a demo account (`partner`) or by a whole address; lands on `target` or on the account's
    home."""
    page.goto(f"/sign-in?next={target}" if target else "/sign-in")
    page.get_by_label("Yeastar ID").fill(address_of(who))
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def come_in(page: Page, who: str, target: str = "") -> None:
    """Be there as a demo account that has signed in before: for tests of what lies behind the sign-in."""
    if page.context not in _at:
        sign_in(page, who, target=target)
        return
    server = _at[page.context]
    cookie = {"name": "session", "value": session_of(server, address_of(who)), "url": server.address}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.goto(unquote(target) or "/")
    page.wait_for_url(lambda url: url != f"{server.address}/")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Marked before anybody chooses by the mark. At last, in whatever order the others are, what takes longest comes
    first, so that the workers end at the same time."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
    yield
    items.sort(key=lambda item: "test_axe_finds_nothing" not in item.name)
