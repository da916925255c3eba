"""`make bench`: what things take, as figures and as ratios to a floor measured in the same run. Asserts nothing."""

import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.servers import BARE_EVENT, bare, ours
from tests.browser.conftest import Server
from yeastar_app.access import digest
from yeastar_app.yeastar_app import app

EVENTS = {1: 400, 20: 60, 50: 30}
"""Events per client, by number of clients."""


def event_name(state: str, handler: str) -> str:
    """The name under which a handler listens on the socket."""
    names = app._registration_context.event_handlers
    return next(name for name in names if name.endswith(f".{state}.{handler}"))


def load(name: str, address: str, cookies: list[str], event: str, events: int, **plan: Any) -> list[float]:
    """Round-trip times in seconds, measured by another process."""
    whole = {"name": name, "address": address, "cookies": cookies, "event": event, "payload": {}, "events": events}
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
    trivial = event_name("yeastar_app___portals___page____shell", "dismiss_notice")
    for clients, count in EVENTS.items():
        nobody = [""] * clients
        plain = load("bare", floor, nobody, f"{BARE_EVENT}.trivial", count)
        show("bare framework, trivial", clients, plain)
        show("ours, trivial, nobody signed in", clients, load("out", server.address, nobody, trivial, count), plain)
        people = cookies_of(server, "partner", clients)
        show("ours, trivial, session checked", clients, load("in", server.address, people, trivial, count), plain)
        read = load("read", floor, nobody, f"{BARE_EVENT}.read", count)
        show("bare framework, reads 25 rows", clients, read)
        page = event_name("sign_in_state", "load")
        show("ours, list of customers", clients, load("list", server.address, people, page, count), read)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        with bare(place / "bare") as floor, ours(place / "ours") as server:
            events(floor, server)


if __name__ == "__main__":
    main()
