"""Slowing down whoever guesses: failures in a row are counted for an address, a browser, a client's IP; past the limit
each further one doubles the wait (PRODUCT 2 [O]). The same for addresses that exist and those that do not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Credential, digest
from yeastar_app.models.accounts import Account, Status
from yeastar_app.models.credentials import Device, Throttle
from yeastar_app.refusals import Refusal
from yeastar_app.statements import insert_if_absent
from yeastar_app.words import plural, t

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)

LIMITS = {
    "account": 5,  # an address typed into the sign-in page
    "browser": 5,  # the same, from a browser this account has signed in from before: a stranger cannot lock it out
    "ip": 20,  # all addresses tried from one IP; many people may share it
    "code": 5,  # second factor
    "confirm": 5,  # one's own password, asked again
    "forgot": 20,  # requests for a reset email from one IP
}
"""Failures in a row from which on one has to wait."""


@dataclass(frozen=True, order=True)
class Subject:
    """What failures are counted for. `key` is stored as a hash: typed addresses are nobody's to read."""

    kind: str
    key: str

    @property
    def stored(self) -> str:
        return f"{self.kind}:{digest(self.key)}"


def of_sign_in(session: Session, email: str, credential: Credential) -> list[Subject]:
    """Who is slowed down by a failed password: the address and the IP; a browser known to the account only itself."""
    device = digest(credential.device_token)
    known = session.execute(
        sa.select(col(Device.id))
        .join(Account, col(Account.id) == col(Device.account_id))
        .where(col(Account.email) == email, col(Account.status) == Status.ACTIVE, col(Device.device_hash) == device)
    ).first()
    if known:
        return [Subject("browser", f"{email} {device}")]
    return [Subject("account", email), Subject("ip", credential.ip)]


def wait_after(failures: int, limit: int) -> timedelta:
    """How long to wait after so many failures in a row: nothing below the limit, then 30 s, 1, 2, 4 … 15 minutes."""
    if failures < limit:
        return timedelta(0)
    doublings = min(failures - limit, 10)
    return min(FIRST_WAIT * int(2**doublings), LONGEST_WAIT)


def check(session: Session, subjects: list[Subject]) -> None:
    """Refusal `slow_down` where one of them has to wait."""
    rows = session.exec(select(Throttle.blocked_until).where(_are(subjects)))
    _refuse_until(max((until for until in rows if until), default=None))


def hold(session: Session, subjects: list[Subject]) -> None:
    """Like `check`, in a writing transaction: the rows stay locked until it ends, so that many guesses sent at once
    are counted one after the other."""
    fresh = [{"subject": subject.stored, "failures": 0, "last_failure_at": clock.now()} for subject in subjects]
    insert_if_absent(session, Throttle, fresh)
    rows = session.exec(select(Throttle).where(_are(subjects)).order_by(col(Throttle.id)).with_for_update()).all()
    _refuse_until(max((row.blocked_until for row in rows if row.blocked_until), default=None))


def failed(session: Session, subjects: list[Subject]) -> timedelta:
    """Count one failure for each; how long to wait now. Call after `hold`."""
    now, wait = clock.now(), timedelta(0)
    for row in session.exec(select(Throttle).where(_are(subjects))).all():
        old = now - row.last_failure_at >= FORGOTTEN_AFTER
        row.failures = 1 if old else row.failures + 1
        row.last_failure_at = now
        own = wait_after(row.failures, LIMITS[row.subject.split(":")[0]])
        row.blocked_until = now + own if own else None
        wait = max(wait, own)
    session.flush()
    return wait


def succeeded(session: Session, subjects: list[Subject]) -> None:
    """Forget the failures; those of an IP stay, because whoever guesses may own one good account."""
    mine = [subject for subject in subjects if subject.kind != "ip"]
    session.execute(sa.update(Throttle).where(_are(mine)).values(failures=0, blocked_until=None))


def refusal(session: Session, subjects: list[Subject], code: str, message: str, field: str = "") -> Refusal:
    """Count the failure; gives the refusal to raise, which keeps the count and says how long to wait, if at all."""
    wait = failed(session, subjects)
    if wait:
        message += " " + t("You can try again in {time}.", time=in_words(wait))
    return Refusal(code, message, field, keep=True)


def in_words(wait: timedelta) -> str:
    """`30 seconds`, `4 minutes`: rounded up."""
    seconds = -(-int(wait.total_seconds() * 1000) // 1000)
    return plural(seconds, "second", "seconds") if seconds < 60 else plural(-(-seconds // 60), "minute", "minutes")


def clean_up(session: Session) -> None:
    """Drop counts that nobody needs any more."""
    session.execute(sa.delete(Throttle).where(col(Throttle.last_failure_at) < clock.now() - 2 * FORGOTTEN_AFTER))


def _are(subjects: list[Subject]) -> Any:
    return col(Throttle.subject).in_([subject.stored for subject in subjects])


def _refuse_until(until: datetime | None) -> None:
    if until and clock.now() < until:
        time = in_words(until - clock.now())
        raise Refusal("slow_down", t("Too many failed attempts. You can try again in {time}.", time=time))
