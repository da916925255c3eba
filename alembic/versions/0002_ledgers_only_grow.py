"""The points ledger and the audit trail only grow: the database itself refuses to change or delete their rows."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LEDGERS = ("point_entry", "audit_row")
CHANGES = ("update", "delete")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% only grows: correct it with a new row', TG_TABLE_NAME; END $$"
        )
    for table in LEDGERS:
        for change in CHANGES:
            does = (
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows: correct it with a new row'); END"
                if sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} {does}")


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in LEDGERS:
        for change in CHANGES:
            op.execute(f"DROP TRIGGER {table}_no_{change}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute("DROP FUNCTION refuse_change()")
