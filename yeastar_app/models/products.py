"""What the vendor sells, the registry of units and subscriptions that prove a Product ID, and who holds what."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from yeastar_app.models.base import Table, enum_column, time_column

IDENTIFIER: Any = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
"""Compared byte by byte on both databases, so that an index finds what an identifier begins with."""


class IdKind(StrEnum):
    """Which identifier a product is registered by (Seed 000)."""

    SERIAL_NUMBER = "serial_number"
    YEASTAR_ID = "yeastar_id"
    COMPANY_ID = "company_id"


class Product(Table, table=True):
    __tablename__ = "product"
    code: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=100, unique=True)
    id_kind: IdKind = enum_column(IdKind)
    needs_subscription: bool
    """False for units sold once: the unit alone is enough, no plan or service has to be subscribed."""
    position: int = 0


class PointRule(Table, table=True):
    """Points for registering one unit of a product bought between two days (inclusive; open where empty).
    A product with no rule on the purchase date is not eligible."""

    __tablename__ = "point_rule"
    __table_args__ = (sa.CheckConstraint("points > 0", name="points_positive"),)
    product_id: int = Field(foreign_key="product.id", index=True)
    points: int
    valid_from: date | None = None
    valid_until: date | None = None


class RegistryUnit(Table, table=True):
    """A unit or subscription the vendor knows. `identifier` is normalised (services/identifiers.py)."""

    __tablename__ = "registry_unit"
    __table_args__ = (
        sa.UniqueConstraint("product_id", "identifier"),
        sa.Index(
            "ix_registry_unit_not_eligible",
            "product_id",
            "identifier",
            sqlite_where=sa.text("NOT eligible"),
            postgresql_where=sa.text("NOT eligible"),
        ),
    )
    product_id: int = Field(foreign_key="product.id")
    identifier: str = Field(max_length=255, sa_type=IDENTIFIER)
    subscribed_from: date | None = None
    subscribed_until: date | None = None
    eligible: bool = True
    """False for demonstration and not-for-resale units: known, but earning nothing."""


class UnregisteredUnit(SQLModel, table=True):
    """A unit of the registry that nobody has registered. Kept by triggers alone (migration 0023), so that the next of
    them are found among a million that are: no code of ours writes here."""

    __tablename__ = "unregistered_unit"
    __table_args__ = ({"sqlite_with_rowid": False},)
    product_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    identifier: str = Field(primary_key=True, max_length=255, sa_type=IDENTIFIER)


class HoldingStatus(StrEnum):
    TRIAL = "trial"
    ACTIVE = "active"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Holding(Table, table=True):
    """A product that an organisation bought or tries, and the customer it is associated with, if any."""

    __tablename__ = "holding"
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    customer_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    product_id: int = Field(foreign_key="product.id")
    identifier: str = Field(max_length=255)
    name: str = Field(max_length=100)
    plan: str = Field(default="", max_length=60)
    capacity: str = Field(default="", max_length=200)
    status: HoldingStatus = enum_column(HoldingStatus)
    auto_renew: bool = False
    starts_on: date
    expires_on: date | None = None
    created_at: datetime = time_column()
