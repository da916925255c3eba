"""Ground for all tests: a fresh migrated database of either kind and a clock that stands still."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tests import FOLDER, databases
from yeastar_app import clock, database
from yeastar_app import settings as settings_module
from yeastar_app.engines import passwords
from yeastar_app.settings import settings

# Whoever tests a rule need not wait for a slow hash: the same algorithm, as cheap as it gets.
passwords._hasher = PasswordHash((Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1),))
passwords._dummy = passwords._hasher.hash("nobody has this password")

_fresh, _read = settings_module.Settings, dict[tuple[str | None, ...], settings_module.Settings]()


def kept_settings(**values: Any) -> settings_module.Settings:
    """The settings of this environment, a copy for whoever changes them: read once, because reading takes longer than
    many a test."""
    if values:
        return _fresh(**values)
    environment = (str(Path.cwd()), *(os.environ.get(name.upper()) for name in _fresh.model_fields))
    if environment not in _read:
        _read[environment] = _fresh()
    return _read[environment].model_copy()


settings_module.Settings = kept_settings  # type: ignore[misc, assignment]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; tests get copies."""
    return databases.sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql(worker_id: str) -> Iterator[databases.PostgreSQL]:
    """A real PostgreSQL, one for all workers of a run."""
    server = databases.PostgreSQL(FOLDER / "postgresql", worker_id)
    yield server
    databases.let_go()
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh migrated database behind `yeastar_app.database`; the test runs once on SQLite, once on PostgreSQL."""
    yield from fresh_database(request, monkeypatch, request.param)


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Like `db`, SQLite only: for tests whose point is not the database."""
    yield from fresh_database(request, monkeypatch, "sqlite")


@pytest.fixture(params=["sqlite", "postgresql"])
def own_db(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Like `db`, but the test may change the tables themselves: no other test ever sees this database."""
    yield from fresh_database(request, monkeypatch, request.param, shared=False)


def fresh_database(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    template: Path | None = None,
    shared: bool = True,
) -> Iterator[str]:
    """A copy of `template` (the migrated, empty one) or the worker's emptied PostgreSQL."""
    if kind == "sqlite":
        address = databases.sqlite_copy(template or request.getfixturevalue("sqlite_template"))
    else:
        server: databases.PostgreSQL = request.getfixturevalue("postgresql")
        address = server.emptied() if shared else server.copied()
    monkeypatch.setattr(database, "make_engine", databases.kept_engine)
    monkeypatch.setenv("DATABASE_URL", address)
    settings.cache_clear()
    database.engine.cache_clear()
    yield kind
    if kind == "sqlite" or not shared:
        database.engine().dispose()
    database.engine.cache_clear()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(autouse=True)
def still_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Time stands still at START unless the test drives a server of its own (markers `browser`, `live`)."""
    if request.node.get_closest_marker("browser") or request.node.get_closest_marker("live"):
        yield
        return
    with clock.frozen(START):
        yield
