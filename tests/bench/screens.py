"""Open screens and the time until they show a commit: `python -m tests.bench.screens` reads a plan (JSON: name,
address, cookies, event, pool, rounds) from stdin, commits from its own process through the store between
processes, and prints the seconds from each commit to its arrival at each screen (JSON) to stdout."""

import asyncio
import json
import sys
import time
from typing import Any

from tests.bench.load import Client
from yeastar_app.database import transaction
from yeastar_app.services import capacity
from yeastar_app.services.capacity import Amount

PAUSE = 0.6
"""Seconds between two commits: each is told on its own."""


def commit(pool: int, number: int) -> float:
    """Take one extension, or give it back; when that was committed."""
    with transaction() as session:
        capacity.take(session, pool, Amount(1 if number % 2 == 0 else -1))
    return time.perf_counter()


async def run(plan: dict[str, Any]) -> list[float]:
    clients = [Client(f"screen-{plan['name']}-{number}") for number in range(len(plan["cookies"]))]
    for client, cookie in zip(clients, plan["cookies"], strict=True):
        await client.connect(plan["address"], cookie)
        await client.round_trip(plan["event"], {})
    seen: list[float] = []

    async def arrival(client: Client) -> float:
        await client.answer()
        return time.perf_counter()

    for number in range(2 * plan["rounds"]):
        await asyncio.sleep(PAUSE)
        for client in clients:
            while not client.answers.empty():
                client.answers.get_nowait()
        waiting = [asyncio.create_task(arrival(client)) for client in clients]
        committed = await asyncio.to_thread(commit, plan["pool"], number)
        seen += [at - committed for at in await asyncio.gather(*waiting)]
    await asyncio.gather(*(client.socket.disconnect() for client in clients))
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
