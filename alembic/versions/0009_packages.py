"""Presets of reseller packages, how every pool stood day by day; the list of resellers and the history of one are found
without reading the others."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CAPACITIES = ("extensions", "calls", "minutes")


def upgrade() -> None:
    op.create_table(
        "package_preset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        *[
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("extensions", "min_extensions", "calls", "minutes")
        ],
        sa.Column("high_availability", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("min_extensions BETWEEN 1 AND 500", name=op.f("ck_package_preset_min_extensions")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_package_preset_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package_preset")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_package_preset_organisation_id_name")),
    )
    op.create_table(
        "capacity_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *[
            sa.Column(f"{part}_{each}", sa.Integer(), nullable=False)
            for each in CAPACITIES
            for part in ("total", "assigned", "used")
        ],
        *[
            sa.CheckConstraint(
                f"assigned_{each} >= 0 AND used_{each} >= 0 AND assigned_{each} + used_{each} <= total_{each}",
                name=op.f(f"ck_capacity_record_{each}"),
            )
            for each in CAPACITIES
        ],
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_capacity_record_pool_id_pool")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_record")),
        sa.UniqueConstraint("pool_id", "day", name=op.f("uq_capacity_record_pool_id_day")),
    )
    op.drop_index(op.f("ix_pool_parent_id"), "pool")
    op.create_index("ix_pool_parent_id_id", "pool", ["parent_id", "id"])
    op.create_index("ix_audit_row_subject_id", "audit_row", ["subject", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_row_subject_id", "audit_row")
    op.drop_index("ix_pool_parent_id_id", "pool")
    op.create_index(op.f("ix_pool_parent_id"), "pool", ["parent_id"])
    op.drop_table("capacity_record")
    op.drop_table("package_preset")
