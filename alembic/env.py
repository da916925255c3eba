"""Runs migrations against the database of the settings, or against the connection handed in by a test."""

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import yeastar_app.models  # noqa: F401 - registers every table
from yeastar_app.database import engine


def plain_strings(kind: str, item: object, _context: object) -> str | bool:
    """SQLModel's own string type is written as the plain one it is."""
    return f"sa.String({item.length or ''})" if kind == "type" and isinstance(item, AutoString) else False


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain_strings,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    with engine().begin() as opened:
        run(opened)
