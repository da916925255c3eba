"""What happened and what has to leave the house: audit rows, the email outbox, pictures."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, time_column


class AuditRow(Table, table=True):
    """Who did what, on what, before → after, from where, when. Only appended (guarded by the database)."""

    __tablename__ = "audit_row"
    __table_args__ = (
        sa.Index("ix_audit_row_subject_id", "subject", "id"),
        sa.Index("ix_audit_row_at_id", "at", "id"),
        sa.Index("ix_audit_row_organisation_id_at_id", "organisation_id", "at", "id"),
        sa.Index("ix_audit_row_action_id", "action", "id"),
    )
    at: datetime = time_column()
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    who: str = Field(max_length=255)
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id")
    action: str = Field(max_length=60)
    subject: str = Field(max_length=60, index=True)
    """`table:id` of what was acted on, for example `account:12`."""
    label: str = Field(default="", max_length=255)
    before: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    ip: str = Field(default="", max_length=45)


class Email(Table, table=True):
    """The outbox: written in the transaction of its cause, sent after it. `sent_at` empty: still to be sent."""

    __tablename__ = "email"
    __table_args__ = (
        sa.Index(
            "ix_email_to_send",
            "next_try_at",
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        ),
    )
    kind: str = Field(max_length=40)
    to: str = Field(max_length=255, index=True)
    subject: str = Field(max_length=255)
    text: str
    html: str
    created_at: datetime = time_column()
    next_try_at: datetime = time_column()
    tries: int = 0
    sent_at: datetime | None = time_column(nullable=True)
    error: str | None = Field(default=None, max_length=500)


class Image(Table, table=True):
    """A picture, re-encoded by us and stripped of metadata. Served by a checked route only."""

    __tablename__ = "image"
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    media_type: str = Field(max_length=30)
    content: bytes = Field(sa_type=sa.LargeBinary)
    created_at: datetime = time_column()
