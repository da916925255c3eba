"""Takes workbooks into the product registry. A lease says who is at it, renewed with every piece: an import whose
worker was killed is picked up again where it stopped."""

from concurrent.futures import Future, wait
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import processes
from yeastar_app.models.registry import ImportStatus, RegistryImport
from yeastar_app.services import registry_imports

log = structlog.get_logger()


def run_due() -> None:
    """Take in every waiting workbook and wait until that is done. Safe in any number of processes."""
    wait(start_due())


def start_due() -> list[Future[None]]:
    """Like `run_due`, without waiting."""
    return [processes.submit(work, import_id) for import_id in claim_due()]


def claim_due() -> list[int]:
    """Workbooks with rows to take in that nobody is at, now ours until the lease is over."""
    now = clock.now()
    free = sa.or_(col(RegistryImport.claimed_until).is_(None), col(RegistryImport.claimed_until) <= now)
    waiting = sa.and_(col(RegistryImport.status) == ImportStatus.RUNNING, free)
    with transaction(writes=False) as session:
        if session.execute(sa.select(col(RegistryImport.id)).where(waiting).limit(1)).first() is None:
            return []
    with transaction() as session:
        taken: Any = session.execute(
            sa.update(RegistryImport)
            .where(waiting)
            .values(claimed_until=now + registry_imports.LEASE)
            .returning(col(RegistryImport.id))
        )
        return [row[0] for row in taken]


def work(import_id: int) -> None:
    """One workbook. What no rule foresaw is logged and ends it; the pieces that were committed stay."""
    try:
        registry_imports.take_in(import_id)
    except Exception:
        log.exception("registry_import_failed", import_id=import_id)
        registry_imports.give_up(import_id)
