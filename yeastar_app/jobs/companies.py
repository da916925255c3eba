"""Going through companies, PBXs or lines of tasks one by one, each in a transaction of its own."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlmodel import Session

from yeastar_app.database import transaction

log = structlog.get_logger()


def each(find: Callable[[Session], Iterable[int]], do: Callable[[Session, int], Any]) -> int:
    """Do something for every company (or whatever else) that `find` names; for how many there was something to do, as
    `do` says. What fails for one is logged and tried again the next time; the others do not wait for it. `do` looks
    again once it holds the lock: another process may have been there."""
    with transaction(writes=False) as session:
        found = list(find(session))
    done = 0
    for key in found:
        try:
            with transaction() as session:
                done += bool(do(session, key))
        except Exception:
            log.exception("one_failed", doing=f"{do.__module__}.{do.__name__}", key=key)
    return done
