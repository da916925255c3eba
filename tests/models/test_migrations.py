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
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": database.is_in_the_models}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrations_go_down_and_up_again(migrated: sa.Engine) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    with migrated.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with migrated.connect() as connection:
        assert connection.dialect.get_table_names(connection) == ["alembic_version"]
    upgrade(migrated)
