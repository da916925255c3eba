"""Alarms of the demo: what its packages and PBXs give reason for, some of what was before, and who hears of them."""

from datetime import timedelta

from sqlmodel import Session, col, select

from yeastar_app import access, clock
from yeastar_app.engines.hosting import Reported
from yeastar_app.models.accounts import Account
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.services import alarm_contacts, alarm_watch, pbx_alarms
from yeastar_app.services.alarm_contacts import ContactForm


def load(session: Session, people: dict[str, Account]) -> None:
    """After packages, PBXs and their reports are there. Contacts come last: nobody gets emails about the past."""
    pbxs = {row.name: row for row in session.exec(select(Pbx)).all()}
    _reported(session, pbxs["Harbor Telecom HQ"], 26, "update_available", AlarmLevel.INFORMATION,
              "A newer firmware is there.", lasts_days=2)  # fmt: skip
    _reported(session, pbxs["Antwerp Diamond Exchange"], 12, "trunk_unreachable", AlarmLevel.ALERT,
              "The SIP trunk does not answer: no calls out or in.", lasts_days=1)  # fmt: skip
    with clock.frozen(clock.now() - timedelta(days=8)):
        pbx_alarms.recovered(session, pbxs["Harbor Telecom HQ"])
    for key in alarm_watch.pbxs_to_follow(session):
        alarm_watch.follow_pbx(session, key)
    for key in alarm_watch.pools_to_follow(session):
        alarm_watch.follow_pool(session, key)
    _reported(session, pbxs["Lumen Dental Group"], 4, "storage_low", AlarmLevel.WARNING,
              "Less than 10% of the storage for recordings is free.", lasts_days=0)  # fmt: skip
    _date_back(session)
    _in_order(session)
    _seen(session, people["reseller"])
    _contacts(session, people)


def _reported(
    session: Session, pbx: Pbx, days_ago: int, code: str, level: AlarmLevel, words: str, *, lasts_days: int
) -> None:
    """Something a PBX reported some days ago; `lasts_days` 0: to this day."""
    at = clock.now() - timedelta(days=days_ago, hours=3)
    with clock.frozen(at):
        pbx_alarms.reported(session, pbx, [Reported(level, code, words)])
    if lasts_days:
        with clock.frozen(at + timedelta(days=lasts_days)):
            pbx_alarms.reported(session, pbx, [])


def _date_back(session: Session) -> None:
    """What lasts began when it became so, as far as that is known."""
    began = select(Alarm, Pbx).join(Pbx, col(Pbx.id) == col(Alarm.pbx_id)).where(col(Alarm.ended_at).is_(None))
    for alarm, pbx in session.exec(began):
        if pbx.expires_on and alarm.kind in (AlarmKind.PBX_EXPIRING, AlarmKind.PBX_EXPIRED):
            notice = pbx_alarms.EXPIRY_NOTICE if alarm.kind is AlarmKind.PBX_EXPIRING else timedelta(days=-1)
            passed = clock.now().date() - (pbx.expires_on - notice)
            alarm.raised_at = clock.now().replace(hour=0, minute=1) - passed
        elif alarm.kind in (AlarmKind.USAGE_HIGH, AlarmKind.USAGE_FULL):
            alarm.raised_at = clock.now() - timedelta(days=9, hours=2)
        elif alarm.kind is AlarmKind.PBX_TROUBLE:
            alarm.raised_at = clock.now() - timedelta(days=1, hours=4)
    limits = select(Alarm).where(col(Alarm.kind).in_((AlarmKind.CAPACITY_LOW, AlarmKind.CAPACITY_FULL)))
    for alarm in session.exec(limits.order_by(col(Alarm.id))):
        alarm.raised_at = clock.now() - timedelta(days=31 - alarm.key, hours=alarm.key)
    session.flush()


def _in_order(session: Session) -> None:
    """The newest has the highest number, as where they were raised one by one."""
    rows = session.exec(select(Alarm).order_by(col(Alarm.raised_at))).all()
    values = [row.model_dump(exclude={"id"}) for row in rows]
    for row in rows:
        session.delete(row)
    session.flush()
    for one in values:
        session.add(Alarm(**one))
        session.flush()


def _seen(session: Session, by: Account) -> None:
    """What is over was seen by somebody."""
    over = select(Alarm).where(col(Alarm.organisation_id) == by.organisation_id, col(Alarm.ended_at).is_not(None))
    for alarm in session.exec(over):
        alarm.seen_at, alarm.seen_by_id = alarm.raised_at + timedelta(minutes=25), by.key


def _contacts(session: Session, people: dict[str, Account]) -> None:
    pools = set(session.exec(select(Pool.organisation_id)).all())
    with clock.frozen(clock.now() - timedelta(days=2, hours=6)):
        for who in ("partner", "reseller", "rival"):
            account = people[who]
            if account.organisation_id not in pools:
                continue
            actor = access.in_the_name_of(session, account.key)
            alarm_contacts.create(session, actor, ContactForm(colleague=account.key, alert=True, warning=True))
        duty = ContactForm(name="Night duty", email="duty@harbor.example.com", alert=True)
        alarm_contacts.create(session, access.in_the_name_of(session, people["partner"].key), duty)
