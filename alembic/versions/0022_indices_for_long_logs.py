"""Logs, alarms and accounts are read along an index in their list's order; states that few are in are found by one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INDICES = {
    "audit_row": (["at", "id"], ["organisation_id", "at", "id"], ["action", "id"]),
    "account": (["kind", "id"], ["status", "id"]),
    "alarm": (["level", "id"],),
}
COVERED = ("at", "organisation_id")
"""Columns of audit_row with an index of their own, that these begin with."""
ONLY = {
    "ix_account_removal_requested": ("account", ["id"], "removal_requested_at IS NOT NULL"),
    "ix_alarm_unseen": ("alarm", ["id"], "seen_at IS NULL"),
    "ix_pbx_living_top_pool_id_name_id": ("pbx", ["top_pool_id", "name", "id"], "deleted_at IS NULL"),
}


def upgrade() -> None:
    for table, indices in INDICES.items():
        for columns in indices:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    for name, (table, columns, condition) in ONLY.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    for column in COVERED:
        op.drop_index(op.f(f"ix_audit_row_{column}"), "audit_row")


def downgrade() -> None:
    for column in COVERED:
        op.create_index(op.f(f"ix_audit_row_{column}"), "audit_row", [column])
    for name, (table, _, _) in ONLY.items():
        op.drop_index(name, table)
    for table, indices in INDICES.items():
        for columns in indices:
            op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
