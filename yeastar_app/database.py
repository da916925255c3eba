"""Engine and transactions. With statements.py and word_index.py the only files that know SQLite from PostgreSQL."""

import os
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Select, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, create_engine

from yeastar_app.settings import settings
from yeastar_app.word_index import has_words_here

BUSY_TIMEOUT_MS = 15_000
COMMON: dict[str, Any] = {"hide_parameters": True, "query_cache_size": 2_000}
"""There are more statements than the 500 that SQLAlchemy keeps compiled, and on SQLite each may be there twice."""


def make_engine(url: str) -> Engine:
    """An engine for `url`; SQLite gets WAL, foreign keys and writes that begin with BEGIN IMMEDIATE. Its errors name no
    values: they end in the log, and values may be hashes of passwords or people's addresses."""
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url, pool_size=10, max_overflow=20, **COMMON)
        event.listen(engine, "checkin", _note_when)
        event.listen(engine, "checkout", _ask_whether_it_lives)
        return engine
    given = {"check_same_thread": False, "factory": SQLiteConnection}
    engine = create_engine(url, poolclass=sa.NullPool, connect_args=given, **COMMON)
    turn = threading.Lock()
    event.listen(engine, "connect", lambda connection, _record: connection.prepare(turn))
    event.listen(engine, "engine_disposed", _close_idle)
    engine.dialect.do_begin = _begin  # type: ignore[method-assign, assignment]
    return engine


def _begin(connection: Any) -> None:
    connection.driver_connection.begin()


class SQLiteConnection(sqlite3.Connection):
    """The driver's connection. Its own transaction control begins too late (at the first write) and cannot say
    IMMEDIATE.

    Threads of this process write in turns: one that waits is woken when the other has committed. SQLite's own way is to
    look again after a while, ever longer: of 20 threads one waited for a second where all were done in a tenth."""

    writes = True
    """Whether the next transaction takes the write lock when it begins."""
    _turn: threading.Lock
    _has_turn = False

    def prepare(self, turn: threading.Lock) -> None:
        """For a new one. `turn`: held by whichever thread writes to this database."""
        self._turn = turn
        self.isolation_level = None
        self.create_function("has_words", 2, has_words_here, deterministic=True)
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self.execute(f"PRAGMA {pragma}")

    def begin(self) -> None:
        """Begin a transaction, where none has begun."""
        if self.in_transaction:
            return
        if not self.writes:
            self.execute("BEGIN")
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise sqlite3.OperationalError("database is locked")
        self._has_turn = True
        try:
            self.execute("BEGIN IMMEDIATE")
        finally:
            self._end_turn()

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self._end_turn()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._end_turn()

    def close(self) -> None:
        try:
            super().close()
        finally:
            if self._has_turn:
                self._has_turn = False
                self._turn.release()

    def _end_turn(self) -> None:
        if self._has_turn and not self.in_transaction:
            self._has_turn = False
            self._turn.release()


LONG_IDLE = 30.0
"""Seconds after which something between us and PostgreSQL may have dropped a connection without telling either."""


def _note_when(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = monotonic()


def _ask_whether_it_lives(connection: Any, record: Any, _proxy: Any) -> None:
    """Before a connection of PostgreSQL is used again: a server that ended it has said so, which is seen without
    asking. A question each time takes as long as one of the three statements of a small transaction."""
    if "idle_since" not in record.info:
        return
    try:
        said = poll()
        said.register(connection.fileno(), POLLIN)
        if said.poll(0) or monotonic() - record.info["idle_since"] > LONG_IDLE:
            connection.execute("SELECT 1")
            connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error


@lru_cache
def engine() -> Engine:
    """The engine of this process."""
    if not settings().database_url:
        settings().data_dir.mkdir(parents=True, exist_ok=True)
    return make_engine(settings().database)


@contextmanager
def transaction(*, writes: bool = True) -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back when it raises.

    A writing one takes SQLite's write lock at once, so that nothing it reads can change before it commits;
    on PostgreSQL rows that a rule depends on are locked by the rule itself (`lock`).
    """
    session = _open(engine())
    if driver := _driver_of(session):
        driver.writes = writes
    try:
        yield session
        _commit(session)
    except BaseException as error:
        if getattr(error, "keep", False):
            _commit(session)
        raise
    finally:
        _close(session)


class KeptSession(Session):
    """A session of SQLite with a connection of its own."""

    driver: SQLiteConnection


_idle: dict[Engine, list[KeptSession]] = {}
"""SQLite's sessions between two transactions, each with a connection of its own: to open them again takes longer than
a small transaction. As many as were ever needed at once."""
os.register_at_fork(after_in_child=_idle.clear)  # they belong to the process that opened them


def _open(to: Engine) -> Session:
    if to.dialect.name != "sqlite":
        return Session(to, expire_on_commit=False)
    try:
        if not _is_watched(to):
            return _idle[to].pop()
    except LookupError:
        pass
    connection = to.connect()
    session = KeptSession(connection, expire_on_commit=False)
    session.driver = connection.connection.driver_connection  # type: ignore[assignment]
    return session


def _close(session: Session) -> None:
    """Roll back what was not committed. On SQLite the session is used again, unless something is the matter with it."""
    if not isinstance(session, KeptSession):
        session.close()
        return
    connection: Any = session.bind
    try:
        session.close()
        session.driver.rollback()  # also where SQLite ended the transaction by itself: the turn to write ends here
    except BaseException:
        connection.invalidate()  # whatever it holds, the others can go on
        raise
    if _is_watched(connection):
        connection.close()
        return
    session.info.clear()
    _idle.setdefault(connection.engine, []).append(session)


def _close_idle(of: Engine) -> None:
    for session in _idle.pop(of, ()):
        connection: Any = session.bind
        connection.close()


def _is_watched(by: Engine | Connection) -> bool:
    """Whether somebody listens to its statements: then all of them go where they are heard."""
    return bool(by.dispatch.before_cursor_execute)


def _driver_of(session: Session) -> SQLiteConnection | None:
    """SQLite's connection behind a session."""
    return session.driver if isinstance(session, KeptSession) else None


def after_commit(session: Session, do: Callable[[], None]) -> None:
    """Have `do` called once this transaction is committed, and never where it is rolled back. It must not raise."""
    session.info.setdefault("after_commit", []).append(do)


def _commit(session: Session) -> None:
    session.flush()
    driver = _driver_of(session)
    if driver and not session.in_transaction():
        driver.commit()  # what was done was done by `row_of` alone
    else:
        session.commit()
    for do in session.info.pop("after_commit", ()):
        do()


def first_row(statement: Select[Any], parameters: dict[str, Any]) -> Any:
    """One row by one statement with no transaction around it, its columns as attributes; None where there is none.
    The cheapest read there is, for what every event asks."""
    if not reads_at_once():
        with engine().connect() as connection:
            return connection.execution_options(isolation_level="AUTOCOMMIT").execute(statement, parameters).first()
    session = _open(engine())
    try:
        return _row(_driver_of(session), statement, parameters)
    finally:
        _close(session)


def row_of(session: Session, statement: Any, parameters: dict[str, Any]) -> Any:
    """The first row of what a constant statement gives within a transaction, as by `session.execute`.

    The statement is compiled once and handed to the driver: what SQLAlchemy does around it takes three times as long as
    the statement itself. Its types see what comes back, not what is given."""
    session.flush()
    if _is_watched(session.get_bind()):
        return session.connection().execute(statement, parameters).first()
    driver: Any = _driver_of(session)
    try:
        if driver:
            driver.begin()
        else:
            driver = session.connection().connection.driver_connection
        return _row(driver, statement, parameters)
    except (sqlite3.Error, psycopg.Error) as error:
        said, *_ = _compiled(statement, isinstance(driver, SQLiteConnection))
        dialect = session.get_bind().dialect
        base = sqlite3.Error if isinstance(error, sqlite3.Error) else psycopg.Error
        raise sa.exc.DBAPIError.instance(said, None, error, base, True, dialect=dialect) from error


def _row(driver: Any, statement: Any, parameters: dict[str, Any]) -> Any:
    sql, order, fixed, read = _compiled(statement, isinstance(driver, SQLiteConnection))
    values = {**fixed, **parameters}
    return read(driver.execute(sql, [values[name] for name in order] if order else values).fetchone())


@lru_cache
def _compiled(statement: Any, for_sqlite: bool) -> tuple[str, list[str], dict[str, Any], Callable[[Any], Any]]:
    """The statement for the driver: its text, the order of its parameters where they have no names, the values that are
    part of it, and what makes the driver's row into ours."""
    dialect: Any = sqlite.dialect() if for_sqlite else postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    columns = list(statement.exported_columns)
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
