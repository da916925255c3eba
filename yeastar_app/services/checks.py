"""What must always be true, as code: `yeastar check` runs it on any database, production too. Reads only."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.models.points import PointEntry, Registration
from yeastar_app.models.records import Email
from yeastar_app.services import (
    alarm_watch,
    capacity,
    engine_reports,
    engine_troubles,
    ledger_checks,
    pbx_customers,
    redemptions,
    registry,
    reward_catalogue,
    usage,
)
from yeastar_app.services.ledger_checks import EXAMPLES
from yeastar_app.statements import is_sqlite


def broken(session: Session) -> list[str]:
    """What is wrong, one sentence each; empty where every rule holds."""
    sentences: list[str] = []
    for rule in RULES:
        found = rule(session)
        sentences += found[:EXAMPLES]
        if len(found) > EXAMPLES:
            sentences.append(f"… and {len(found) - EXAMPLES} more of this kind")
    return sentences


def registrations(session: Session) -> list[str]:
    """Every registered product has the entry that paid for it, and no entry pays for nothing."""
    paid = (
        sa.select(col(PointEntry.registration_id), sa.func.sum(col(PointEntry.points)).label("points"))
        .where(col(PointEntry.registration_id).is_not(None), col(PointEntry.points) > 0)
        .group_by(col(PointEntry.registration_id))
        .subquery()
    )
    unlike = (
        sa.select(col(Registration.id), col(Registration.points), paid.c.points.label("paid"))
        .outerjoin(paid, paid.c.registration_id == col(Registration.id))
        .where(col(Registration.points) != sa.func.coalesce(paid.c.points, 0))
        .limit(EXAMPLES + 1)
    )
    return [
        f"registration {row.id}: worth {row.points} points, {row.paid or 0} were entered"
        for row in session.execute(unlike)
    ]


def people(session: Session) -> list[str]:
    """The tree of organisations is whole, active accounts can sign in, and no two live accounts share an address."""
    problems = []
    paths = {row.key: row.path for row in session.exec(select(Organisation))}
    for row in session.exec(select(Organisation)):
        parent = paths.get(row.parent_id, "/") if row.parent_id else "/"
        if row.path != f"{parent}{row.id}/":
            problems.append(f"organisation {row.id}: stands at {row.path!r}, its place is {parent}{row.id}/")
    locked_out = select(Account.id).where(col(Account.status) == Status.ACTIVE, col(Account.password_hash).is_(None))
    problems += [f"account {key}: active without a password" for key in session.exec(locked_out)]
    shared = (
        sa.select(sa.func.lower(col(Account.email)))
        .where(col(Account.status) != Status.REMOVED)
        .group_by(sa.func.lower(col(Account.email)))
        .having(sa.func.count() > 1)
    )
    problems += [f"more than one account uses {email}" for email in session.execute(shared).scalars()]
    return problems


def colleagues(session: Session) -> list[str]:
    """No colleague of a reseller may do more than the reseller."""
    owner = aliased(Account)
    rows = session.execute(
        sa.select(col(Account.id), col(Account.grants), col(owner.grants).label("allowed"))
        .join(owner, col(owner.organisation_id) == col(Account.organisation_id))
        .where(
            col(Account.kind) == Kind.RESELLER_COLLEAGUE,
            col(owner.kind) == Kind.RESELLER,
            col(Account.status) != Status.REMOVED,
            col(owner.status) != Status.REMOVED,
        )
    )
    above = (row for row in rows if not set(row.grants) <= set(row.allowed))
    return [f"account {row.id} may do more than its reseller" for row in above]


def emails(session: Session) -> list[str]:
    """No activation email was written for an account that does not exist: each has its link."""
    written = session.execute(sa.select(sa.func.count()).where(col(Email.kind) == "activation")).scalar_one()
    links = session.execute(sa.select(sa.func.count()).where(col(Link.purpose) == LinkPurpose.ACTIVATION)).scalar_one()
    return [f"{written} activation emails were written, but only {links} links"] if written > links else []


def database(session: Session) -> list[str]:
    """What SQLite can say about itself: references and pages. PostgreSQL checks both as it goes."""
    if not is_sqlite(session):
        return []
    connection = session.connection()
    lost = [
        f"{row[0]} row {row[1]} refers to a row of {row[2]} that is not there"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]
    said = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check") if row[0] != "ok"]
    return [*lost, *(f"SQLite: {words}" for words in said)]


def rewards(session: Session) -> list[str]:
    """No stock is negative, and a redemption's ledger lines make its points, or nothing where it ended without."""
    most = EXAMPLES + 1
    return [*reward_catalogue.shelves_below_zero(session, most), *redemptions.unbalanced(session, most)]


RULES: tuple[Callable[[Session], list[str]], ...] = (
    database,
    people,
    colleagues,
    ledger_checks.ledgers,
    ledger_checks.debts,
    ledger_checks.lots,
    ledger_checks.statements,
    registrations,
    rewards,
    capacity.invariants,
    pbx_customers.strangers,
    engine_reports.invariants,
    engine_troubles.invariants,
    alarm_watch.invariants,
    usage.invariants,
    registry.unregistered,
    emails,
)
