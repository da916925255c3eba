"""Takes workbooks through their check and their registration. A lease says who is at it: an upload whose worker was
killed is picked up again when the lease is over."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import processes
from yeastar_app.models.points import BulkUpload, UploadStatus
from yeastar_app.services import bulk, bulk_work
from yeastar_app.services.bulk_work import LEASE

log = structlog.get_logger()
STEPS: dict[UploadStatus, Callable[[int], None]] = {
    UploadStatus.CHECKING: bulk_work.check,
    UploadStatus.REGISTERING: bulk_work.commit,
}


def run_due() -> None:
    """Take every waiting upload one step further and wait until that is done. Safe in any number of processes."""
    wait(start_due())


def start_due() -> list[Future[None]]:
    """Like `run_due`, without waiting."""
    return [processes.submit(work, upload_id, status) for upload_id, status in claim_due()]


def claim_due() -> list[tuple[int, UploadStatus]]:
    """Uploads with work to do that nobody is at, now ours until the lease is over."""
    now = clock.now()
    free = sa.or_(col(BulkUpload.claimed_until).is_(None), col(BulkUpload.claimed_until) <= now)
    waiting = sa.and_(col(BulkUpload.status).in_(list(STEPS)), free)
    with transaction(writes=False) as session:
        if session.execute(sa.select(col(BulkUpload.id)).where(waiting).limit(1)).first() is None:
            return []
    with transaction() as session:
        taken: Any = session.execute(
            sa.update(BulkUpload)
            .where(waiting)
            .values(claimed_until=now + LEASE)
            .returning(col(BulkUpload.id), col(BulkUpload.status))
        )
        return [(row[0], row[1]) for row in taken]


def work(upload_id: int, status: UploadStatus) -> None:
    """One step of one upload. What no rule foresaw is logged and ends it."""
    try:
        STEPS[status](upload_id)
    except Exception:
        log.exception("bulk_upload_failed", upload=upload_id, step=status.value)
        bulk_work.give_up(upload_id)


def forget_old() -> int:
    """Delete the workbooks that were kept long enough, or are too many; how many."""
    with transaction() as session:
        return bulk.forget_old(session)
