"""What must always be true of the two ledgers, points and account credit, as code (see services/checks.py)."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app.models.billing import CreditAccount, CreditEntry, CreditKind
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot

EXAMPLES = 20
"""At most so many sentences for each rule; the rest is counted."""


def ledgers(session: Session) -> list[str]:
    """A balance is the sum of its entries, and of what is left of its lots; entries carry their running balance."""
    entries, lots = _sums(session, PointEntry, "points"), _sums(session, PointLot, "remaining")
    balances = {row.organisation_id: row.balance for row in session.exec(select(PointAccount))}
    problems = []
    for key in sorted(entries.keys() | lots.keys() | balances.keys()):
        held, said, left = balances.get(key, 0), entries.get(key, 0), lots.get(key, 0)
        if not held == said == left:
            problems.append(f"organisation {key}: balance {held}, entries make {said}, lots hold {left}")
    entry = (PointEntry.id, PointEntry.points, PointEntry.balance_after, PointEntry.organisation_id)
    problems += [
        f"point entry {row.id}: says {row.said} afterwards, its ledger makes {row.running}"
        for row in _running(session, *entry)
    ]
    return problems


def debts(session: Session) -> list[str]:
    """A debt is the sum of what its entries added and paid; entries carry their running debt."""
    said, owed = _sums(session, PointEntry, "debt"), {}
    for account in session.exec(select(PointAccount)):
        owed[account.organisation_id] = account.debt
    problems = [
        f"organisation {key}: owes {owed.get(key, 0)} points, entries make {said.get(key, 0)}"
        for key in sorted(said.keys() | owed.keys())
        if owed.get(key, 0) != said.get(key, 0)
    ]
    entry = (PointEntry.id, PointEntry.debt, PointEntry.debt_after, PointEntry.organisation_id)
    return problems + [f"point entry {row.id}: says {row.said} owed afterwards, its ledger makes {row.running}"
                       for row in _running(session, *entry)]  # fmt: skip


def lots(session: Session) -> list[str]:
    """What a lot holds is the sum of the entries on it, and no more of it expired than entries say."""
    on_it = (
        sa.select(
            col(PointEntry.lot_id),
            sa.func.sum(col(PointEntry.points)).label("points"),
            sa.func.sum(sa.case((col(PointEntry.kind) == EntryKind.EXPIRED, -col(PointEntry.points)), else_=0)).label(
                "expired"
            ),
        )
        .group_by(col(PointEntry.lot_id))
        .subquery()
    )
    unlike = (
        sa.select(col(PointLot.id), col(PointLot.remaining), col(PointLot.expired), on_it.c.points,
                  on_it.c.expired.label("said"))
        .outerjoin(on_it, on_it.c.lot_id == col(PointLot.id))
        .where(
            (col(PointLot.remaining) != sa.func.coalesce(on_it.c.points, 0))
            | (col(PointLot.expired) > sa.func.coalesce(on_it.c.expired, 0))
        )
        .limit(EXAMPLES + 1)
    )  # fmt: skip
    return [
        f"point lot {row.id}: holds {row.remaining}, of it expired {row.expired}; its entries make {row.points or 0} "
        f"and {row.said or 0}"
        for row in session.execute(unlike)
    ]


def statements(session: Session) -> list[str]:
    """Account credit is the sum of its lines in that currency, lines carry their running balance, and what a refund
    took back is what was given."""
    entry = CreditEntry
    made = sa.select(col(entry.organisation_id), col(entry.currency), sa.func.sum(col(entry.amount_minor)))
    said = {row[:2]: int(row[2]) for row in session.execute(made.group_by(col(entry.organisation_id), entry.currency))}
    held = {(row.organisation_id, row.currency): row.balance_minor for row in session.exec(select(CreditAccount))}
    problems = [
        f"organisation {key[0]}: {held.get(key, 0)} {key[1]} (smallest units), its lines make {said.get(key, 0)}"
        for key in sorted(said.keys() | held.keys())
        if held.get(key, 0) != said.get(key, 0)
    ]
    columns = (entry.id, entry.amount_minor, entry.balance_after_minor, entry.organisation_id, entry.currency)
    problems += [f"credit entry {row.id}: says {row.said} afterwards, its statement makes {row.running}"
                 for row in _running(session, *columns)]  # fmt: skip
    given, taken = aliased(CreditEntry), aliased(CreditEntry)
    unlike = (
        sa.select(col(taken.id))
        .select_from(taken)
        .outerjoin(given, (col(given.order_id) == col(taken.order_id)) & (col(given.kind) == CreditKind.REBATE))
        .where(col(taken.kind) == CreditKind.REBATE_REVERSED,
               sa.func.coalesce(col(given.amount_minor), 0) != -col(taken.amount_minor))
        .limit(EXAMPLES + 1)
    )  # fmt: skip
    return problems + [f"credit entry {key}: takes back what was not given" for key in session.scalars(unlike)]


def _running(session: Session, key: Any, change: Any, after: Any, *whose: Any) -> Iterable[Any]:
    """Entries that do not say what the changes up to them make: `id`, `said`, `running`."""
    sums = sa.select(
        col(key).label("id"),
        col(after).label("said"),
        sa.func.sum(col(change)).over(partition_by=[col(one) for one in whose], order_by=col(key)).label("running"),
    ).subquery()
    return session.execute(sa.select(sums).where(sums.c.said != sums.c.running).limit(EXAMPLES + 1))


def _sums(session: Session, table: type[PointEntry] | type[PointLot], column: str) -> dict[int, int]:
    total = sa.func.sum(getattr(table, column))
    rows = session.execute(sa.select(col(table.organisation_id), total).group_by(col(table.organisation_id)))
    return {row[0]: int(row[1]) for row in rows}
