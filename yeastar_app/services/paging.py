"""Keyset paging of long lists in any order: the address says where a page begins, nothing is ever counted, and the
thousandth page costs what the first does. Filters that no index answers in the list's order cost a bounded walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator
from sqlalchemy import Select
from sqlmodel import Session

PAGE = 25
WALK = 5_000
"""How many rows are looked at in the list's order before an index is asked for what matches. What fills no page of
these is rare: of a million rows some five thousand at most match, if they lie evenly."""


def _key_or_none(value: Any) -> int | None:
    """A row's key from the address; anything else means "from the start" (an address is edited by hand at times)."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _line(value: Any) -> str:
    """What can be stored, and so can be found: no zero characters, no halves of characters."""
    return value.replace("\0", "").encode(errors="ignore").decode().strip()[:100] if isinstance(value, str) else ""


def _day_or_none(value: Any) -> date | None:
    """A day from the address; anything else filters nothing."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


Key = Annotated[int | None, BeforeValidator(_key_or_none)]
Search = Annotated[str, BeforeValidator(_line)]
"""What somebody searches for or filters by, as it stands in the address."""
AddressDay = Annotated[date | None, BeforeValidator(_day_or_none)]


class PageForm(BaseModel):
    """Where a page begins: `before` or `after` the row of a key, or at the start. The words are those of a list with
    the newest first; in another order `before` leads further down the list and `after` back up."""

    before: Key = None
    after: Key = None


class SortedForm(PageForm):
    """`sort`: a column's name, with a minus in front where the largest come first; what is unknown sorts as usual."""

    sort: Search = ""


@dataclass(frozen=True)
class Slice:
    """Rows of one page; `newer` and `older` are the keys the neighbouring pages begin from (0: there is none)."""

    rows: list[Any]
    newer: int = 0
    older: int = 0


@dataclass(frozen=True)
class Order:
    """The order of a list. `columns` never hold NULL and end with the rows' key, so that no two rows are equal; an
    index over whatever scopes the list and then these columns keeps every page flat."""

    columns: tuple[Any, ...]
    descending: bool = True

    def by(self, forward: bool = True) -> list[Any]:
        """What to order a query by, reading down the list or back up."""
        falls = self.descending is forward
        return [column.desc() if falls else column.asc() for column in self.columns]

    def beyond(self, place: Sequence[Any], forward: bool = True) -> Any:
        """A condition: rows that come after a place, a value for each column, reading down the list or back up."""
        here, there = sa.tuple_(*self.columns), self._place(place)
        return here < there if self.descending is forward else here > there

    def until(self, place: Sequence[Any], forward: bool = True) -> Any:
        """A condition: rows up to a place, itself included."""
        here, there = sa.tuple_(*self.columns), self._place(place)
        return here >= there if self.descending is forward else here <= there

    def _place(self, values: Sequence[Any]) -> Any:
        typed = zip(values, self.columns, strict=True)
        return sa.tuple_(*[sa.literal(value, column.type) for value, column in typed])


@dataclass(frozen=True)
class Filter:
    """What narrows a list: a condition that is cheap to judge on a row at hand, and one that an index finds the rows
    by, where that is another one. Both must say the same."""

    judged: Any
    found: Any = None

    @property
    def by_index(self) -> Any:
        return self.judged if self.found is None else self.found


def order_of(said: str, sorts: Mapping[str, tuple[Any, ...]], usual: str) -> tuple[str, Order]:
    """The order an address asks for, and its name; `usual` where it names none. Both are like `points` or `-points`."""
    name = said if said.removeprefix("-") in sorts else usual
    return name, Order(sorts[name.removeprefix("-")], descending=name.startswith("-"))


def turned(sort: str, name: Any, rising_first: Sequence[str] = ()) -> str:
    """The order after a click on a column's heading: largest first (smallest for those of `rising_first`), then the
    other way round."""
    first = f"{name}" if name in rising_first else f"-{name}"
    other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    return other if sort == first else first


def page_of(
    session: Session,
    query: Select[Any],
    key: Any,
    form: PageForm,
    *,
    order: Order | None = None,
    filters: Sequence[Filter] = (),
    limit: int = PAGE,
) -> Slice:
    """One page of a query that selects `key` under the name `id`, newest first unless `order` says otherwise.

    `filters` are those an index does not answer in the list's order; what scopes the list stands in `query`."""
    order = order or Order((key,))
    if form.after and (place := _place_of(session, query, key, order, form.after)):
        found = _rows(session, query, order, filters, place, forward=False, most=limit + 1)
        if rows := found[:limit][::-1]:
            return Slice(rows, newer=rows[0].id if len(found) > limit else 0, older=rows[-1].id)
    place = _place_of(session, query, key, order, form.before) if form.before else None
    found = _rows(session, query, order, filters, place, forward=True, most=limit + 1)
    rows = found[:limit]
    return Slice(rows, newer=rows[0].id if place and rows else 0, older=rows[-1].id if len(found) > limit else 0)


def _place_of(session: Session, query: Select[Any], key: Any, order: Order, row: int) -> Sequence[Any] | None:
    """Where a row stands in the order; None where the list (before its filters) has no such row."""
    if len(order.columns) == 1:  # the key itself
        return (row,)
    return session.execute(query.with_only_columns(*order.columns).where(key == row)).first()


def _rows(
    session: Session,
    query: Select[Any],
    order: Order,
    filters: Sequence[Filter],
    place: Sequence[Any] | None,
    *,
    forward: bool,
    most: int,
) -> list[Any]:
    """The next rows from a place on. With filters the next WALK rows are judged one by one; where they fill no page,
    the index finds all that match, and these few are put in order."""
    by = order.by(forward)
    if place:
        query = query.where(order.beyond(place, forward))
    if not filters:
        return list(session.execute(query.order_by(*by).limit(most)))
    judged = query.where(*[one.judged for one in filters]).order_by(*by).limit(most)
    end = session.execute(query.with_only_columns(*order.columns).order_by(*by).offset(WALK).limit(1)).first()
    rows = list(session.execute(judged.where(order.until(end, forward)) if end else judged))
    if len(rows) == most or end is None:
        return rows
    return _found(session, query.where(*[one.by_index for one in filters]), order, forward, most)


def _found(session: Session, query: Select[Any], order: Order, forward: bool, most: int) -> list[Any]:
    """Rows of a query for which the database shall choose its index by what matches and not by the order."""
    names = [str(column.key) for column in query.selected_columns]
    places = [column.label(f"place_{number}") for number, column in enumerate(order.columns)]
    found = query.add_columns(*places).cte("found").prefix_with("MATERIALIZED")
    falls = order.descending is forward
    by = [found.c[place.name].desc() if falls else found.c[place.name].asc() for place in places]
    return list(session.execute(sa.select(*[found.c[name] for name in names]).order_by(*by).limit(most)))


def between(moment: Any, since: date | None, until: date | None) -> list[Any]:
    """Conditions: a moment lies within these days (UTC, both included; None: no limit)."""
    conditions = []
    if since:
        conditions.append(moment >= datetime.combine(since, time(), UTC))
    if until and until < date.max:
        conditions.append(moment < datetime.combine(until + timedelta(days=1), time(), UTC))
    return conditions


def contains(search: str, *columns: Any) -> Any:
    """A condition: one of the columns contains what was searched for, whatever its case."""
    pattern = "%" + search.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    matches = columns[0].ilike(pattern, escape="\\")
    for column in columns[1:]:
        matches = matches | column.ilike(pattern, escape="\\")
    return matches
