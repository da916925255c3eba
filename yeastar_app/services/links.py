"""One-use links sent by email: activation (48 hours, resellers 7 days) and password reset (1 hour)."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.refusals import Refusal
from yeastar_app.services.tokens import digest, new_token
from yeastar_app.words import t

RESET_LIFE = timedelta(hours=1)


def activation_life(kind: Kind) -> timedelta:
    """Seed 001: 48 hours. Yeastar help, "Send an Account Activation Email to a Reseller": 7 days."""
    return timedelta(days=7) if kind in (Kind.RESELLER, Kind.RESELLER_COLLEAGUE) else timedelta(hours=48)


def issue(session: Session, account: Account, purpose: LinkPurpose, life: timedelta) -> str:
    """A new link's token; older ones of the same purpose end now. Only its hash is stored."""
    now = clock.now()
    session.execute(
        sa.update(Link)
        .where(
            col(Link.account_id) == account.key,
            col(Link.purpose) == purpose,
            col(Link.used_at).is_(None),
            col(Link.replaced_at).is_(None),
        )
        .values(replaced_at=now)
    )
    token = new_token()
    session.add(
        Link(
            account_id=account.key,
            purpose=purpose,
            token_hash=digest(token),
            created_at=now,
            expires_at=now + life,
        )
    )
    return token


class LinkState(StrEnum):
    """What a link is good for."""

    GOOD = "good"
    EXPIRED = "expired"
    USED = "used"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


_SERVES = {LinkPurpose.ACTIVATION: Status.NOT_ACTIVATED, LinkPurpose.PASSWORD_RESET: Status.ACTIVE}
"""What an account must be for its link to work."""

_WORDS = {
    LinkState.EXPIRED: t("This link has expired."),
    LinkState.USED: t("This link was used already. It works once."),
    LinkState.REPLACED: t("A newer email has replaced this link."),
    LinkState.UNKNOWN: t("This link is not known."),
}


def look(session: Session, token: str, purpose: LinkPurpose) -> tuple[LinkState, Account | None]:
    """What a link is good for and whose it is, without using it: email scanners open links too."""
    found = session.exec(
        select(Link, Account)  # at one moment: between two of them somebody may use it
        .join(Account, col(Account.id) == col(Link.account_id))
        .where(col(Link.token_hash) == digest(token), col(Link.purpose) == purpose)
    ).first()
    if found is None:
        return LinkState.UNKNOWN, None
    link, account = found
    if link.used_at:
        return LinkState.USED, account
    if account.status is not _SERVES[purpose]:
        return LinkState.UNKNOWN, None
    if link.replaced_at:
        return LinkState.REPLACED, account
    if clock.now() >= link.expires_at:
        return LinkState.EXPIRED, account
    return LinkState.GOOD, account


def refusal(state: LinkState) -> Refusal:
    """`link_expired`, `link_used`, `link_replaced` or `link_unknown`."""
    return Refusal(f"link_{state}", _WORDS[state])


def use(session: Session, token: str, purpose: LinkPurpose) -> Account:
    """Use a link up and give its account. Of many who open it at once one gets it; the others the refusal that says
    why not."""
    account_id = _take(session, token, purpose)
    account = session.get(Account, account_id, with_for_update=True) if account_id else None
    if account is None or account.status is not _SERVES[purpose]:
        state, _ = look(session, token, purpose)
        raise refusal(LinkState.UNKNOWN if state is LinkState.GOOD else state)
    return account


def _take(session: Session, token: str, purpose: LinkPurpose) -> int | None:
    """The account id, for the one whose UPDATE finds the link unused."""
    now = clock.now()
    taken: Any = session.execute(
        sa.update(Link)
        .where(
            col(Link.token_hash) == digest(token),
            col(Link.purpose) == purpose,
            col(Link.used_at).is_(None),
            col(Link.replaced_at).is_(None),
            col(Link.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(Link.account_id))
    ).scalar()
    return None if taken is None else int(taken)


def end_all(session: Session, account_id: int) -> None:
    """Links on their way end: the account's password was set otherwise, or the account is gone."""
    session.execute(
        sa.update(Link)
        .where(col(Link.account_id) == account_id, col(Link.used_at).is_(None), col(Link.replaced_at).is_(None))
        .values(replaced_at=clock.now())
    )
