"""Searching long lists by beginnings of words: every word that was typed begins a word of the row. One place for all of
them; which tables' words are kept, and whose a row is there, is what migration 0020 says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.alarms import Alarm
from yeastar_app.models.capacity import Pbx
from yeastar_app.models.contacts import Contact
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.models.tasks import Task
from yeastar_app.services.paging import FEW, Filter, contains
from yeastar_app.word_index import has_words, how_many_with, keys_with_words, words_of

_GAP: Any = sa.literal_column("' '", sa.String)
_NOTHING: Any = sa.literal_column("''", sa.String)
_NOBODY: Any = sa.literal_column("0", sa.Integer)


@dataclass(frozen=True)
class Kept:
    """A table whose words are kept: its key, whose a row is, and the columns that make its text."""

    key: Any
    owner: Any
    columns: tuple[Any, ...]

    @property
    def said(self) -> Any:
        return text_of(*self.columns)


def text_of(*columns: Any) -> Any:
    """Columns as one text, the very one that is kept where they are a table's."""
    said = sa.func.coalesce(columns[0], _NOTHING, type_=sa.String)
    for column in columns[1:]:
        said = said + _GAP + sa.func.coalesce(column, _NOTHING, type_=sa.String)
    return said


def _kept(table: Any, owner: str, *columns: str) -> Kept:
    whose = sa.func.coalesce(col(getattr(table, owner)), _NOBODY)
    return Kept(col(table.id), whose, tuple(col(getattr(table, name)) for name in columns))


PBXS = _kept(Pbx, "top_pool_id", "name", "subdomain")
COMPANIES = _kept(Organisation, "parent_id", "name")
ACCOUNTS = _kept(Account, "organisation_id", "first_name", "last_name", "email")
CONTACTS = _kept(Contact, "organisation_id", "first_name", "last_name", "company", "email")
ALARMS = _kept(Alarm, "organisation_id", "title", "detail")
TASKS = _kept(Task, "organisation_id", "name", "remark")
OPERATIONS = _kept(AuditRow, "organisation_id", "who", "action", "label", "subject", "ip")
EMAILS = _kept(Email, "id", "to", "subject")


@dataclass(frozen=True)
class Among:
    """Where a word may stand: in the text of `kept`, of the rows that are `of` somebody. `rows` makes keys of that
    table into keys of the list, where the list is of another."""

    kept: Kept
    of: int | None = None
    rows: Callable[[Any], Any] | None = None

    def keys(self, session: Session, words: Sequence[str]) -> Any:
        found = keys_with_words(session, self.kept.key, self.kept.owner, self.kept.said, self.of, words)
        return self.rows(found) if self.rows else found


def begins(session: Session, search: str, *places: Among, only: Sequence[Any] = ()) -> Filter:
    """Rows in whose places every word of the search begins a word; `only`: in these columns of theirs. What has no word
    in it ("%") is searched for as it stands.

    The index is asked for the rarest word alone: the others are judged on what it finds."""
    columns = list(only) or [column for place in places for column in place.kept.columns]
    words = words_of(search)
    if not words:
        return Filter(contains(search, *columns))
    judged = has_words(session, text_of(*columns), words)
    counts = {word: _count(session, places, word) for word in words}
    rarest = min(words, key=lambda word: (counts[word] or 0, -len(word)))
    most = counts[rarest]
    parts: list[Any] = [place.keys(session, [rarest]) for place in places]
    keys: Any = parts[0].union_all(*parts[1:]) if len(parts) > 1 else parts[0]
    exact = len(words) == len(places) == 1 and not only
    return Filter(judged, keys, broad=None if most is None else most > FEW, exact=exact)


def is_rare(session: Session, key: Any, word: str) -> bool:
    """Whether few rows have words that begin with this one; not where nobody knows."""
    count = how_many_with(session, key, word, FEW + 1)
    return count is not None and count <= FEW


def telling(session: Session, key: Any, words: Sequence[str]) -> list[str]:
    """The words to ask the index for: the rare ones, or all where none is. The others are judged on what it finds."""
    return [word for word in words if is_rare(session, key, word)] or list(words)


def _count(session: Session, places: Sequence[Among], word: str) -> int | None:
    """How many rows of the places have it, no more than matters; None where nobody knows."""
    counts = [how_many_with(session, place.kept.key, word, FEW + 1) for place in places]
    return None if None in counts else sum(count or 0 for count in counts)
