"""`make bench`: what things take, as figures, as ratios to a floor measured in the same run, and what is aimed at.
Asserts nothing. `python -m tests.bench capacity lists` measures these sections alone."""

import json
import os
import secrets
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.bench import central, ledger, searches, workbook
from tests.bench.servers import BARE_EVENT, bare, ours
from tests.browser.conftest import PASSWORD, Server, launched, session_of
from yeastar_app.yeastar_app import app

EVENTS = {1: 200, 20: 30, 50: 10}
"""Events per client, by number of clients."""
LONGEST = 40
"""Seconds that one measurement may take."""
FIRST_VISITS = (
    ("", "/sign-in", "h1"),
    ("partner", "/partner", ".step-row"),
    ("partner", "/partner/program", ".menu-item"),
    ("customer", "/customer", ".menu-item"),
)
"""Who opens which page first, and what there is when it can be used; on the Dashboard its figures."""
CROWDED = 5.0
"""Seconds for which the crowd keeps at it: as long as the others are measured."""


AT_ONCE = "p99 < 100 ms"
"""What a person feels as the answer to a click, not as waiting."""


class TimeUpError(Exception):
    pass


@contextmanager
def within(seconds: int, what: str) -> Iterator[None]:
    """A part of the whole: one that takes too long, or fails, is left out and said so, and the next one begins."""

    def ring(*_: Any) -> None:
        raise TimeUpError(f"not done after {seconds} s")

    begun = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    left = signal.alarm(seconds)
    try:
        yield
    except Exception as error:
        print(f"{what}: left out, {type(error).__name__}: {error}", flush=True)
    else:
        print(f"({what}: {time.monotonic() - begun:.0f} s)", flush=True)
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.alarm(max(1, left - int(time.monotonic() - begun)) if left else 0)


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
        check=False,
        timeout=LONGEST,
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    return list(json.loads(done.stdout))


def quantile(times: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def show(what: str, clients: int, times: list[float], floor: list[float] | None = None, aim: str = "") -> None:
    ratio = f"{quantile(times, 0.5) / quantile(floor, 0.5):6.2f}" if floor else "      "
    figures = f"{quantile(times, 0.5):>9.2f} {quantile(times, 0.99):>9.2f}"
    print(f"{what:<44} {clients:>7} {figures} {ratio}  {aim}".rstrip(), flush=True)


def cookies_of(server: Server, who: str, count: int) -> list[str]:
    """Live sessions of a demo account, put straight into the demo database."""
    tokens = [session_of(server, f"{who}@example.com") for _ in range(count)]
    return [f"session={token}; device={secrets.token_urlsafe(8)}" for token in tokens]


def events(floor: str, server: Server) -> None:
    """Event round trips, without and with the database."""
    print(f"\n{'event round trip':<44} {'clients':>7} {'p50 ms':>9} {'p99 ms':>9}  ratio  aim")
    trivial = event_name("shell", "dismiss_notice")
    for clients, count in EVENTS.items():
        nobody = [""] * clients
        plain = load("bare", floor, nobody, f"{BARE_EVENT}.trivial", count)
        show("bare framework, trivial", clients, plain)
        show("ours, trivial, nobody signed in", clients, load("out", server.address, nobody, trivial, count), plain)
        people = cookies_of(server, "partner", clients)
        show(
            "ours, trivial, session checked",
            clients,
            load("in", server.address, people, trivial, count),
            plain,
            AT_ONCE,
        )
        read = load("read", floor, nobody, f"{BARE_EVENT}.read", count)
        show("bare framework, reads 25 rows", clients, read)
        page = event_name("partners_state", "load")
        show("ours, a page of 25 customers", clients, load("list", server.address, people, page, count), read, AT_ONCE)


def bulk_registration(folder: Path) -> None:
    """Medians of three runs each."""
    print(f"\n{'bulk registration':<24} {'rows':>7} {'floor s':>9} {'check s':>9} {'commit s':>9}  whole/floor  aim 2")
    for rows, first in ((1_000, False), (10_000, False), (10_000, True)):
        runs = [workbook.registration(rows, folder, attempt, first=first) for attempt in range(3)]
        bare, checked, done = (statistics.median(series) for series in zip(*runs, strict=True))
        whole = f"{(checked + done) / bare:6.2f}"
        what = "a worker's first" if first else "check and register"
        print(f"{what:<24} {rows:>7} {bare:>9.3f} {checked:>9.3f} {done:>9.3f} {whole}", flush=True)
    idle, peak = workbook.memory(10_000, folder)
    print(f"memory of the worker: {idle} MB idle, {peak} MB at most, {peak - idle} MB above, aim 150", flush=True)


def others(server: Server) -> None:
    """What everybody else feels while five people sign in over and over and one registers 10,000 rows."""
    print(f"\n{'others: ten people, 20 clicks a second':<44} {'clients':>7} {'p50 ms':>9} {'p99 ms':>9}  ratio  aim")
    trivial, page = event_name("shell", "dismiss_notice"), event_name("program_state", "load")
    people = cookies_of(server, "partner", 10)
    for name, event in (("trivial event", trivial), ("Partner Program page", page)):
        alone = load("alone", server.address, people, event, 10, pause=0.5)
        show(f"{name}, alone", 10, alone)
        with crowd(server):
            times = load("crowd", server.address, people, event, 1000, pause=0.5, seconds=CROWDED)
        show(f"{name}, in the crowd", 10, times, alone, AT_ONCE)


@contextmanager
def crowd(server: Server) -> Iterator[None]:
    """Five people signing in and workbooks of 10,000 rows on their way, one after the other, until the block ends."""
    workbooks = [new_workbook(server) for _ in range(3)]
    seen: dict[str, Any] = {"sign-ins": [], "registered": 0}
    ended = threading.Event()

    def arriving() -> None:
        people = cookies_of(server, "customer", 5)
        sign_in, start_over = event_name("sign_in_state", "sign_in"), event_name("sign_in_state", "start_over")
        form = {"form": {"email": "customer@example.com", "password": PASSWORD}}
        plan: dict[str, Any] = {"payload": form, "after": start_over, "seconds": CROWDED + 1}
        seen["sign-ins"] = load("arriving", server.address, people, sign_in, 1000, **plan)

    def registering() -> None:
        for content in workbooks:
            if not ended.is_set():
                register_rows(server, content)
                seen["registered"] += 1

    threads = [threading.Thread(target=work, daemon=True) for work in (arriving, registering)]
    for thread in threads:
        thread.start()
    time.sleep(1)  # its sockets are open
    yield
    ended.set()
    for thread in threads:
        thread.join(LONGEST)
    times = seen["sign-ins"]
    if not times or not seen["registered"]:
        raise RuntimeError("the crowd did not come")
    show(f"  the crowd: {len(times)} sign-ins, {seen['registered']} workbooks", 5, times)


def demo_database(server: Server) -> sqlite3.Connection:
    return sqlite3.connect(Path(server.environment["DATA_DIR"]) / "yeastar.db", timeout=15, isolation_level=None)


def new_workbook(server: Server) -> bytes:
    """A fresh workbook of 10,000 rows whose units are in the registry."""
    database = demo_database(server)
    product, name = database.execute(
        "SELECT id, name FROM product WHERE id_kind = 'serial_number' AND NOT needs_subscription LIMIT 1"
    ).fetchone()
    series = secrets.token_hex(2).upper()
    units = [(product, serial) for serial in workbook.serials(10_000, series)]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO registry_unit (product_id, identifier, eligible) VALUES (?, ?, 1)", units)
    database.execute("COMMIT")
    database.close()
    return workbook.make(10_000, name, series)


def register_rows(server: Server, content: bytes) -> None:
    """Lead a workbook through check and registration by the server's own job."""
    database = demo_database(server)
    upload = database.execute(
        "INSERT INTO bulk_upload (organisation_id, account_id, file_name, status, rows, done, good, bad, registered,"
        " points, reached_row, created_at) SELECT organisation_id, id, 'bench.xlsx', 'chosen', 0, 0, 0, 0, 0, 0, 0,"
        " datetime('now') FROM account WHERE email = 'rival@example.com' RETURNING id"
    ).fetchone()[0]
    file = "INSERT INTO bulk_file (upload_id, problems, content) VALUES (?, '[]', ?)"
    database.execute(file, (upload, content))
    database.execute("UPDATE bulk_upload SET status = 'checking' WHERE id = ?", (upload,))
    await_status(database, upload, "checked")
    database.execute("UPDATE bulk_upload SET status = 'registering', claimed_until = NULL WHERE id = ?", (upload,))
    await_status(database, upload, "done")
    good = database.execute("SELECT good FROM bulk_upload WHERE id = ?", (upload,)).fetchone()[0]
    assert good == 10_000, good
    database.close()


def await_status(database: sqlite3.Connection, upload: int, wanted: str) -> None:
    late = time.monotonic() + LONGEST
    while True:
        query = "SELECT status, refusal FROM bulk_upload WHERE id = ?"
        status, refusal = database.execute(query, (upload,)).fetchone()
        if status == wanted:
            return
        if refusal or time.monotonic() > late:
            raise RuntimeError(f"the workbook is {status}, not {wanted}: {refusal or 'it takes too long'}")
        time.sleep(0.05)


def first_load(server: Server) -> None:
    """A first visit with an empty cache, on a phone's screen: bytes over the wire, when it is painted, when usable."""
    print(f"\n{'first load':<24} {'KiB':>7} {'painted ms':>11} {'usable ms':>10}  aim: usable < 1000")
    with sync_playwright() as playwright, launched(playwright) as browser:
        for who, path, awaited in FIRST_VISITS:
            context = browser.new_context(base_url=server.address, viewport={"width": 390, "height": 844})
            if who:
                token = cookies_of(server, who, 1)[0].split(";")[0].removeprefix("session=")
                context.add_cookies([{"name": "session", "value": token, "url": server.address}])
            page = context.new_page()
            begun = time.perf_counter()
            page.goto(path)
            page.locator("h1").wait_for()
            page.locator(awaited).first.wait_for(state="attached")
            usable = (time.perf_counter() - begun) * 1000
            size, painted = page.evaluate(
                "() => [performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".reduce((sum, entry) => sum + entry.transferSize, 0) / 1024,"
                " performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0]"
            )
            print(f"{path:<24} {size:>7.0f} {painted:>11.0f} {usable:>10.0f}", flush=True)
            context.close()


def screens(server: Server, folder: Path) -> None:
    named = {"subscription": ("subscription_state", "load"), "save": ("reseller_state", "save")}
    central.screens(server, folder, {what: event_name(*of) for what, of in named.items()}, cookies_of)


Section = tuple[int, Callable[..., None]]
ALONE: dict[str, Section] = {
    "bulk": (60, bulk_registration),
    "capacity": (60, central.updates),
    "lists": (90, searches.lists),
    "ledger": (120, ledger.pages),
}
"""They need a folder. After so many seconds, more than twice what a calm machine takes, a section is left out."""
SERVED: dict[str, Section] = {
    "events": (90, lambda server, floor, _: events(floor, server)),
    "others": (90, lambda server, *_: others(server)),
    "first-load": (40, lambda server, *_: first_load(server)),
    "screens": (180, lambda server, _, folder: screens(server, folder)),
}
"""These need our server, and the bare one."""


def main(wanted: list[str]) -> None:
    wanted = wanted or [*ALONE, *SERVED]
    if unknown := {*wanted} - {*ALONE, *SERVED}:
        sys.exit(f"There is no section {', '.join(sorted(unknown))}. There are {', '.join([*ALONE, *SERVED])}.")
    begun = time.monotonic()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; whoever measures runs on them too.")
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        for name, (most, measure) in ALONE.items():
            if name in wanted:
                with within(most, name):
                    measure(place)
        served = {name: section for name, section in SERVED.items() if name in wanted}
        if served:
            with (
                within(60 + sum(most for most, _ in served.values()), "servers"),
                bare(place / "bare") as floor,
                ours(place / "ours") as server,
            ):
                for name, (most, measure) in served.items():
                    with within(most, name):
                        measure(server, floor, place)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end, after {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
