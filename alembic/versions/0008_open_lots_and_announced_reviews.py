"""Spending finds the lots with something left without walking past the empty ones, and a review that would lower a tier
is announced once."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    left = sa.text("remaining > 0")
    op.drop_index("ix_point_lot_open", "point_lot")
    op.create_index(
        "ix_point_lot_open",
        "point_lot",
        ["organisation_id", "expires_on", "id"],
        sqlite_where=left,
        postgresql_where=left,
    )
    op.add_column("point_account", sa.Column("review_announced", UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("point_account") as table:
        table.drop_column("review_announced")
    op.drop_index("ix_point_lot_open", "point_lot")
    op.create_index("ix_point_lot_open", "point_lot", ["organisation_id", "expires_on"])
