"""How many uploaded workbooks a company keeps (settings WORKBOOKS_KEPT, WORKBOOKS_KEPT_MB): what is finished makes room
for what comes, the oldest first. Their lines in the history, and what was registered from them, stay."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.models.points import BulkFile, BulkUpload, UploadStatus
from yeastar_app.refusals import Refusal
from yeastar_app.services import points, workbooks
from yeastar_app.settings import settings
from yeastar_app.words import plural, t

GOES = (UploadStatus.DONE, UploadStatus.REFUSED, UploadStatus.CANCELLED, UploadStatus.CHOSEN)
"""What makes room: first what is over, then what somebody might still take up. The others wait for their owner, or are
being worked on."""
_OVER = (UploadStatus.DONE, UploadStatus.REFUSED)
_MB = 1024 * 1024


@dataclass(frozen=True)
class _Kept:
    """A workbook that is kept; `size` in bytes."""

    file: int
    status: UploadStatus
    size: int


def make_room(session: Session, organisation_id: int, size: int) -> None:
    """Delete finished workbooks of a company, whose points account the caller has locked, until one of `size` bytes can
    be kept. Refusal `too_many_uploads` where only unfinished ones are left to go."""
    left = _thin_out(session, organisation_id, coming=[size])
    if not _fits([*(one.size for one in left), size]):
        raise _full(sum(one.status not in GOES for one in left))


def thin_out(session: Session) -> int:
    """Bring every company within the limits, where they were lowered; how many workbooks went. For jobs."""
    size = sa.func.sum(sa.func.length(col(BulkFile.content)))
    over = (
        sa.select(col(BulkUpload.organisation_id))
        .join(BulkFile, col(BulkFile.upload_id) == col(BulkUpload.id))
        .group_by(col(BulkUpload.organisation_id))
        .having(sa.or_(sa.func.count() > settings().workbooks_kept, size > settings().workbooks_kept_mb * _MB))
    )
    gone = 0
    for organisation_id in session.execute(over).scalars().all():
        points.lock(session, organisation_id)
        gone += len(_kept(session, organisation_id)) - len(_thin_out(session, organisation_id, coming=[]))
    return gone


def _thin_out(session: Session, organisation_id: int, coming: list[int]) -> list[_Kept]:
    """Delete what has to make room for workbooks of these sizes, and can; the others."""
    kept = _kept(session, organisation_id)
    may_go = [one for one in kept if one.status in _OVER] + [
        one for one in kept if one.status in GOES and one.status not in _OVER
    ]
    going = set[int]()
    while may_go and not _fits([*(one.size for one in kept if one.file not in going), *coming]):
        going.add(may_go.pop(0).file)
    session.execute(sa.delete(BulkFile).where(col(BulkFile.id).in_(going)))
    return [one for one in kept if one.file not in going]


def _kept(session: Session, organisation_id: int) -> list[_Kept]:
    """The workbooks of a company, the oldest first."""
    size = sa.func.length(col(BulkFile.content))
    query = (
        sa.select(col(BulkFile.id), col(BulkUpload.status), size)
        .join(BulkUpload, col(BulkUpload.id) == col(BulkFile.upload_id))
        .where(col(BulkUpload.organisation_id) == organisation_id)
        .order_by(col(BulkUpload.id))
    )
    return [_Kept(*row) for row in session.execute(query)]


def _fits(sizes: list[int]) -> bool:
    return len(sizes) <= settings().workbooks_kept and sum(sizes) <= settings().workbooks_kept_mb * _MB


def _full(unfinished: int) -> Refusal:
    words = t(
        "Your company keeps at most {count} and {mb} MB, and {unfinished} not finished. Register or cancel those "
        "first, in the History of Uploads.",
        count=plural(settings().workbooks_kept, "workbook", "workbooks"),
        mb=settings().workbooks_kept_mb,
        unfinished=plural(unfinished, "of them is", "of them are"),
    )
    return workbooks.refuse("too_many_uploads", words)
