"""Pools of capacity (a hosting package, a reseller package) and the cloud PBXs that live in them.

The invariant of every pool and capacity: 0 <= used <= total, where used is what was assigned to resellers plus
what own PBXs take. It is kept by conditional UPDATEs (services/capacity.py); the CHECKs stand behind them.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

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
        sa.Index("ix_pool_parent_id_id", "parent_id", "id"),
    )
    organisation_id: int = Field(foreign_key="organisation.id", unique=True)
    parent_id: int | None = Field(default=None, foreign_key="pool.id")
    total_extensions: int = 0
    used_extensions: int = 0
    total_calls: int = 0
    used_calls: int = 0
    total_minutes: int = 0
    used_minutes: int = 0
    min_extensions_per_pbx: int = 1
    high_availability: bool = False

    @property
    def top_id(self) -> int:
        """The pool that this one was taken from, or itself."""
        return self.parent_id or self.key


class PbxPlan(StrEnum):
    ENTERPRISE = "enterprise"
    ULTIMATE = "ultimate"


class RunState(StrEnum):
    """What the hosting engine reports. Nothing else ever writes it."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    UPGRADING = "upgrading"
    RESTORING = "restoring"
    PROVISIONING = "provisioning"
    DELETED = "deleted"


class Desired(StrEnum):
    """What we want of a PBX; the engine is told, and answers when it is so."""

    STOPPED = "stopped"
    RUNNING = "running"
    DELETED = "deleted"


class PbxType(StrEnum):
    COMMERCIAL = "commercial"
    TRIAL = "trial"


def _living(name: str, *columns: str, also: str = "", **more: Any) -> sa.Index:
    """An index over the PBXs that are not deleted, or those of them of which something is true."""
    living = sa.text(f"deleted_at IS NULL AND {also}" if also else "deleted_at IS NULL")
    return sa.Index(name, *columns, sqlite_where=living, postgresql_where=living, **more)


FEW_PBXS = {
    "trouble": "trouble <> ''",
    "deleting": "desired = 'deleted'",
    "busy": "(run_state NOT IN ('running', 'stopped') OR reported_at IS NULL)",
}
"""States that few PBXs are in at a time, in the words of their indices: a query has to use the very same."""
_IN_ORDER = [
    index
    for scope in ("pool_id", "top_pool_id")
    for index in (
        _living(f"ix_pbx_living_{scope}_id", scope, "id"),
        _living(f"ix_pbx_living_{scope}_run_state_id", scope, "run_state", "id"),
        _living(f"ix_pbx_living_{scope}_expires_on_id", scope, "expires_on", "id"),
        *[_living(f"ix_pbx_{name}_{scope}_id", scope, "id", also=only) for name, only in FEW_PBXS.items()],
    )
]
_IN_ORDER.append(_living("ix_pbx_living_top_pool_id_name_id", "top_pool_id", "name", "id"))
"""For the list and each of its filters, read by those who hold a package taken from another's, or the whole of it."""


class Pbx(Table, table=True):
    """A cloud PBX: what was asked for, and apart from it what the hosting engine reported. Deleting one is soft; its
    capacity goes back to its pool when the engine has confirmed it."""

    __tablename__ = "pbx"
    __table_args__ = (
        sa.CheckConstraint(f"extensions BETWEEN 1 AND {MAX_EXTENSIONS_PER_PBX}", name="extensions"),
        sa.CheckConstraint("calls >= 1", name="calls"),
        sa.CheckConstraint("minutes >= 0", name="minutes"),
        sa.CheckConstraint("customer_id IS NOT NULL OR NOT customer_controls", name="customer_controls"),
        *_IN_ORDER,
        _living("uq_pbx_living_subdomain_domain", "subdomain", "domain", unique=True),
        _living("ix_pbx_living_top_pool_id_run_state_desired", "top_pool_id", "run_state", "desired"),
        _living("ix_pbx_living_unreported", "top_pool_id", "run_state", "desired", also="reported_at IS NULL"),
    )
    pool_id: int = Field(foreign_key="pool.id")
    top_pool_id: int
    """`Pool.top_id` of that pool, kept here so that an owner's list is one walk along an index; neither ever changes.
    No foreign key: it would lock the parent's pool after the child's, and locks go from parent to child."""
    customer_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    """The company that has it as a customer of the Customer Portal, and sees it in Central Management."""
    customer_since: datetime | None = time_column(nullable=True)
    """What was before is none of this customer's business."""
    customer_controls: bool = False
    """Whether that customer may start and stop it."""
    name: str = Field(max_length=60)
    plan: PbxPlan = enum_column(PbxPlan)
    extensions: int
    calls: int
    recording: bool
    minutes: int
    high_availability: bool = False
    type: PbxType = enum_column(PbxType, default=PbxType.COMMERCIAL)
    expires_on: date | None = None
    run_after_expiry: bool = True
    region: str = Field(default="", max_length=60)
    subdomain: str | None = Field(default=None, max_length=63)
    domain: str = Field(default="", max_length=190)
    desired: Desired = enum_column(Desired, default=Desired.STOPPED)
    held_extensions: int = 0
    """The most of each that the engine may still run with: it stays deducted until the engine has answered."""
    held_calls: int = 0
    held_minutes: int = 0
    said_extensions: int = 0
    """What the engine runs with by its newest report: what is held comes down to it when all is answered."""
    said_calls: int = 0
    said_minutes: int = 0
    run_state: RunState = enum_column(RunState, default=RunState.STOPPED)
    activated: bool = False
    report_sequence: int = 0
    """The engine's number of the report that run state and activation come from."""
    reported_at: datetime | None = time_column(nullable=True)
    """Empty: the engine has not said anything about it yet."""
    trouble: str = Field(default="", max_length=300)
    """Why the engine could not do what was asked last, in its words; empty: it could."""
    in_use_extensions: int = 0
    """Registered when it was measured last. What is in use is shown and watched, and never charged."""
    in_use_calls: int = 0
    in_use_minutes: int = 0
    peak_calls: int = 0
    """The most calls at once on the day (UTC) of that moment."""
    measured_at: datetime | None = time_column(nullable=True)
    """By the engine's clock. Empty: it has never been measured."""
    created_by_id: int | None = Field(default=None, foreign_key="account.id")
    created_at: datetime = time_column()
    deleted_at: datetime | None = time_column(nullable=True)

    @property
    def charged_minutes(self) -> int:
        """Minutes that are deducted from the pool: only what exceeds the free 500."""
        return max(0, max(self.minutes, self.held_minutes) - FREE_RECORDING_MINUTES)

    @property
    def reference(self) -> str:
        """How the hosting engine calls it."""
        return f"pbx-{self.key}"


class PbxReminder(Table, table=True):
    """An expiry email that went out: once for each PBX, expiry date and number of days before it."""

    __tablename__ = "pbx_reminder"
    __table_args__ = (sa.UniqueConstraint("pbx_id", "expires_on", "days", name="uq_pbx_reminder_once"),)
    pbx_id: int = Field(foreign_key="pbx.id")
    expires_on: date
    days: int
    at: datetime = time_column()
