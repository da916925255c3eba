"""What a company holds: products it bought, tries, or was associated with by its partner. Reading only; buying comes
with orders."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Organisation
from yeastar_app.models.products import Holding, HoldingStatus, IdKind, Product
from yeastar_app.refusals import NotFound
from yeastar_app.services import customers
from yeastar_app.services.account_lists import OneAccount
from yeastar_app.services.paging import Key, PageForm, page_of
from yeastar_app.words import day, plural, t

POLICY = Policy(Surface.CUSTOMER)
EXPIRING = timedelta(days=30)
"""[O] From this long before its end a product counts as expiring."""

HOSTED = "p-series-cloud"
"""The product (its code) that Central Management shows running."""

STATES = {
    "trial": (t("Trial"), "accent"),
    "active": (t("Active"), "good"),
    "expiring": (t("Expiring"), "warn"),
    "expired": (t("Expired"), "bad"),
    "cancelled": (t("Cancelled"), ""),
}

ID_LABELS = {
    IdKind.SERIAL_NUMBER: t("Serial Number"),
    IdKind.YEASTAR_ID: t("Yeastar ID"),
    IdKind.COMPANY_ID: t("Company ID"),
}


@dataclass(frozen=True)
class Held:
    """One product in the eyes of its customer."""

    id: int
    name: str
    product: str
    plan: str
    capacity: str
    id_label: str
    identifier: str
    state: str
    state_label: str
    tone: str
    starts: str
    expires: str
    left: str
    """How long until (or since) the end, in words."""
    renews: bool
    provider: str
    hosted: bool
    """Whether it is a cloud PBX: Central Management shows how it runs."""


@dataclass(frozen=True)
class Holdings:
    rows: list[Held]
    newer: int
    older: int


class OneHolding(PageForm):
    id: Key = None


def _query(*conditions: Any) -> Any:
    owner = aliased(Organisation)
    return (
        sa.select(Holding, Product, col(owner.name).label("provider"), col(Holding.id).label("id"))
        .join(Product, col(Product.id) == col(Holding.product_id))
        .join(owner, col(owner.id) == col(Holding.organisation_id))
        .where(*conditions)
    )


def _of(organisation_id: int) -> Any:
    """What a company holds itself and what its partner associated it with."""
    return (col(Holding.organisation_id) == organisation_id) | (col(Holding.customer_id) == organisation_id)


def state_on(holding: Holding, today: date) -> str:
    """The state people read: an end that has passed or is near counts before the stored status."""
    if holding.status not in (HoldingStatus.TRIAL, HoldingStatus.ACTIVE) or holding.expires_on is None:
        return holding.status.value
    if holding.expires_on < today:
        return "expired"
    if holding.status is HoldingStatus.ACTIVE and holding.expires_on - today <= EXPIRING:
        return "expiring"
    return holding.status.value


def _left(end: date | None, today: date) -> str:
    if end is None:
        return t("No end")
    if end == today:
        return t("Ends today")
    days = plural(abs((end - today).days), "day", "days")
    return t("{days} left", days=days) if end > today else t("Ended {days} ago", days=days)


def held(row: Any, viewer: int) -> Held:
    """A row of the query as people read it; `viewer` is the company that looks."""
    holding, product, today = row.Holding, row.Product, clock.now().date()
    state = state_on(holding, today)
    label, tone = STATES[state]
    return Held(
        id=holding.key,
        name=holding.name,
        product=product.name,
        plan=holding.plan,
        capacity=holding.capacity,
        id_label=ID_LABELS[product.id_kind],
        identifier=holding.identifier,
        state=state,
        state_label=label,
        tone=tone,
        starts=day(holding.starts_on),
        expires=day(holding.expires_on) or t("Does not expire"),
        left=_left(holding.expires_on, today),
        renews=holding.auto_renew,
        provider="" if holding.organisation_id == viewer else row.provider,
        hosted=product.code == HOSTED,
    )


def _page(session: Session, organisation_id: int, form: PageForm) -> Holdings:
    found = page_of(session, _query(_of(organisation_id)), col(Holding.id), form)
    return Holdings([held(row, organisation_id) for row in found.rows], found.newer, found.older)


@action(POLICY, form=PageForm, writes=False)
def mine(session: Session, actor: Actor, form: PageForm) -> Holdings:
    """The products of the customer who asks, newest first."""
    return _page(session, actor.organisation, form)


@action(POLICY, form=OneHolding, writes=False)
def details(session: Session, actor: Actor, form: OneHolding) -> Held:
    """One of the asking customer's products; NotFound for anybody else's."""
    row = session.execute(_query(_of(actor.organisation), col(Holding.id) == (form.id or 0))).first()
    if row is None:
        raise NotFound(t("This product"))
    return held(row, actor.organisation)


@action(customers.POLICY, form=OneAccount, writes=False)
def of_customer(session: Session, actor: Actor, form: OneAccount) -> Holdings:
    """The products of one of the partner's customers, the newest of them."""
    account = customers.mine(session, actor, form.id)
    return _page(session, account.organisation_id, PageForm())
