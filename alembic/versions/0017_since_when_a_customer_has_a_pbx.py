"""Since when the customer of a cloud PBX has it."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pbx", sa.Column("customer_since", UTCDateTime(timezone=True), nullable=True))
    op.execute("UPDATE pbx SET customer_since = created_at WHERE customer_id IS NOT NULL")


def downgrade() -> None:
    op.drop_column("pbx", "customer_since")
