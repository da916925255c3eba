"""The outbox to the hosting engine: what is wished of a PBX is written here in the transaction of its cause, sent
after it, one PBX's commands in their order, each until the engine has taken it and said what came of it."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines import live
from yeastar_app.engines.hosting import Command
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.models.hosting import CommandKind, EngineCommand, EngineHealth, Outcome
from yeastar_app.services import engine_alarms

LEASE = timedelta(seconds=30)
"""For so long a command belongs to who took it; longer than the engine may take to answer."""
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=2)
"""A command is never given up: an engine that was away for a day finds it."""
OVERDUE = timedelta(minutes=5)
"""A command taken, but not answered for so long, is sent again: the engine then repeats its answer."""
BATCH = 50


@dataclass(frozen=True)
class Health:
    """`lost_since` None: the engine answers."""

    lost_since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Taken:
    key: int
    pbx_id: int
    tries: int
    command: Command


def order(session: Session, pbx: Pbx, kind: CommandKind, by: str, **more: Any) -> EngineCommand:
    """Write a command about a PBX whose row is locked. It says the whole of the PBX as it is wished now."""
    row = EngineCommand(
        pbx_id=pbx.key,
        message_id=f"cmd-{secrets.token_hex(16)}",
        kind=kind,
        body={**_wished(pbx), **more},
        ordered_by=by,
        created_at=clock.now(),
        next_try_at=clock.now(),
    )
    session.add(row)
    session.flush()
    changed(session, pbx)
    return row


def changed(session: Session, pbx: Pbx) -> None:
    """Tell open screens that something about a PBX is different (engines/live.py)."""
    parent = session.get_one(Pool, pbx.pool_id).parent_id
    lists = [list_topic(pool_id) for pool_id in (pbx.pool_id, parent) if pool_id]
    customer = [customer_topic(pbx.customer_id)] if pbx.customer_id else []
    live.changed(session, topic(pbx.key), *lists, *customer)


def topic(pbx_id: int) -> str:
    """What changes whenever anything about this PBX does."""
    return f"pbx:{pbx_id}"


def list_topic(pool_id: int) -> str:
    """What changes whenever a PBX in this pool, or in one taken from it, does."""
    return f"pbxs:{pool_id}"


def customer_topic(organisation_id: int) -> str:
    """What changes whenever a PBX that this customer has does, or it gets or loses one."""
    return f"customer-pbxs:{organisation_id}"


HEALTH_TOPIC = "hosting-engine"
"""What changes when the engine is lost or found."""


def _wished(pbx: Pbx) -> dict[str, Any]:
    names = ("name", "extensions", "calls", "recording", "minutes", "high_availability", "region", "subdomain",
             "domain")  # fmt: skip
    return {"plan": pbx.plan.value, **{name: getattr(pbx, name) for name in names}}


def unanswered(session: Session, pbx_id: int, *kinds: CommandKind) -> list[EngineCommand]:
    """Commands of a PBX (of some kinds) of which nobody knows yet what came of them, oldest first."""
    query = select(EngineCommand).where(col(EngineCommand.pbx_id) == pbx_id, col(EngineCommand.outcome).is_(None))
    if kinds:
        query = query.where(col(EngineCommand.kind).in_(kinds))
    return list(session.exec(query.order_by(col(EngineCommand.id))).all())


def due(session: Session) -> list[int]:
    """Keys of what is to be sent now, oldest first: of each PBX only the first that is not sent yet."""
    earlier = sa.orm.aliased(EngineCommand)
    before = sa.exists(
        sa.select(sa.literal(1)).where(
            col(earlier.pbx_id) == col(EngineCommand.pbx_id),
            col(earlier.sent_at).is_(None),
            col(earlier.id) < col(EngineCommand.id),
        )
    )
    query = sa.select(col(EngineCommand.id)).where(col(EngineCommand.sent_at).is_(None), _is_due(), ~before)
    return list(session.execute(query.order_by(col(EngineCommand.id)).limit(BATCH)).scalars())


def _is_due() -> Any:
    """Its time has come, or lies further ahead than any wait: then the clock was set back since."""
    now, at = clock.now(), col(EngineCommand.next_try_at)
    return sa.or_(at <= now, at > now + LONGEST_WAIT)


def take(session: Session, key: int) -> Taken | None:
    """The command, ours for LEASE; None where somebody else has it. One conditional UPDATE."""
    now = clock.now()
    row: Any = session.execute(
        sa.update(EngineCommand)
        .where(col(EngineCommand.id) == key, col(EngineCommand.sent_at).is_(None),
               _is_due())
        .values(next_try_at=now + LEASE, tries=col(EngineCommand.tries) + 1)
        .returning(col(EngineCommand.message_id), col(EngineCommand.kind), col(EngineCommand.pbx_id),
                   col(EngineCommand.body), col(EngineCommand.tries))
    ).first()  # fmt: skip
    if row is None:
        return None
    return Taken(key, row.pbx_id, row.tries, Command(row.message_id, row.kind, f"pbx-{row.pbx_id}", row.body))


def sent(session: Session, taken: Taken) -> None:
    """The engine has it; where its report was quicker than that answer, what the report said stays."""
    unanswered_yet = sa.case((col(EngineCommand.outcome).is_(None), ""), else_=col(EngineCommand.error))
    _set(session, taken.key, sent_at=clock.now(), error=unanswered_yet)
    found(session)


def put_off(session: Session, taken: Taken, reason: str) -> None:
    """The engine was not reached: again later, each time after twice the wait."""
    wait = min(FIRST_WAIT * 2 ** min(taken.tries - 1, 10), LONGEST_WAIT)
    _set(session, taken.key, next_try_at=clock.now() + wait, error=reason[:300])
    lost(session, reason)


def rejected(session: Session, taken: Taken, reason: str) -> bool:
    """The engine will never do it: that is its answer, unless a report of it came first (False). Its PBX is locked."""
    now = clock.now()
    answer: Any = session.execute(
        sa.update(EngineCommand)
        .where(col(EngineCommand.id) == taken.key, col(EngineCommand.outcome).is_(None))
        .values(sent_at=now, outcome=Outcome.FAILED, ended_at=now, error=reason[:300])
    )
    if not answer.rowcount:
        _set(session, taken.key, sent_at=now)
    return bool(answer.rowcount)


def send_overdue_again(session: Session) -> int:
    """What the engine took and never answered goes out again; how many commands."""
    now = clock.now()
    done: Any = session.execute(
        sa.update(EngineCommand)
        .where(col(EngineCommand.outcome).is_(None), col(EngineCommand.sent_at) < now - OVERDUE)
        .values(sent_at=None, next_try_at=now)
    )
    return int(done.rowcount)


def _set(session: Session, key: int, **values: Any) -> None:
    session.execute(sa.update(EngineCommand).where(col(EngineCommand.id) == key).values(**values))


def health(session: Session) -> Health:
    """Whether the engine answers."""
    row = session.exec(select(EngineHealth).order_by(col(EngineHealth.id)).limit(1)).first()
    return Health(row.lost_since, row.reason) if row else Health()


def lost(session: Session, reason: str) -> None:
    """The engine did not answer; since when is kept from the first time on."""
    lost_now = sa.update(EngineHealth).where(col(EngineHealth.lost_since).is_(None))
    done: Any = session.execute(lost_now.values(lost_since=clock.now(), reason=reason[:300]))
    if done.rowcount:
        _lost_now(session, reason)
    elif session.exec(select(EngineHealth.id).limit(1)).first() is None:
        session.add(EngineHealth(lost_since=clock.now(), reason=reason[:300]))
        _lost_now(session, reason)


def _lost_now(session: Session, reason: str) -> None:
    engine_alarms.lost(session, reason)
    live.changed(session, HEALTH_TOPIC)


def found(session: Session) -> None:
    """The engine answers (again)."""
    done: Any = session.execute(
        sa.update(EngineHealth).where(col(EngineHealth.lost_since).is_not(None)).values(lost_since=None, reason="")
    )
    if done.rowcount:
        engine_alarms.found(session)
        live.changed(session, HEALTH_TOPIC)
