"""The list of cloud PBXs in its own order: which package each PBX comes from at last, and an index for both scopes."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SCOPES = ("pool_id", "top_pool_id")


def upgrade() -> None:
    with op.batch_alter_table("pbx") as table:
        table.add_column(sa.Column("top_pool_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE pbx SET top_pool_id = (SELECT COALESCE(pool.parent_id, pool.id) FROM pool WHERE pool.id = pbx.pool_id)"
    )
    with op.batch_alter_table("pbx") as table:
        table.alter_column("top_pool_id", existing_type=sa.Integer(), nullable=False)
    op.drop_index("ix_pbx_pool_id_deleted_at", "pbx")
    living = sa.text("deleted_at IS NULL")
    for scope in SCOPES:
        op.create_index(f"ix_pbx_living_{scope}_id", "pbx", [scope, "id"], sqlite_where=living, postgresql_where=living)


def downgrade() -> None:
    for scope in SCOPES:
        op.drop_index(f"ix_pbx_living_{scope}_id", "pbx")
    op.create_index("ix_pbx_pool_id_deleted_at", "pbx", ["pool_id", "deleted_at"])
    with op.batch_alter_table("pbx") as table:
        table.drop_column("top_pool_id")
