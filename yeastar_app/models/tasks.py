"""Scheduled work on cloud PBXs: what is to be done when, on which of them, and what came of it on each."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class TaskKind(StrEnum):
    START = "start"
    STOP = "stop"
    RESET = "reset"


class TaskStatus(StrEnum):
    PENDING = "pending"
    EXECUTING = "executing"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Task(Table, table=True):
    """Something to be done once. `due_at` is what counts; `time_zone` is the one it was typed in."""

    __tablename__ = "task"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "request_key"),
        sa.Index("ix_task_organisation_id_id", "organisation_id", "id"),
        sa.Index("ix_task_status_due_at", "status", "due_at"),
    )
    organisation_id: int = Field(foreign_key="organisation.id")
    created_by_id: int = Field(foreign_key="account.id", index=True)
    """In whose name it is carried out: with what that account may do then."""
    name: str = Field(max_length=60)
    kind: TaskKind = enum_column(TaskKind)
    remark: str = Field(default="", max_length=500)
    due_at: datetime = time_column()
    time_zone: str = Field(default="", max_length=64)
    """Empty: immediately."""
    status: TaskStatus = enum_column(TaskStatus, default=TaskStatus.PENDING)
    request_key: str = Field(max_length=40)
    """Made when the panel opens: the second of two clicks brings the same one."""
    created_at: datetime = time_column()
    started_at: datetime | None = time_column(nullable=True)
    finished_at: datetime | None = time_column(nullable=True)


class TargetStatus(StrEnum):
    WAITING = "waiting"
    """Its task has not come to it yet."""
    ORDERED = "ordered"
    """The hosting engine is asked and has not answered."""
    DONE = "done"
    FAILED = "failed"


class TaskTarget(Table, table=True):
    """A PBX of a task: a line of the execution log. The name is kept: the PBX may be gone one day."""

    __tablename__ = "task_target"
    __table_args__ = (sa.UniqueConstraint("task_id", "pbx_id"),)
    task_id: int = Field(foreign_key="task.id")
    pbx_id: int = Field(foreign_key="pbx.id", index=True)
    pbx_name: str = Field(max_length=60)
    status: TargetStatus = enum_column(TargetStatus, default=TargetStatus.WAITING)
    command_id: int | None = Field(default=None, foreign_key="engine_command.id", index=True)
    words: str = Field(default="", max_length=300)
    at: datetime | None = time_column(nullable=True)
    """When it came to where it is now."""
