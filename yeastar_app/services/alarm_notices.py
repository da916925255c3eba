"""Telling notification contacts of alarms, by email: each of an alarm once, and nobody more often than so many times an
hour. What comes on top waits for one summary at the end of the hour."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Organisation, Status
from yeastar_app.models.alarms import Alarm, AlarmContact, AlarmLevel, AlarmNotice
from yeastar_app.services import mail
from yeastar_app.settings import settings
from yeastar_app.words import minute, plural, t

HOUR = timedelta(hours=1)
NAMED = 20
"""So many alarms stand in a summary with their titles; the others are counted."""
LEVELS = {
    AlarmLevel.ALERT: t("Alert"),
    AlarmLevel.WARNING: t("Warning"),
    AlarmLevel.INFORMATION: t("Information"),
}


def announce(session: Session, alarm: Alarm) -> None:
    """Write the emails of an alarm that was just raised, to the contacts of its company that hear of its level."""
    contacts = session.exec(
        select(AlarmContact)
        .where(
            col(AlarmContact.organisation_id) == alarm.organisation_id,
            getattr(AlarmContact, f"on_{alarm.level}").is_(True),
        )
        .order_by(col(AlarmContact.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for contact in contacts:
        sent = _may_send(contact) and _write(session, contact, alarm)
        session.add(
            AlarmNotice(alarm_id=alarm.key, contact_id=contact.key, told_at=clock.now() if sent else None)
        )  # fmt: skip


def _may_send(contact: AlarmContact) -> bool:
    """Whether one more email fits into the hour."""
    if contact.hour_began_at is None or clock.now() - contact.hour_began_at >= HOUR:
        return True
    return contact.hour_emails < settings().alarm_emails_per_hour


def _count(contact: AlarmContact) -> None:
    if contact.hour_began_at is None or clock.now() - contact.hour_began_at >= HOUR:
        contact.hour_began_at, contact.hour_emails = clock.now(), 0
    contact.hour_emails += 1


def _write(session: Session, contact: AlarmContact, alarm: Alarm) -> bool:
    """The email; False where it has nowhere to go now."""
    address = address_of(session, contact)
    if not address:
        return False
    company = session.get_one(Organisation, alarm.organisation_id).name
    mail.write(
        session,
        kind="alarm",
        to=address,
        subject=f"{LEVELS[alarm.level]}: {alarm.title}",
        paragraphs=[
            " ".join(filter(None, [alarm.title + ".", alarm.detail])),
            t("{level} for {company}, {at} UTC.", level=LEVELS[alarm.level], company=company,
              at=minute(alarm.raised_at)),
        ],
        button=(t("Open the Alarm"), f"/central/alarms/{alarm.key}") if contact.account_id else None,
    )  # fmt: skip
    _count(contact)
    return True


def address_of(session: Session, contact: AlarmContact) -> str:
    """Where a contact's emails go; nowhere while a colleague's account is not active."""
    if contact.account_id is None:
        return contact.email or ""
    account = session.get_one(Account, contact.account_id)
    here = account.organisation_id == contact.organisation_id
    return account.email if here and account.status is Status.ACTIVE else ""


def waiting(session: Session) -> list[int]:
    """Contacts whose hour is over and who have not heard of everything."""
    query = (
        sa.select(col(AlarmContact.id))
        .join(AlarmNotice, col(AlarmNotice.contact_id) == col(AlarmContact.id))
        .where(
            col(AlarmNotice.told_at).is_(None),
            sa.or_(
                col(AlarmContact.hour_began_at).is_(None), col(AlarmContact.hour_began_at) <= clock.now() - HOUR
            ),
        )
        .distinct()
        .order_by(col(AlarmContact.id))
    )  # fmt: skip
    return list(session.execute(query).scalars())


def summarise(session: Session, contact_id: int) -> int:
    """One email about all that a contact has not heard of; how many alarms. Nothing where somebody else has done it."""
    contact = session.exec(
        select(AlarmContact)
        .where(col(AlarmContact.id) == contact_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if contact is None or not _may_send(contact):
        return 0
    alarms = session.exec(
        select(Alarm)
        .join(AlarmNotice, col(AlarmNotice.alarm_id) == col(Alarm.id))
        .where(col(AlarmNotice.contact_id) == contact.key, col(AlarmNotice.told_at).is_(None))
        .order_by(col(Alarm.id).desc())
    ).all()
    address = address_of(session, contact)
    if alarms and address:
        _write_summary(session, contact, address, list(alarms))
    session.execute(
        sa.update(AlarmNotice)
        .where(col(AlarmNotice.contact_id) == contact.key, col(AlarmNotice.told_at).is_(None))
        .values(told_at=clock.now())
    )
    return len(alarms)


def _write_summary(session: Session, contact: AlarmContact, address: str, alarms: list[Alarm]) -> None:
    lines = [f"{LEVELS[one.level]}: {one.title} ({minute(one.raised_at)} UTC)" for one in alarms[:NAMED]]
    if len(alarms) > NAMED:
        lines.append(t("… and {n} more.", n=len(alarms) - NAMED))
    mail.write(
        session,
        kind="alarm_summary",
        to=address,
        subject=plural(len(alarms), "more alarm", "more alarms"),
        paragraphs=[t("So much happened in the last hour that we put the rest into one email."), *lines],
        button=(t("Open the Alarms"), "/central/alarms") if contact.account_id else None,
    )
    _count(contact)
