"""The ledger's pages: an index for every order they offer, and the words of what was registered.

SQLite keeps the words in a full-text table filled by triggers; PostgreSQL in an index over an expression. A migration
that rebuilds `registration` or `point_entry` on SQLite drops their triggers and has to make them again."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDICES = {
    "point_entry": (("organisation_id", "at", "id"), ("organisation_id", "points", "id")),
    "registration": (
        ("organisation_id", "at", "id"),
        ("organisation_id", "product_id", "id"),
        ("organisation_id", "identifier", "id"),
        ("organisation_id", "purchase_date", "id"),
        ("organisation_id", "end_user_company", "id"),
    ),
}
WORDS = {
    "registration": ("identifier", "purchase_from", "end_user_name", "end_user_company"),
    "point_entry": ("reason",),
}
GAPS = (
    r"\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u00D7\u00F7"
    r"\u2000-\u206F\u3000-\u3004\u3008-\u3020"
)
"""Spaces and punctuation."""
ONLY = {"registration": "", "point_entry": "{}kind <> 'earned'"}
"""What registrations earned is found by the words of the registration."""


def upgrade() -> None:
    for table, indices in INDICES.items():
        for columns in indices:
            op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    op.drop_index("ix_registration_organisation_id_id", "registration")
    # What there are few of, and what is therefore not found by walking through a list.
    only = sa.text("kind <> 'earned'")
    op.create_index(
        "ix_point_entry_not_earned", "point_entry", ["organisation_id", "kind", "id"],
        sqlite_where=only, postgresql_where=only,
    )  # fmt: skip
    reversed_ = sa.text("reversed_at IS NOT NULL")
    op.create_index(
        "ix_registration_reversed", "registration", ["organisation_id", "id"],
        sqlite_where=reversed_, postgresql_where=reversed_,
    )  # fmt: skip
    if op.get_bind().dialect.name == "sqlite":
        _words_of_sqlite()
    else:
        _words_of_postgresql()


def _words_of_sqlite() -> None:
    for table, columns in WORDS.items():
        op.execute(
            f"CREATE VIRTUAL TABLE {table}_words USING fts5(words, content='', detail=none, columnsize=0,"
            " prefix='2 3', tokenize='unicode61 remove_diacritics 0')"
        )
        # The company's mark is no character that a word can hold, so no search begins with it.
        into = f"INSERT INTO {table}_words (rowid, words) "
        row = "{0}id, char(57344) || {0}organisation_id" + "".join(f" || ' ' || {{0}}{name}" for name in columns)
        where, when = (
            f" {word} {ONLY[table].format(of)}" if ONLY[table] else "" for word, of in (("WHERE", ""), ("WHEN", "NEW."))
        )
        op.execute(into + f"SELECT {row.format('')} FROM {table}{where}")  # noqa: S608 - our own words
        does = f"{into} VALUES ({row.format('NEW.')})"
        op.execute(f"CREATE TRIGGER {table}_keeps_words AFTER INSERT ON {table}{when} BEGIN {does}; END")


def _words_of_postgresql() -> None:
    # Spelled out in both: while an index is made PostgreSQL looks for functions among its own only.
    # What parts words is named by its codes: what a letter is differs from one server's locale to another's.
    words = f"array_remove(regexp_split_to_array(lower(said COLLATE \"default\"), '[{GAPS}]+'), '')"
    for head, does in (
        ("words_in(said text)", f"array_to_tsvector({words})"),
        ("owned_words(owner integer, said text)", f"array_to_tsvector(ARRAY['@' || owner] || {words})"),
    ):
        op.execute(f"CREATE FUNCTION {head} RETURNS tsvector IMMUTABLE LANGUAGE sql AS $$ SELECT {does} $$")
    for table, columns in WORDS.items():
        said = " || ' ' || ".join(columns)
        where = f" WHERE {ONLY[table].format('')}" if ONLY[table] else ""
        op.execute(f"CREATE INDEX {table}_words ON {table} USING gin (owned_words(organisation_id, {said})){where}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in WORDS:
            op.execute(f"DROP TRIGGER {table}_keeps_words")
            op.execute(f"DROP TABLE {table}_words")
    else:
        for table in WORDS:
            op.execute(f"DROP INDEX {table}_words")
        op.execute("DROP FUNCTION owned_words(integer, text)")
        op.execute("DROP FUNCTION words_in(text)")
    op.drop_index("ix_registration_reversed", "registration")
    op.drop_index("ix_point_entry_not_earned", "point_entry")
    op.create_index("ix_registration_organisation_id_id", "registration", ["organisation_id", "id"])
    for table, indices in INDICES.items():
        for columns in indices:
            op.drop_index(f"ix_{table}_{'_'.join(columns)}", table)
