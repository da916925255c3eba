"""Capacity over time: a job writes how every pool stands, a row a day and pool where something changed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.models.capacity import Pool
from yeastar_app.models.packages import CapacityRecord
from yeastar_app.services import capacity
from yeastar_app.services.capacity import CAPACITIES
from yeastar_app.services.pbx import CENTRAL
from yeastar_app.statements import upsert_from

WINDOW = timedelta(days=365)
PARTS = [f"{part}_{each}" for each in CAPACITIES for part in ("total", "assigned", "used")]


@dataclass(frozen=True)
class Level:
    """How one capacity stood from a day on."""

    day: date
    total: int
    assigned: int
    used: int


def record(session: Session) -> None:
    """Write how the pools stand today, where that differs from what was written last. One statement: safe at any time,
    any number of times, in any number of processes."""
    below, last, later = aliased(Pool), aliased(CapacityRecord), aliased(CapacityRecord)
    stands: list[Any] = []
    for each in CAPACITIES:
        total = getattr(Pool, f"total_{each}")
        handed_out = (
            sa.select(sa.func.coalesce(sa.func.sum(getattr(below, f"total_{each}")), 0))
            .where(col(below.parent_id) == col(Pool.id))
            .scalar_subquery()
        )
        stands += [total, handed_out, getattr(Pool, f"used_{each}") - handed_out]
    newest = sa.select(sa.func.max(col(later.day))).where(col(later.pool_id) == col(Pool.id)).scalar_subquery()
    as_before = sa.and_(*[getattr(last, name) == value for name, value in zip(PARTS, stands, strict=True)])
    changed = (
        sa.select(col(Pool.id), sa.literal(clock.now().date(), sa.Date), *stands)
        .outerjoin(last, sa.and_(col(last.pool_id) == col(Pool.id), col(last.day) == newest))
        .where(sa.or_(col(last.id).is_(None), sa.not_(as_before)))
    )
    upsert_from(session, CapacityRecord, ["pool_id", "day"], PARTS, changed)


@action(CENTRAL, writes=False)
def over_time(session: Session, actor: Actor) -> dict[str, list[Level]]:
    """For each capacity of the actor's package the levels of the last 365 days, oldest first, the present one last.
    The first is the one that held when the window began, where it is known."""
    pool = capacity.pool_of(session, actor.organisation)
    since = clock.now().date() - WINDOW
    rows = select(CapacityRecord).where(col(CapacityRecord.pool_id) == pool.key)
    before = session.exec(rows.where(col(CapacityRecord.day) <= since).order_by(col(CapacityRecord.day).desc())).first()
    within = session.exec(rows.where(col(CapacityRecord.day) > since).order_by(col(CapacityRecord.day))).all()
    found = [*([before] if before else []), *within]
    now = clock.now().date()
    return {
        gauge.capacity: [
            *[_level(row, gauge.capacity, max(row.day, since)) for row in found if row.day < now],
            Level(now, gauge.total, gauge.assigned, gauge.used),
        ]
        for gauge in capacity.gauges(session, pool)
    }


def _level(row: CapacityRecord, each: str, day: date) -> Level:
    return Level(day, getattr(row, f"total_{each}"), getattr(row, f"assigned_{each}"), getattr(row, f"used_{each}"))
