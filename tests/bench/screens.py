"""Open screens and the time until they show a commit: `python -m tests.bench.screens` reads a plan (JSON: name,
address, cookies, event, rounds, database; and pool, or saver and save) from stdin and prints JSON to stdout: the
seconds from each commit to its arrival at each screen. Who commits is another process (`pool`: this one takes an
extension from it, or gives one back), or a person at one more screen of the same server (`saver`: the cookie of who
adds a reseller). Where `idle` is asked for: seconds of CPU of these processes while nothing happens."""

import asyncio
import json
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import Any

from tests.bench.load import Client
from tests.bench.servers import cpu_seconds
from yeastar_app.components.permissions import GRANT
from yeastar_app.database import transaction
from yeastar_app.features import Feature
from yeastar_app.services import capacity
from yeastar_app.services.capacity import Amount

PAUSE = 0.6
"""Seconds between two commits: each is told on its own."""
SAVER_PAGE = "/central/resellers/new"


class OtherProcess:
    """Commits from this process; the server hears of it through the store between processes."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._pool, self._number = plan["pool"], 0

    async def commit(self) -> float:
        """When it was committed."""
        self._number += 1
        return await asyncio.to_thread(self._commit, 1 if self._number % 2 else -1)

    def _commit(self, extensions: int) -> float:
        with transaction() as session:
            capacity.take(session, self._pool, Amount(extensions))
        return time.time()


class Saver:
    """A person who opens one tab after the other and adds a reseller in each."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan, self._number = plan, 0
        self._database = sqlite3.connect(plan["database"], timeout=30)

    async def commit(self) -> float:
        """When the audit row says that it was done: a moment before it was committed."""
        self._number += 1
        reseller = f"{self._plan['name']}-{self._number}"
        form = {"company": reseller, "first_name": "Remy", "email": f"{reseller}@bench.example", "extensions": "1",
                "min_extensions": "1", "calls": "1", "minutes": "0", GRANT + Feature.PBX_VIEW: "on"}  # fmt: skip
        tab = Client(f"saver-{reseller}", SAVER_PAGE)
        await tab.connect(self._plan["address"], self._plan["saver"])
        await tab.send(self._plan["save"], {"form": form})
        while "_redirect" not in (answer := str(await tab.answer())):
            if "errors_rx_state_': {'" in answer:
                raise RuntimeError(f"the Save was refused: {answer}")
        await tab.socket.disconnect()
        (at,) = self._database.execute("SELECT at FROM audit_row WHERE label = ?", (reseller,)).fetchone()
        return datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    clients = [Client(f"screen-{plan['name']}-{number}") for number in range(len(plan["cookies"]))]
    for client, cookie in zip(clients, plan["cookies"], strict=True):
        await client.connect(plan["address"], cookie)
        await client.round_trip(plan["event"], {})
    committing = Saver(plan) if "saver" in plan else OtherProcess(plan)
    idle = await idle_cpu(plan["idle"], 6) if plan.get("idle") else None
    seen: list[float] = []
    for _ in range(plan["rounds"]):
        await asyncio.sleep(PAUSE)
        for client in clients:
            while not client.answers.empty():
                client.answers.get_nowait()
        waiting = [asyncio.create_task(arrival(client)) for client in clients]
        committed = await committing.commit()
        seen += [at - committed for at in await asyncio.gather(*waiting)]
    return {"seen": seen, "idle": idle}


async def arrival(client: Client) -> float:
    await client.answer()
    return time.time()


async def idle_cpu(process: int, seconds: int) -> float:
    """Seconds of CPU that a server takes in a second in which nobody does anything."""
    await asyncio.sleep(2)
    before = cpu_seconds(process)
    await asyncio.sleep(seconds)
    return (cpu_seconds(process) - before) / seconds


if __name__ == "__main__":
    try:
        print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
