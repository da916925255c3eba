"""The servers that are measured: ours with demo data, and a bare application of the same framework as the floor."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.browser.conftest import Server, free_port, start_server

BARE = """
import asyncio, sqlite3
import reflex as rx

rows = sqlite3.connect("rows.db", check_same_thread=False)
rows.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, name TEXT, at TEXT)")
rows.executemany("INSERT INTO rows (name, at) VALUES (?, ?)", [(f"row {n}", "2026-01-01") for n in range(1000)])


def page():
    return [dict(id=r[0], name=r[1], at=r[2]) for r in rows.execute("SELECT id, name, at FROM rows LIMIT 25")]


class BareState(rx.State):
    count: int = 0
    page: list[dict] = []

    @rx.event
    async def trivial(self):
        self.count += 1

    @rx.event
    async def read(self):
        self.page = await asyncio.to_thread(page)


app = rx.App()
app.add_page(lambda: rx.el.p(BareState.count), route="/")
"""
CONFIG = (
    "import reflex as rx\n"
    "config = rx.Config(app_name='bare', telemetry_enabled=False, state_manager_mode='memory',"
    " disable_plugins=[rx.plugins.SitemapPlugin])\n"
)
BARE_EVENT = "reflex___state____state.bare___bare____bare_state"


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """The address of a bare application: one counter, one read of 25 rows."""
    (folder / "bare").mkdir(parents=True)
    (folder / "bare" / "__init__.py").touch()
    (folder / "bare" / "bare.py").write_text(BARE)
    (folder / "rxconfig.py").write_text(CONFIG)
    port = free_port()
    command = [sys.executable, "-m", "reflex", "run", "--env", "prod", "--backend-only"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--backend-host", "127.0.0.1", "--backend-port", str(port)],
            cwd=folder,
            env={**os.environ, "REFLEX_USE_NPM": "1", "REFLEX_TELEMETRY_ENABLED": "false"},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    _wait(process, address, folder / "log")
    try:
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


PROCESSES: dict[str, int] = {}
"""The process of each of our servers, by its address."""


@contextmanager
def ours(folder: Path, **settings: str) -> Iterator[Server]:
    folder.mkdir(parents=True)
    process, server = start_server(folder, SOCKET_MESSAGES_PER_SECOND="1000000", **settings)
    PROCESSES[server.address] = process.pid
    try:
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    while process.poll() is None:
        try:
            httpx.get(f"{address}/ping")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(log.read_text())


def cpu_seconds(process: int) -> float:
    """Seconds of CPU that a process and those below it have taken so far."""
    ticks: dict[int, int] = {}
    below: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        number = int(file.parent.name)
        ticks[number] = int(fields[11]) + int(fields[12])
        below.setdefault(int(fields[1]), []).append(number)
    whole, left = 0, [process]
    while left:
        number = left.pop()
        whole += ticks.get(number, 0)
        left += below.get(number, [])
    return whole / os.sysconf("SC_CLK_TCK")
