"""Clients of the application's socket, in a process of their own: `python -m tests.bench.load` reads a plan (JSON) from
stdin and prints the round-trip times in seconds of every event (JSON) to stdout."""

import asyncio
import json
import sys
import time
from typing import Any

import socketio

NAMESPACE = "/_event"
PATIENCE = 15
"""Seconds after which an answer is not waited for any longer."""
HYDRATE = "reflex___state____state.hydrate_and_load"


class Client:
    """One open tab: connects, hydrates, then sends one event after the other and waits for each answer."""

    def __init__(self, token: str, page: str = "/") -> None:
        self.token = token
        self.route = {"pathname": page, "query": {}, "asPath": page}
        self.socket = socketio.AsyncClient(reconnection=False)
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        self.socket.on("event", self._keep, namespace=NAMESPACE)

    async def _keep(self, update: Any) -> None:
        await self.answers.put(update)

    async def connect(self, address: str, cookie: str) -> None:
        headers = {"Origin": address, **({"Cookie": cookie} if cookie else {})}
        await self.socket.connect(
            f"{address}/?token={self.token}",
            socketio_path=NAMESPACE,
            transports=["websocket"],
            namespaces=[NAMESPACE],
            headers=headers,
            wait_timeout=30,
        )
        await self.send(HYDRATE, {})
        while "is_hydrated_rx_state_': True" not in str(await self.answer()):
            pass

    async def answer(self) -> Any:
        return await asyncio.wait_for(self.answers.get(), PATIENCE)

    async def send(self, name: str, payload: Any) -> None:
        event = {"name": name, "payload": payload, "router_data": self.route}
        await self.socket.emit("event", event, namespace=NAMESPACE)

    async def round_trip(self, name: str, payload: Any) -> float:
        """Seconds from sending the event to the first change that comes back."""
        while not self.answers.empty():
            self.answers.get_nowait()
        begun = time.perf_counter()
        await self.send(name, payload)
        await self.answer()
        return time.perf_counter() - begun


async def run(plan: dict[str, Any]) -> list[float]:
    """`plan`: address, cookies (one a client), event, payload, events (per client), pause (seconds between), after
    (an event in between that is not measured), seconds (instead of a number of events)."""
    clients = [Client(f"bench-{plan['name']}-{number}") for number in range(len(plan["cookies"]))]
    for client, cookie in zip(clients, plan["cookies"], strict=True):
        await client.connect(plan["address"], cookie)

    async def once(client: Client) -> float:
        spent = await client.round_trip(plan["event"], plan["payload"])
        if "after" in plan:
            await client.round_trip(plan["after"], {})
        return spent

    async def work(client: Client) -> list[float]:
        times: list[float] = []
        await asyncio.sleep(plan.get("pause", 0) * clients.index(client) / len(clients))  # not all at one moment
        while time.perf_counter() < until and len(times) < plan["events"]:
            times.append(await once(client))
            await asyncio.sleep(plan.get("pause", 0))
        return times

    await asyncio.gather(*map(once, clients))
    until = time.perf_counter() + plan.get("seconds", 3600)
    times = await asyncio.gather(*map(work, clients))
    await asyncio.gather(*(client.socket.disconnect() for client in clients))
    return [seconds for series in times for seconds in series]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
