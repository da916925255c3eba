"""What the list of cloud PBXs is filtered by has an index in the list's order, for both scopes."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SCOPES = ("pool_id", "top_pool_id")
STATES = {
    "trouble": "trouble <> ''",
    "deleting": "desired = 'deleted'",
    "busy": "(run_state NOT IN ('running', 'stopped') OR reported_at IS NULL)",
}
COVERED = {
    "ix_pbx_living_top_pool_id_expires_on": (["top_pool_id", "expires_on"], ""),
    "ix_pbx_living_trouble": (["top_pool_id"], STATES["trouble"]),
}
"""Indices that are the beginnings of these."""


def upgrade() -> None:
    for name in COVERED:
        op.drop_index(name, "pbx")
    for scope in SCOPES:
        _index(f"ix_pbx_living_{scope}_run_state_id", [scope, "run_state", "id"])
        _index(f"ix_pbx_living_{scope}_expires_on_id", [scope, "expires_on", "id"])
        for name, condition in STATES.items():
            _index(f"ix_pbx_{name}_{scope}_id", [scope, "id"], condition)


def _index(name: str, columns: list[str], condition: str = "") -> None:
    where = sa.text("deleted_at IS NULL" + (f" AND {condition}" if condition else ""))
    op.create_index(name, "pbx", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for scope in SCOPES:
        op.drop_index(f"ix_pbx_living_{scope}_run_state_id", "pbx")
        op.drop_index(f"ix_pbx_living_{scope}_expires_on_id", "pbx")
        for name in STATES:
            op.drop_index(f"ix_pbx_{name}_{scope}_id", "pbx")
    for name, (columns, condition) in COVERED.items():
        _index(name, columns, condition)
