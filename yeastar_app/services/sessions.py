"""Signing in and out: password → ticket → session. Rules: PRODUCT 2."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import _HOME as HOME
from yeastar_app.access import OWN_ACCOUNT, PUBLIC, Actor, Credential, action, audit, digest
from yeastar_app.database import transaction
from yeastar_app.engines import passwords
from yeastar_app.models.accounts import Account, Status
from yeastar_app.models.credentials import SignInSession, SignInTicket
from yeastar_app.refusals import Refusal
from yeastar_app.services.tokens import new_token
from yeastar_app.words import t

TICKET_LIFE = timedelta(minutes=1)


class SignInForm(BaseModel):
    email: str = Field(min_length=1, max_length=255)
    password: str = Field(min_length=1, max_length=128)


class TicketForm(BaseModel):
    ticket: str = Field(max_length=100)


@dataclass(frozen=True)
class Ticket:
    token: str


@dataclass(frozen=True)
class Begun:
    token: str
    home: str


def _password_matches(form: SignInForm, _credential: Credential) -> bool:
    with transaction(writes=False) as session:
        hashed = session.exec(
            select(Account.password_hash).where(
                col(Account.email) == form.email.strip().lower(), col(Account.status) == Status.ACTIVE
            )
        ).first()
    return passwords.verify(form.password, hashed)


@action(PUBLIC, form=SignInForm, prepare=_password_matches, audited=False)  # the session that follows is audited
def sign_in(session: Session, actor: Actor, form: SignInForm, *, prepared: bool) -> Ticket:
    """Check the password and hand out a ticket."""
    account = session.exec(
        select(Account).where(col(Account.email) == form.email.strip().lower(), col(Account.status) == Status.ACTIVE)
    ).first()
    if account is None or not prepared:
        raise Refusal("wrong_sign_in", t("The Yeastar ID or the password is not right."))
    token = new_token()
    session.add(
        SignInTicket(
            account_id=account.key,
            token_hash=digest(token),
            device_hash=digest(actor.credential.device_token),
            ready=True,
            expires_at=clock.now() + TICKET_LIFE,
        )
    )
    return Ticket(token)


@action(PUBLIC, form=TicketForm)
def start(session: Session, actor: Actor, form: TicketForm) -> Begun:
    """Trade a ready ticket for a session: within a minute, once, from the browser that got it."""
    now = clock.now()
    taken: Any = session.execute(
        sa.update(SignInTicket)
        .where(
            col(SignInTicket.token_hash) == digest(form.ticket),
            col(SignInTicket.device_hash) == digest(actor.credential.device_token),
            col(SignInTicket.ready).is_(True),
            col(SignInTicket.used_at).is_(None),
            col(SignInTicket.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(SignInTicket.account_id))
    ).scalar()
    account = session.get(Account, taken) if taken else None
    if account is None or account.status is not Status.ACTIVE:
        raise Refusal("ticket_ended", t("That took too long. Please sign in again."))
    token = new_token()
    row = SignInSession(
        account_id=account.key,
        token_hash=digest(token),
        device_hash=digest(actor.credential.device_token),
        ip=actor.credential.ip,
        user_agent=actor.credential.user_agent,
        created_at=now,
        last_seen_at=now,
    )
    session.add(row)
    audit(session, actor, "session.start", account, label=account.email)
    return Begun(token, f"/{HOME[account.kind]}")


@action(OWN_ACCOUNT)
def end(session: Session, actor: Actor) -> None:
    """Sign out here."""
    row = session.get(SignInSession, actor.session_id)
    if row is not None:
        row.ended_at = clock.now()
        audit(session, actor, "session.end", row, label=actor.email)
