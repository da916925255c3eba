"""Signing in and out: password → ticket → (second factor) → session. Rules: PRODUCT 2."""

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import _HOME as HOME
from yeastar_app.access import (
    OWN_ACCOUNT,
    PUBLIC,
    Actor,
    Credential,
    acting_as,
    action,
    audit,
    digest,
    live_sessions,
)
from yeastar_app.database import transaction
from yeastar_app.engines import passwords
from yeastar_app.models.accounts import Account, Status, TwoFactor
from yeastar_app.models.credentials import SignInSession, SignInTicket
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import codes, devices, throttle
from yeastar_app.services.fields import RowId, Secret, Token, TypedAddress
from yeastar_app.services.tokens import new_token
from yeastar_app.words import t

TICKET_LIFE = timedelta(minutes=1)
"""From the last thing asked for to the cookie."""
HALF_PASSED_LIFE = timedelta(minutes=10)
"""From the right password to the second factor: an email may take its time."""
SEEN_EVERY = timedelta(minutes=1)


class SignInForm(BaseModel):
    email: TypedAddress
    password: Secret


class TicketForm(BaseModel):
    ticket: Token


class SessionForm(BaseModel):
    id: RowId


@dataclass(frozen=True)
class Ticket:
    """What a right password gives. `second`: the second factor that is still asked for ("" = none); then the token
    is worth nothing yet and must not leave the server. `sent_to`: where an emailed code went."""

    token: str
    second: str = ""
    sent_to: str = ""


@dataclass(frozen=True)
class Begun:
    token: str
    home: str


@dataclass(frozen=True)
class Own:
    """A row of the list of own sessions."""

    id: int
    device: str
    ip: str
    started: datetime
    seen: datetime
    is_this: bool


def _password_matches(form: SignInForm, credential: Credential) -> str | None:
    """The hash that the password fits; None where it fits none. One verification for every address, known or not."""
    with transaction(writes=False) as session:
        throttle.check(session, throttle.of_sign_in(session, form.email, credential))
        account = _active(session, form.email)
        hashed = account.password_hash if account else None
    return hashed if passwords.verify(form.password, hashed) else None


# Not audited: the session that follows is.
@action(PUBLIC, form=SignInForm, prepare=_password_matches, audited=False)
def sign_in(session: Session, actor: Actor, form: SignInForm, *, prepared: str | None) -> Ticket:
    """Check the password and hand out a ticket. Refusals `wrong_sign_in` and `slow_down` are the same whether the
    account exists, is not activated, frozen or removed."""
    if not actor.credential.device_token:
        raise Refusal("cookies_needed", t("Your browser sent no cookie. Allow cookies for this site and reload."))
    subjects = throttle.of_sign_in(session, form.email, actor.credential)
    throttle.hold(session, subjects)
    account = _active(session, form.email)
    if account is None or prepared is None or account.password_hash != prepared:
        words = t("The Yeastar ID or the password is not right.")
        raise throttle.refusal(session, subjects, "wrong_sign_in", words)
    throttle.succeeded(session, subjects)
    return hand_out_ticket(session, account, actor.credential)


def _active(session: Session, email: str) -> Account | None:
    return session.exec(
        select(Account).where(col(Account.email) == email, col(Account.status) == Status.ACTIVE)
    ).first()


def hand_out_ticket(session: Session, account: Account, credential: Credential) -> Ticket:
    """A ticket for this browser; not ready yet where the account has a second factor and does not trust the
    browser."""
    second = "" if devices.is_trusted(session, account.key, credential) else account.two_factor.value
    second = "" if second == TwoFactor.OFF else second
    token = new_token()
    session.add(
        SignInTicket(
            account_id=account.key,
            token_hash=digest(token),
            device_hash=digest(credential.device_token),
            ready=not second,
            expires_at=clock.now() + (HALF_PASSED_LIFE if second else TICKET_LIFE),
        )
    )
    if second != TwoFactor.EMAIL:
        return Ticket(token, second)
    with contextlib.suppress(Refusal):  # one was sent a moment ago: it is still good
        codes.send_email_code(session, account)
    return Ticket(token, second, masked(account.email))


def masked(email: str) -> str:
    """`p•••@example.com`: enough to know which mailbox to look into."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}"


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
    if actor.session_id:  # somebody was signed in here: the cookie of that session is about to go
        end_session(session, actor.session_id)
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
    devices.remember(session, account, actor.credential)
    audit(session, as_owner(actor, account), "session.start", row, label=account.email)
    return Begun(token, f"/{HOME[account.kind]}")


def as_owner(actor: Actor, account: Account) -> Actor:
    """The actor of somebody who has just proved to own this account, for the audit row."""
    return acting_as(actor, account_id=account.key, email=account.email, organisation_id=account.organisation_id)


@action(OWN_ACCOUNT)
def end(session: Session, actor: Actor) -> None:
    """Sign out here."""
    row = session.get(SignInSession, actor.session_id)
    if row is not None:
        row.ended_at = clock.now()
        audit(session, actor, "session.end", row, label=actor.email)


@action(OWN_ACCOUNT, writes=False)
def own(session: Session, actor: Actor) -> list[Own]:
    """The actor's live sessions, this one first, then the one seen last."""
    rows = session.exec(
        select(SignInSession)
        .where(col(SignInSession.account_id) == actor.id, *live_sessions(clock.now()))
        .order_by((col(SignInSession.id) == actor.session_id).desc(), col(SignInSession.last_seen_at).desc())
        .limit(50)
    )
    return [
        Own(
            row.key,
            devices.name_of(row.user_agent),
            row.ip,
            row.created_at,
            row.last_seen_at,
            row.id == actor.session_id,
        )
        for row in rows
    ]


@action(OWN_ACCOUNT, form=SessionForm)
def end_one(session: Session, actor: Actor, form: SessionForm) -> None:
    """Sign out one of the actor's own sessions; its tabs are out on their next click."""
    row = session.exec(
        select(SignInSession).where(
            col(SignInSession.id) == form.id,
            col(SignInSession.account_id) == actor.id,
            col(SignInSession.ended_at).is_(None),
        )
    ).first()
    if row is None:
        raise NotFound(t("This session"))
    row.ended_at = clock.now()
    audit(session, actor, "session.end", row, label=actor.email)


@action(OWN_ACCOUNT)
def end_everywhere(session: Session, actor: Actor) -> None:
    """Sign out everywhere, this browser included."""
    account = session.get_one(Account, actor.id)
    end_all(session, account.key)
    audit(session, actor, "session.end_everywhere", account, label=account.email)


def end_session(session: Session, session_id: int) -> None:
    session.execute(
        sa.update(SignInSession)
        .where(col(SignInSession.id) == session_id, col(SignInSession.ended_at).is_(None))
        .values(ended_at=clock.now())
    )


def end_all(session: Session, account_id: int, *, but: int | None = None) -> None:
    """End the sessions of an account (all `but` one) and the tickets on their way to one. Every change that takes
    rights away calls this: password, freezing, removal."""
    now = clock.now()
    session.execute(
        sa.update(SignInSession)
        .where(
            col(SignInSession.account_id) == account_id,
            col(SignInSession.ended_at).is_(None),
            col(SignInSession.id) != (but or 0),
        )
        .values(ended_at=now)
    )
    session.execute(
        sa.update(SignInTicket)
        .where(col(SignInTicket.account_id) == account_id, col(SignInTicket.used_at).is_(None))
        .values(used_at=now)
    )


def touch(session_id: int) -> None:
    """Note that a session is in use, at most once a minute. Blocks; called beside the events, never within one."""
    now = clock.now()
    with transaction() as session:
        session.execute(
            sa.update(SignInSession)
            .where(
                col(SignInSession.id) == session_id,
                col(SignInSession.ended_at).is_(None),
                col(SignInSession.last_seen_at) <= now - SEEN_EVERY,
            )
            .values(last_seen_at=now)
        )
