"""Emails before points expire: 30 days and 2 days before, once each, with the amount (PRODUCT 3.1)."""

import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from tests.factories import account
from tests.faults.killed import die_at, in_a_process
from tests.race import at_once
from tests.services.test_points import earn, spend
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.points import PointAccount, PointLot
from yeastar_app.models.records import Email
from yeastar_app.services import point_reminders
from yeastar_app.services.calendar import add_months
from yeastar_app.settings import settings
from yeastar_app.words import day


def emails() -> list[Email]:
    with transaction(writes=False) as session:
        query = select(Email).where(col(Email.kind) == "points_expire").order_by(col(Email.id))
        return list(session.exec(query))


def subjects() -> list[str]:
    return [email.subject for email in emails()]


def earned(points: int) -> tuple[Account, date]:
    """An owner who earned so many points just now, and their last day."""
    owner = account()
    earn(owner.organisation_id, owner.key, points)
    return owner, add_months(clock.now(), 24).date()


def wait_until(last_day: date, days_before: int) -> None:
    today = clock.now().date()
    clock.advance(timedelta(days=(last_day - today).days - days_before))


def test_owners_are_told_30_days_and_2_days_before_once_each_with_the_amount(db: str) -> None:
    owner, last_day = earned(350)
    told: list[tuple[int, str]] = []
    for left in (32, 31, 30, 29, 15, 3, 2, 1, 0, -1):
        wait_until(last_day, left)
        for _ in range(2):
            expiry.remind_due()
        told += [(left, subject) for subject in subjects()[len(told) :]]
    assert told == [(30, f"350 points expire on {day(last_day)}"), (2, f"350 points expire on {day(last_day)}")]
    first, second = emails()
    assert first.to == owner.email
    assert f"350 points can be spent until the end of {day(last_day)} (UTC), in 30 days." in first.text
    assert "(UTC), in 2 days." in second.text


@pytest.mark.parametrize(("left", "words"), [(17, "in 17 days"), (1, "in 1 day."), (0, "today.")])
def test_a_job_that_comes_late_says_how_many_days_are_really_left(sqlite: str, left: int, words: str) -> None:
    _, last_day = earned(10)
    wait_until(last_day, left)
    expiry.remind_due()
    (email,) = emails()
    assert words in email.text


def test_who_missed_the_first_reminder_gets_the_nearer_one_only(sqlite: str) -> None:
    _, last_day = earned(10)
    wait_until(last_day, 1)
    for _ in range(3):
        expiry.remind_due()
    assert len(emails()) == 1


def test_what_is_over_is_not_announced_any_more(sqlite: str) -> None:
    _, last_day = earned(10)
    wait_until(last_day, -1)
    expiry.remind_due()
    assert emails() == []


def test_what_was_spent_is_not_mentioned_and_what_is_left_is(sqlite: str) -> None:
    owner, last_day = earned(350)
    spend(owner.organisation_id, 300)
    wait_until(last_day, 30)
    expiry.remind_due()
    spend(owner.organisation_id, 50)
    wait_until(last_day, 2)
    expiry.remind_due()
    assert subjects() == [f"50 points expire on {day(last_day)}"]


def test_several_days_are_told_in_one_email_and_lots_of_one_day_in_one_line(sqlite: str) -> None:
    owner, first_day = earned(100)
    earn(owner.organisation_id, owner.key, 20)
    clock.advance(timedelta(days=5))
    earn(owner.organisation_id, owner.key, 3)
    wait_until(first_day, 20)
    expiry.remind_due()
    (email,) = emails()
    assert email.subject == "123 points expire soon"
    assert f"120 points can be spent until the end of {day(first_day)} (UTC), in 20 days." in email.text
    assert "3 points can be spent until the end of" in email.text


def test_points_that_come_back_to_a_day_that_was_announced_wait_for_the_nearer_mark(sqlite: str) -> None:
    owner, last_day = earned(100)
    earn(owner.organisation_id, owner.key, 50)
    spend(owner.organisation_id, 100)
    wait_until(last_day, 30)
    expiry.remind_due()
    with transaction() as session:  # as a declined redemption does
        session.exec(select(PointLot).order_by(col(PointLot.id))).all()[0].remaining = 100
    expiry.remind_due()
    assert subjects() == [f"50 points expire on {day(last_day)}"]
    wait_until(last_day, 2)
    expiry.remind_due()
    assert subjects()[1:] == [f"150 points expire on {day(last_day)}"]


def test_only_active_owners_are_told_and_a_company_without_one_when_it_has_one(sqlite: str) -> None:
    owner, last_day = earned(10)
    with transaction(writes=False) as session:
        home = session.get_one(Organisation, owner.organisation_id)
    account(Kind.COLLEAGUE, home)
    with transaction() as session:
        session.get_one(Account, owner.key).status = Status.FROZEN
    wait_until(last_day, 30)
    expiry.remind_due()
    assert emails() == []
    with transaction() as session:
        session.get_one(Account, owner.key).status = Status.ACTIVE
    expiry.remind_due()
    assert [email.to for email in emails()] == [owner.email]


def test_one_companys_trouble_does_not_keep_the_others_from_being_told(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last_day = earned(10)
    second, _ = earned(20)
    owners = point_reminders.people.owners

    def troubled(session: object, organisation_id: int) -> object:
        if organisation_id == first.organisation_id:
            raise RuntimeError("trouble")
        return owners(session, organisation_id)  # type: ignore[arg-type]

    monkeypatch.setattr(point_reminders.people, "owners", troubled)
    wait_until(last_day, 30)
    expiry.remind_due()
    assert [email.to for email in emails()] == [second.email]


def test_the_days_are_a_setting(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINT_REMINDER_DAYS", "7,60")
    settings.cache_clear()
    _, last_day = earned(10)
    told = []
    for left in (61, 60, 30, 7, 2):
        wait_until(last_day, left)
        expiry.remind_due()
        told.append(len(emails()))
    assert told == [0, 1, 1, 2, 2]


def due_now() -> Account:
    owner, last_day = earned(350)
    wait_until(last_day, 30)
    return owner


def believe_what_was_seen_before(monkeypatch: pytest.MonkeyPatch, owner: Account) -> None:
    """The guard taken out: what was read before the lock was held decides."""
    with transaction(writes=False) as session:
        seen = point_reminders.expiring(session, owner.organisation_id)
    monkeypatch.setattr(point_reminders, "expiring", lambda *_: seen)


def remind_everywhere(owner: Account) -> None:
    def one(_: int) -> None:
        with transaction() as session:
            point_reminders.remind(session, owner.organisation_id)

    at_once(6, one)


def test_negative_control_workers_that_believe_an_earlier_look_would_tell_six_times(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = due_now()
    believe_what_was_seen_before(monkeypatch, owner)
    remind_everywhere(owner)
    assert len(emails()) == 6


def test_six_workers_at_the_same_moment_tell_once(db: str) -> None:
    remind_everywhere(due_now())
    assert len(emails()) == 1


def die_everywhere(days: int, work: Callable[[], None]) -> int:
    """Kill a process at the first statement of the job, at the second … until it gets through; how often it died."""
    clock.advance(timedelta(days=days))
    for statement in range(1, 200):
        child = os.fork()
        if child == 0:
            die_at(statement)
            work()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        database.engine().dispose()
        if os.WIFEXITED(status):
            return statement - 1
        assert os.WIFSIGNALED(status)
    raise AssertionError("the job never got through")


def test_a_job_killed_at_any_statement_tells_once_all_the_same(db: str) -> None:
    _, last_day = earned(350)
    days = (last_day - clock.now().date()).days - 30
    assert in_a_process(die_everywhere, days, expiry.remind_due) > 5
    assert subjects() == [f"350 points expire on {day(last_day)}"]
    with transaction(writes=False) as session:
        assert session.exec(select(PointAccount.balance)).one() == 350
