"""Alarms of Central Management, the people who hear of them, and who was told what."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class AlarmLevel(StrEnum):
    INFORMATION = "information"
    WARNING = "warning"
    ALERT = "alert"


class AlarmKind(StrEnum):
    CAPACITY_LOW = "capacity_low"
    CAPACITY_FULL = "capacity_full"
    PBX_EXPIRING = "pbx_expiring"
    PBX_EXPIRED = "pbx_expired"
    PBX_TROUBLE = "pbx_trouble"
    """The engine could not do what was asked of it."""
    PBX_LOST = "pbx_lost"
    PBX_RECOVERED = "pbx_recovered"
    PBX_DELETED = "pbx_deleted"
    PBX_REPORTED = "pbx_reported"
    """The PBX itself says so."""
    USAGE_HIGH = "usage_high"
    """Much of what a PBX has is in use."""
    USAGE_FULL = "usage_full"
    ENGINE_LOST = "engine_lost"
    ENGINE_FOUND = "engine_found"


class Alarm(Table, table=True):
    """Something that needs attention, or needed it. `reason` is what and of what it is: as long as it lasts, `ended_at`
    is empty and there is no second one. What only happened has ended when it began."""

    __tablename__ = "alarm"
    __table_args__ = (
        sa.Index(
            "uq_alarm_open_reason",
            "reason",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(
            "ix_alarm_open_organisation_id",
            "organisation_id",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index(
            "ix_alarm_open_pbx_id",
            "pbx_id",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.Index("ix_alarm_organisation_id_id", "organisation_id", "id"),
        sa.Index("ix_alarm_level_id", "level", "id"),
        sa.Index(
            "ix_alarm_unseen",
            "id",
            sqlite_where=sa.text("seen_at IS NULL"),
            postgresql_where=sa.text("seen_at IS NULL"),
        ),
        sa.Index("ix_alarm_pbx_id_id", "pbx_id", "id"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    """Whose package it is about."""
    pbx_id: int | None = Field(default=None, foreign_key="pbx.id")
    kind: AlarmKind = enum_column(AlarmKind)
    level: AlarmLevel = enum_column(AlarmLevel)
    reason: str = Field(max_length=120)
    title: str = Field(max_length=160)
    detail: str = Field(default="", max_length=500)
    raised_at: datetime = time_column(index=True)
    ended_at: datetime | None = time_column(nullable=True)
    seen_at: datetime | None = time_column(nullable=True)
    """When a person acknowledged it."""
    seen_by_id: int | None = Field(default=None, foreign_key="account.id")


class AlarmContact(Table, table=True):
    """Who gets an email when an alarm of the own company is raised: a colleague (by the account, wherever its address
    moves), or anybody by name and address."""

    __tablename__ = "alarm_contact"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "account_id", name="uq_alarm_contact_account"),
        sa.UniqueConstraint("organisation_id", "email", name="uq_alarm_contact_email"),
        sa.CheckConstraint("(account_id IS NULL) <> (email IS NULL)", name="either"),
        sa.CheckConstraint("on_information OR on_warning OR on_alert", name="some_level"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    account_id: int | None = Field(default=None, foreign_key="account.id")
    name: str = Field(default="", max_length=100)
    email: str | None = Field(default=None, max_length=255)
    on_information: bool = False
    on_warning: bool = False
    on_alert: bool = False
    created_at: datetime = time_column()
    hour_began_at: datetime | None = time_column(nullable=True)
    """When the first email of the hour that is counted went out."""
    hour_emails: int = 0


class AlarmNotice(Table, table=True):
    """A contact hears of an alarm: once. `told_at` empty: too many went out this hour, it waits for the summary."""

    __tablename__ = "alarm_notice"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "alarm_id", name="uq_alarm_notice_once"),
        sa.Index(
            "ix_alarm_notice_held",
            "contact_id",
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        ),
    )
    alarm_id: int = Field(foreign_key="alarm.id", index=True)
    contact_id: int = Field(foreign_key="alarm_contact.id")
    told_at: datetime | None = time_column(nullable=True)
