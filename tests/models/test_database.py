"""Transactions on both databases, and what the database itself refuses."""

import sqlite3
import threading
from contextlib import closing, nullcontext

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from tests.factories import account, organisation
from yeastar_app import clock, database
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.points import EntryKind, PointEntry
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import Refusal


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
