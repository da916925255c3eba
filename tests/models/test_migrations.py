"""The migrations are the schema: equal to the models, and they go up, down and up again."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import yeastar_app.models  # noqa: F401
from tests.conftest import upgrade
from yeastar_app import database
from yeastar_app.settings import ROOT


def test_models_and_migrations_are_equal(db: str) -> None:
    with database.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrations_go_down_and_up_again(db: str) -> None:
    config = Config(str(ROOT / "alembic.ini"))
    with database.engine().begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with database.engine().connect() as connection:
        assert connection.dialect.get_table_names(connection) == ["alembic_version"]
    upgrade(database.engine())
