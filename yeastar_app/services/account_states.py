"""What an account's state is in the eyes of those who look after it: its status, and whether its activation link
still works or its removal was asked for."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from yeastar_app.models.accounts import Account, Status
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.words import t

REMOVAL_REQUESTED = "removal_requested"
LINK_EXPIRED = "link_expired"
NOT_ACTIVATED = "not_activated"
ACTIVE = "active"
FROZEN = "frozen"

STATES = {
    ACTIVE: t("Active"),
    NOT_ACTIVATED: t("Not activated"),
    LINK_EXPIRED: t("Link expired"),
    REMOVAL_REQUESTED: t("Removal requested"),
    FROZEN: t("Frozen"),
}
TONES = {ACTIVE: "good", NOT_ACTIVATED: "accent", LINK_EXPIRED: "warn", REMOVAL_REQUESTED: "bad", FROZEN: "warn"}


def found_by(state: str) -> Any:
    """A condition on Account that an index answers, and that everybody in this state meets."""
    if state == REMOVAL_REQUESTED:
        return col(Account.removal_requested_at).is_not(None)
    kept = {ACTIVE: Status.ACTIVE, FROZEN: Status.FROZEN}
    return col(Account.status) == kept.get(state, Status.NOT_ACTIVATED)


def state_of(now: datetime) -> Any:
    """A column with the state of each Account of a query."""
    links = (
        sa.select(sa.literal(1))
        .where(col(Link.account_id) == col(Account.id), col(Link.purpose) == LinkPurpose.ACTIVATION)
        .correlate(Account)
    )
    live = links.where(col(Link.used_at).is_(None), col(Link.replaced_at).is_(None), col(Link.expires_at) > now)
    return sa.case(
        (col(Account.removal_requested_at).is_not(None), REMOVAL_REQUESTED),
        (col(Account.status) == Status.ACTIVE, ACTIVE),
        (col(Account.status) == Status.FROZEN, FROZEN),
        (sa.exists(links) & ~sa.exists(live), LINK_EXPIRED),
        else_=NOT_ACTIVATED,
    )
