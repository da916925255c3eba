"""Tells a partner's owners in time that points expire: once at every mark (days before), with the amount and the last
day. What was spent meanwhile is not mentioned; who missed a mark hears at the nearer one only."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.models.points import PointLot
from yeastar_app.services import mail, people, points
from yeastar_app.settings import settings
from yeastar_app.words import day, plural, t


@dataclass(frozen=True)
class Expiring:
    """Points of a company that can be spent to the end of `last_day` (UTC) and no longer; `mark`: as so many days
    before they are announced; `reminded`: the nearest mark at which any of them were announced already."""

    last_day: date
    points: int
    mark: int
    reminded: int | None

    @property
    def is_due(self) -> bool:
        return self.reminded is None or self.reminded > self.mark


def marks() -> list[int]:
    """Days before the end at which owners are told (setting), the nearest first."""
    return sorted({int(days) for days in settings().point_reminder_days.split(",")})


def companies(session: Session) -> list[int]:
    """Whose points have come to a mark since they were last told."""
    today, nearer, due = clock.now().date(), -1, []
    for mark in marks():
        due.append(
            col(PointLot.expires_on).between(today + timedelta(days=nearer + 1), today + timedelta(days=mark))
            & (col(PointLot.reminded_days).is_(None) | (col(PointLot.reminded_days) > mark))
        )
        nearer = mark
    found = sa.select(col(PointLot.organisation_id)).where(col(PointLot.remaining) > 0, sa.or_(*due)).distinct()
    return list(session.execute(found).scalars())


def remind(session: Session, organisation_id: int) -> None:
    """Tell the owners of a company what expires soon, if they have not been told: one email, whatever days it names.
    A company that nobody owns at the moment is told when somebody does."""
    points.lock(session, organisation_id)
    owners = people.owners(session, organisation_id)
    if not owners:
        return
    soon = expiring(session, organisation_id)
    for some in soon:
        session.execute(_of(organisation_id, sa.update(PointLot), some.last_day).values(reminded_days=some.mark))
    due = [some for some in soon if some.is_due]
    for address in owners if due else ():
        _write(session, address, due)


def expiring(session: Session, organisation_id: int) -> list[Expiring]:
    """What a company can still spend and loses within the farthest mark, by last day. For who holds the lock: nothing
    of it can change before the transaction ends."""
    today = clock.now().date()
    query = sa.select(
        col(PointLot.expires_on), sa.func.sum(col(PointLot.remaining)), sa.func.min(col(PointLot.reminded_days))
    ).where(col(PointLot.expires_on) >= today, col(PointLot.expires_on) <= today + timedelta(days=marks()[-1]))
    found = session.execute(
        _of(organisation_id, query).group_by(col(PointLot.expires_on)).order_by(col(PointLot.expires_on))
    )
    return [
        Expiring(last_day, amount, next(mark for mark in marks() if mark >= (last_day - today).days), reminded)
        for last_day, amount, reminded in found
    ]


def _of(organisation_id: int, statement: Any, last_day: date | None = None) -> Any:
    """A statement on a company's lots that hold something, held to those of one last day if it is named."""
    statement = statement.where(col(PointLot.organisation_id) == organisation_id, col(PointLot.remaining) > 0)
    return statement if last_day is None else statement.where(col(PointLot.expires_on) == last_day)


def _write(session: Session, address: str, due: list[Expiring]) -> None:
    total = _points(sum(some.points for some in due))
    ends = day(due[0].last_day) if len(due) == 1 else t("soon")
    subject = t("{points} expire on {day}", points=total, day=ends) if len(due) == 1 else t("{points} expire soon",
                                                                                            points=total)  # fmt: skip
    mail.write(
        session,
        kind="points_expire",
        to=address,
        subject=subject,
        paragraphs=[*map(_sentence, due), t("Points that are spent first are those that expire first.")],
        button=(t("See your points"), "/partner/program"),
    )


def _sentence(some: Expiring) -> str:
    left = (some.last_day - clock.now().date()).days
    when = t("today") if left == 0 else t("in {days}", days=plural(left, "day", "days"))
    return t(
        "{points} can be spent until the end of {day} (UTC), {when}. After that they are gone.",
        points=_points(some.points), day=day(some.last_day), when=when,
    )  # fmt: skip


def _points(amount: int) -> str:
    return plural(amount, "point", "points")
