"""Alarms from our own limits: capacity running out, PBXs expiring. They are computed when asked for, nothing is
stored: an alarm is gone as soon as its reason is."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock, words
from yeastar_app.access import Actor, Policy, action
from yeastar_app.features import Feature, Surface
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.services import capacity
from yeastar_app.words import t

VIEW = Policy(Surface.CENTRAL, Feature.ALARM_VIEW)
WARN_AT_PERCENT = 80
EXPIRY_NOTICE = timedelta(days=30)
MOST = 200
"""More than this nobody reads; the most urgent come first."""


class Level(StrEnum):
    ALERT = "alert"
    WARNING = "warning"


@dataclass(frozen=True)
class Alarm:
    level: Level
    title: str
    detail: str
    company: str


@action(VIEW, writes=False)
def live(session: Session, actor: Actor) -> list[Alarm]:
    """What needs attention now in the actor's package and those taken from it, alerts first."""
    own = capacity.pool_of(session, actor.organisation)
    names = capacity.company_names(session, own)
    found = [*_capacity(session, own, names), *_expiry(session, own, names)]
    return sorted(found, key=lambda alarm: alarm.level is not Level.ALERT)[:MOST]


def _capacity(session: Session, own: Pool, names: dict[int, str]) -> list[Alarm]:
    """80 % of a capacity is a warning, all of it an alert."""
    found = []
    for pool in session.exec(select(Pool).where(capacity.pools_below(own)).order_by(col(Pool.id))).all():
        for name in capacity.CAPACITIES:
            used, total = capacity.used_of(pool).of(name), capacity.total_of(pool).of(name)
            if not total or used * 100 < total * WARN_AT_PERCENT:
                continue
            level = Level.ALERT if used == total else Level.WARNING
            percent = used * 100 // total
            title = t("{name}: {percent} % in use", name=capacity.NAMES[name], percent=percent)
            detail = t("{used} of {total} assigned or used, {free} free.",
                       used=f"{used:,}", total=f"{total:,}", free=f"{total - used:,}")  # fmt: skip
            found.append(Alarm(level, title, detail, names[pool.key]))
    return found


def _expiry(session: Session, own: Pool, names: dict[int, str]) -> list[Alarm]:
    """A PBX that expires within 30 days is a warning, one that has expired an alert."""
    today = clock.now().date()
    ending = session.execute(
        sa.select(col(Pbx.name), col(Pbx.expires_on), col(Pbx.pool_id))
        .where(
            col(Pbx.pool_id).in_(names),
            col(Pbx.deleted_at).is_(None),
            col(Pbx.expires_on) <= today + EXPIRY_NOTICE,
        )
        .order_by(col(Pbx.expires_on), col(Pbx.id))
        .limit(MOST)
    ).all()
    return [
        Alarm(
            Level.ALERT if day < today else Level.WARNING,
            t("{name} has expired", name=name) if day < today else t("{name} expires soon", name=name),
            t("Expiry date: {day}.", day=words.day(day)),
            names[pool_id],
        )
        for name, day, pool_id in ending
    ]
