"""What Central Management remembers of packages: presets that owners hand out again, and how every pool stood day by
day."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, time_column


class PackagePreset(Table, table=True):
    """A reseller package under a name, to be applied again."""

    __tablename__ = "package_preset"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "name"),
        sa.CheckConstraint("min_extensions BETWEEN 1 AND 500", name="min_extensions"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    name: str = Field(max_length=60)
    extensions: int
    min_extensions: int
    calls: int
    minutes: int
    high_availability: bool
    created_at: datetime = time_column()


class CapacityRecord(Table, table=True):
    """How a pool stood at the end of a day (UTC), or stands today. Days on which nothing changed have no row."""

    __tablename__ = "capacity_record"
    __table_args__ = (
        sa.UniqueConstraint("pool_id", "day"),
        *[
            sa.CheckConstraint(
                f"assigned_{each} >= 0 AND used_{each} >= 0 AND assigned_{each} + used_{each} <= total_{each}",
                name=each,
            )
            for each in ("extensions", "calls", "minutes")
        ],
    )
    pool_id: int = Field(foreign_key="pool.id")
    day: date
    total_extensions: int
    assigned_extensions: int
    used_extensions: int
    """By own PBXs alone, other than in Pool."""
    total_calls: int
    assigned_calls: int
    used_calls: int
    total_minutes: int
    assigned_minutes: int
    used_minutes: int
