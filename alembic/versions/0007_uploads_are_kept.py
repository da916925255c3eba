"""Uploaded workbooks are kept and registered in pieces: how far one is; its file beside it in a table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COUNTS = ("bad", "registered", "points", "reached_row")


def upgrade() -> None:
    op.create_table(
        "bulk_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["bulk_upload.id"], name=op.f("fk_bulk_file_upload_id_bulk_upload")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_file")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_bulk_file_upload_id")),
    )
    op.execute(
        "INSERT INTO bulk_file (upload_id, problems, content)"
        " SELECT id, problems, content FROM bulk_upload WHERE length(content) > 0"
    )
    with op.batch_alter_table("bulk_upload") as table:
        for name in COUNTS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        table.drop_column("content")
        table.drop_column("problems")
    op.execute(
        "UPDATE bulk_upload SET"
        " registered = (SELECT COUNT(*) FROM registration WHERE registration.upload_id = bulk_upload.id),"
        " points = (SELECT COALESCE(SUM(points), 0) FROM registration WHERE registration.upload_id = bulk_upload.id)"
    )
    op.execute("UPDATE bulk_upload SET good = registered WHERE good < registered")
    # Before, the check had to be over to know how many rows are bad.
    op.execute("UPDATE bulk_upload SET bad = rows - good WHERE status IN ('checked', 'done')")
    with op.batch_alter_table("bulk_upload") as table:
        for name in COUNTS:
            table.alter_column(name, server_default=None)
        table.create_check_constraint(
            op.f("ck_bulk_upload_registered_within_good"), "registered >= 0 AND registered <= good"
        )
        table.create_index("ix_bulk_upload_status", ["status"])


def downgrade() -> None:
    with op.batch_alter_table("bulk_upload") as table:
        table.drop_index("ix_bulk_upload_status")
        table.drop_constraint(op.f("ck_bulk_upload_registered_within_good"), type_="check")
        table.add_column(sa.Column("content", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("problems", sa.JSON(), nullable=True))
    uploads = sa.table("bulk_upload", sa.column("id"), sa.column("content"), sa.column("problems", sa.JSON))
    files = sa.table("bulk_file", sa.column("upload_id"), sa.column("content"), sa.column("problems", sa.JSON))
    for name, nothing in (("content", b""), ("problems", [])):
        kept = sa.select(files.c[name]).where(files.c.upload_id == uploads.c.id).scalar_subquery()
        empty = sa.literal(nothing, sa.JSON() if name == "problems" else sa.LargeBinary())
        op.execute(uploads.update().values({name: sa.func.coalesce(kept, empty)}))
    with op.batch_alter_table("bulk_upload") as table:
        table.alter_column("content", nullable=False)
        table.alter_column("problems", nullable=False)
        for name in COUNTS:
            table.drop_column(name)
    op.drop_table("bulk_file")
