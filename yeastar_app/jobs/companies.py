"""Going through companies one by one, each in a transaction of its own."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from sqlmodel import Session

from yeastar_app.database import transaction

log = structlog.get_logger()


def each(find: Callable[[Session], Iterable[int]], do: Callable[[Session, int], Any]) -> None:
    """Do something for every company that `find` names. What fails for one is logged and tried again the next
    time; the others do not wait for it. `do` looks again once it holds the lock: another process may have been there.
    """
    with transaction(writes=False) as session:
        found = list(find(session))
    for organisation_id in found:
        try:
            with transaction() as session:
                do(session, organisation_id)
        except Exception:
            log.exception("company_failed", doing=f"{do.__module__}.{do.__name__}", organisation=organisation_id)
