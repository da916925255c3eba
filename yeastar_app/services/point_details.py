"""Point details: a company's point record and its registered products, searched, filtered, sorted, paged and exported.

Whose they are is said by who asks: a partner as itself, staff as acting for a company they may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.access import Actor, action
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import EntryKind, PointEntry, PointLot, Registration
from yeastar_app.models.products import Product
from yeastar_app.services import people, point_search, workbooks
from yeastar_app.services.paging import (
    AddressDay,
    Filter,
    Order,
    Search,
    Slice,
    SortedForm,
    between,
    order_of,
    page_of,
)
from yeastar_app.services.registration import POLICY
from yeastar_app.words import t

KINDS = {
    EntryKind.EARNED: t("Earned"),
    EntryKind.REDEEMED: t("Redeemed"),
    EntryKind.EXPIRED: t("Expired"),
    EntryKind.ADJUSTED: t("Adjusted"),
    EntryKind.REVERSED: t("Reversed"),
}
STATES = {"valid": t("Counts"), "reversed": t("Reversed")}

_ENTRY, _REGISTRATION = col(PointEntry.id), col(Registration.id)
RECORD_SORTS = {"at": (col(PointEntry.at), _ENTRY), "points": (col(PointEntry.points), _ENTRY)}
PRODUCT_SORTS = {
    "at": (col(Registration.at), _REGISTRATION),
    "product": (col(Registration.product_id), _REGISTRATION),
    "identifier": (col(Registration.identifier), _REGISTRATION),
    "purchased": (col(Registration.purchase_date), _REGISTRATION),
    "company": (col(Registration.end_user_company), _REGISTRATION),
}
NOT_EARNED: Any = sa.literal_column("point_entry.kind <> 'earned'", sa.Boolean)
"""As the index over the few that are not is written, so that the database sees that it may use it."""
USUAL = "-at"
"""Newest first."""


class DetailsFilter(SortedForm):
    """The page's address. `product` is a product's code, `kind` one of KINDS (record), `state` one of STATES
    (registered products); days are UTC, both included; words nobody knows filter nothing."""

    search: Search = ""
    product: Search = ""
    kind: Search = ""
    state: Search = ""
    since: AddressDay = None
    until: AddressDay = None


@dataclass(frozen=True)
class Record:
    """A line of the ledger; `points` signed, `debt` what it adds to what is owed (below zero: pays of it), `expires`
    that of its lot, `undone` whether the registration that earned it was reversed."""

    id: int
    at: datetime
    kind: EntryKind
    reason: str
    who: str
    points: int
    debt: int
    balance: int
    expires: date | None
    undone: bool


@dataclass(frozen=True)
class RegisteredProduct:
    """A registration. `who` registered it and the `reversal_reason` are there for the back office alone."""

    id: int
    at: datetime
    product: str
    identifier: str
    purchase_date: date
    purchase_from: str
    end_user_name: str
    end_user_company: str
    points: int
    undone: bool
    who: str = ""
    reversal_reason: str = ""


@dataclass(frozen=True)
class Found:
    """One page of either list, the keys of its neighbours (0: there is none), and the order it is in."""

    rows: list[Any]
    newer: int
    older: int
    sort: str


@dataclass(frozen=True)
class _List:
    """A list as an address asks for it: the query, whose it is, what narrows it beyond its order, the order and its
    name."""

    query: Any
    scope: list[Any]
    filters: list[Filter]
    sort: str
    order: Order

    def page(self, session: Session, key: Any, form: DetailsFilter) -> Slice:
        return page_of(session, self.query, key, form, order=self.order, scope=self.scope, filters=self.filters)

    def everything(self, session: Session, key: Any) -> Iterator[Any]:
        """Every row, a thousand at a time."""
        found = [key.in_(one.keys) for one in self.filters]
        found += [one.judged for one in self.filters if not one.exact]
        query = self.query.where(*self.scope, *found).order_by(*self.order.by())
        yield from session.execute(query.execution_options(yield_per=1000))


@action(POLICY, form=DetailsFilter, writes=False)
def records(session: Session, actor: Actor, form: DetailsFilter) -> Found:
    """The "Point Record" of the actor's company."""
    listed = _records(session, actor, form)
    found = listed.page(session, _ENTRY, form)
    return Found([_record(row) for row in found.rows], found.newer, found.older, listed.sort)


@action(POLICY, form=DetailsFilter, writes=False)
def registered_products(session: Session, actor: Actor, form: DetailsFilter) -> Found:
    """The "Registered Product" list of the actor's company."""
    listed = _registered(session, actor.organisation, form)
    found = listed.page(session, _REGISTRATION, form)
    return Found([_product(row) for row in found.rows], found.newer, found.older, listed.sort)


@action(POLICY, form=DetailsFilter, writes=False)
def export_records(session: Session, actor: Actor, form: DetailsFilter) -> Path:
    """All records the filter lets through, in the order of the list, as a workbook in a file of its own."""
    columns = [("Date", 18), ("Type", 12), ("Reason", 60), ("By", 30), ("Points", 12), ("Owed", 12), ("Balance", 12),
               ("Expiry Date", 18)]  # fmt: skip
    rows = (
        (row.at, KINDS[row.kind], row.reason, row.who, row.points, row.debt or None, row.balance, row.expires)
        for row in map(_record, _records(session, actor, form).everything(session, _ENTRY))
    )
    return workbooks.write_long("Point Record", columns, rows)


@action(POLICY, form=DetailsFilter, writes=False)
def export_registered_products(session: Session, actor: Actor, form: DetailsFilter) -> Path:
    """All registered products the filter lets through, in the order of the list, as a workbook in a file of its own."""
    columns = [("Registered", 18), ("Product", 30), ("Product ID", 30), ("Purchase Date", 14), ("Purchase From", 26),
               ("End User Name", 26), ("End User Company Name", 32), ("Points", 12), ("Reversed", 18)]  # fmt: skip
    found = _registered(session, actor.organisation, form).everything(session, _REGISTRATION)
    return workbooks.write_long("Registered Product", columns, (tuple(row)[1:] for row in found))


def _records(session: Session, actor: Actor, form: DetailsFilter) -> _List:
    organisation_id = actor.organisation
    query = (
        sa.select(
            _ENTRY,
            col(PointEntry.at),
            col(PointEntry.kind),
            col(PointEntry.reason),
            people.name_shown_to(actor).label("who"),
            col(PointEntry.points),
            col(PointEntry.debt),
            col(PointEntry.balance_after),
            col(PointLot.expires_on),
            col(Registration.reversed_at),
        )
        .outerjoin(PointLot, col(PointLot.id) == col(PointEntry.lot_id))
        .outerjoin(Account, col(Account.id) == col(PointEntry.account_id))
        .outerjoin(Registration, col(PointEntry.registration_id) == _REGISTRATION)
    )
    mine = col(PointEntry.organisation_id) == organisation_id
    keys = sa.select(_ENTRY).where(mine)
    filters = []
    if form.search:
        filters.append(point_search.entries(session, organisation_id, form.search))
    if form.kind in KINDS:
        kind = col(PointEntry.kind) == EntryKind(form.kind)
        if form.kind != EntryKind.EARNED:
            kind = kind & NOT_EARNED
        filters.append(Filter(kind, keys.where(kind)))
    if product := _product_id(session, form):
        same = col(Registration.product_id) == product
        of_product = sa.select(_ENTRY).join(Registration, col(PointEntry.registration_id) == _REGISTRATION)
        filters.append(Filter(same, of_product.where(col(Registration.organisation_id) == organisation_id, same)))
    return _sorted(query, mine, filters, keys, col(PointEntry.at), RECORD_SORTS, form)


def _registered(session: Session, organisation_id: int, form: DetailsFilter) -> _List:
    query = sa.select(
        _REGISTRATION,
        col(Registration.at),
        col(Product.name),
        col(Registration.identifier),
        col(Registration.purchase_date),
        col(Registration.purchase_from),
        col(Registration.end_user_name),
        col(Registration.end_user_company),
        col(Registration.points),
        col(Registration.reversed_at),
    ).join(Product, col(Product.id) == col(Registration.product_id))
    mine = col(Registration.organisation_id) == organisation_id
    keys = sa.select(_REGISTRATION).where(mine)
    filters = []
    if form.search:
        filters.append(point_search.registrations(session, organisation_id, form.search))
    if form.state in STATES:
        reversed_at = col(Registration.reversed_at)
        state = reversed_at.is_not(None) if form.state == "reversed" else reversed_at.is_(None)
        filters.append(Filter(state, keys.where(state)))
    if product := _product_id(session, form):
        same = col(Registration.product_id) == product
        filters.append(Filter(same, keys.where(same)))
    return _sorted(query, mine, filters, keys, col(Registration.at), PRODUCT_SORTS, form)


def _product_id(session: Session, form: DetailsFilter) -> int | None:
    """The product a list is narrowed to; None where nobody knows its code."""
    if not form.product:
        return None
    return session.execute(sa.select(col(Product.id)).where(col(Product.code) == form.product)).scalar()


def _sorted(
    query: Any,
    mine: Any,
    filters: list[Filter],
    keys: Any,
    at: Any,
    sorts: dict[str, tuple[Any, ...]],
    form: DetailsFilter,
) -> _List:
    """The list in the order that is asked for; days need no filter where they are the order."""
    sort, order = order_of(form.sort, sorts, USUAL)
    days = between(at, form.since, form.until)
    if days and order.columns[0] is not at:
        within = sa.and_(*days)
        return _List(query, [mine], [*filters, Filter(within, keys.where(within))], sort, order)
    return _List(query, [mine, *days], filters, sort, order)


def _record(row: Any) -> Record:
    undone = row.kind is EntryKind.EARNED and row.reversed_at is not None
    return Record(
        row.id,
        row.at,
        row.kind,
        row.reason,
        row.who,
        row.points,
        row.debt,
        row.balance_after,
        row.expires_on,
        undone,
    )


def _product(row: Any) -> RegisteredProduct:
    return RegisteredProduct(
        row.id,
        row.at,
        row.name,
        row.identifier,
        row.purchase_date,
        row.purchase_from,
        row.end_user_name,
        row.end_user_company,
        row.points,
        row.reversed_at is not None,
    )
