"""Raising and ending alarms, in the transaction of their cause. One is raised once while its reason lasts, whoever
notices it and how often: the database's own unique index decides. Who is to hear of it is alarm_notices.py."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines import live
from yeastar_app.models.accounts import Organisation
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel, AlarmNotice
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import alarm_notices
from yeastar_app.statements import insert_one

KEPT = timedelta(days=183)
"""6 months, like operation logs."""
AT_ONCE = 500

LEVELS = {
    AlarmKind.CAPACITY_LOW: AlarmLevel.WARNING,
    AlarmKind.CAPACITY_FULL: AlarmLevel.ALERT,
    AlarmKind.PBX_EXPIRING: AlarmLevel.WARNING,
    AlarmKind.PBX_EXPIRED: AlarmLevel.ALERT,
    AlarmKind.PBX_TROUBLE: AlarmLevel.WARNING,
    AlarmKind.PBX_LOST: AlarmLevel.ALERT,
    AlarmKind.PBX_RECOVERED: AlarmLevel.INFORMATION,
    AlarmKind.PBX_DELETED: AlarmLevel.INFORMATION,
    AlarmKind.ENGINE_LOST: AlarmLevel.ALERT,
    AlarmKind.ENGINE_FOUND: AlarmLevel.INFORMATION,
}
"""How urgent each kind is; what a PBX reports itself brings its own level."""


@dataclass(frozen=True)
class Cause:
    """What an alarm is about. `of`: the thing it is about, as `pbx:17` or `pool:3:calls`; with the kind it makes the
    reason there is one open alarm of."""

    organisation_id: int
    kind: AlarmKind
    of: str
    title: str
    detail: str = ""
    pbx_id: int | None = None
    level: AlarmLevel | None = None

    @property
    def reason(self) -> str:
        return reason(self.kind, self.of)


def reason(kind: AlarmKind, of: str) -> str:
    return f"{kind}:{of}"[:120]


def begin(session: Session, cause: Cause) -> bool:
    """Raise an alarm that lasts until `end`; False where it is raised already."""
    return _insert(session, cause, ended=False)


def happened(session: Session, cause: Cause) -> None:
    """Raise an alarm about something that is over as it happens."""
    _insert(session, cause, ended=True)


def _insert(session: Session, cause: Cause, *, ended: bool) -> bool:
    now = clock.now()
    values = {
        "organisation_id": cause.organisation_id,
        "pbx_id": cause.pbx_id,
        "kind": cause.kind,
        "level": cause.level or LEVELS[cause.kind],
        "reason": cause.reason,
        "title": cause.title[:160],
        "detail": cause.detail[:500],
        "raised_at": now,
        "ended_at": now if ended else None,
    }
    key = insert_one(session, Alarm, values)
    if key is None:
        return False
    alarm_notices.announce(session, session.get_one(Alarm, key))
    tell(session, cause.organisation_id, cause.pbx_id)
    return True


def end(session: Session, *reasons: str) -> set[AlarmKind]:
    """The reasons are gone; the kinds of the alarms that end with that."""
    return _end(session, col(Alarm.reason).in_(reasons)) if reasons else set()


def end_of_pbx(session: Session, pbx_id: int) -> set[AlarmKind]:
    """A PBX is gone, and with it every reason to worry about it."""
    return _end(session, col(Alarm.pbx_id) == pbx_id)


def _end(session: Session, which: Any) -> set[AlarmKind]:
    ended = session.execute(
        sa.update(Alarm)
        .where(which, col(Alarm.ended_at).is_(None))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
        .returning(col(Alarm.kind), col(Alarm.organisation_id), col(Alarm.pbx_id))
    ).all()
    for organisation_id, pbx_id in {(row.organisation_id, row.pbx_id) for row in ended}:
        tell(session, organisation_id, pbx_id)
    return {row.kind for row in ended}


def open_of_pbx(session: Session, pbx_id: int) -> list[Alarm]:
    """The alarms about a PBX that are not over."""
    query = select(Alarm).where(col(Alarm.pbx_id) == pbx_id, col(Alarm.ended_at).is_(None))
    return list(session.exec(query.order_by(col(Alarm.id)).execution_options(populate_existing=True)).all())


def topic(organisation_id: int) -> str:
    """What changes whenever an alarm of this company does, one of a company whose package is taken from its own, or, of
    a customer of the Customer Portal, one about a PBX that it has."""
    return f"alarms:{organisation_id}"


def tell(session: Session, organisation_id: int, pbx_id: int | None = None) -> None:
    """Open lists of alarms show it: the company's own, that of who gave it its package, and that of the customer who
    has the PBX."""
    parent = session.execute(
        sa.select(col(Organisation.parent_id)).where(col(Organisation.id) == organisation_id)
    ).scalar_one()
    customer = pbx_id and session.execute(sa.select(col(Pbx.customer_id)).where(col(Pbx.id) == pbx_id)).scalar()
    live.changed(session, *[topic(one) for one in (organisation_id, parent, customer) if one])


def forget_old(session: Session) -> int:
    """Delete what ended 6 months ago, a few at a time; how many. What lasts stays."""
    old = (
        sa.select(col(Alarm.id))
        .where(col(Alarm.raised_at) < clock.now() - KEPT, col(Alarm.ended_at) < clock.now() - KEPT)
        .order_by(col(Alarm.raised_at))
        .limit(AT_ONCE)
    )
    keys = list(session.execute(old).scalars())
    session.execute(sa.delete(AlarmNotice).where(col(AlarmNotice.alarm_id).in_(keys)))
    session.execute(sa.delete(Alarm).where(col(Alarm.id).in_(keys)))
    return len(keys)
