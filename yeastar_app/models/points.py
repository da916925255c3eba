"""The points programme: tiers, the append-only ledger with its lots, registrations and bulk uploads."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column
from yeastar_app.models.products import IDENTIFIER


class Tier(Table, table=True):
    """A step of the programme: `threshold` points earned in the rolling period lift a partner to it."""

    __tablename__ = "tier"
    __table_args__ = (sa.CheckConstraint("threshold >= 0", name="threshold_not_negative"),)
    name: str = Field(max_length=40, unique=True)
    threshold: int = Field(unique=True)
    rebate_basis_points: int = 0
    benefits: list[str] = Field(default_factory=list, sa_type=sa.JSON)


class Programme(Table, table=True):
    """The figures of the programme: one row, changed by staff."""

    __tablename__ = "programme"
    tier_period_months: int = 12
    lot_validity_months: int = 24
    registration_window_days: int = 365


class PointAccount(Table, table=True):
    """A partner's balance and tier. This row is locked by whatever changes the ledger."""

    __tablename__ = "point_account"
    __table_args__ = (
        sa.CheckConstraint("balance >= 0", name="balance_not_negative"),
        sa.CheckConstraint("debt >= 0", name="debt_not_negative"),
        sa.CheckConstraint("debt = 0 OR balance = 0", name="debt_is_paid_first"),
    )
    organisation_id: int = Field(foreign_key="organisation.id", unique=True)
    balance: int = 0
    debt: int = 0
    """Points that a reversal took back after they were spent; whatever comes in pays it first."""
    tier_id: int = Field(foreign_key="tier.id")
    tier_since: datetime = time_column()
    review_at: datetime = time_column(index=True)
    """When the tier is reviewed next: the only moment it can go down."""
    review_announced: datetime | None = time_column(nullable=True)
    """The review that the owners were warned of last: one warning for each."""


class TierChange(Table, table=True):
    """A step up or down, or a review that left the tier as it was (`from` and `to` are the same then)."""

    __tablename__ = "tier_change"
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    at: datetime = time_column()
    from_tier_id: int = Field(foreign_key="tier.id")
    to_tier_id: int = Field(foreign_key="tier.id")
    reason: str = Field(max_length=200)


class PointLot(Table, table=True):
    """One earning with its own expiry. `remaining` is what has not been spent, taken back or expired yet."""

    __tablename__ = "point_lot"
    __table_args__ = (
        sa.CheckConstraint("remaining >= 0 AND remaining <= points", name="remaining_within_points"),
        sa.CheckConstraint("expired >= 0 AND remaining + expired <= points", name="expired_within_points"),
        sa.Index(
            "ix_point_lot_open",
            "organisation_id",
            "expires_on",
            "id",
            sqlite_where=sa.text("remaining > 0"),
            postgresql_where=sa.text("remaining > 0"),
        ),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    points: int
    remaining: int
    expired: int = 0
    """What expired and was not counted by a reversal since: nobody is asked for points that were lost anyway."""
    earned_at: datetime = time_column()
    expires_on: date = Field(index=True)
    """The last day, in UTC, on which these points can be spent."""
    reminded_days: int | None = None
    """The last reminder that was sent: so many days before the end."""


class EntryKind(StrEnum):
    EARNED = "earned"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    REVERSED = "reversed"


class PointEntry(Table, table=True):
    """A line of the ledger. Never changed, never deleted (guarded by the database). The words of its reason are found
    by `word_index.keys_with_words`, except on what registrations earned."""

    __tablename__ = "point_entry"
    __table_args__ = (
        sa.CheckConstraint("points != 0 OR debt != 0", name="something_changes"),
        sa.CheckConstraint("balance_after >= 0", name="balance_after_not_negative"),
        sa.CheckConstraint("debt_after >= 0", name="debt_after_not_negative"),
        sa.Index("ix_point_entry_organisation_id_id", "organisation_id", "id"),
        sa.Index("ix_point_entry_organisation_id_at_id", "organisation_id", "at", "id"),
        sa.Index("ix_point_entry_organisation_id_points_id", "organisation_id", "points", "id"),
        sa.Index(
            "ix_point_entry_not_earned",
            "organisation_id",
            "kind",
            "id",
            sqlite_where=sa.text("kind <> 'earned'"),
            postgresql_where=sa.text("kind <> 'earned'"),
        ),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    at: datetime = time_column()
    kind: EntryKind = enum_column(EntryKind)
    points: int
    balance_after: int
    debt: int = 0
    """What this line adds to the debt, or pays of it (negative)."""
    debt_after: int = 0
    lot_id: int | None = Field(default=None, foreign_key="point_lot.id", index=True)
    """Empty on a line that only changes the debt."""
    registration_id: int | None = Field(default=None, foreign_key="registration.id", index=True)
    redemption_id: int | None = Field(default=None, foreign_key="redemption.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    reason: str = Field(max_length=200)


class Registration(Table, table=True):
    """A product registered for points: once, by anybody, ever (Seed 000). Its words are found by
    `word_index.keys_with_words`: what they are of (`services/point_details`) is never changed."""

    __tablename__ = "registration"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "identifier"),
        *[
            sa.Index(f"ix_registration_organisation_id_{name}_id", "organisation_id", name, "id")
            for name in ("at", "product_id", "identifier", "purchase_date", "end_user_company")
        ],
        sa.Index(
            "ix_registration_reversed",
            "organisation_id",
            "id",
            sqlite_where=sa.text("reversed_at IS NOT NULL"),
            postgresql_where=sa.text("reversed_at IS NOT NULL"),
        ),
        sa.Index("ix_registration_product_id_purchase_date", "product_id", "purchase_date"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    account_id: int = Field(foreign_key="account.id")
    product_id: int = Field(foreign_key="product.id")
    identifier: str = Field(max_length=255, sa_type=IDENTIFIER)
    purchase_date: date
    purchase_from: str = Field(max_length=100)
    end_user_name: str = Field(max_length=100)
    end_user_company: str = Field(max_length=100)
    points: int
    at: datetime = time_column()
    upload_id: int | None = Field(default=None, foreign_key="bulk_upload.id", index=True)
    reversed_at: datetime | None = time_column(nullable=True)
    reversed_by_id: int | None = Field(default=None, foreign_key="account.id")
    reversal_reason: str = Field(default="", max_length=200)


class UploadStatus(StrEnum):
    CHOSEN = "chosen"
    CHECKING = "checking"
    CHECKED = "checked"
    REGISTERING = "registering"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class BulkUpload(Table, table=True):
    """A workbook on its way through the check and the registration; survives leaving the page and a restart. What of
    it is large stands in its BulkFile."""

    __tablename__ = "bulk_upload"
    __table_args__ = (
        sa.CheckConstraint("registered >= 0 AND registered <= good", name="registered_within_good"),
        sa.Index("ix_bulk_upload_status", "status"),
    )
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    file_name: str = Field(max_length=200)
    status: UploadStatus = enum_column(UploadStatus)
    rows: int = 0
    done: int = 0
    """Rows that the phase at hand has dealt with."""
    good: int = 0
    """Rows that are registered, or can be."""
    bad: int = 0
    registered: int = 0
    points: int = 0
    """What the registered rows earned."""
    reached_row: int = 0
    """Rows up to this one, as the spreadsheet numbers them, are decided for good: registered, or left out."""
    result: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)
    """After the registration: points per product, total, balance, tier reached."""
    refusal: str | None = Field(default=None, max_length=500)
    created_at: datetime = time_column()
    claimed_until: datetime | None = time_column(nullable=True)


class BulkFile(Table, table=True):
    """The workbook of an upload, and what was found wrong in it; deleted when its time is over."""

    __tablename__ = "bulk_file"
    upload_id: int = Field(foreign_key="bulk_upload.id", unique=True)
    problems: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    """Per problem, in the order of the rows: the values of services/bulk_rows.Problem."""
    content: bytes = Field(sa_type=sa.LargeBinary)
