"""Lets points expire when their time is over. The ledger itself does it too before anything is spent: on time, late or
twice, what expires is the same."""

import sqlalchemy as sa
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.models.points import PointLot
from yeastar_app.services import points


def run_due() -> None:
    """Expire the lots that are due, one company at a time."""
    due = sa.select(col(PointLot.organisation_id)).where(
        col(PointLot.remaining) > 0, col(PointLot.expires_on) < clock.now().date()
    )
    with transaction(writes=False) as session:
        organisations = session.execute(due.distinct()).scalars().all()
    for organisation_id in organisations:
        with transaction() as session:
            points.lock(session, organisation_id)
