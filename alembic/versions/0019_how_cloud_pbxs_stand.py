"""The dashboard counts cloud PBXs by state, expiry and trouble along indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_pbx_living_top_pool_id_run_state_desired": (["top_pool_id", "run_state", "desired"], ""),
    "ix_pbx_living_top_pool_id_expires_on": (["top_pool_id", "expires_on"], ""),
    "ix_pbx_living_trouble": (["top_pool_id"], " AND trouble <> ''"),
    "ix_pbx_living_unreported": (["top_pool_id", "run_state", "desired"], " AND reported_at IS NULL"),
}


def upgrade() -> None:
    for name, (columns, also) in INDEXES.items():
        living = sa.text(f"deleted_at IS NULL{also}")
        op.create_index(name, "pbx", columns, sqlite_where=living, postgresql_where=living)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "pbx")
