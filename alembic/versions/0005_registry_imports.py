"""Workbooks for the product registry are taken in by a job; the days on which registered products were bought are
found quickly."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("chosen", "running", "done", "refused", name="importstatus", native_enum=False, length=32),
            nullable=False,
        ),
        *[
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("rows", "done", "added", "changed", "unchanged", "refused")
        ],
        sa.Column("refusal", sa.String(500), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_registry_import_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_import")),
    )
    op.create_index(op.f("ix_registry_import_account_id"), "registry_import", ["account_id"])
    op.create_table(
        "registry_problem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("column", sa.String(40), nullable=False),
        sa.Column("message", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["registry_import.id"], name=op.f("fk_registry_problem_import_id_registry_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_problem")),
    )
    op.create_index(op.f("ix_registry_problem_import_id"), "registry_problem", ["import_id"])
    op.create_index("ix_registration_product_id_purchase_date", "registration", ["product_id", "purchase_date"])


def downgrade() -> None:
    op.drop_index("ix_registration_product_id_purchase_date", "registration")
    op.drop_table("registry_problem")
    op.drop_table("registry_import")
