"""What cloud PBXs were used for, day by day. How much is in use at this moment stands on the PBX itself."""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table


class UsageDay(Table, table=True):
    """The most of each that a PBX had in use on a day (UTC), as its hosting engine measured it. Nothing is ever charged
    by it."""

    __tablename__ = "pbx_usage_day"
    __table_args__ = (
        sa.UniqueConstraint("pbx_id", "day"),
        *[sa.CheckConstraint(f"{each} >= 0", name=each) for each in ("extensions", "calls", "minutes")],
    )
    pbx_id: int = Field(foreign_key="pbx.id")
    day: date = Field(index=True)
    extensions: int = 0
    """Registered."""
    calls: int = 0
    """At once."""
    minutes: int = 0
    """Of recordings."""
    hours: list[int | None] = Field(default_factory=lambda: [None] * 24, sa_type=sa.JSON)
    """The most calls at once in each hour; None: nothing was measured in it."""
