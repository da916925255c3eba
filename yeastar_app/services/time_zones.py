"""Times as people in a place read them off their clocks, and the moments they stand for."""

import zoneinfo
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import lru_cache

from yeastar_app.words import t


@lru_cache
def names() -> tuple[str, ...]:
    """The places one can choose, UTC first."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *places)


def moment(typed: datetime, zone: str) -> datetime:
    """The moment (UTC) when clocks in `zone` show `typed` (naive); the first of two in the night they are put back.
    ValueError, in words, where they never show it: they are put forward then."""
    if not MINYEAR < typed.year < MAXYEAR:
        raise ValueError(t("Enter a day of these years."))
    place = zoneinfo.ZoneInfo(zone)
    found = typed.replace(tzinfo=place).astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) != typed:
        raise ValueError(t("Clocks are put forward in that night and never show this time. Choose another."))
    return found


def shown(at: datetime, zone: str) -> datetime:
    """What clocks in `zone` show at a moment."""
    return at.astimezone(zoneinfo.ZoneInfo(zone))


def written(at: datetime, zone: str) -> str:
    """For a field of the kind datetime-local."""
    return f"{shown(at, zone):%Y-%m-%dT%H:%M}"
