"""Turns requests for a password reset into emails. Doing it twice changes nothing."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app.database import transaction
from yeastar_app.models.credentials import ResetRequest
from yeastar_app.services import passwords, throttle

AT_ONCE = 100


def process_reset_requests() -> int:
    """Deal with the requests that wait, oldest first, each in a transaction of its own; how many emails came of it.
    Blocks."""
    with transaction(writes=False) as session:
        waiting = session.exec(_waiting().limit(AT_ONCE)).all()
    return sum(_process(request_id) for request_id in waiting)


def clean_up_sign_ins() -> None:
    """Drop dealt-with requests and old failure counts. For once an hour. Blocks."""
    with transaction() as session:
        passwords.clean_up(session)
        throttle.clean_up(session)


def _process(request_id: int | None) -> bool:
    with transaction() as session:
        request = _locked(session, request_id)
        return request is not None and passwords.send_reset(session, request)


def _locked(session: Session, request_id: int | None) -> ResetRequest | None:
    """The request, unless another process has it or is done with it."""
    return session.exec(
        select(ResetRequest)
        .where(col(ResetRequest.id) == request_id, col(ResetRequest.done_at).is_(None))
        .with_for_update(skip_locked=True)
    ).first()


def _waiting() -> sa.Select[tuple[int | None]]:
    return select(ResetRequest.id).where(col(ResetRequest.done_at).is_(None)).order_by(col(ResetRequest.id))
