"""Organisations, which form a tree (vendor → partners → customers and resellers), and the accounts in them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Index, text

from yeastar_app.models.base import Table, enum_column, time_column


class OrganisationKind(StrEnum):
    VENDOR = "vendor"
    PARTNER = "partner"
    CUSTOMER = "customer"
    RESELLER = "reseller"


class Kind(StrEnum):
    """What an account is; it decides the surface it lands on."""

    ADMINISTRATOR = "administrator"
    ACCOUNT_MANAGER = "account_manager"
    PARTNER = "partner"
    COLLEAGUE = "colleague"
    CUSTOMER = "customer"
    RESELLER = "reseller"
    RESELLER_COLLEAGUE = "reseller_colleague"


class Status(StrEnum):
    NOT_ACTIVATED = "not_activated"
    ACTIVE = "active"
    FROZEN = "frozen"
    REMOVED = "removed"


class TwoFactor(StrEnum):
    OFF = "off"
    APP = "app"
    EMAIL = "email"


class TaxType(StrEnum):
    VAT = "VAT_number"
    TAX_ID = "Tax_ID"
    TIN = "TIN_number"
    RUC = "RUC"
    CUIT = "CUIT"


class Organisation(Table, table=True):
    """A company. `path` lists the ids from the root down to itself (`/1/4/9/`), so a subtree is one prefix."""

    __tablename__ = "organisation"
    parent_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    kind: OrganisationKind = enum_column(OrganisationKind)
    path: str = Field(default="", max_length=255, index=True)
    name: str = Field(max_length=100)
    country: str | None = Field(default=None, max_length=2)
    state: str | None = Field(default=None, max_length=100)
    city: str | None = Field(default=None, max_length=100)
    street: str | None = Field(default=None, max_length=200)
    postal_code: str | None = Field(default=None, max_length=20)
    tax_type: TaxType | None = enum_column(TaxType, default=None, nullable=True)
    tax_number: str | None = Field(default=None, max_length=50)
    may_create_partners: bool = False
    may_create_resellers: bool = False
    created_at: datetime = time_column()


class Account(Table, table=True):
    """A person who signs in. The email is the Yeastar ID: in lower case, unique among accounts not removed."""

    __tablename__ = "account"
    __table_args__ = (
        Index(
            "uq_account_email_in_use",
            "email",
            unique=True,
            sqlite_where=text("status != 'removed'"),
            postgresql_where=text("status != 'removed'"),
        ),
        sa.CheckConstraint("email = lower(email)", name="email_lower_case"),
        sa.Index("ix_account_kind_id", "kind", "id"),
        sa.Index("ix_account_status_id", "status", "id"),
        sa.Index(
            "ix_account_removal_requested",
            "id",
            sqlite_where=text("removal_requested_at IS NOT NULL"),
            postgresql_where=text("removal_requested_at IS NOT NULL"),
        ),
    )
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    kind: Kind = enum_column(Kind)
    status: Status = enum_column(Status, default=Status.NOT_ACTIVATED)
    email: str = Field(max_length=255)
    first_name: str = Field(default="", max_length=100)
    last_name: str = Field(default="", max_length=100)
    phone: str | None = Field(default=None, max_length=40)
    mobile: str | None = Field(default=None, max_length=40)
    address: str | None = Field(default=None, max_length=200)
    remark: str | None = Field(default=None, max_length=500)
    image_id: int | None = Field(default=None, foreign_key="image.id")
    grants: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    """Feature codes (services/features.py) that a colleague or a reseller may use; others go by their kind."""
    password_hash: str | None = Field(default=None, max_length=255)
    must_change_password: bool = False
    two_factor: TwoFactor = enum_column(TwoFactor, default=TwoFactor.OFF)
    totp_secret: str | None = Field(default=None, max_length=255)
    """Encrypted (engines/secrets.py)."""
    totp_last_step: int = 0
    """The last 30-second step whose code was used (RFC 6238: a code is accepted once)."""
    created_by_id: int | None = Field(default=None, foreign_key="account.id")
    created_at: datetime = time_column()
    activated_at: datetime | None = time_column(nullable=True)
    removed_at: datetime | None = time_column(nullable=True)
    removal_requested_at: datetime | None = time_column(nullable=True)
    removal_requested_by_id: int | None = Field(default=None, foreign_key="account.id")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email


class ManagedPartner(Table, table=True):
    """Which account manager looks after a partner (and all that is below it)."""

    __tablename__ = "managed_partner"
    organisation_id: int = Field(foreign_key="organisation.id", unique=True)
    account_id: int = Field(foreign_key="account.id", index=True)
