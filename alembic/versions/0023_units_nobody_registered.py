"""The units of the registry that nobody registered, kept as a table of their own by triggers: the next of them are
found among a million that somebody did. A table rather than a mark on the unit: registering then locks no row of the
registry, which workbooks and staff lock in orders of their own.

A migration that rebuilds `registry_unit` or `registration` on SQLite drops their triggers and makes them again."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
_SAME = "product_id = {0}.product_id AND identifier = {0}.identifier"
_TAKEN = (
    "EXISTS (SELECT 1 FROM registration WHERE registration.product_id = {0}.product_id"
    " AND registration.identifier = {0}.identifier)"
)
OUT, IN = (
    f"DELETE FROM unregistered_unit WHERE {_SAME.format('OLD')}",  # noqa: S608 - our own words
    "INSERT INTO unregistered_unit (product_id, identifier)"
    f" SELECT NEW.product_id, NEW.identifier WHERE NOT {_TAKEN.format('NEW')}",
)
MOVES = "UPDATE OF product_id, identifier"


def upgrade() -> None:
    op.create_table(
        "unregistered_unit",
        sa.Column("product_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("identifier", IDENTIFIER, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "identifier", name=op.f("pk_unregistered_unit")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO unregistered_unit (product_id, identifier) SELECT product_id, identifier FROM registry_unit"  # noqa: S608
        f" WHERE NOT {_TAKEN.format('registry_unit')} ORDER BY product_id, identifier"
    )
    if op.get_bind().dialect.name == "sqlite":
        _triggers_of_sqlite()
    else:
        _triggers_of_postgresql()


def _triggers_of_sqlite() -> None:
    registered = f"DELETE FROM unregistered_unit WHERE {_SAME.format('NEW')}"  # noqa: S608
    for name, when, does in (
        ("registry_unit_comes", "INSERT ON registry_unit", IN),
        ("registry_unit_moves", f"{MOVES} ON registry_unit", f"{OUT}; {IN}"),
        ("registry_unit_goes", "DELETE ON registry_unit", OUT),
        ("registration_takes_unit", "INSERT ON registration", registered),
    ):
        op.execute(f"CREATE TRIGGER {name} AFTER {when} BEGIN {does}; END")


def _triggers_of_postgresql() -> None:
    """What is registered is taken out statement by statement: a workbook registers thousands at once."""
    taken = (
        "DELETE FROM unregistered_unit USING fresh WHERE unregistered_unit.product_id = fresh.product_id"
        " AND unregistered_unit.identifier = fresh.identifier"
    )
    for head, does in (
        (
            "registry_unit_is_there()",
            f"IF TG_OP <> 'INSERT' THEN {OUT}; END IF; IF TG_OP <> 'DELETE' THEN {IN} ON CONFLICT DO NOTHING; END IF;",
        ),
        ("registration_takes_units()", f"{taken};"),
    ):
        op.execute(f"CREATE FUNCTION {head} RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} RETURN NULL; END $$")
    op.execute(
        f"CREATE TRIGGER registry_unit_is_there AFTER INSERT OR DELETE OR {MOVES} ON registry_unit"
        " FOR EACH ROW EXECUTE FUNCTION registry_unit_is_there()"
    )
    op.execute(
        "CREATE TRIGGER registration_takes_units AFTER INSERT ON registration REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION registration_takes_units()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("registry_unit_comes", "registry_unit_moves", "registry_unit_goes", "registration_takes_unit"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER registry_unit_is_there ON registry_unit")
        op.execute("DROP TRIGGER registration_takes_units ON registration")
        op.execute("DROP FUNCTION registry_unit_is_there()")
        op.execute("DROP FUNCTION registration_takes_units()")
    op.drop_table("unregistered_unit")
