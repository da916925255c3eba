"""What we tell the hosting engine and what it tells us, each written before anything is done about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column
from yeastar_app.models.capacity import RunState


class CommandKind(StrEnum):
    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESIZE = "resize"
    UPGRADE = "upgrade"
    RESET = "reset"
    INVITE = "invite"
    """These people have the activation email: whoever of them follows its link activates the PBX."""
    DELETE = "delete"


class Outcome(StrEnum):
    """What came of a command: the engine says whether it was done; `taken_back`: it failed and is wished no more."""

    DONE = "done"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class EngineCommand(Table, table=True):
    """The outbox to the engine: written in the transaction of its cause, sent after it, those of one PBX in the order
    they were written. `sent_at`: the engine has taken it; `outcome`: what it said came of it."""

    __tablename__ = "engine_command"
    __table_args__ = (
        sa.Index(
            "ix_engine_command_to_send",
            "next_try_at",
            sqlite_where=sa.text("sent_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL"),
        ),
        sa.Index(
            "ix_engine_command_unanswered",
            "pbx_id",
            sqlite_where=sa.text("outcome IS NULL"),
            postgresql_where=sa.text("outcome IS NULL"),
        ),
    )
    pbx_id: int = Field(foreign_key="pbx.id", index=True)
    message_id: str = Field(max_length=64, unique=True)
    kind: CommandKind = enum_column(CommandKind)
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    ordered_by: str = Field(max_length=255)
    created_at: datetime = time_column()
    next_try_at: datetime = time_column()
    tries: int = 0
    sent_at: datetime | None = time_column(nullable=True)
    outcome: Outcome | None = Field(
        default=None,
        sa_type=sa.Enum(Outcome, native_enum=False, create_constraint=False, length=32,
                        values_callable=lambda kind: [member.value for member in kind]),
    )  # fmt: skip
    error: str = Field(default="", max_length=300)
    ended_at: datetime | None = time_column(nullable=True)


class EngineReport(Table, table=True):
    """One thing the engine said about a PBX. Kept as its history; the same message twice is one row."""

    __tablename__ = "engine_report"
    __table_args__ = (sa.Index("ix_engine_report_pbx_id_id", "pbx_id", "id"),)
    pbx_id: int = Field(foreign_key="pbx.id")
    message_id: str = Field(max_length=64, unique=True)
    digest: str = Field(max_length=64)
    """Of the content: the same id with another content is refused."""
    sequence: int
    at: datetime = time_column()
    """By the engine's clock."""
    received_at: datetime = time_column()
    state: RunState = enum_column(RunState)
    activated: bool
    command_id: int | None = Field(default=None, foreign_key="engine_command.id")
    outcome: str = Field(default="", max_length=32)
    words: str = Field(default="", max_length=300)


class EngineHealth(Table, table=True):
    """One row: whether the engine answers, and since when it does not."""

    __tablename__ = "engine_health"
    lost_since: datetime | None = time_column(nullable=True)
    reason: str = Field(default="", max_length=300)


class SimulatedPbx(Table, table=True):
    """The embedded simulator's own truth; only engines/simulator.py reads or writes it."""

    __tablename__ = "simulated_pbx"
    reference: str = Field(max_length=64, unique=True)
    state: RunState = enum_column(RunState)
    activated: bool = False
    extensions: int = 0
    calls: int = 0
    minutes: int = 0
    sequence: int = 0
    queue: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    """Commands taken and not finished; the first is being carried out."""
    due_at: datetime | None = time_column(nullable=True, index=True)
    """When the first of the queue is finished; empty: nothing is being done."""
    created_at: datetime | None = time_column(nullable=True)
    """Empty: long ago."""
    measure_at: datetime | None = time_column(nullable=True, index=True)
    """When it says next how much of it is in use; empty: it is not there."""
    unsent: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    has_unsent: bool = Field(default=False, index=True)
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    """Command → the report of its outcome (none yet: null), so that the same command twice is done once."""
