"""One-use links sent by email: activation (48 hours, resellers 7 days) and password reset (1 hour)."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Kind
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.services.tokens import digest, new_token

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
