"""Taking, giving and resizing capacity (PRODUCT 6). Each change of a pool is one conditional UPDATE over all three
capacities at once; reading first and writing then would oversell. Locks go parent → child, never the other way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app.access import Actor
from yeastar_app.database import row_of
from yeastar_app.engines import live
from yeastar_app.models.accounts import Organisation
from yeastar_app.models.capacity import FREE_RECORDING_MINUTES, MAX_EXTENSIONS_PER_PBX, Pbx, Pool
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import capacity_alarms
from yeastar_app.words import t

CAPACITIES = ("extensions", "calls", "minutes")
NAMES = {"extensions": t("Extensions"), "calls": t("Concurrent Calls"), "minutes": t("Call Recording (mins)")}


@dataclass(frozen=True)
class Amount:
    """So much of each capacity; negative where something is given back."""

    extensions: int = 0
    calls: int = 0
    minutes: int = 0

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.extensions - other.extensions, self.calls - other.calls, self.minutes - other.minutes)

    def __neg__(self) -> "Amount":
        return Amount() - self

    def of(self, capacity: str) -> int:
        number: int = getattr(self, capacity)
        return number


@dataclass(frozen=True)
class Gauge:
    """How one capacity of a pool stands: `total` = `assigned` to resellers + `used` by own PBXs + `free`."""

    capacity: str
    name: str
    total: int
    assigned: int
    used: int
    free: int


def total_of(pool: Pool) -> Amount:
    return Amount(pool.total_extensions, pool.total_calls, pool.total_minutes)


def used_of(pool: Pool) -> Amount:
    return Amount(pool.used_extensions, pool.used_calls, pool.used_minutes)


def free_of(pool: Pool) -> Amount:
    return total_of(pool) - used_of(pool)


def charged(pbx: Pbx) -> Amount:
    """What a PBX takes from its pool: of its minutes only those above the free 500 (Seed 002). The greater of what is
    asked for and what the engine may still run with."""
    extensions, calls = max(pbx.extensions, pbx.held_extensions), max(pbx.calls, pbx.held_calls)
    return Amount(extensions, calls, pbx.charged_minutes)


def charged_minutes(minutes: int) -> int:
    return max(0, minutes - FREE_RECORDING_MINUTES)


def pool_of(session: Session, organisation_id: int) -> Pool:
    """An organisation's pool; NotFound where it has none."""
    row = session.exec(select(Pool).where(col(Pool.organisation_id) == organisation_id)).first()
    if row is None:
        raise NotFound(t("The hosting package"))
    return row


def lock(session: Session, *pool_ids: int) -> list[Pool]:
    """The pools in the order given (parent first, then children by id), locked until the transaction ends and as
    they are now. SQLite's writing transactions hold the only lock there is."""
    return [
        session.exec(
            select(Pool).where(col(Pool.id) == pool_id).with_for_update().execution_options(populate_existing=True)
        ).one()
        for pool_id in pool_ids
    ]


def take(session: Session, pool_id: int, amount: Amount) -> None:
    """Deduct `amount` from what is free in a pool (gives back what is negative). Refusal `capacity_exceeded` names
    each capacity that is short, at the field of the same name."""
    asked = {each: amount.of(each) for each in CAPACITIES}
    if done := row_of(session, _TAKE, {"pool_id": pool_id, **asked}):
        _changed(session, pool_id, done, asked)
        return
    (pool,) = lock(session, pool_id)
    raise Refusal("capacity_exceeded", _TOO_MUCH, fields=shortage(amount, free_of(pool)))


def give(session: Session, pool_id: int, amount: Amount) -> None:
    """Put back what was taken before."""
    take(session, pool_id, -amount)


def resize(session: Session, pool_id: int, total: Amount, **values: Any) -> None:
    """Set what a pool holds, never below what is used of it: Refusal `below_used`. `values`: its other columns."""
    holds = [_POOL.c[f"used_{capacity}"] <= total.of(capacity) for capacity in CAPACITIES]
    values |= {f"total_{capacity}": total.of(capacity) for capacity in CAPACITIES}
    session.flush()
    statement = _CHANGE.where(*holds).values(values)
    if done := session.connection().execute(statement, {"pool_id": pool_id}).first():
        _changed(session, pool_id, done, {})
        return
    (pool,) = lock(session, pool_id)
    raise Refusal("below_used", _TOO_LITTLE, fields=below_use(total, used_of(pool)))


_POOL: sa.Table = Pool.__table__  # type: ignore[attr-defined]
_STANDS = [_POOL.c[f"{part}_{each}"] for each in CAPACITIES for part in ("used", "total")]
_CHANGE = sa.update(_POOL).where(_POOL.c.id == sa.bindparam("pool_id")).returning(_POOL.c.parent_id, *_STANDS)


def _taken(capacity: str) -> Any:
    """What is used of a capacity after as much is taken as the parameter of its name says: reckoned with 64 bits, so
    that too much is refused and not beyond the column."""
    return _POOL.c[f"used_{capacity}"] + sa.bindparam(capacity, type_=sa.BigInteger)


_TAKE = _CHANGE.where(
    *[_taken(each).between(0, _POOL.c[f"total_{each}"]) for each in CAPACITIES],
).values({f"used_{each}": _taken(each) for each in CAPACITIES})
"""The conditional UPDATE that everything rests on; made once, it costs little more than the bare statement."""


def _changed(session: Session, pool_id: int, now: Any, taken: Mapping[str, int]) -> None:
    """A conditional UPDATE of a pool was carried out and gave `now` back; who shows the pool is told."""
    live.changed(session, topic_of(pool_id), *([topic_below(now[0])] if now[0] else []))
    _heed_limits(session, pool_id, now, taken)
    for row in session.identity_map.values():
        if isinstance(row, Pool) and row.id == pool_id:
            session.expire(row)


def _heed_limits(session: Session, pool_id: int, now: Any, taken: Mapping[str, int]) -> None:
    """Where this change has crossed a limit of a pool, its alarms follow. `now`: what the UPDATE gave back."""
    changed = {}
    for number, each in enumerate(CAPACITIES):
        used, total = now[1 + 2 * number], now[2 + 2 * number]
        before = capacity_alarms.crossed(used - taken[each], total) if taken else -1
        if before != capacity_alarms.crossed(used, total):
            changed[each] = (NAMES[each], used, total)
    if changed:
        capacity_alarms.heed(session, pool_id, changed)


def heed_limits(session: Session, pool: Pool) -> None:
    """The alarms of a pool (locked) as they ought to be; for what was there before there were alarms."""
    stands = {each: (NAMES[each], used_of(pool).of(each), total_of(pool).of(each)) for each in CAPACITIES}
    capacity_alarms.heed(session, pool.key, stands)


def topics_around(actor: Actor) -> tuple[str, ...]:
    """What changes whenever anything of the actor's package does: what it holds, or what its resellers hold."""
    return (topic_of(actor.pool_id), topic_below(actor.pool_id)) if actor.pool_id else ()


def topic_of(pool_id: int) -> str:
    """What changes whenever this pool does (engines/live.py)."""
    return f"pool:{pool_id}"


def topic_below(pool_id: int) -> str:
    """What changes whenever a pool taken from this one does, or the reseller that holds it."""
    return f"below:{pool_id}"


def tell_of_holder(session: Session, organisation_id: int) -> None:
    """Something about who holds a pool is different: lists of those that hold a part of its parent's show it."""
    query = sa.select(col(Pool.parent_id)).where(col(Pool.organisation_id) == organisation_id)
    parent = session.execute(query).scalar_one_or_none()
    if parent is not None:
        live.changed(session, topic_below(parent))


_TOO_MUCH = t("The package does not hold that much. Lower the marked capacities; nothing was saved.")
_TOO_LITTLE = t("The package cannot go below what is in use.")


def shortage(asked: Amount, free: Amount) -> dict[str, str]:
    """Each capacity of which more is asked than is free, with the words for its field."""
    return {
        capacity: t(
            "{name}: {asked} more asked for, {free} free.",
            name=NAMES[capacity],
            asked=f"{asked.of(capacity):,}",
            free=f"{free.of(capacity):,}",
        )
        for capacity in CAPACITIES
        if asked.of(capacity) > free.of(capacity)
    }


def below_use(total: Amount, used: Amount) -> dict[str, str]:
    """Each capacity of which less is to stay than is in use, with the words for its field."""
    return {
        capacity: t("{used} are in use: set at least {used}.", used=f"{used.of(capacity):,}")
        for capacity in CAPACITIES
        if total.of(capacity) < used.of(capacity)
    }


def gauges(session: Session, pool: Pool) -> list[Gauge]:
    """How each capacity of a pool stands: total, assigned to resellers, used by own PBXs, free."""
    sums = [sa.func.coalesce(sa.func.sum(getattr(Pool, f"total_{capacity}")), 0) for capacity in CAPACITIES]
    assigned = session.execute(sa.select(*sums).where(col(Pool.parent_id) == pool.id)).one()
    return gauges_with(pool, dict(zip(CAPACITIES, assigned, strict=True)))


def gauges_with(pool: Pool, assigned: Mapping[str, Any]) -> list[Gauge]:
    """`gauges` where it is known what of each capacity is assigned to resellers."""
    return [
        Gauge(
            capacity,
            NAMES[capacity],
            total_of(pool).of(capacity),
            int(assigned[capacity]),
            used_of(pool).of(capacity) - int(assigned[capacity]),
            free_of(pool).of(capacity),
        )
        for capacity in CAPACITIES
    ]


def invariants(session: Session) -> list[str]:
    """What is wrong in any pool, one sentence each; empty where PRODUCT 6 holds. Also runs on production data."""
    problems: list[str] = []
    pools = {pool.key: pool for pool in session.exec(select(Pool)).all()}
    expected = {key: dict.fromkeys(CAPACITIES, 0) for key in pools}
    for pool in pools.values():
        parent = pools.get(pool.parent_id or 0)
        for capacity in CAPACITIES if parent else ():
            expected[pool.parent_id or 0][capacity] += total_of(pool).of(capacity)
        if parent and pool.high_availability and not parent.high_availability:
            problems.append(f"pool {pool.key} has high availability, the pool it comes from has not")
    for pbx in session.exec(select(Pbx).where(col(Pbx.deleted_at).is_(None))).all():
        for capacity in CAPACITIES:
            expected[pbx.pool_id][capacity] += charged(pbx).of(capacity)
        if pbx.extensions > MAX_EXTENSIONS_PER_PBX:
            problems.append(f"pbx {pbx.key} has {pbx.extensions} extensions, more than {MAX_EXTENSIONS_PER_PBX}")
        if pbx.top_pool_id != pools[pbx.pool_id].top_id:
            problems.append(f"pbx {pbx.key} is listed under pool {pbx.top_pool_id}, its pool is under another")
        if pbx.high_availability and not pools[pbx.pool_id].high_availability:
            problems.append(f"pbx {pbx.key} has high availability, its pool has not")
    for key, pool in pools.items():
        for capacity in CAPACITIES:
            used, total, sum_of = used_of(pool).of(capacity), total_of(pool).of(capacity), expected[key][capacity]
            if used != sum_of:
                problems.append(f"pool {key}: {capacity} used is {used}, its resellers and PBXs make {sum_of}")
            if not 0 <= used <= total:
                problems.append(f"pool {key}: {capacity} used is {used} of {total}")
    return problems


def pools_below(pool: Pool) -> Any:
    """Condition on Pool: this one and those taken from it."""
    return sa.or_(col(Pool.id) == pool.key, col(Pool.parent_id) == pool.key)


def company_names(session: Session, pool: Pool) -> dict[int, str]:
    """Pool id → company, for a pool and those taken from it."""
    rows = session.execute(
        sa.select(col(Pool.id), col(Organisation.name))
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
        .where(pools_below(pool))
    )
    return {row[0]: row[1] for row in rows}
