"""Orders as far as a rebate needs them, and the account credit that rebates become."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class OrderStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Order(Table, table=True):
    """A partner's order: what it is for, what it costs, how far it is. Money is in minor units of its currency."""

    __tablename__ = "sales_order"
    __table_args__ = (sa.CheckConstraint("amount_minor >= 0", name="amount_not_negative"),)
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    number: str = Field(max_length=40, unique=True)
    description: str = Field(default="", max_length=200)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    currency: str = Field(max_length=3)
    status: OrderStatus = enum_column(OrderStatus)
    created_at: datetime = time_column()
    paid_at: datetime | None = time_column(nullable=True)
    refunded_at: datetime | None = time_column(nullable=True)


class CreditAccount(Table, table=True):
    """A company's account credit in one currency. This row is locked by whatever changes its statement.

    The balance may go below zero: when an order is refunded after its rebate was used, the next rebates make it up."""

    __tablename__ = "credit_account"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "currency"),)
    organisation_id: int = Field(foreign_key="organisation.id")
    currency: str = Field(max_length=3)
    balance_minor: int = Field(default=0, sa_type=sa.BigInteger)


class CreditKind(StrEnum):
    REBATE = "rebate"
    REBATE_REVERSED = "rebate_reversed"


class CreditEntry(Table, table=True):
    """A line of the account statement. Never changed, never deleted (guarded by the database)."""

    __tablename__ = "credit_entry"
    __table_args__ = (
        sa.UniqueConstraint("order_id", "kind"),
        sa.CheckConstraint("amount_minor != 0", name="amount_not_zero"),
        sa.Index("ix_credit_entry_organisation_id_id", "organisation_id", "id"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    at: datetime = time_column()
    kind: CreditKind = enum_column(CreditKind)
    currency: str = Field(max_length=3)
    amount_minor: int = Field(sa_type=sa.BigInteger)
    balance_after_minor: int = Field(sa_type=sa.BigInteger)
    order_id: int | None = Field(default=None, foreign_key="sales_order.id")
    tier_name: str = Field(default="", max_length=40)
    rate_basis_points: int = 0
    reason: str = Field(max_length=200)
