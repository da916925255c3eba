"""Customers of Central Management (Yeastar help: Cloud PBX > Customer): contact records of the actor's own company, who
get the activation and expiry emails of PBXs. They sign in nowhere."""

from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, Field
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.models.contacts import Contact, PbxRecipient
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import capacity, people, seen
from yeastar_app.services.countries import Country
from yeastar_app.services.fields import (
    Line,
    OptionalLine,
    OptionalPhone,
    OptionalText,
    RowId,
    YeastarId,
    at_most,
    nobodys_if_larger,
)
from yeastar_app.services.paging import Filter, PageForm, Search, page_of
from yeastar_app.services.pbx import VIEW as SEE_PBXS
from yeastar_app.services.pbx import Recipient
from yeastar_app.services.word_search import CONTACTS, Among, begins
from yeastar_app.words import plural, t

VIEW = Policy(Surface.CENTRAL, Feature.CUSTOMER_VIEW)
MANAGE = Policy(Surface.CENTRAL, Feature.CUSTOMER_MANAGE)
MOST_AT_ONCE = 50
OFFERED = 8
"""So many customers are offered while one types."""


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


class ContactForm(BaseModel):
    first_name: Line
    last_name: Annotated[OptionalLine, at_most(100)] = None
    company: Line
    email: YeastarId
    business_number: OptionalPhone = None
    mobile: OptionalPhone = None
    home_number: OptionalPhone = None
    fax: OptionalPhone = None
    street: Annotated[OptionalLine, at_most(255)] = None
    postal_code: Annotated[OptionalLine, at_most(20)] = None
    city: Annotated[OptionalLine, at_most(100)] = None
    state: Annotated[OptionalLine, at_most(100)] = None
    country: Annotated[Country | None, BeforeValidator(_empty_is_none)] = None
    remark: Annotated[OptionalText, at_most(500)] = None


class EditForm(ContactForm):
    id: RowId
    seen: seen.Mark


class One(BaseModel):
    id: RowId


class Several(BaseModel):
    ids: Annotated[list[RowId], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ListForm(PageForm):
    search: Search = ""


class OfferForm(BaseModel):
    """`owner`: the reseller (account id) a PBX is created for; `pbx`: the PBX that is edited. Neither: one's own."""

    search: Search = ""
    owner: Search = ""
    pbx: Search = ""


FIELDS = tuple(ContactForm.model_fields)


@dataclass(frozen=True)
class Row:
    id: int
    name: str
    company: str
    email: str
    phone: str
    pbxs: int


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int


@dataclass(frozen=True)
class Details:
    id: int
    values: dict[str, str]
    mark: str


def _own(session: Session, actor: Actor, contact_id: int) -> Contact:
    """One of the actor's own customers, locked. NotFound."""
    row = session.exec(
        select(Contact)
        .where(col(Contact.id) == contact_id, col(Contact.organisation_id) == actor.organisation)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound(t("This customer"))
    return row


def _values(row: Contact) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def mark_of(row: Contact) -> str:
    return seen.mark(*_values(row).values())


@action(MANAGE, form=ContactForm)
def create(session: Session, actor: Actor, form: ContactForm) -> Recipient:
    """Keep a new customer. Returns it as those are that get emails."""
    row = Contact(organisation_id=actor.organisation, created_at=clock.now(), **form.model_dump())
    session.add(row)
    audit(session, actor, "contact.create", row, label=row.name, after=_values(row))
    return Recipient(row.key, row.name, row.company, row.email)


@action(MANAGE, form=EditForm)
def edit(session: Session, actor: Actor, form: EditForm) -> str:
    """Change a customer; what goes out from now on goes to the new address. Returns the name."""
    row = _own(session, actor, form.id)
    seen.compare(form.seen, mark_of(row), row.name)
    before = _values(row)
    for name in FIELDS:
        setattr(row, name, getattr(form, name))
    audit(session, actor, "contact.edit", row, label=row.name, before=before, after=_values(row))
    return row.name


@action(MANAGE, form=Several)
def delete(session: Session, actor: Actor, form: Several) -> int:
    """Delete customers, all of them or none. One who gets a PBX's emails cannot go (Yeastar help). How many."""
    rows = [_own(session, actor, number) for number in sorted(set(form.ids))]
    for row in rows:
        bound = session.exec(
            select(Pbx.name)
            .join(PbxRecipient, col(PbxRecipient.pbx_id) == col(Pbx.id))
            .where(col(PbxRecipient.contact_id) == row.key)
            .order_by(col(Pbx.id))
        ).all()
        if bound:
            words = t("{name} gets the emails of {pbxs}. Choose somebody else there first.", name=row.name,
                      pbxs=bound[0] if len(bound) == 1 else plural(len(bound), "cloud PBX", "cloud PBXs"))  # fmt: skip
            raise Refusal("customer_bound", words)
        audit(session, actor, "contact.delete", row, label=row.name, before=_values(row))
        session.delete(row)
    session.flush()
    return len(rows)


def _query() -> Any:
    bound = (
        sa.select(sa.func.count())
        .where(col(PbxRecipient.contact_id) == col(Contact.id))
        .correlate(Contact)
        .scalar_subquery()
    )
    names = ("id", "first_name", "last_name", "company", "email", "business_number", "mobile")
    return sa.select(*[getattr(Contact, name) for name in names], bound.label("pbxs"))


@action(VIEW, form=ListForm, writes=False)
def search(session: Session, actor: Actor, form: ListForm) -> Found:
    """One page of the own company's customers, newest first."""
    filters = _filters(session, actor.organisation, form.search)
    own = [col(Contact.organisation_id) == actor.organisation]
    found = page_of(session, _query(), col(Contact.id), form, scope=own, filters=filters)
    return Found([_row(row) for row in found.rows], found.newer, found.older)


def _row(row: Any) -> Row:
    name = f"{row.first_name} {row.last_name or ''}".strip()
    return Row(row.id, name, row.company, row.email, row.mobile or row.business_number or "", row.pbxs)


@action(VIEW, form=One, writes=False)
def details(session: Session, actor: Actor, form: One) -> Details:
    """Everything about one customer."""
    row = session.get(Contact, form.id)
    if row is None or row.organisation_id != actor.organisation:
        raise NotFound(t("This customer"))
    return Details(row.key, {name: value or "" for name, value in _values(row).items()}, mark_of(row))


@action(SEE_PBXS, form=OfferForm, writes=False)
def offer(session: Session, actor: Actor, form: OfferForm) -> list[Recipient]:
    """Customers who could get a PBX's emails, a few that match: those of the company whose package it is in. For
    those who create or edit PBXs."""
    if not (actor.may(Feature.PBX_ADD) or actor.may(Feature.PBX_EDIT)):
        raise NotAllowed
    company = company_of(session, actor, form)
    query: Any = sa.select(Contact, col(Contact.id).label("id"))
    own = [col(Contact.organisation_id) == company]
    filters = _filters(session, company, form.search)
    found = page_of(session, query, col(Contact.id), PageForm(), scope=own, filters=filters, limit=OFFERED)
    rows = [row.Contact for row in found.rows]
    return [Recipient(row.key, row.name, row.company, row.email) for row in rows]


def _filters(session: Session, company: int, search: str) -> list[Filter]:
    return [begins(session, search, Among(CONTACTS, company))] if search else []


def company_of(session: Session, actor: Actor, form: OfferForm) -> int:
    """Whose customers are asked for; NotFound where they are none of the actor's business."""
    own = capacity.pool_of(session, actor.organisation)
    if form.pbx.isdecimal() and len(form.pbx) < 19:
        pool = session.exec(
            select(Pool)
            .join(Pbx, col(Pbx.pool_id) == col(Pool.id))
            .where(col(Pbx.id) == nobodys_if_larger(int(form.pbx)))
        ).first()
    elif form.owner:
        reseller = people.account_below(session, actor, form.owner, Kind.RESELLER)
        pool = capacity.pool_of(session, reseller.organisation_id)
    else:
        pool = own
    if pool is None or own.id not in (pool.id, pool.parent_id):
        raise NotFound(t("This cloud PBX"))
    return pool.organisation_id
