"""Lets points expire when their time is over, and tells their owners in time. The ledger itself does the first too
before anything is spent: on time, late or twice, what expires is the same."""

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.jobs.companies import each
from yeastar_app.models.points import PointLot
from yeastar_app.services import point_reminders, points


def run_due() -> None:
    """Expire the lots that are due, one company at a time."""
    each(_with_lots_over, points.lock)


def _with_lots_over(session: Session) -> list[int]:
    due = sa.select(col(PointLot.organisation_id)).where(
        col(PointLot.remaining) > 0, col(PointLot.expires_on) < clock.now().date()
    )
    return list(session.execute(due.distinct()).scalars())


def remind_due() -> None:
    """Write the emails about points that expire soon."""
    each(point_reminders.companies, point_reminders.remind)
