"""A process killed (-9) at any statement of the alarm job, or of writing its summaries: every alarm is raised once,
each contact hears of it once, by its email or by the summary, and nothing is half said."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from tests.conftest import START
from tests.faults.killed import in_a_process, lives_through
from tests.services.central import add_pbx, let_the_engine_work, owner
from tests.services.test_alarms import contact
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.jobs import alarms as jobs
from yeastar_app.models.alarms import Alarm, AlarmContact, AlarmNotice
from yeastar_app.models.capacity import Pool
from yeastar_app.models.records import Email
from yeastar_app.services import alarm_notices, alarm_watch, checks
from yeastar_app.settings import settings

EMAILS_AN_HOUR = 2
PBXS = 2


def ground() -> None:
    """Two contacts of a company that has, unnoticed, PBXs that expire soon and a package that is used up."""
    partner = owner(total_calls=30)
    for number in range(PBXS):
        add_pbx(partner.credential, name=f"Clinic {number}", expires_on=(START + timedelta(days=40)).date().isoformat())
    let_the_engine_work()
    with transaction() as session:
        session.execute(sa.update(Pool).values(total_calls=4 * PBXS))
    for name in ("ops", "night"):
        contact(partner.credential, f"{name}@example.com")


def stand() -> dict[str, list[str]]:
    """What each table holds, as sentences."""
    with transaction(writes=False) as session:
        alarms = {one.id: one for one in session.exec(select(Alarm))}
        contacts = {one.id: one.email for one in session.exec(select(AlarmContact))}
        notices = session.exec(select(AlarmNotice).order_by(col(AlarmNotice.id))).all()
        emails = session.exec(select(Email).where(col(Email.kind).in_(("alarm", "alarm_summary")))).all()
        told = [one for one in notices if one.told_at is not None]
        return {
            "alarms": sorted(one.title for one in alarms.values()),
            "notices": sorted(f"{contacts[one.contact_id]}: {alarms[one.alarm_id].title}" for one in notices),
            "told": sorted(f"{contacts[one.contact_id]}: {alarms[one.alarm_id].title}" for one in told),
            "emails": sorted(f"{one.to}: {one.subject.partition(': ')[2]}" for one in emails if one.kind == "alarm"),
            "summaries": sorted(one.to for one in emails if one.kind == "alarm_summary"),
        }


def die_everywhere(job: str, every: int, after: timedelta) -> list[Any]:
    """Kill the job at one statement after the other until it gets through, then let it come again; how all stood."""
    settings().alarm_emails_per_hour = EMAILS_AN_HOUR
    clock.advance(after)
    seen = []
    for statement in range(1, 300, every):
        through = lives_through(statement, getattr(jobs, job))
        seen.append(stand())
        if through:
            getattr(jobs, job)()
            return [*seen, stand()]
    raise AssertionError("it never got through")


def killed(job: str, after: timedelta) -> list[dict[str, list[str]]]:
    every = 1 if database.reads_at_once() else 3
    seen: list[dict[str, list[str]]] = in_a_process(die_everywhere, job, every, after)
    assert len(seen) > 4, "it was killed too seldom to prove anything"
    return seen


def test_the_alarm_job_killed_anywhere_raises_every_alarm_once_and_says_each_once(db: str) -> None:
    ground()
    before = stand()["alarms"]
    seen = killed("look", timedelta(days=11))
    for now in seen:
        assert len(set(now["alarms"])) == len(now["alarms"])
        assert len(now["notices"]) == 2 * (len(now["alarms"]) - len(before))  # an alarm comes with all its notices
        assert now["emails"] == now["told"]  # who counts as told has the email, and the other way round
    end = seen[-1]
    assert end["alarms"] == sorted([*before, *(f"Clinic {number} expires soon" for number in range(PBXS)),
                                    "Concurrent Calls: used up"])  # fmt: skip
    assert len(end["emails"]) == 2 * EMAILS_AN_HOUR

    seen = killed("summarise", timedelta(days=11, hours=2))
    for now in seen:
        owed = {who for who in ("night@example.com", "ops@example.com")
                if sum(one.startswith(who) for one in now["told"]) < len(now["notices"]) // 2}  # fmt: skip
        assert sorted(owed) + now["summaries"] == sorted({*owed, *now["summaries"]})  # told by one summary, or not yet
    assert seen[-1]["summaries"] == ["night@example.com", "ops@example.com"]
    with transaction(writes=False) as session:
        assert checks.broken(session) == []
        assert alarm_notices.waiting(session) == []
        assert alarm_watch.pools_to_follow(session) == []
