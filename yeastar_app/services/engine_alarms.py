"""Alarms about the hosting engine as a whole. They go to the owners of packages: their resellers see in their lists of
PBXs that the engine does not answer."""

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.models.alarms import AlarmKind
from yeastar_app.models.capacity import Pool
from yeastar_app.services import alarm_records
from yeastar_app.services.alarm_records import Cause, reason
from yeastar_app.words import t


def lost(session: Session, why: str) -> None:
    """The engine does not answer any more."""
    for owner in _owners(session):
        title = t("The hosting engine does not answer")
        detail = t("Cloud PBXs keep running; what is asked of them waits. {why}", why=why)
        alarm_records.begin(session, Cause(owner, AlarmKind.ENGINE_LOST, _of(owner), title, detail))


def found(session: Session) -> None:
    """It answers again."""
    owners = _owners(session)
    alarm_records.end(session, *[reason(AlarmKind.ENGINE_LOST, _of(owner)) for owner in owners])
    for owner in owners:
        title = t("The hosting engine answers again")
        detail = t("What was asked meanwhile is being done.")
        alarm_records.happened(session, Cause(owner, AlarmKind.ENGINE_FOUND, _of(owner), title, detail))


def _owners(session: Session) -> list[int]:
    query = sa.select(col(Pool.organisation_id)).where(col(Pool.parent_id).is_(None))
    return list(session.execute(query.order_by(col(Pool.organisation_id))).scalars())


def _of(owner: int) -> str:
    return f"engine:{owner}"
