"""Sending an activation email again, as a partner may: for customers and colleagues alike."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, audit
from yeastar_app.models.accounts import Account, Status
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.refusals import Refusal
from yeastar_app.services import people
from yeastar_app.words import t

RESEND_PAUSE = timedelta(minutes=1)
RESENDS_A_DAY = 5
"""[O] How often a partner may have an activation email sent again; account managers are not limited."""


def resend(session: Session, actor: Actor, account: Account) -> None:
    """Send the activation email again. Refusals `already_active`, `resent_too_often`."""
    send_another(session, actor, account)
    audit(session, actor, "account.resend_activation", account, label=account.email)


def change_email(session: Session, actor: Actor, account: Account, email: str) -> None:
    """Another address, before the activation only: the old link ends, the new address gets one. The caller has locked
    the account. Refusals `email_fixed`, `email_in_use`, `resent_too_often`."""
    if account.status is not Status.NOT_ACTIVATED:
        message = t("The Yeastar ID of an activated account stays as it is.")
        raise Refusal("email_fixed", message, "email")
    people.change_email(session, account, email)
    send_another(session, actor, account)


def send_another(session: Session, actor: Actor, account: Account) -> None:
    """An activation email that is not the account's first; the caller has locked the account and writes the audit."""
    if account.status is Status.NOT_ACTIVATED:
        _refuse_too_often(session, account)
    people.send_activation(session, account, actor.organisation_name)


def _refuse_too_often(session: Session, account: Account) -> None:
    """Every link of the last day counts, whoever sent it, except the one the account began with."""
    now = clock.now()
    sent = session.execute(
        sa.select(sa.func.count(), sa.func.max(col(Link.created_at))).where(
            col(Link.account_id) == account.key,
            col(Link.purpose) == LinkPurpose.ACTIVATION,
            col(Link.created_at) > now - timedelta(days=1),
        )
    ).one()
    first = account.created_at > now - timedelta(days=1)
    if sent[0] and now - sent[1] < RESEND_PAUSE:
        message = t("An activation email was sent less than a minute ago. Wait a moment, then send another.")
        raise Refusal("resent_too_often", message)
    if sent[0] - first >= RESENDS_A_DAY:
        message = t("Five activation emails were sent within a day. Try tomorrow, or ask your account manager.")
        raise Refusal("resent_too_often", message)
