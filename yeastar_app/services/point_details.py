"""Point details: the company's point record and its registered products, searched, filtered, paged and exported."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.access import Actor, action
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import EntryKind, PointEntry, PointLot, Registration
from yeastar_app.models.products import Product
from yeastar_app.services import workbooks
from yeastar_app.services.paging import AddressDay, PageForm, Search, between, contains, page_of
from yeastar_app.services.registration import POLICY
from yeastar_app.words import t

KINDS = {
    EntryKind.EARNED: t("Earned"),
    EntryKind.REDEEMED: t("Redeemed"),
    EntryKind.EXPIRED: t("Expired"),
    EntryKind.ADJUSTED: t("Adjusted"),
    EntryKind.REVERSED: t("Reversed"),
}


class DetailsFilter(PageForm):
    """The page's address. `product` is a product's code; days are inclusive."""

    search: Search = ""
    product: Search = ""
    since: AddressDay = None
    until: AddressDay = None


@dataclass(frozen=True)
class Record:
    """A line of the ledger; `points` signed, `expires` that of its lot."""

    id: int
    at: datetime
    kind: EntryKind
    reason: str
    who: str
    points: int
    balance: int
    expires: date | None


@dataclass(frozen=True)
class RegisteredProduct:
    id: int
    at: datetime
    product: str
    identifier: str
    purchase_date: date
    purchase_from: str
    end_user_name: str
    end_user_company: str
    points: int


@dataclass(frozen=True)
class Found:
    """One page of either list, and the keys of its neighbours (0: there is none)."""

    rows: list[Any]
    newer: int
    older: int


@action(POLICY, form=DetailsFilter, writes=False)
def records(session: Session, actor: Actor, form: DetailsFilter) -> Found:
    """The "Point Record" of the actor's company, newest first."""
    found = page_of(session, _records(actor, form), col(PointEntry.id), form)
    return Found([_record(row) for row in found.rows], found.newer, found.older)


@action(POLICY, form=DetailsFilter, writes=False)
def registered_products(session: Session, actor: Actor, form: DetailsFilter) -> Found:
    """The "Registered Product" list of the actor's company, newest first."""
    found = page_of(session, _registered(actor, form), col(Registration.id), form)
    return Found([RegisteredProduct(*row) for row in found.rows], found.newer, found.older)


@action(POLICY, form=DetailsFilter, writes=False)
def export_records(session: Session, actor: Actor, form: DetailsFilter) -> bytes:
    """All records the filter lets through, as a workbook."""
    columns = [("Date", 18), ("Type", 12), ("Reason", 60), ("By", 30), ("Points", 12), ("Balance", 12),
               ("Expiry Date", 18)]  # fmt: skip
    found = session.execute(_records(actor, form).order_by(col(PointEntry.id).desc()))
    rows = (
        (row.at, KINDS[row.kind], row.reason, row.who, row.points, row.balance, row.expires)
        for row in map(_record, found)
    )
    return workbooks.write([("Point Record", columns, rows)])


@action(POLICY, form=DetailsFilter, writes=False)
def export_registered_products(session: Session, actor: Actor, form: DetailsFilter) -> bytes:
    """All registered products the filter lets through, as a workbook."""
    columns = [("Registered", 18), ("Product", 30), ("Product ID", 30), ("Purchase Date", 14), ("Purchase From", 26),
               ("End User Name", 26), ("End User Company Name", 32), ("Points", 12)]  # fmt: skip
    found = session.execute(_registered(actor, form).order_by(col(Registration.id).desc()))
    return workbooks.write([("Registered Product", columns, (tuple(row)[1:] for row in found))])


def _records(actor: Actor, form: DetailsFilter) -> Any:
    query = (
        sa.select(
            col(PointEntry.id),
            col(PointEntry.at),
            col(PointEntry.kind),
            col(PointEntry.reason),
            col(Account.first_name),
            col(Account.last_name),
            col(Account.email),
            col(PointEntry.points),
            col(PointEntry.balance_after),
            col(PointLot.expires_on),
        )
        .outerjoin(PointLot, col(PointLot.id) == col(PointEntry.lot_id))
        .outerjoin(Account, col(Account.id) == col(PointEntry.account_id))
        .where(col(PointEntry.organisation_id) == actor.organisation)
    )
    if form.product:
        query = (
            query.join(Registration, col(Registration.id) == col(PointEntry.registration_id))
            .join(Product, col(Product.id) == col(Registration.product_id))
            .where(col(Product.code) == form.product)
        )
    if form.search:
        query = query.where(contains(form.search, col(PointEntry.reason)))
    return query.where(*between(col(PointEntry.at), form.since, form.until))


def _record(row: Any) -> Record:
    who = f"{row.first_name} {row.last_name}".strip() or row.email if row.email else ""
    return Record(row.id, row.at, row.kind, row.reason, who, row.points, row.balance_after, row.expires_on)


def _registered(actor: Actor, form: DetailsFilter) -> Any:
    query = (
        sa.select(
            col(Registration.id),
            col(Registration.at),
            col(Product.name),
            col(Registration.identifier),
            col(Registration.purchase_date),
            col(Registration.purchase_from),
            col(Registration.end_user_name),
            col(Registration.end_user_company),
            col(Registration.points),
        )
        .join(Product, col(Product.id) == col(Registration.product_id))
        .where(col(Registration.organisation_id) == actor.organisation)
    )
    if form.product:
        query = query.where(col(Product.code) == form.product)
    if form.search:
        searched = (Registration.identifier, Registration.purchase_from, Registration.end_user_name,
                    Registration.end_user_company, Product.name)  # fmt: skip
        query = query.where(contains(form.search, *map(col, searched)))
    return query.where(*between(col(Registration.at), form.since, form.until))
