"""Runs migrations against the database of the settings, or against the connection handed in by a test."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import yeastar_app.models  # noqa: F401 - registers every table
from yeastar_app.database import engine
from yeastar_app.word_index import is_in_the_models


def plain_strings(kind: str, item: object, _context: object) -> str | bool:
    """SQLModel's own string type is written as the plain one it is."""
    return f"sa.String({item.length or ''})" if kind == "type" and isinstance(item, AutoString) else False


@contextmanager
def tables_may_be_rebuilt(connection: sa.Connection) -> Iterator[None]:
    """SQLite changes a table by copying it and dropping the old one, which foreign keys would forbid or, worse, follow:
    they are off until all is done, then checked as a whole. Triggers that speak of the table stand meanwhile, which the
    renaming of the copy would forbid. Still one transaction: all migrations or none."""
    if connection.dialect.name != "sqlite":
        yield
        return
    for statement in ("COMMIT", "PRAGMA foreign_keys=OFF", "PRAGMA legacy_alter_table=ON", "BEGIN IMMEDIATE"):
        connection.exec_driver_sql(statement)
    try:
        yield
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise RuntimeError(f"the migration left rows that refer to nothing: {broken[:5]}")
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the transaction that the caller ends


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain_strings,
        include_name=is_in_the_models,
        compare_type=True,
        compare_server_default=False,
    )
    with tables_may_be_rebuilt(connection), context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    with engine().begin() as opened:
        run(opened)
