"""Alarms about a package that runs out: at 80 % of a capacity a warning, at all of it an alert in its place. Raised and
ended by the change that crosses the line (capacity.py), which costs nothing where none is crossed."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.models.alarms import AlarmKind
from yeastar_app.models.capacity import Pool
from yeastar_app.services import alarm_records
from yeastar_app.services.alarm_records import Cause
from yeastar_app.words import t

WARN_AT_PERCENT = 80
LINES = (AlarmKind.CAPACITY_LOW, AlarmKind.CAPACITY_FULL)
"""In the order in which they are crossed."""
TITLES = {AlarmKind.CAPACITY_LOW: t("{name}: running out"), AlarmKind.CAPACITY_FULL: t("{name}: used up")}


def crossed(used: int, total: int) -> int:
    """How many of LINES so much of a capacity is beyond."""
    if total <= 0:
        return 0
    return (used * 100 >= total * WARN_AT_PERCENT) + (used >= total)


def heed(session: Session, pool_id: int, stands: Mapping[str, tuple[str, int, int]]) -> None:
    """Raise and end the alarms of a pool, locked by its change, for the capacities given: name, used, total of each."""
    organisation_id = session.execute(sa.select(col(Pool.organisation_id)).where(col(Pool.id) == pool_id)).scalar_one()
    over = []
    for capacity, (name, used, total) in stands.items():
        of = subject(pool_id, capacity)
        beyond = crossed(used, total)
        last = LINES[beyond - 1] if beyond else None  # of what is used up nobody needs to hear that it runs out as well
        over += [alarm_records.reason(kind, of) for kind in LINES if kind is not last]
        if last:
            title = TITLES[last].format(name=name)
            detail = t("When it was raised {used} of {total} were assigned or used, {free} free.",
                       used=f"{used:,}", total=f"{total:,}", free=f"{total - used:,}")  # fmt: skip
            alarm_records.begin(session, Cause(organisation_id, last, of, title, detail))
    alarm_records.end(session, *over)


def subject(pool_id: int, capacity: str) -> str:
    return f"pool:{pool_id}:{capacity}"
