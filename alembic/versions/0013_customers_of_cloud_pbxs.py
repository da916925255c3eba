"""Whether the customer a cloud PBX is bound to may start and stop it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pbx") as table:
        table.add_column(sa.Column("customer_controls", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_check_constraint(
            op.f("ck_pbx_customer_controls"), "customer_id IS NOT NULL OR NOT customer_controls"
        )


def downgrade() -> None:
    with op.batch_alter_table("pbx") as table:
        table.drop_constraint(op.f("ck_pbx_customer_controls"), type_="check")
        table.drop_column("customer_controls")
