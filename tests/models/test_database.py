"""Transactions on both databases, and what the database itself refuses."""

import socket
import sqlite3
import threading
from contextlib import closing, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from tests.databases import PostgreSQL
from tests.factories import account, organisation, pool
from tests.race import at_once
from yeastar_app import clock, database
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.capacity import Pool
from yeastar_app.models.points import EntryKind, PointEntry
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity
from yeastar_app.services.capacity import Amount


def names() -> list[str]:
    with database.transaction(writes=False) as session:
        return list(session.exec(select(Organisation.name)))


def a_company(name: str) -> Organisation:
    return Organisation(kind="partner", name=name, created_at=clock.now())


def test_a_refusal_leaves_nothing_behind(db: str) -> None:
    with pytest.raises(Refusal), database.transaction() as session:
        session.add(a_company("never was"))
        session.flush()
        raise Refusal("no", "No.")
    assert names() == []


def test_a_refusal_that_keeps_saves_what_was_written_before_it(db: str) -> None:
    with pytest.raises(Refusal), database.transaction() as session:
        session.add(a_company("counted"))
        raise Refusal("no", "No.", keep=True)
    assert names() == ["counted"]


def test_a_reader_does_not_wait_for_a_writer(db: str) -> None:
    seen: list[list[str]] = []
    with database.transaction() as session:
        session.add(a_company("not yet"))
        session.flush()
        reader = threading.Thread(target=lambda: seen.append(names()))
        reader.start()
        reader.join(timeout=10)
    assert seen == [[]]


@pytest.mark.parametrize("writes", [True, False])
def test_only_a_writing_transaction_takes_the_write_lock_and_with_its_first_read(sqlite: str, writes: bool) -> None:
    names()
    other = sqlite3.connect(str(database.engine().url.database), timeout=0, isolation_level=None)
    with closing(other), database.transaction(writes=writes) as session:
        session.exec(select(Organisation.name)).all()
        with pytest.raises(sqlite3.OperationalError, match="locked") if writes else nullcontext():
            other.execute("BEGIN IMMEDIATE")


def test_foreign_keys_are_enforced(db: str) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(Account(organisation_id=999, kind="partner", email="a@example.com", created_at=clock.now()))


def test_an_address_is_unique_among_accounts_that_are_not_removed(db: str) -> None:
    first = account(email="same@example.com")
    with pytest.raises(IntegrityError):
        account(email="same@example.com")
    with database.transaction() as session:
        session.execute(sa.update(Account).where(Account.id == first.key).values(status="removed"))
    assert account(email="same@example.com").key != first.key


def test_an_address_is_stored_in_lower_case_only(db: str) -> None:
    with pytest.raises(IntegrityError):
        account(email="Loud@example.com")


@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("ledger", ["point_entry", "audit_row"])
def test_ledgers_only_grow(db: str, ledger: str, change: str) -> None:
    owner = organisation()
    with database.transaction() as session:
        session.add(AuditRow(at=clock.now(), who="x", action="x", subject="x:1"))
        session.add(
            PointEntry(
                organisation_id=owner.key,
                at=clock.now(),
                kind=EntryKind.ADJUSTED,
                points=5,
                balance_after=5,
                reason="a gift",
            )
        )
    with pytest.raises(DBAPIError, match="only grows"), database.transaction() as session:
        session.execute(sa.text(change.format(ledger)))


def test_a_time_without_a_zone_is_refused(sqlite: str) -> None:
    with pytest.raises(sa.exc.StatementError, match="without a zone"), database.transaction() as session:
        session.add(Organisation(kind="partner", name="x", created_at=clock.now().replace(tzinfo=None)))


class Turn:
    """A lock that tells when somebody else asks for it."""

    def __init__(self) -> None:
        self._lock, self.asked = threading.Lock(), threading.Event()

    def acquire(self, timeout: float) -> bool:
        if self._lock.locked():
            self.asked.set()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def two_writers(folder: Path, monkeypatch: pytest.MonkeyPatch, turn: Turn | None) -> list[int]:
    """What two threads have counted, the second of which begins while the first is at it, where SQLite itself lets
    nobody wait. `turn`: what both hold when they write; without it each has its own."""
    ordinary = database.SQLiteConnection.prepare

    def impatient(self: database.SQLiteConnection, _: Any) -> None:
        ordinary(self, turn or Turn())  # type: ignore[arg-type]
        self.execute("PRAGMA busy_timeout=0")

    monkeypatch.setattr(database.SQLiteConnection, "prepare", impatient)
    engine = database.make_engine(f"sqlite:///{folder / 'turns.db'}")
    monkeypatch.setattr(database, "engine", lambda: engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (n INTEGER)")

    def count(first: bool) -> None:
        with database.transaction() as session:
            session.execute(sa.text("INSERT INTO counted SELECT count(*) FROM counted"))
            if first:
                second.start()
                if turn:
                    assert turn.asked.wait(10)
                else:
                    second.join()

    second = threading.Thread(target=count, args=(False,))
    try:
        count(True)
        second.join()
        with database.transaction(writes=False) as session:
            return list(session.execute(sa.text("SELECT n FROM counted ORDER BY n")).scalars())
    finally:
        engine.dispose()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_without_turns_the_second_writer_finds_the_database_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    assert two_writers(tmp_path, monkeypatch, None) == [0]


def test_threads_write_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert two_writers(tmp_path, monkeypatch, Turn()) == [0, 1]


def test_who_cannot_begin_to_write_leaves_the_turn_to_the_next(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 10)
    database.engine().dispose()
    other = sqlite3.connect(str(database.engine().url.database), timeout=0, isolation_level=None)
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(DBAPIError, match="locked"), database.transaction() as session:
                session.add(a_company("not now"))
        other.execute("COMMIT")
    with database.transaction() as session:
        session.add(a_company("now"))
    assert names() == ["now"]


def test_a_session_that_is_used_again_knows_nothing_of_the_last_transaction(sqlite: str) -> None:
    with pytest.raises(Refusal), database.transaction(writes=False) as first:
        first.info["audited"] = True
        first.add(a_company("never was"))
        first.flush()
        database.after_commit(first, lambda: pytest.fail("it was not committed"))
        raise Refusal("no", "No.")
    with database.transaction() as second:
        assert second is first
        assert (second.info, list(second.identity_map.values()), second.in_transaction()) == ({}, [], False)
        second.add(a_company("is"))
    assert names() == ["is"]


def test_what_row_of_does_belongs_to_the_transaction(db: str) -> None:
    number = pool(organisation(), total_extensions=10).key

    def used() -> int:
        with database.transaction(writes=False) as session:
            return session.get_one(Pool, number).used_extensions

    with pytest.raises(Refusal), database.transaction() as session:
        capacity.take(session, number, Amount(4))
        raise Refusal("no", "No.")
    assert used() == 0
    with database.transaction() as session:
        capacity.take(session, number, Amount(4))
    assert used() == 4
    with database.transaction() as session:
        session.get_one(Pool, number).total_extensions = 20
        capacity.take(session, number, Amount(9))  # what the session holds back is written first
    assert used() == 13


def test_what_the_database_refuses_row_of_is_told_like_that_of_any_other_statement(db: str) -> None:
    number = pool(organisation(), total_extensions=10).key
    table = Pool.__table__  # type: ignore[attr-defined]
    careless = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("number"))
        .values(used_extensions=sa.bindparam("much"))
        .returning(table.c.id)
    )
    with pytest.raises(IntegrityError, match="ck_pool_extensions"), database.transaction() as session:
        database.row_of(session, careless, {"number": number, "much": 11})
    assert len(names()) == 1  # the next one goes on


def test_where_sqlite_ends_a_transaction_by_itself_the_next_one_can_write(sqlite: str) -> None:
    number = pool(organisation(), total_extensions=10).key
    with database.transaction() as session:
        session.execute(
            sa.text("CREATE TRIGGER falls BEFORE UPDATE ON pool BEGIN SELECT RAISE(ROLLBACK, 'out of order'); END")
        )
    with pytest.raises(DBAPIError, match="out of order"), database.transaction() as session:
        capacity.take(session, number, Amount(4))
    won, _ = at_once(2, lambda _n: organisation())
    assert len(won) == 2


def test_who_listens_to_the_statements_hears_all_of_them(db: str) -> None:
    number = pool(organisation(), total_extensions=10).key
    heard: list[str] = []
    sa.event.listen(database.engine(), "before_cursor_execute", lambda _c, _k, said, *_: heard.append(said))
    with database.transaction() as session:
        capacity.take(session, number, Amount(4))
    assert [said.split()[0] for said in heard] == ["UPDATE"]


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_nobody_notices_that_postgresql_ended_the_connections_in_between(db: str, postgresql: PostgreSQL) -> None:
    together = threading.Barrier(3)

    def ask(_number: int) -> int:
        with database.transaction() as session:
            together.wait(10)
            return int(session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())

    before, _ = at_once(3, ask)
    with postgresql._own.connect() as other:
        other.execute(sa.text("SELECT pg_terminate_backend(pid, 5000) FROM unnest(:them) AS pid"), {"them": before})
    after, _ = at_once(3, ask)
    assert len(set(before) | set(after)) == 6


class Line:
    """As much of a connection as is looked at: where its server's words arrive, and what was asked of it."""

    def __init__(self) -> None:
        self.here, self.server = socket.socketpair()
        self.asked: list[str] = []

    def fileno(self) -> int:
        return self.here.fileno()

    def execute(self, statement: str) -> None:
        self.asked.append(statement)
        if not self.server or self.server.fileno() < 0:
            raise OSError("the server has gone")

    def rollback(self) -> None:
        pass


@pytest.mark.parametrize(
    ("idle", "hung_up", "asked"), [(1.0, False, False), (31.0, False, True), (1.0, True, True), (31.0, True, True)]
)
def test_a_connection_is_asked_whether_it_lives_only_where_there_is_reason_to(
    monkeypatch: pytest.MonkeyPatch, idle: float, hung_up: bool, asked: bool
) -> None:
    line, record = Line(), SimpleNamespace(info={})
    now: list[Any] = [100.0]
    monkeypatch.setattr(database, "monotonic", lambda: now[0])
    with line.here:
        database._note_when(line, record)
        now[0] += idle
        if hung_up:
            line.server.close()
        with pytest.raises(sa.exc.DisconnectionError) if hung_up else nullcontext():
            database._ask_whether_it_lives(line, record, None)
        assert bool(line.asked) is asked
        line.server.close()
