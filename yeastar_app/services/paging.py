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

from yeastar_app.statements import among, at_hand, of_the_row
from yeastar_app.words import storable

PAGE = 25
FEW = 2_000
"""Where an index finds no more than these, they are put in order."""
WALK = 2_000
"""Where it finds more, so many rows are looked at in the list's order first: what is common fills a page of them."""
STROLL = 200
"""So many, where nobody knows how many it finds and asking may take long."""


def _key_or_none(value: Any) -> int | None:
    """A row's key from the address; anything else means "from the start" (an address is edited by hand at times)."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**31 else None


def _line(value: Any) -> str:
    """What can be stored, and so can be found."""
    return storable(value).strip()[:100] if isinstance(value, str) else ""


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
    """What narrows a list: a condition on a row at hand, and, for lists that grow without end, a select of the keys of
    the rows that meet it, found by an index: of those alone where it is `exact`, of others too where it is not.

    `broad`: the index finds many. What is looked for is then looked for among the next rows of the list first; where
    nobody knows (None), among a few of them."""

    judged: Any
    keys: Any = None
    broad: bool | None = False
    exact: bool = True


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
    scope: Sequence[Any] = (),
    filters: Sequence[Filter] = (),
    limit: int = PAGE,
) -> Slice:
    """One page of a query that selects `key` under the name `id`, newest first unless `order` says otherwise.

    `filters` narrow the list by what no index answers in its order, the most telling first; what else decides which
    rows are in it stands in `query`, or in `scope` where there are filters."""
    pages = _Pages(session, query, key, order or Order((key,)), sa.and_(sa.true(), *scope), filters, limit + 1)
    if form.after and (place := pages.place_of(form.after)):
        found = pages.rows(place, forward=False)
        if rows := found[:limit][::-1]:
            return Slice(rows, newer=rows[0].id if len(found) > limit else 0, older=rows[-1].id)
    place = pages.place_of(form.before) if form.before else None
    found = pages.rows(place, forward=True)
    rows = found[:limit]
    return Slice(rows, newer=rows[0].id if place and rows else 0, older=rows[-1].id if len(found) > limit else 0)


@dataclass(frozen=True)
class _Pages:
    """A list that is being read, `most` rows at a time."""

    session: Session
    query: Select[Any]
    key: Any
    order: Order
    scope: Any
    filters: Sequence[Filter]
    most: int

    def place_of(self, row: int) -> Sequence[Any] | None:
        """Where a row stands in the order; None where the list (before its filters) has no such row."""
        if len(self.order.columns) == 1:  # the key itself
            return (row,)
        here = self.query.with_only_columns(*self.order.columns).where(self.key == row, self.scope)
        return self.session.execute(here).first()

    def rows(self, place: Sequence[Any] | None, *, forward: bool) -> list[Any]:
        """The next rows from a place on."""
        by = self.order.by(forward)
        beyond = self.order.beyond(place, forward) if place else sa.true()
        listed = self.query.where(self.scope, beyond).order_by(*by)
        telling = [one for one in self.filters if one.keys is not None]
        if not telling:
            return list(self.session.execute(listed.where(*[one.judged for one in self.filters]).limit(self.most)))
        if any(one.broad is None for one in telling):
            rows, whole = self._walked(listed, forward, STROLL)
            if whole:
                return rows
        for one in telling:
            if not one.broad and (few := self._few(one)) is not None:
                return self._found(one, among(self.session, self.key, few), beyond, by)
        rows, whole = self._walked(listed, forward, WALK)
        if whole:
            return rows
        for one in telling:
            if one.broad and (few := self._few(one)) is not None:
                return self._found(one, among(self.session, self.key, few), beyond, by)
        return self._found(telling[0], self.key.in_(telling[0].keys), beyond, by)

    def _few(self, one: Filter) -> list[int] | None:
        """The keys that a filter's index finds, where they are few."""
        keys = list(self.session.execute(one.keys.limit(FEW + 1)).scalars())
        return keys if len(keys) <= FEW else None

    def _walked(self, listed: Select[Any], forward: bool, far: int) -> tuple[list[Any], bool]:
        """What matches of the next rows, so many, and whether that is a whole page, or all there is."""
        columns = self.order.columns
        end = self.session.execute(listed.with_only_columns(*columns).offset(far).limit(1)).first()
        met = of_the_row(self.session, self.key, *[one.judged for one in self.filters])
        matching = listed.where(met).limit(self.most)
        rows = list(self.session.execute(matching.where(self.order.until(end, forward)) if end else matching))
        return rows, end is None or len(rows) == self.most

    def _found(self, by_index: Filter, there: Any, beyond: Any, by: list[Any]) -> list[Any]:
        """The next rows of those an index finds. All that narrows them further is wrapped, so that the database is not
        led to another index by it."""
        further = [one.judged for one in self.filters if one is not by_index or not one.exact]
        narrowed = self.query.where(there, at_hand(self.session, self.scope, beyond, *further))
        chosen = narrowed.with_only_columns(self.key).order_by(*by).limit(self.most)
        rows = self.query.where(self.key.in_(list(self.session.execute(chosen).scalars()))).order_by(*by)
        return list(self.session.execute(rows))


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
