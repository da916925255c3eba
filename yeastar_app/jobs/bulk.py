"""Takes workbooks through their check and their registration. A lease says who is at it: an upload whose worker was
killed is picked up again when the lease is over."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import processes
from yeastar_app.models.points import BulkUpload, UploadStatus
from yeastar_app.services import bulk
from yeastar_app.words import t

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
STEPS: dict[UploadStatus, Callable[[int], None]] = {
    UploadStatus.CHECKING: bulk.check,
    UploadStatus.REGISTERING: bulk.commit,
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
    """One step of one upload. What no rule foresaw is logged and ends the upload: nothing of it was saved."""
    try:
        STEPS[status](upload_id)
    except Exception:
        log.exception("bulk_upload_failed", upload=upload_id, step=status.value)
        _give_up(upload_id)


def _give_up(upload_id: int) -> None:
    message = t("The workbook could not be processed and nothing was registered. Please upload it again.")
    with transaction() as session:
        session.execute(
            sa.update(BulkUpload)
            .where(col(BulkUpload.id) == upload_id, col(BulkUpload.status).in_(list(STEPS)))
            .values(status=UploadStatus.REFUSED, refusal=message)
        )
