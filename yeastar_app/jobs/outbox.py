"""Sends what the outbox holds. Any number of processes may do so at once: a letter is taken with one conditional
UPDATE that also puts off the next try, so whoever takes it is alone with it, and a crash only delays it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.engines import mail
from yeastar_app.models.records import Email

log = structlog.get_logger()

LEASE = timedelta(minutes=5)
"""For so long a taken letter belongs to who took it; longer than an SMTP conversation can last."""
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_TRIES = 15
"""With waits that double up to six hours: about two days."""
BATCH = 20
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The next try of a letter that was given up: it stays in the outbox with its reason, and without its body."""
BLANK = {"text": "", "html": ""}


def send_due() -> int:
    """Send what is due, oldest first; how many letters left the house. Blocks. Without an SMTP server nothing
    happens: emails stay in the local mailbox."""
    if not mail.is_configured():
        return 0
    sent = 0
    for key in _due():
        taken = _take(key)
        if taken is not None:
            sent += _deliver(taken)
    return sent


@dataclass(frozen=True)
class Taken:
    key: int
    tries: int
    letter: mail.Letter


def _due() -> list[int]:
    with transaction(writes=False) as session:
        found = sa.select(col(Email.id)).where(col(Email.sent_at).is_(None), col(Email.next_try_at) <= clock.now())
        return list(session.execute(found.order_by(col(Email.next_try_at), col(Email.id)).limit(BATCH)).scalars())


def _take(key: int) -> Taken | None:
    """The letter, ours for LEASE; None where somebody else has it."""
    now = clock.now()
    with transaction() as session:
        row: Any = session.execute(
            sa.update(Email)
            .where(col(Email.id) == key, col(Email.sent_at).is_(None), col(Email.next_try_at) <= now)
            .values(next_try_at=now + LEASE, tries=col(Email.tries) + 1)
            .returning(
                col(Email.tries),
                col(Email.to),
                col(Email.subject),
                col(Email.text),
                col(Email.html),
                col(Email.created_at),
                col(Email.kind),
            )
        ).first()
    if row is None:
        return None
    identity = f"{row.kind}.{key}.{row.created_at:%Y%m%d%H%M%S%f}"
    return Taken(key, row.tries, mail.Letter(identity, row.to, row.subject, row.text, row.html, row.created_at))


def _deliver(taken: Taken) -> int:
    try:
        mail.send(taken.letter)
    except mail.NotSent as problem:
        _put_off(taken, problem)
        return 0
    # The body may hold links that open an account: once delivered it is not kept. Who and what stay, for the log.
    _finish(taken.key, sent_at=clock.now(), error=None, **BLANK)
    return 1


def _put_off(taken: Taken, problem: mail.NotSent) -> None:
    """Try again later, or give up: `sent_at` stays empty then, and the error says why."""
    gives_up = problem.final or taken.tries >= MOST_TRIES
    wait = min(FIRST_WAIT * 2 ** (taken.tries - 1), LONGEST_WAIT)
    log.warning("email_not_sent", email=taken.key, tries=taken.tries, gives_up=gives_up, reason=str(problem)[:200])
    if gives_up:
        _finish(taken.key, next_try_at=NEVER, error=str(problem)[:500], **BLANK)
    else:
        _finish(taken.key, next_try_at=clock.now() + wait, error=str(problem)[:500])


def _finish(key: int, **values: Any) -> None:
    with transaction() as session:
        session.execute(sa.update(Email).where(col(Email.id) == key).values(**values))
