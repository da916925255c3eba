"""What people search for in long lists: a row matches where every word that was typed begins a word of the row."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from yeastar_app.statements import is_sqlite

_GAPS = (
    r"\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00A9\u00AB-\u00B4\u00B6-\u00B9\u00BB-\u00BF\u00D7\u00F7"
    r"\u2000-\u206F\u3000-\u3004\u3008-\u3020"
)
"""What parts words, as migration 0011 names it to PostgreSQL."""
_BEHIND = "\U0010ffff"
"""Sorts behind every letter a word may go on with."""


def words_of(said: str) -> list[str]:
    """The words of a text as they are compared: runs of letters and digits, small, each once, ten at most."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", said.lower())))[:10]


@lru_cache(maxsize=256)
def _beginnings(words: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(r"(?<![^\W_])" + word) for word in words.split())


def has_words_here(said: str | None, words: str) -> bool:
    """`has_words` of SQLite's statements."""
    low = (said or "").lower()
    return all(beginning.search(low) for beginning in _beginnings(words))


def has_words(session: Session, said: Any, words: Sequence[str]) -> Any:
    """A condition on a row at hand: each of the words (`words_of`) begins a word of the text."""
    if is_sqlite(session):
        return sa.func.has_words(said, " ".join(words), type_=sa.Boolean) == sa.true()
    low = sa.func.lower(sa.collate(said, "default"))  # that of an identifier knows no letters beyond ASCII
    return sa.and_(*[low.bool_op("~")(sa.literal(f"(^|[{_GAPS}]){word}")) for word in words])


def keys_with_words(
    session: Session, key: Any, owner: Any, said: Any, of: int | None, words: Sequence[str], kept: Any = None
) -> Any:
    """The keys of a company's rows (`of` None: of everybody's) whose text has the words, found by an index: a select of
    one column. For the tables whose words are kept (migrations 0011 and 0020): `key`, `owner` and `said` are a table's
    key, its company and its text, the very one that is kept; `kept` is the condition of the rows it is kept of, where
    it is not all."""
    if is_sqlite(session):
        table = sa.table(f"{key.table.name}_words", sa.column("rowid", sa.Integer))
        asked = " ".join([*([] if of is None else [f'"\ue000{of}"']), *[f'"{word}"*' for word in words]])
        return sa.select(table.c.rowid).where(sa.literal_column(table.name).bool_op("MATCH")(asked))
    query = _query(words, "" if of is None else f"'@{of}' & ")
    mine = [] if of is None else [owner == of]
    found = sa.func.owned_words(owner, said).bool_op("@@")(query)
    return sa.select(key).where(found, *mine, *([] if kept is None else [kept]))


def how_many_with(session: Session, key: Any, word: str, most: int) -> int | None:
    """How many rows have words that begin with this one, whosever they are, counted no further than `most`; None where
    the database cannot count without reading them all. `key` is that of a table whose words are kept."""
    if not is_sqlite(session):
        return None
    terms = f"{key.table.name}_words_terms"
    some = f"SELECT 1 FROM {terms} WHERE term >= :first AND term < :behind LIMIT :most"  # noqa: S608 - our own words
    counted = sa.text(f"SELECT count(*) FROM ({some})")  # noqa: S608
    return int(session.execute(counted, {"first": word, "behind": word + _BEHIND, "most": most}).scalar_one())


def _query(words: Sequence[str], first: str = "") -> Any:
    return sa.cast(first + " & ".join(f"'{word}':*" for word in words), postgresql.TSQUERY)


def is_in_the_models(name: str | None, kind: str, _parents: object) -> bool:
    """For comparing the database with the models: what keeps the words is made by its migration alone."""
    return not (kind in ("table", "index") and "_words" in (name or ""))
