"""Finding the packages and PBXs whose alarms are not as they ought to be: because a day has passed, or because they
were so before there were alarms. What an action changes, it raises and ends itself."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.alarms import Alarm, AlarmKind
from yeastar_app.models.capacity import Desired, Pbx, Pool
from yeastar_app.services import capacity, pbx_alarms
from yeastar_app.services.capacity_alarms import WARN_AT_PERCENT

BATCH = 500


def _is_open(kind: AlarmKind, of: Any) -> Any:
    """A condition: such an alarm is open; `of` is SQL."""
    found = sa.select(sa.literal(1)).where(
        col(Alarm.reason) == sa.literal(f"{kind}:") + of, col(Alarm.ended_at).is_(None)
    )  # fmt: skip
    return sa.exists(found)


def pbxs_to_follow(session: Session) -> list[int]:
    """PBXs that expire within 30 days or have expired, of which nobody says so; those of which somebody says
    "soon" though they have; and those in trouble without an alarm."""
    today = clock.now().date()
    of = sa.literal("pbx:") + sa.cast(col(Pbx.id), sa.String)
    soon = _is_open(AlarmKind.PBX_EXPIRING, of)
    query = sa.select(col(Pbx.id)).where(
        col(Pbx.deleted_at).is_(None),
        col(Pbx.desired) != Desired.DELETED,
        sa.or_(
            sa.and_(col(Pbx.expires_on).between(today, today + pbx_alarms.EXPIRY_NOTICE), ~soon),
            sa.and_(col(Pbx.expires_on) < today, sa.or_(soon, ~_is_open(AlarmKind.PBX_EXPIRED, of))),
            sa.and_(
                col(Pbx.trouble) != "",
                ~_is_open(AlarmKind.PBX_TROUBLE, of),
                ~_is_open(AlarmKind.PBX_LOST, of),
            ),
        ),
    )
    return list(session.execute(query.order_by(col(Pbx.id)).limit(BATCH)).scalars())


def follow_pbx(session: Session, pbx_id: int) -> None:
    """Have the alarms of one PBX be as it is; its package is locked first, as everywhere."""
    pool_id = session.execute(sa.select(col(Pbx.pool_id)).where(col(Pbx.id) == pbx_id)).scalar_one()
    capacity.lock(session, pool_id)
    query = select(Pbx).where(col(Pbx.id) == pbx_id).with_for_update().execution_options(populate_existing=True)
    pbx_alarms.follow(session, session.exec(query).one())


def pools_to_follow(session: Session) -> list[int]:
    """Packages of which a capacity is beyond a limit without an alarm, or back below it with one."""
    wrong = []
    for each in capacity.CAPACITIES:
        used, total = (getattr(Pool, f"{part}_{each}") for part in ("used", "total"))
        of = sa.literal("pool:") + sa.cast(col(Pool.id), sa.String) + sa.literal(f":{each}")
        low = sa.and_(total > 0, used < total, used * 100 >= total * WARN_AT_PERCENT)
        full = sa.and_(total > 0, used >= total)
        for kind, beyond in ((AlarmKind.CAPACITY_LOW, low), (AlarmKind.CAPACITY_FULL, full)):
            said = _is_open(kind, of)
            wrong += [sa.and_(beyond, ~said), sa.and_(~beyond, said)]
    query = sa.select(col(Pool.id)).where(sa.or_(*wrong)).order_by(col(Pool.id)).limit(BATCH)
    return list(session.execute(query).scalars())


def follow_pool(session: Session, pool_id: int) -> None:
    """Have the alarms of one package be as it is."""
    (pool,) = capacity.lock(session, pool_id)
    capacity.heed_limits(session, pool)


def invariants(session: Session) -> list[str]:
    """Alarms that say what is not so, one sentence each."""
    gone = sa.select(col(Alarm.id), col(Alarm.pbx_id)).join(Pbx, col(Pbx.id) == col(Alarm.pbx_id)).where(
        col(Alarm.ended_at).is_(None), col(Pbx.deleted_at).is_not(None)
    )  # fmt: skip
    return [f"alarm {row.id}: lasts, though pbx {row.pbx_id} is gone" for row in session.execute(gone)]
