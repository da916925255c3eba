"""Engine and transactions. The only file that knows SQLite from PostgreSQL."""

import json
import re
import threading
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import Engine, Select, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, create_engine

from yeastar_app.settings import settings

BUSY_TIMEOUT_MS = 15_000


def make_engine(url: str) -> Engine:
    """An engine for `url`; SQLite gets WAL, foreign keys and writes that begin with BEGIN IMMEDIATE. Its errors name no
    values: they end in the log, and values may be hashes of passwords or people's addresses."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False}, pool_size=10, max_overflow=50
    )
    event.listen(engine, "connect", _prepare_sqlite)
    engine.dialect.do_begin = _begin_sqlite("BEGIN IMMEDIATE")  # type: ignore[method-assign, assignment]
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control begins too late (at the first write) and cannot say IMMEDIATE.
    connection.isolation_level = None
    connection.create_function("has_words", 2, _has_words, deterministic=True)
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(statement: str) -> Callable[[Any], None]:
    """What begins one, by the driver itself: as an event of SQLAlchemy it costs a fifth of a small transaction."""

    def begin(connection: Any) -> None:
        connection.driver_connection.execute(statement)

    return begin


@lru_cache
def engine() -> Engine:
    """The engine of this process."""
    if not settings().database_url:
        settings().data_dir.mkdir(parents=True, exist_ok=True)
    return make_engine(settings().database)


_reading: dict[Engine, Engine] = {}


def _bind(writes: bool) -> Engine:
    if writes:
        return engine()
    if engine() not in _reading:
        reading = engine().execution_options()
        if engine().dialect.name == "sqlite":
            reading.connect().close()  # what SQLAlchemy learns of the database it learns before the copy is made
            reading.dialect = copy(reading.dialect)
            reading.dialect.do_begin = _begin_sqlite("BEGIN")  # type: ignore[method-assign, assignment]
        _reading[engine()] = reading
    return _reading[engine()]


@contextmanager
def transaction(*, writes: bool = True) -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back when it raises.

    A writing one takes SQLite's write lock at once, so that nothing it reads can change before it commits;
    on PostgreSQL rows that a rule depends on are locked by the rule itself (`lock`).
    """
    with Session(_bind(writes), expire_on_commit=False, autoflush=True) as session:
        try:
            yield session
        except BaseException as error:
            if getattr(error, "keep", False):
                _commit(session)
            else:
                session.rollback()
            raise
        _commit(session)


def after_commit(session: Session, do: Callable[[], None]) -> None:
    """Have `do` called once this transaction is committed, and never where it is rolled back. It must not raise."""
    session.info.setdefault("after_commit", []).append(do)


def _commit(session: Session) -> None:
    session.commit()
    for do in session.info.pop("after_commit", ()):
        do()


_own = threading.local()


def first_row(statement: Select[Any], parameters: dict[str, Any]) -> Any:
    """One row by one statement with no transaction around it, its columns as attributes; None where there is none.
    The cheapest read there is, for what every event asks.

    On SQLite each thread keeps a connection of the driver for it and the statement is compiled once: a fifth of what
    the same read takes through a session."""
    if not reads_at_once():
        with engine().connect() as connection:
            return connection.execution_options(isolation_level="AUTOCOMMIT").execute(statement, parameters).first()
    if getattr(_own, "engine", None) is not engine():
        _own.engine, _own.connection = engine(), engine().raw_connection()
    sql, order, fixed, read = _compiled(statement)
    values = {**fixed, **parameters}
    return read(_own.connection.driver_connection.execute(sql, [values[name] for name in order]).fetchone())


@lru_cache
def _compiled(statement: Select[Any]) -> tuple[str, list[str], dict[str, Any], Callable[[Any], Any]]:
    """The statement for SQLite's driver: its text, the order of its parameters, the values that are part of it, and
    what makes the driver's row into ours."""
    dialect = sqlite.dialect()
    compiled = statement.compile(dialect=dialect)
    columns = list(statement.selected_columns)
    row = namedtuple("row", [column.key for column in columns])  # type: ignore[misc]
    makers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]

    def read(found: Any) -> Any:
        if found is None:
            return None
        return row(*[make(value) if make else value for make, value in zip(makers, found, strict=True)])

    return str(compiled), list(compiled.positiontup or []), dict(compiled.params), read


def reads_at_once() -> bool:
    """Whether a small read needs no thread of its own: SQLite answers from the page cache and, in WAL mode, never
    waits for a writer."""
    return engine().dialect.name == "sqlite"


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


def among(session: Session, column: Any, values: Sequence[str]) -> Any:
    """Whether a text column is one of many values, handed over as one parameter: a list of thousands takes longer to
    be put into a statement than the database takes to answer."""
    if is_sqlite(session):
        return column.in_(sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value))
    return column == sa.any_(sa.cast(values, sa.ARRAY(sa.Text)))


def list_of(session: Session, values: Sequence[str]) -> Any:
    """Texts as a table of one column, `value`, handed over as one parameter; to be joined with."""
    if is_sqlite(session):
        return sa.func.json_each(sa.literal(json.dumps(values), sa.Text)).table_valued("value", name="given")
    listed = sa.func.unnest(sa.cast(values, sa.ARRAY(sa.Text))).table_valued(sa.column("value", sa.Text), name="given")
    return listed.render_derived()


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


# Words: what people search for in long lists. A row matches where every word that was typed begins a word of the row.


def words_of(said: str) -> list[str]:
    """The words of a text as they are compared: runs of letters and digits, small, each once, ten at most."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", said.lower())))[:10]


@lru_cache(maxsize=256)
def _beginnings(words: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(r"(?<![^\W_])" + word) for word in words.split())


def _has_words(said: str | None, words: str) -> bool:
    """`has_words` of SQLite's statements."""
    low = (said or "").lower()
    return all(beginning.search(low) for beginning in _beginnings(words))


def has_words(session: Session, said: Any, words: Sequence[str]) -> Any:
    """A condition on a row at hand: each of the words (`words_of`) begins a word of the text."""
    if is_sqlite(session):
        return sa.func.has_words(said, " ".join(words), type_=sa.Boolean) == sa.true()
    return sa.func.words_in(said).bool_op("@@")(_query(words))


def keys_with_words(
    session: Session, key: Any, owner: Any, said: Any, of: int, words: Sequence[str], kept: Any = None
) -> Any:
    """The keys of a company's rows whose text has the words, found by an index: a select of one column. For the tables
    whose words are kept (migration 0011): `key`, `owner` and `said` are a table's key, its company and its text, the
    very one that is kept; `kept` is the condition of the rows it is kept of, where it is not all."""
    if is_sqlite(session):
        table = sa.table(f"{key.table.name}_words", sa.column("rowid", sa.Integer))
        asked = " ".join([f'"\ue000{of}"', *[f'"{word}"*' for word in words]])
        return sa.select(table.c.rowid).where(sa.literal_column(table.name).bool_op("MATCH")(asked))
    matches = sa.func.owned_words(owner, said).bool_op("@@")(_query(words, f"'@{of}' & "))
    return sa.select(key).where(owner == of, matches, *([] if kept is None else [kept]))


def _query(words: Sequence[str], first: str = "") -> Any:
    return sa.cast(first + " & ".join(f"'{word}':*" for word in words), postgresql.TSQUERY)


def is_in_the_models(name: str | None, kind: str, _parents: object) -> bool:
    """For comparing the database with the models: what keeps the words is made by its migration alone."""
    return not (kind in ("table", "index") and "_words" in (name or ""))
