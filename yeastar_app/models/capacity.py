"""Pools of capacity (a hosting package, a reseller package) and the cloud PBXs that live in them.

The invariant of every pool and capacity: 0 <= used <= total, where used is what was assigned to resellers plus
what own PBXs take. It is kept by conditional UPDATEs (services/capacity.py); the CHECKs stand behind them.
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column

MAX_EXTENSIONS_PER_PBX = 500
"""Seed 002: "The maximum number of extensions for each PBX is 500 and is unchangeable"."""

FREE_RECORDING_MINUTES = 500
"""Seed 002: "Each PBX has 500 recording minutes for free"; only the excess is deducted."""


class Pool(Table, table=True):
    """What an organisation may hand out. A partner's pool has no parent; a reseller's is taken from its parent."""

    __tablename__ = "pool"
    __table_args__ = (
        sa.CheckConstraint("used_extensions >= 0 AND used_extensions <= total_extensions", name="extensions"),
        sa.CheckConstraint("used_calls >= 0 AND used_calls <= total_calls", name="calls"),
        sa.CheckConstraint("used_minutes >= 0 AND used_minutes <= total_minutes", name="minutes"),
        sa.CheckConstraint("min_extensions_per_pbx BETWEEN 1 AND 500", name="min_extensions_per_pbx"),
    )
    organisation_id: int = Field(foreign_key="organisation.id", unique=True)
    parent_id: int | None = Field(default=None, foreign_key="pool.id", index=True)
    total_extensions: int = 0
    used_extensions: int = 0
    total_calls: int = 0
    used_calls: int = 0
    total_minutes: int = 0
    used_minutes: int = 0
    min_extensions_per_pbx: int = 1
    high_availability: bool = False


class PbxPlan(StrEnum):
    ENTERPRISE = "enterprise"
    ULTIMATE = "ultimate"


class RunState(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    UPGRADING = "upgrading"
    RESTORING = "restoring"
    PROVISIONING = "provisioning"


class Pbx(Table, table=True):
    """A cloud PBX. Deleting one is soft; its capacity goes back to its pool."""

    __tablename__ = "pbx"
    __table_args__ = (
        sa.CheckConstraint(f"extensions BETWEEN 1 AND {MAX_EXTENSIONS_PER_PBX}", name="extensions"),
        sa.CheckConstraint("calls >= 1", name="calls"),
        sa.CheckConstraint("minutes >= 0", name="minutes"),
        sa.Index("ix_pbx_pool_id_deleted_at", "pool_id", "deleted_at"),
    )
    pool_id: int = Field(foreign_key="pool.id")
    customer_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    name: str = Field(max_length=60)
    plan: PbxPlan = enum_column(PbxPlan)
    extensions: int
    calls: int
    recording: bool
    minutes: int
    high_availability: bool = False
    run_state: RunState = enum_column(RunState, default=RunState.STOPPED)
    activated: bool = False
    expires_on: date | None = None
    created_by_id: int | None = Field(default=None, foreign_key="account.id")
    created_at: datetime = time_column()
    deleted_at: datetime | None = time_column(nullable=True)

    @property
    def charged_minutes(self) -> int:
        """Minutes that are deducted from the pool: only what exceeds the free 500."""
        return max(0, self.minutes - FREE_RECORDING_MINUTES)
