"""Tasks: starting, stopping and resetting cloud PBXs by the clock, with what came of it on each."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def word(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, UTCDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", word("start", "stop", "reset", name="taskkind"), nullable=False),
        sa.Column("remark", sa.String(500), nullable=False),
        time("due_at"),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("status", word("pending", "executing", "finished", "cancelled", name="taskstatus"), nullable=False),
        sa.Column("request_key", sa.String(40), nullable=False),
        time("created_at"),
        time("started_at", nullable=True),
        time("finished_at", nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_task_created_by_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_task_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("organisation_id", "request_key", name=op.f("uq_task_organisation_id_request_key")),
    )
    op.create_index("ix_task_organisation_id_id", "task", ["organisation_id", "id"])
    op.create_index("ix_task_status_due_at", "task", ["status", "due_at"])
    op.create_index(op.f("ix_task_created_by_id"), "task", ["created_by_id"])
    op.create_table(
        "task_target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("pbx_name", sa.String(60), nullable=False),
        sa.Column("status", word("waiting", "ordered", "done", "failed", name="targetstatus"), nullable=False),
        sa.Column("command_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.String(300), nullable=False),
        time("at", nullable=True),
        sa.ForeignKeyConstraint(
            ["command_id"], ["engine_command.id"], name=op.f("fk_task_target_command_id_engine_command")
        ),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_task_target_pbx_id_pbx")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_task_target_task_id_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_target")),
        sa.UniqueConstraint("task_id", "pbx_id", name=op.f("uq_task_target_task_id_pbx_id")),
    )
    op.create_index(op.f("ix_task_target_command_id"), "task_target", ["command_id"])
    op.create_index(op.f("ix_task_target_pbx_id"), "task_target", ["pbx_id"])


def downgrade() -> None:
    op.drop_table("task_target")
    op.drop_table("task")
