"""What proves who somebody is: sessions, links, codes, devices. Only hashes of secrets are stored."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class SignInSession(Table, table=True):
    """A signed-in browser. The cookie holds the token; this row only its SHA-256."""

    __tablename__ = "sign_in_session"
    account_id: int = Field(foreign_key="account.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    device_hash: str = Field(max_length=64)
    ip: str = Field(max_length=45)
    user_agent: str = Field(max_length=300)
    created_at: datetime = time_column()
    last_seen_at: datetime = time_column()
    ended_at: datetime | None = time_column(nullable=True)


class SignInTicket(Table, table=True):
    """The minute between a right password and the cookie. Bound to the browser's device cookie; `ready` once
    the second factor (if any) has been passed."""

    __tablename__ = "sign_in_ticket"
    account_id: int = Field(foreign_key="account.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    device_hash: str = Field(max_length=64)
    ready: bool = False
    expires_at: datetime = time_column()
    used_at: datetime | None = time_column(nullable=True)


class LinkPurpose(StrEnum):
    ACTIVATION = "activation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password


class Link(Table, table=True):
    """A one-use link sent by email. A newer one of the same purpose ends the older."""

    __tablename__ = "link"
    account_id: int = Field(foreign_key="account.id", index=True)
    purpose: LinkPurpose = enum_column(LinkPurpose)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = time_column()
    expires_at: datetime = time_column()
    used_at: datetime | None = time_column(nullable=True)
    replaced_at: datetime | None = time_column(nullable=True)


class EmailCode(Table, table=True):
    """A six-digit code sent by email: 5 minutes, once, five tries."""

    __tablename__ = "email_code"
    account_id: int = Field(foreign_key="account.id", index=True)
    code_hash: str = Field(max_length=64)
    tries: int = 0
    created_at: datetime = time_column()
    expires_at: datetime = time_column()
    used_at: datetime | None = time_column(nullable=True)


class RecoveryCode(Table, table=True):
    __tablename__ = "recovery_code"
    account_id: int = Field(foreign_key="account.id", index=True)
    code_hash: str = Field(max_length=64)
    used_at: datetime | None = time_column(nullable=True)


class Device(Table, table=True):
    """A browser that an account has signed in from; trusted until `trusted_until` (no second factor asked)."""

    __tablename__ = "device"
    __table_args__ = (sa.UniqueConstraint("account_id", "device_hash"),)
    account_id: int = Field(foreign_key="account.id")
    device_hash: str = Field(max_length=64)
    name: str = Field(max_length=100)
    first_seen_at: datetime = time_column()
    trusted_until: datetime | None = time_column(nullable=True)


class Throttle(Table, table=True):
    """Failures in a row for one key (an account's address or a client's IP), and until when it must wait."""

    __tablename__ = "throttle"
    subject: str = Field(max_length=320, unique=True)
    failures: int = 0
    blocked_until: datetime | None = time_column(nullable=True)
    last_failure_at: datetime = time_column()


class ResetRequest(Table, table=True):
    """Somebody asked for a password reset. Written for every address, known or not, so that the answer takes
    the same time; a job turns it into an email where the account exists."""

    __tablename__ = "reset_request"
    email: str = Field(max_length=255)
    created_at: datetime = time_column()
    done_at: datetime | None = time_column(nullable=True)
