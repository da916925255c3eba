"""What cloud PBXs are used for: the latest on the PBX, the most of each day as a row; and alarms found by their PBX."""

import sqlalchemy as sa
from alembic import op

from yeastar_app import clock
from yeastar_app.models.base import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NAMES = ("in_use_extensions", "in_use_calls", "in_use_minutes", "peak_calls")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("pbx", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pbx", sa.Column("measured_at", UTCDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("pbx") as table:
        for name in NAMES:
            table.alter_column(name, existing_type=sa.Integer(), server_default=None)
    op.create_table(
        "pbx_usage_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        *[
            sa.CheckConstraint(f"{each} >= 0", name=op.f(f"ck_pbx_usage_day_{each}"))
            for each in ("extensions", "calls", "minutes")
        ],
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_pbx_usage_day_pbx_id_pbx")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pbx_usage_day")),
        sa.UniqueConstraint("pbx_id", "day", name=op.f("uq_pbx_usage_day_pbx_id_day")),
    )
    op.create_index(op.f("ix_pbx_usage_day_day"), "pbx_usage_day", ["day"])
    op.create_index("ix_alarm_pbx_id_id", "alarm", ["pbx_id", "id"])
    op.add_column("simulated_pbx", sa.Column("measure_at", UTCDateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_simulated_pbx_measure_at"), "simulated_pbx", ["measure_at"])
    simulated = sa.table(
        "simulated_pbx", sa.column("state", sa.String), sa.column("measure_at", UTCDateTime(timezone=True))
    )
    op.execute(simulated.update().where(simulated.c.state != "deleted").values(measure_at=clock.now()))


def downgrade() -> None:
    op.execute("DELETE FROM alarm_notice WHERE alarm_id IN"
               " (SELECT id FROM alarm WHERE kind IN ('usage_high', 'usage_full'))")  # fmt: skip
    op.execute("DELETE FROM alarm WHERE kind IN ('usage_high', 'usage_full')")
    op.drop_index(op.f("ix_simulated_pbx_measure_at"), table_name="simulated_pbx")
    op.drop_column("simulated_pbx", "measure_at")
    op.drop_index("ix_alarm_pbx_id_id", table_name="alarm")
    op.drop_table("pbx_usage_day")
    with op.batch_alter_table("pbx") as table:
        for name in ("measured_at", *reversed(NAMES)):
            table.drop_column(name)
