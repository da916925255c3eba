"""The words of what the long lists hold, kept like those of the ledger (0011), so that a search costs the same whatever
their length.

SQLite keeps them in full-text tables that triggers fill and follow changes with; what begins a word can be counted in
`…_words_terms` without reading it all. PostgreSQL keeps them in an index over an expression. A migration that rebuilds
one of these tables on SQLite drops its triggers and has to make them again."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

WORDS = {
    "pbx": ("top_pool_id", ("name", "subdomain")),
    "organisation": ("parent_id", ("name",)),
    "account": ("organisation_id", ("first_name", "last_name", "email")),
    "contact": ("organisation_id", ("first_name", "last_name", "company", "email")),
    "alarm": ("organisation_id", ("title", "detail")),
    "task": ("organisation_id", ("name", "remark")),
    "audit_row": ("organisation_id", ("who", "action", "label", "subject", "ip")),
    "email": ("id", ('"to"', "subject")),
}
"""Whose a row is, and what is said of it. An email is nobody's: its own key is as good as another."""
ONLY_GROW = ("audit_row",)
OF_THE_LEDGER = ("registration", "point_entry")


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table, (owner, columns) in WORDS.items():
            _keep_on_sqlite(table, owner, columns)
        for table in (*WORDS, *OF_THE_LEDGER):
            op.execute(f"CREATE VIRTUAL TABLE {table}_words_terms USING fts5vocab({table}_words, instance)")
        return
    for table, (owner, columns) in WORDS.items():
        said = " || ' ' || ".join(f"coalesce({name}, '')" for name in columns)
        op.execute(f"CREATE INDEX {table}_words ON {table} USING gin (owned_words(coalesce({owner}, 0), {said}))")


def _keep_on_sqlite(table: str, owner: str, columns: tuple[str, ...]) -> None:
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_words USING fts5(words, content='', detail=none, columnsize=0,"
        " prefix='2 3', tokenize='unicode61 remove_diacritics 0')"
    )

    def text(of: str) -> str:
        return f"char(57344) || coalesce({of}{owner}, 0)" + "".join(
            f" || ' ' || coalesce({of}{name}, '')" for name in columns
        )

    kept = f"INSERT INTO {table}_words ("
    op.execute(f"{kept}rowid, words) SELECT id, {text('')} FROM {table}")  # noqa: S608 - our own words
    into = f"{kept}rowid, words) VALUES (NEW.id, {text('NEW.')})"
    out = f"{kept}{table}_words, rowid, words) VALUES ('delete', OLD.id, {text('OLD.')})"
    op.execute(f"CREATE TRIGGER {table}_keeps_words AFTER INSERT ON {table} BEGIN {into}; END")
    if table not in ONLY_GROW:
        read = ", ".join(dict.fromkeys((owner, *columns)))
        changed = f"UPDATE OF {read} ON {table} WHEN {text('OLD.')} IS NOT {text('NEW.')}"
        op.execute(f"CREATE TRIGGER {table}_changes_words AFTER {changed} BEGIN {out}; {into}; END")
        op.execute(f"CREATE TRIGGER {table}_loses_words AFTER DELETE ON {table} BEGIN {out}; END")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in (*WORDS, *OF_THE_LEDGER):
            op.execute(f"DROP TABLE {table}_words_terms")
        for table in WORDS:
            does = ("keeps",) if table in ONLY_GROW else ("keeps", "changes", "loses")
            for done in does:
                op.execute(f"DROP TRIGGER {table}_{done}_words")
            op.execute(f"DROP TABLE {table}_words")
        return
    for table in WORDS:
        op.execute(f"DROP INDEX {table}_words")
