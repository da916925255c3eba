"""Alarms about one cloud PBX: what the engine could not do with it, that it is lost, that its time runs out, and what
it reports itself. All of them follow from its row, so whoever changes that has them follow."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock, words
from yeastar_app.engines.hosting import Reported
from yeastar_app.models.alarms import Alarm, AlarmKind
from yeastar_app.models.capacity import Desired, Pbx, Pool
from yeastar_app.services import alarm_records
from yeastar_app.services.alarm_records import Cause, reason
from yeastar_app.words import t

EXPIRY_NOTICE = timedelta(days=30)
GONE = t("The hosting engine has lost this PBX. Delete it, or ask for it to be restored.")
UNKNOWN = t("The hosting engine does not know this PBX any more.")


def follow(session: Session, pbx: Pbx) -> set[AlarmKind]:
    """Raise and end the alarms that a PBX (locked) gives reason for now; the kinds of those that end."""
    if pbx.deleted_at is not None:
        return alarm_records.end_of_pbx(session, pbx.key)
    now = [*_trouble(pbx), *_expiry(pbx)]
    of = _subject(pbx)
    lasting = {kind for kind, _, _ in now}
    over = [reason(kind, of) for kind in FOLLOWED if kind not in lasting]
    known = {alarm.reason: alarm for alarm in alarm_records.open_of_pbx(session, pbx.key)}
    for kind, title, detail in now:
        if said := known.get(reason(kind, of)):
            said.title, said.detail = title[:160], detail[:500]  # another day, another trouble: still the same alarm
        else:
            alarm_records.begin(session, _cause(session, pbx, kind, title, detail))
    return alarm_records.end(session, *[one for one in over if one in known])


FOLLOWED = (AlarmKind.PBX_TROUBLE, AlarmKind.PBX_LOST, AlarmKind.PBX_EXPIRING, AlarmKind.PBX_EXPIRED)


def renamed(session: Session, pbx: Pbx, before: str) -> None:
    """What still lasts is said of the PBX under its new name; who has it now need not know the old one."""
    title = sa.func.substr(sa.func.replace(col(Alarm.title), before, pbx.name), 1, 160)
    mine = (col(Alarm.pbx_id) == pbx.key, col(Alarm.ended_at).is_(None))
    if pbx.name != before:
        session.execute(sa.update(Alarm).where(*mine).values(title=title))


def is_lost(pbx: Pbx) -> bool:
    return pbx.trouble in (GONE, UNKNOWN)


def _trouble(pbx: Pbx) -> list[tuple[AlarmKind, str, str]]:
    if not pbx.trouble:
        return []
    if is_lost(pbx):
        return [(AlarmKind.PBX_LOST, t("{name} is lost", name=pbx.name), pbx.trouble)]
    return [(AlarmKind.PBX_TROUBLE, t("{name} is in trouble", name=pbx.name), pbx.trouble)]


def _expiry(pbx: Pbx) -> list[tuple[AlarmKind, str, str]]:
    """A PBX that expires within 30 days is a warning, one that has expired an alert."""
    today, day = clock.now().date(), pbx.expires_on
    if day is None or day > today + EXPIRY_NOTICE or pbx.desired is Desired.DELETED:
        return []
    after = t("It may run on after that day.") if pbx.run_after_expiry else t("It is stopped after that day.")
    detail = t("Expiry date: {day}.", day=words.day(day)) + " " + after
    if day < today:
        return [(AlarmKind.PBX_EXPIRED, t("{name} has expired", name=pbx.name), detail)]
    return [(AlarmKind.PBX_EXPIRING, t("{name} expires soon", name=pbx.name), detail)]


def reported(session: Session, pbx: Pbx, alarms: Sequence[Reported]) -> None:
    """What a PBX itself reports as wrong at this moment is raised; what it does not report any more is over."""
    open_ = [one for one in alarm_records.open_of_pbx(session, pbx.key) if one.kind is AlarmKind.PBX_REPORTED]
    causes = [
        Cause(
            owner_of(session, pbx),
            AlarmKind.PBX_REPORTED,
            f"{_subject(pbx)}:{one.code}",
            t("{name} reports: {code}", name=pbx.name, code=one.code.replace("_", " ")),
            one.words,
            pbx.key,
            one.level,
        )
        for one in alarms
    ]
    for cause in causes:
        alarm_records.begin(session, cause)
    lasting = {cause.reason for cause in causes}
    alarm_records.end(session, *[one.reason for one in open_ if one.reason not in lasting])


def recovered(session: Session, pbx: Pbx) -> None:
    title = t("{name} is well again", name=pbx.name)
    alarm_records.happened(session, _cause(session, pbx, AlarmKind.PBX_RECOVERED, title, ""))


def deleted(session: Session, pbx: Pbx) -> None:
    title = t("{name} is deleted", name=pbx.name)
    detail = t("Its capacity is back in the package.")
    alarm_records.happened(session, _cause(session, pbx, AlarmKind.PBX_DELETED, title, detail))


def _subject(pbx: Pbx) -> str:
    return f"pbx:{pbx.key}"


def _cause(session: Session, pbx: Pbx, kind: AlarmKind, title: str, detail: str) -> Cause:
    return Cause(owner_of(session, pbx), kind, _subject(pbx), title, detail, pbx.key)


def owner_of(session: Session, pbx: Pbx) -> int:
    """The company whose package it is in."""
    query = sa.select(col(Pool.organisation_id)).where(col(Pool.id) == pbx.pool_id)
    return int(session.execute(query).scalar_one())
