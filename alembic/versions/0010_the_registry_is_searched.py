"""The registry is searched by what an identifier begins with, and what happened to a unit is found in the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IDENTIFIERS = ("registry_unit", "registration")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite compares byte by byte anyway
        for table in IDENTIFIERS:
            op.alter_column(table, "identifier", type_=sa.String(255, collation="C"))
    op.create_index(
        "ix_registry_unit_not_eligible",
        "registry_unit",
        ["product_id", "identifier"],
        sqlite_where=sa.text("NOT eligible"),
        postgresql_where=sa.text("NOT eligible"),
    )
    op.create_index(op.f("ix_audit_row_subject"), "audit_row", ["subject"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_row_subject"), "audit_row")
    op.drop_index("ix_registry_unit_not_eligible", "registry_unit")
    if op.get_bind().dialect.name == "postgresql":
        for table in IDENTIFIERS:
            op.execute(f'ALTER TABLE {table} ALTER COLUMN identifier TYPE VARCHAR(255) COLLATE "default"')
