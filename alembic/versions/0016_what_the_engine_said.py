"""What the engine runs with by its newest report is kept: a report that comes late can be the one that answers all."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NAMES = ("extensions", "calls", "minutes")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("pbx", sa.Column(f"said_{name}", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE pbx SET said_extensions = held_extensions, said_calls = held_calls, said_minutes = held_minutes")
    with op.batch_alter_table("pbx") as table:
        for name in NAMES:
            table.alter_column(f"said_{name}", existing_type=sa.Integer(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("pbx") as table:
        for name in reversed(NAMES):
            table.drop_column(f"said_{name}")
