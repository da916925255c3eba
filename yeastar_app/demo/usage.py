"""What the demo's cloud PBXs were used for over the last 30 days, as the simulator would have said it, and two busy
hours that their people will remember."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines import simulated_days
from yeastar_app.engines.hosting import Usage
from yeastar_app.models.capacity import Pbx, RunState
from yeastar_app.models.hosting import SimulatedPbx
from yeastar_app.models.usage import UsageDay
from yeastar_app.services import usage, usage_alarms

HOURLY = timedelta(days=7)
STOPPED_FOR = timedelta(days=4)
RUSHES = (("Harbor Telecom HQ", 6, 0.9), ("Lumen Utrecht", 3, 1.0))
"""PBX, days ago at least, and how much of its calls was in use at ten."""


def load(session: Session) -> None:
    """After the PBXs, before their alarms are put in order."""
    for pbx in session.exec(select(Pbx).order_by(col(Pbx.id))):
        _past(session, pbx)
    for name, days_ago, share in RUSHES:
        _rush(session, session.exec(select(Pbx).where(col(Pbx.name) == name)).one(), days_ago, share)
    for simulated in session.exec(select(SimulatedPbx)):
        simulated.measure_at = clock.now()


def _past(session: Session, pbx: Pbx) -> None:
    """What was measured day by day, the present at last; what is stopped has been so for some days."""
    days: dict[date, UsageDay] = {}
    stopped = clock.now() - STOPPED_FOR if pbx.run_state is not RunState.RUNNING else None
    for at in _moments(max(clock.now() - usage.SHOWN, pbx.created_at), clock.now()):
        row = days.setdefault(at.date(), UsageDay(pbx_id=pbx.key, day=at.date()))
        usage.note(pbx, row, _measured(pbx, at, runs=stopped is None or at < stopped))
    session.add_all(days.values())
    session.flush()
    usage.take_in(session, _measured(pbx, clock.now(), runs=stopped is None))


def _measured(pbx: Pbx, at: datetime, *, runs: bool) -> Usage:
    return simulated_days.in_use(pbx.reference, at, pbx.extensions * runs, pbx.calls * runs, pbx.minutes)


def _moments(since: datetime, until: datetime) -> Iterator[datetime]:
    """Every hour of the last week, before that the end of each day: it knows the most."""
    midnight = datetime.combine(since.date() + timedelta(days=1), time(), UTC)
    while midnight < until:
        hourly = midnight > clock.now() - HOURLY - timedelta(days=1)
        for hour in range(24) if hourly else (11, 23):
            if (at := midnight + timedelta(hours=hour, minutes=50)) < until:
                yield at
        midnight += timedelta(days=1)


def _rush(session: Session, pbx: Pbx, days_ago: int, share: float) -> None:
    """A working day on which, at ten, so much of a PBX's calls was in use; the alarms it raised were over by noon."""
    day = clock.now().date() - timedelta(days=days_ago)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    calls = int(pbx.calls * share)
    row = session.exec(select(UsageDay).where(col(UsageDay.pbx_id) == pbx.key, col(UsageDay.day) == day)).one()
    row.hours = [calls if hour == 10 else known for hour, known in enumerate(row.hours)]
    row.calls = calls
    for minutes, amount in ((17, calls), (120, pbx.calls // 3)):
        with clock.frozen(datetime.combine(day, time(10), UTC) + timedelta(minutes=minutes)):
            usage_alarms.heed(session, pbx, {"calls": amount})
