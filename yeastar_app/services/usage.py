"""How much of a cloud PBX is in use, as its hosting engine measures it: what comes in, what is kept of it, and reading
both. It is shown and watched; what is charged never looks at it (PRODUCT 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines import live
from yeastar_app.engines.hosting import Usage
from yeastar_app.models.capacity import Pbx, RunState
from yeastar_app.models.usage import UsageDay
from yeastar_app.refusals import NotFound
from yeastar_app.services import engine_orders, usage_alarms
from yeastar_app.services.fields import nobodys_if_larger
from yeastar_app.words import t

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SHOWN = timedelta(days=30)
KEPT = timedelta(days=365)
"""As far back as My Subscription looks (capacity_records.WINDOW)."""
AT_ONCE = 2000


@dataclass(frozen=True)
class InUse:
    """What was in use at `at`; `peak`: the most calls at once on that day (UTC)."""

    at: datetime
    extensions: int
    calls: int
    peak: int
    minutes: int


@dataclass(frozen=True)
class Day:
    """The most of each that was in use on a day; `hours`: of calls, None where nothing was measured."""

    day: date
    extensions: int
    calls: int
    minutes: int
    hours: Sequence[int | None]


COLUMNS = ("in_use_extensions", "in_use_calls", "in_use_minutes", "peak_calls", "measured_at")


def now_of(row: Any) -> InUse | None:
    """Out of a row with COLUMNS; None: it has never been measured."""
    if row.measured_at is None:
        return None
    return InUse(row.measured_at, row.in_use_extensions, row.in_use_calls, row.peak_calls, row.in_use_minutes)


def last_heard(pbx: Pbx) -> datetime | None:
    """When the engine said something about a PBX last, be it how it is or what is in use."""
    return max(filter(None, (pbx.reported_at, pbx.measured_at)), default=None)


def past(session: Session, pbx_id: int, since: datetime | None = None) -> list[Day]:
    """The last 30 days of a PBX, oldest first; `since`: whole days after this moment alone. Days on which nothing was
    measured are not in it."""
    first = clock.now().date() - SHOWN
    first = max(first, since.date() + DAY) if since else first
    rows = session.exec(
        select(UsageDay).where(col(UsageDay.pbx_id) == pbx_id, col(UsageDay.day) >= first).order_by(col(UsageDay.day))
    )
    return [Day(row.day, row.extensions, row.calls, row.minutes, row.hours) for row in rows]


def take_in(session: Session, said: Usage) -> bool:
    """Keep what was measured; False where something as new is known, or the PBX is gone. NotFound: no such PBX."""
    pbx = _locked(session, said.pbx)
    at = said.at.astimezone(UTC)
    if pbx.deleted_at is not None or (pbx.measured_at is not None and at <= pbx.measured_at):
        return False
    engine_orders.found(session)
    days = _days(session, pbx.key, at.date() - DAY, at.date())
    row, before = days.get(at.date()) or UsageDay(pbx_id=pbx.key, day=at.date()), days.get(at.date() - DAY)
    note(pbx, row, said)
    session.add(row)
    usage_alarms.heed(session, pbx, _lately(pbx, row, before))
    customer = [engine_orders.customer_topic(pbx.customer_id)] if pbx.customer_id else []
    live.changed(session, engine_orders.topic(pbx.key), *customer)
    return True


def note(pbx: Pbx, row: UsageDay, said: Usage) -> None:
    """Write what was measured down, on the PBX and in the row of its day. A peak that is new since the last time, an
    hour ago at most, belongs to this hour: it lay between the two."""
    at = said.at.astimezone(UTC)
    known = pbx.peak_calls if pbx.measured_at is not None and pbx.measured_at.date() == at.date() else 0
    just_now = pbx.measured_at is not None and at - pbx.measured_at <= HOUR
    between = said.peak if just_now and said.peak > known else 0
    pbx.in_use_extensions, pbx.in_use_calls, pbx.in_use_minutes = said.extensions, said.calls, said.minutes
    pbx.peak_calls, pbx.measured_at = max(known, said.peak, said.calls), at
    row.extensions, row.minutes = max(row.extensions, said.extensions), max(row.minutes, said.minutes)
    row.calls = max(row.calls, pbx.peak_calls)
    hours = list(row.hours)
    hours[at.hour] = max(hours[at.hour] or 0, said.calls, between)
    row.hours = hours


def _lately(pbx: Pbx, row: UsageDay, before: UsageDay | None) -> dict[str, int]:
    """How busy a PBX is. Calls come and go by the minute: the most of this hour and the one before counts, unless the
    PBX is stopped."""
    at: Any = pbx.measured_at
    last = row.hours[at.hour - 1] if at.hour else before.hours[-1] if before else None
    calls = pbx.in_use_calls if pbx.run_state is RunState.STOPPED else max(row.hours[at.hour] or 0, last or 0)
    return {"extensions": pbx.in_use_extensions, "calls": calls, "minutes": pbx.in_use_minutes}


def _days(session: Session, pbx_id: int, *days: date) -> dict[date, UsageDay]:
    rows = session.exec(select(UsageDay).where(col(UsageDay.pbx_id) == pbx_id, col(UsageDay.day).in_(days)))
    return {row.day: row for row in rows}


def _locked(session: Session, reference: str) -> Pbx:
    """The PBX alone: its pool has nothing to do with usage."""
    key = nobodys_if_larger(int(reference.removeprefix("pbx-")))
    query = select(Pbx).where(col(Pbx.id) == key).with_for_update().execution_options(populate_existing=True)
    pbx = session.exec(query).first()
    if pbx is None:
        raise NotFound(t("This cloud PBX"))
    return pbx


def forget_old(session: Session) -> int:
    """Delete the days that nobody looks back to any more, a few at a time; how many."""
    old = sa.select(col(UsageDay.id)).where(col(UsageDay.day) < clock.now().date() - KEPT).limit(AT_ONCE)
    done: Any = session.execute(sa.delete(UsageDay).where(col(UsageDay.id).in_(old)))
    return int(done.rowcount)


def invariants(session: Session) -> list[str]:
    """PBXs whose latest usage is not in the row of its day, one sentence each."""
    newest = sa.select(sa.func.max(col(UsageDay.day))).where(col(UsageDay.pbx_id) == col(Pbx.id)).correlate(Pbx)
    its_day = sa.and_(col(UsageDay.pbx_id) == col(Pbx.id), col(UsageDay.day) == newest.scalar_subquery())
    unlike = (
        sa.select(col(Pbx.id), col(Pbx.peak_calls), col(UsageDay.calls))
        .outerjoin(UsageDay, its_day)
        .where(
            col(Pbx.measured_at).is_not(None),
            col(Pbx.measured_at) >= clock.now() - KEPT + DAY,
            sa.or_(col(UsageDay.id).is_(None), col(UsageDay.calls) < col(Pbx.peak_calls)),
        )
    )
    return [
        f"pbx {row.id}: {row.peak_calls} calls at once, its day knows {row.calls or 0}"
        for row in session.execute(unlike)
    ]
