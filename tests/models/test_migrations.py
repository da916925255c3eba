"""The migrations are the schema: equal to the models, and they go up, down and up again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from tests.databases import upgrade
from yeastar_app import database
from yeastar_app.settings import ROOT
from yeastar_app.word_index import is_in_the_models


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[sa.Engine]:
    """A database of this test alone, migrated to the present."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'own.db'}"
    else:
        address = request.getfixturevalue("postgresql").create(f"migrations_{worker_id}")
    engine = database.make_engine(address)
    upgrade(engine)
    yield engine
    engine.dispose()


def test_models_and_migrations_are_equal(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_in_the_models})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrations_go_down_and_up_again(migrated: sa.Engine) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    with migrated.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with migrated.connect() as connection:
        assert connection.dialect.get_table_names(connection) == ["alembic_version"]
    upgrade(migrated)


def test_triggers_survive_every_later_migration(tmp_path: Path) -> None:
    """Alembic rebuilds a table on SQLite to change it, and its triggers are gone: the migration makes them again."""
    engine = database.make_engine(f"sqlite:///{tmp_path / 'own.db'}")
    upgrade(engine)
    with engine.connect() as connection:
        made = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
        ).scalars()
        followed = ("account", "alarm", "contact", "email", "organisation", "pbx", "task")
        words = {f"{table}_{does}_words" for table in followed for does in ("keeps", "changes", "loses")}
        words |= {f"{table}_keeps_words" for table in ("audit_row", "registration", "point_entry")}
        units = {f"registry_unit_{does}" for does in ("comes", "moves", "goes")} | {"registration_takes_unit"}
        only_grow = {
            f"{table}_no_{change}" for table in ("audit_row", "point_entry") for change in ("update", "delete")
        }
        assert words | units | only_grow <= set(made)
    engine.dispose()
