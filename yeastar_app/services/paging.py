"""Keyset paging of long lists, newest first: the address says where a page begins, and nothing is ever counted."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator
from sqlalchemy import Select
from sqlmodel import Session

PAGE = 25


def _key_or_none(value: Any) -> int | None:
    """A row's key from the address; anything else means "from the start" (an address is edited by hand at times)."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _line(value: Any) -> str:
    """What can be stored, and so can be found: no zero characters, no halves of characters."""
    return value.replace("\0", "").encode(errors="ignore").decode().strip()[:100] if isinstance(value, str) else ""


Key = Annotated[int | None, BeforeValidator(_key_or_none)]
Search = Annotated[str, BeforeValidator(_line)]
"""What somebody searches for or filters by, as it stands in the address."""


class PageForm(BaseModel):
    """Where a page begins: after or before the row of a key, or at the start."""

    before: Key = None
    after: Key = None


@dataclass(frozen=True)
class Slice:
    """Rows of one page; `newer` and `older` are the keys the neighbouring pages begin from (0: there is none)."""

    rows: list[Any]
    newer: int = 0
    older: int = 0


def page_of(session: Session, query: Select[Any], key: Any, form: PageForm, limit: int = PAGE) -> Slice:
    """One page of a query that selects `key` under the name `id`."""
    if form.after:
        found = list(session.execute(query.where(key > form.after).order_by(key.asc()).limit(limit + 1)))
        rows = found[:limit][::-1]
        if rows:
            return Slice(rows, newer=rows[0].id if len(found) > limit else 0, older=rows[-1].id)
    if form.before:
        query = query.where(key < form.before)
    found = list(session.execute(query.order_by(key.desc()).limit(limit + 1)))
    rows = found[:limit]
    return Slice(
        rows,
        newer=rows[0].id if form.before and rows else 0,
        older=rows[-1].id if len(found) > limit else 0,
    )


def contains(search: str, *columns: Any) -> Any:
    """A condition: one of the columns contains what was searched for, whatever its case."""
    pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    matches = columns[0].ilike(pattern, escape="\\")
    for column in columns[1:]:
        matches = matches | column.ilike(pattern, escape="\\")
    return matches
