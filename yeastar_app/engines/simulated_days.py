"""What would be in use of a PBX if there were people behind it: working days that rise and fall, quiet weekends, each
PBX a little different. Only the clock and the name decide, so every process says the same and a day can be told twice.

Most PBXs stay below four fifths of what they have; SIMULATOR_ALARM_PERCENT of them are used to the brim on working
days, and one in eight keeps so many recordings that little room is left."""

import hashlib
from datetime import UTC, datetime, time, timedelta

from yeastar_app.engines.hosting import Usage
from yeastar_app.settings import settings

SLOT = timedelta(minutes=15)
"""For so long a figure stays as it is."""
BY_HOUR = (2, 1, 1, 1, 2, 6, 18, 48, 82, 100, 96, 84, 62, 70, 92, 98, 86, 58, 30, 16, 9, 6, 4, 3)
"""How busy an office is at each full hour (UTC), in percent of its busiest."""
WEEKEND = 0.2
SET_UP = timedelta(hours=1)
FULL = timedelta(days=30)
MOST = 0.79


def in_use(
    reference: str, at: datetime, extensions: int, calls: int, minutes: int, since: datetime | None = None
) -> Usage:
    """Of so many extensions, calls and minutes that the PBX has; never more than that. `since`: when it was created,
    where that is not long ago: phones are set up one by one, recordings add up."""
    at = at.astimezone(UTC)
    midnight = datetime.combine(at.date(), time(), UTC)
    brim = _chance(reference, "brim") * 100 < settings().simulator_alarm_percent
    set_up = _part(since, at, SET_UP)
    most = set_up * calls * (1.5 if brim else MOST * (0.6 + 0.4 * _chance(reference, "calls")))
    slots = [midnight + SLOT * number for number in range((at - midnight) // SLOT + 1)]
    busy = [min(calls, int(most * _busy(slot) * (0.7 + 0.3 * _chance(reference, slot.isoformat())))) for slot in slots]
    people = 0.6 + 0.3 * _busy(at) + 0.1 * _chance(reference, "people")
    recorded = int(_part(since, at, FULL) * _kept(reference, at) * minutes)
    return Usage(reference, at, int(set_up * extensions * MOST * people), busy[-1], max(busy), recorded)


def _part(since: datetime | None, at: datetime, whole: timedelta) -> float:
    """How much of `whole` has gone by: between 0 and 1."""
    return 1.0 if since is None else min(max((at - since) / whole, 0.0), 1.0)


def _kept(reference: str, at: datetime) -> float:
    """Recordings add up from Monday on; on Sunday night the oldest make room."""
    most = 0.95 if _chance(reference, "recorder") < 1 / 8 else 0.2 + 0.55 * _chance(reference, "minutes")
    return most * (0.9 + 0.1 * (at.weekday() * 24 + at.hour) / (7 * 24))


def _busy(at: datetime) -> float:
    """Between 0 and 1."""
    here, there = BY_HOUR[at.hour] / 100, BY_HOUR[(at.hour + 1) % 24] / 100
    return (here + (there - here) * at.minute / 60) * (WEEKEND if at.weekday() >= 5 else 1)


def _chance(*what: str) -> float:
    """Between 0 and 1 (not 1), always the same."""
    return int.from_bytes(hashlib.sha256(" ".join(what).encode()).digest()[:4]) / 2**32
