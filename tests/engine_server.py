"""A hosting engine as a process of its own, for tests: takes signed commands at one address and sends signed reports to
another. It can be told to be away, to answer late, to repeat itself and to forge; started as
`python -m tests.engine_server PORT HOOK SECRET`."""

import json
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from yeastar_app.engines import webhooks

AFTER = {"create": "stopped", "start": "running", "stop": "stopped", "delete": "deleted"}


class Machine:
    def __init__(self, hook: str, secret: str) -> None:
        self.hook, self.secret = hook, secret
        self.away = False
        self.double = False
        self.pbxs: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.taken: list[str] = []
        self.heard: list[int] = []
        self.lock = threading.Lock()

    def command(self, message_id: str, kind: str, data: dict[str, Any]) -> None:
        """Do it once; answer (again) by a report."""
        with self.lock:
            if message_id not in self.answers:
                self.taken.append(kind)
                pbx = self.pbxs.setdefault(data["pbx"], {"sequence": 0, "state": "stopped", "activated": False})
                pbx["sequence"] += 1
                pbx["state"] = AFTER.get(kind, pbx["state"])
                pbx.update({name: data.get(name, 0) for name in ("extensions", "calls", "minutes")})
                self.answers[message_id] = {**pbx, "pbx": data["pbx"], "command": message_id, "outcome": "done",
                                            "at": "2026-03-02T09:00:00+00:00"}  # fmt: skip
            answer = self.answers[message_id]
        threading.Thread(target=self.report, args=(f"r-{message_id}", answer), daemon=True).start()

    def measure(self, figures: dict[str, Any]) -> None:
        """Say what is in use of a PBX."""
        said = {**figures, "at": datetime.now(UTC).isoformat()}
        threading.Thread(target=self.report, args=("usage-1", said, "pbx.usage"), daemon=True).start()

    def report(self, message_id: str, data: dict[str, Any], kind: str = "pbx.reported") -> None:
        """Until it is acknowledged, as the specification wants it."""
        body = json.dumps({"type": kind, "data": data}).encode()
        for _ in range(2 if self.double else 1):
            for _ in range(100):
                try:
                    signed = webhooks.headers(self.secret, message_id, body)
                    answer = httpx.post(self.hook, content=body, headers=signed, timeout=10)
                    self.heard.append(answer.status_code)
                    if answer.status_code < 500:
                        break
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)


def handler(machine: Machine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Quietly."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self.path == "/control":
                told = json.loads(body)
                if "measured" in told:
                    machine.measure(told.pop("measured"))
                for name, value in told.items():
                    setattr(machine, name, value)
                self._answer(200, {"taken": machine.taken, "heard": machine.heard})
                return
            if machine.away:
                self._answer(503, {})
                return
            try:
                given = {name.lower(): value for name, value in self.headers.items()}
                message_id = webhooks.check(machine.secret, given, body)
            except webhooks.NotGenuine as problem:
                self._answer(401, {"error": str(problem)})
                return
            message = json.loads(body)
            kind, data = message["type"].removeprefix("pbx."), message["data"]
            if kind == "status":
                known = machine.pbxs.get(data["pbx"])
                if known is None:
                    self._answer(404, {})
                else:
                    self._answer(200, {**known, "pbx": data["pbx"], "at": "2026-03-02T09:00:00+00:00"})
                return
            if data.get("name") == "Refuse me":
                self._answer(422, {"error": "no licence for this name"})
                return
            if kind != "engine.ping":
                machine.command(message_id, kind, data)
            self._answer(202, {})

        def _answer(self, status: int, said: dict[str, Any]) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


if __name__ == "__main__":
    port, hook, secret = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    ThreadingHTTPServer(("127.0.0.1", port), handler(Machine(hook, secret))).serve_forever()
