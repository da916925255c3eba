"""`make bench`: what things take, as figures and as ratios to a floor measured in the same run. Asserts nothing."""

import json
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench import workbook
from tests.bench.servers import BARE_EVENT, bare, ours
from tests.browser.conftest import PASSWORD, Server, launched
from yeastar_app.access import digest
from yeastar_app.yeastar_app import app

EVENTS = {1: 400, 20: 60, 50: 30}
"""Events per client, by number of clients."""


def event_name(state: str, handler: str) -> str:
    """The name under which a handler listens on the socket."""
    names = app._registration_context.event_handlers
    return next(name for name in names if name.endswith(f"____{state}.{handler}"))


def load(name: str, address: str, cookies: list[str], event: str, events: int, **plan: Any) -> list[float]:
    """Round-trip times in seconds, measured by another process."""
    whole = {
        "name": name + secrets.token_hex(4),
        "address": address,
        "cookies": cookies,
        "event": event,
        "payload": {},
        "events": events,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps({**whole, **plan}),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


def quantile(times: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def show(what: str, clients: int, times: list[float], floor: list[float] | None = None) -> None:
    ratio = f"{quantile(times, 0.5) / quantile(floor, 0.5):6.2f}" if floor else "      "
    print(f"{what:<44} {clients:>7} {quantile(times, 0.5):>9.2f} {quantile(times, 0.99):>9.2f} {ratio}", flush=True)


def cookies_of(server: Server, who: str, count: int) -> list[str]:
    """Live sessions of a demo account, put straight into the demo database."""
    cookies = []
    database = sqlite3.connect(Path(server.environment["DATA_DIR"]) / "yeastar.db", timeout=30)
    with database:
        for _ in range(count):
            token = secrets.token_urlsafe(32)
            database.execute(
                "INSERT INTO sign_in_session (account_id, token_hash, device_hash, ip, user_agent, created_at,"
                " last_seen_at) SELECT id, ?, ?, '127.0.0.1', 'bench', datetime('now'), datetime('now')"
                " FROM account WHERE email = ?",
                (digest(token), digest(token), f"{who}@example.com"),
            )
            cookies.append(f"session={token}; device={secrets.token_urlsafe(8)}")
    database.close()
    return cookies


def events(floor: str, server: Server) -> None:
    """Event round trips, without and with the database."""
    print(f"\n{'event round trip':<44} {'clients':>7} {'p50 ms':>9} {'p99 ms':>9}  ratio")
    trivial = event_name("shell", "dismiss_notice")
    for clients, count in EVENTS.items():
        nobody = [""] * clients
        plain = load("bare", floor, nobody, f"{BARE_EVENT}.trivial", count)
        show("bare framework, trivial", clients, plain)
        show("ours, trivial, nobody signed in", clients, load("out", server.address, nobody, trivial, count), plain)
        people = cookies_of(server, "partner", clients)
        show("ours, trivial, session checked", clients, load("in", server.address, people, trivial, count), plain)
        read = load("read", floor, nobody, f"{BARE_EVENT}.read", count)
        show("bare framework, reads 25 rows", clients, read)
        page = event_name("partners_state", "load")
        show("ours, a page of 25 customers", clients, load("list", server.address, people, page, count), read)


def bulk_registration(folder: Path) -> None:
    """Medians of five runs each."""
    print(f"\n{'bulk registration':<24} {'rows':>7} {'floor s':>9} {'check s':>9} {'commit s':>9}  whole/floor")
    for rows in (1_000, 10_000):
        runs = [workbook.registration(rows, folder, attempt) for attempt in range(5)]
        bare, checked, done = (statistics.median(series) for series in zip(*runs, strict=True))
        whole = f"{(checked + done) / bare:6.2f}"
        print(f"{'check and register':<24} {rows:>7} {bare:>9.3f} {checked:>9.3f} {done:>9.3f} {whole}", flush=True)


def others(server: Server) -> None:
    """What everybody else feels while five people sign in over and over and one registers 10,000 rows."""
    print(f"\n{'others, ten people clicking 20 times a second':<44} {'clients':>7} {'p50 ms':>9} {'p99 ms':>9}")
    trivial, page = event_name("shell", "dismiss_notice"), event_name("program_state", "load")
    people = cookies_of(server, "partner", 10)
    for name, event in (("trivial event", trivial), ("Partner Program page", page)):
        show(f"{name}, alone", 10, load("alone", server.address, people, event, 100, pause=0.05))
        with crowd(server):
            show(f"{name}, in the crowd", 10, load("crowd", server.address, people, event, 100, pause=0.05))


@contextmanager
def crowd(server: Server) -> Iterator[None]:
    """Five people signing in and a workbook of 10,000 rows on its way, until the block ends."""
    form = {"form": {"email": "customer@example.com", "password": PASSWORD}}
    arriving = threading.Thread(
        target=load,
        args=(
            "arriving",
            server.address,
            cookies_of(server, "customer", 5),
            event_name("sign_in_state", "sign_in"),
            12,
        ),
        kwargs={"payload": form},
    )
    registering = threading.Thread(target=register_rows, args=(server,))
    arriving.start()
    registering.start()
    yield
    arriving.join()
    registering.join()


def register_rows(server: Server) -> None:
    """Lead a fresh workbook of 10,000 rows through check and registration by the server's own job."""
    database = sqlite3.connect(Path(server.environment["DATA_DIR"]) / "yeastar.db", timeout=60, isolation_level=None)
    product, name = database.execute(
        "SELECT id, name FROM product WHERE id_kind = 'serial_number' AND NOT needs_subscription LIMIT 1"
    ).fetchone()
    series = secrets.token_hex(2).upper()
    units = [(product, serial) for serial in workbook.serials(10_000, series)]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO registry_unit (product_id, identifier, eligible) VALUES (?, ?, 1)", units)
    database.execute("COMMIT")
    upload = database.execute(
        "INSERT INTO bulk_upload (organisation_id, account_id, file_name, content, status, rows, done, good, problems,"
        " created_at) SELECT organisation_id, id, 'bench.xlsx', ?, 'checking', 0, 0, 0, '[]', datetime('now')"
        " FROM account WHERE email = 'rival@example.com' RETURNING id",
        (workbook.make(10_000, name, series),),
    ).fetchone()[0]
    of_it = "FROM bulk_upload WHERE id = ?"
    for reached, following in (("checked", "registering"), ("done", "")):
        while True:
            now, refusal = database.execute(f"SELECT status, refusal {of_it}", (upload,)).fetchone()
            if now == reached:
                break
            assert now != "refused", refusal
            time.sleep(0.05)
        if following:
            begin = "UPDATE bulk_upload SET status = ?, claimed_until = NULL WHERE id = ?"
            database.execute(begin, (following, upload))
    database.close()


def first_load(server: Server) -> None:
    """A first visit with an empty cache: bytes over the wire, and when the page is painted and can be used."""
    print(f"\n{'first load':<24} {'KiB':>7} {'painted ms':>11} {'usable ms':>10}")
    with sync_playwright() as playwright, launched(playwright) as browser:
        for who, path in (("", "/sign-in"), ("partner", "/partner/program"), ("customer", "/customer")):
            context = browser.new_context(base_url=server.address)
            if who:
                token = cookies_of(server, who, 1)[0].split(";")[0].removeprefix("session=")
                context.add_cookies([{"name": "session", "value": token, "url": server.address}])
            page = context.new_page()
            begun = time.perf_counter()
            page.goto(path)
            page.locator("h1").wait_for()
            if who:
                page.locator(".menu-item").first.wait_for()
            usable = (time.perf_counter() - begun) * 1000
            size, painted = page.evaluate(
                "() => [performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".reduce((sum, entry) => sum + entry.transferSize, 0) / 1024,"
                " performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0]"
            )
            print(f"{path:<24} {size:>7.0f} {painted:>11.0f} {usable:>10.0f}", flush=True)
            context.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        bulk_registration(place)
        with bare(place / "bare") as floor, ours(place / "ours") as server:
            events(floor, server)
            others(server)
            first_load(server)


if __name__ == "__main__":
    main()
