"""What points can be spent on: the rewards, how many of each are left for every tier, and who redeemed what."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class Reward(Table, table=True):
    """Something to be had for points. Who may have it, and how many there are: RewardStock."""

    __tablename__ = "reward"
    __table_args__ = (sa.CheckConstraint("points > 0", name="points_positive"),)
    name: str = Field(max_length=100, unique=True)
    description: str = Field(default="", max_length=500)
    image_id: int | None = Field(default=None, foreign_key="image.id")
    points: int
    active: bool = True
    """False: no longer in the catalogue; what was redeemed goes on."""
    position: int = 0


class RewardStock(Table, table=True):
    """How many of a reward are left for a tier. No row: the reward is not for that tier."""

    __tablename__ = "reward_stock"
    __table_args__ = (
        sa.UniqueConstraint("reward_id", "tier_id"),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
    )
    reward_id: int = Field(foreign_key="reward.id")
    tier_id: int = Field(foreign_key="tier.id", index=True)
    stock: int


class RedemptionStatus(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    FULFILLED = "fulfilled"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Redemption(Table, table=True):
    """A wish for a reward. Its points are held from the request on: they left the balance then, and a decline gives
    them back. What they came from stands in the ledger. Name and price are those of the moment of the request."""

    __tablename__ = "redemption"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "request_key"),
        sa.Index("ix_redemption_organisation_id_id", "organisation_id", "id"),
        sa.Index("ix_redemption_status_id", "status", "id"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    account_id: int = Field(foreign_key="account.id")
    reward_id: int = Field(foreign_key="reward.id", index=True)
    reward_name: str = Field(max_length=100)
    points: int
    tier_id: int = Field(foreign_key="tier.id")
    """Whose stock it was taken from."""
    status: RedemptionStatus = enum_column(RedemptionStatus)
    deliver_to: str = Field(max_length=500)
    request_key: str = Field(max_length=40)
    """Made when the window opens: the second of two clicks brings the same one."""
    requested_at: datetime = time_column()
    decided_at: datetime | None = time_column(nullable=True)
    decided_by_id: int | None = Field(default=None, foreign_key="account.id")
    fulfilled_at: datetime | None = time_column(nullable=True)
    note: str = Field(default="", max_length=500)
    """Why it was declined, or how it was sent: told to who redeemed."""
