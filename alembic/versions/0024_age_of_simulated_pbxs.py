"""When the simulator created a PBX: a new one fills in its time."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("simulated_pbx", sa.Column("created_at", UTCDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("simulated_pbx", "created_at")
