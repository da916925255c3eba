"""The one place that tells the time, so that tests can move it. All times are UTC and aware."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_offset: timedelta = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """The present moment, UTC, aware."""
    return (_frozen or datetime.now(UTC)) + _offset


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """For tests: time stands still at `at` (aware) until the block ends."""
    global _frozen, _offset
    before = (_frozen, _offset)
    _frozen, _offset = at, timedelta(0)
    try:
        yield
    finally:
        _frozen, _offset = before


def advance(by: timedelta) -> None:
    """For tests: move a frozen clock forward; outside `frozen` this is an error."""
    global _offset
    if _frozen is None:
        raise RuntimeError("only a frozen clock can be moved")
    _offset += by
