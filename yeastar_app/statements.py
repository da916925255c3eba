"""What SQLite and PostgreSQL want to be told in different words."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def insert_if_absent(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert rows one by one, leaving out those that a unique constraint knows already."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    for row in rows:
        session.execute(insert(table).values(**row).on_conflict_do_nothing())


def insert_one(session: Session, table: Any, values: dict[str, Any]) -> int | None:
    """Insert a row and give its key; None where a unique constraint knows it already."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    done = session.execute(insert(table).values(**values).on_conflict_do_nothing().returning(table.id)).first()
    return int(done[0]) if done else None


def upsert_from(session: Session, table: Any, key: list[str], values: list[str], rows: Select[Any]) -> None:
    """Insert what `rows` selects (the columns of `key`, then `values`); where a row of that key is there, its values
    become those."""
    insert = (sqlite.insert if is_sqlite(session) else postgresql.insert)(table).from_select([*key, *values], rows)
    taken = {name: getattr(insert.excluded, name) for name in values}
    session.execute(insert.on_conflict_do_update(index_elements=key, set_=taken))


def among(session: Session, column: Any, values: Sequence[str] | Sequence[int]) -> Any:
    """Whether a column of texts or whole numbers is one of many values, handed over as one parameter: a list of
    thousands takes longer to be put into a statement than the database takes to answer."""
    if is_sqlite(session):
        return column.in_(sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value))
    kind = sa.Integer if isinstance(column.type, sa.Integer) else sa.Text
    return column == sa.any_(sa.cast(values, sa.ARRAY(kind)))


def list_of(session: Session, values: Sequence[str]) -> Any:
    """Texts as a table of one column, `value`, handed over as one parameter; to be joined with."""
    if is_sqlite(session):
        return sa.func.json_each(sa.literal(json.dumps(values), sa.Text)).table_valued("value", name="given")
    listed = sa.func.unnest(sa.cast(values, sa.ARRAY(sa.Text))).table_valued(sa.column("value", sa.Text), name="given")
    return listed.render_derived()


ROOMY_KB = 16_000


def keep_pages(session: Session) -> None:
    """Before thousands of rows are written: SQLite with its usual 2 MB for pages writes them out and reads them again
    before the transaction ends. Lasts as long as the connection; for processes that have one."""
    if is_sqlite(session):
        session.connection().exec_driver_sql(f"PRAGMA cache_size = {-ROOMY_KB}")


def table_of(session: Session, rows: Iterable[Sequence[Any]], types: Mapping[str, Any]) -> Any:
    """Rows of plain values, in the order of `types`, as a table to select from, handed over as one parameter: INSERT
    from it is quicker as a statement that is filled in for each row."""
    if is_sqlite(session):
        row = sa.func.json_each(sa.literal(_json(list(rows)), sa.Text)).table_valued("value").c.value
        picked = enumerate(types.items())
        cells = [sa.func.json_extract(row, f"$[{place}]", type_=kind).label(name) for place, (name, kind) in picked]
        return sa.select(*cells).subquery("given")
    written = sa.literal(_json([dict(zip(types, row, strict=True)) for row in rows]), sa.Text)
    columns = [sa.column(name, kind) for name, kind in types.items()]
    table = sa.func.json_to_recordset(sa.cast(written, sa.JSON)).table_valued(*columns)
    return table.render_derived(name="given", with_types=True)


def _json(rows: list[Any]) -> str:
    return to_json(rows).decode()  # a quarter of the time of `json`, and it knows dates


def at_hand(session: Session, *conditions: Any) -> Any:
    """Conditions that most rows of a list meet, judged on the row at hand: SQLite, which knows little of how many
    rows meet what, is not led by them to another index than the list's own."""
    whole = sa.and_(*conditions)
    return sa.case((whole, 1), else_=0) == 1 if is_sqlite(session) else whole


def of_the_row(session: Session, key: Any, *conditions: Any) -> Any:
    """Conditions of rows that are walked past, by their key: PostgreSQL, which takes comparing texts for cheap, would
    rather compare those of a whole joined table first."""
    whole = sa.and_(*conditions)
    return whole if is_sqlite(session) else sa.case((sa.and_(key > 0, whole), 1), else_=0) == 1
