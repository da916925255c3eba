"""The customer a cloud PBX is bound to: an account of the Customer Portal that sees it in Central Management and, where
it is allowed, starts and stops it (own_pbx.py). Something else than the contacts who get its emails (contacts.py)."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.engines import live
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.refusals import NotAllowed, Refusal
from yeastar_app.services import contacts, engine_orders, mail
from yeastar_app.services.contacts import OFFERED, OfferForm
from yeastar_app.services.ledger_checks import EXAMPLES
from yeastar_app.services.paging import Order, PageForm, page_of
from yeastar_app.services.pbx import VIEW, Customer, customers
from yeastar_app.services.word_search import ACCOUNTS, COMPANIES, Among, begins
from yeastar_app.words import t


@action(VIEW, form=OfferForm, writes=False)
def offer(session: Session, actor: Actor, form: OfferForm) -> list[Customer]:
    """Activated customers of the company whose package a PBX is in, a few that match. For those who create or edit."""
    if not (actor.may(Feature.PBX_ADD) or actor.may(Feature.PBX_EDIT)):
        raise NotAllowed
    company = contacts.company_of(session, actor, form)
    own = [col(Organisation.parent_id) == company, col(Account.status) == Status.ACTIVE]
    filters = []
    if form.search:
        columns = (col(Organisation.name), col(Account.email))
        by_account = Among(ACCOUNTS, rows=_companies_of)
        filters.append(begins(session, form.search, Among(COMPANIES, company), by_account, only=columns))
    by_name = Order((col(Organisation.name), col(Organisation.id)), descending=False)
    found = page_of(session, customers(), col(Organisation.id), PageForm(), order=by_name, scope=own, filters=filters,
                    limit=OFFERED)  # fmt: skip
    return [Customer(row.id, row.name, row.email, active=True) for row in found.rows]


def _companies_of(accounts: Any) -> Any:
    return sa.select(col(Account.organisation_id)).where(col(Account.id).in_(accounts))


def bind(session: Session, pool: Pool, row: Pbx, customer_id: int | None, controls: bool) -> None:
    """Bind a PBX (locked) to a customer, or to nobody. Whoever it is new to is told; who loses it sees it leave.

    Only to an activated customer of the company whose package it is: Refusal `unknown_customer` otherwise. One that was
    removed since may stay."""
    before = row.customer_id
    if customer_id not in (None, before):
        _tell(session, pool, row, customer_id)
    if customer_id != before:
        row.customer_since = clock.now() if customer_id is not None else None
    row.customer_id, row.customer_controls = customer_id, controls and customer_id is not None
    if before not in (None, customer_id):
        live.changed(session, engine_orders.customer_topic(before))


def _tell(session: Session, pool: Pool, row: Pbx, customer_id: int) -> None:
    """Write the email about a PBX to whoever signs in for its new customer. Refusal where nobody does."""
    people = session.exec(
        select(Account)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            col(Organisation.id) == customer_id,
            col(Organisation.parent_id) == pool.organisation_id,
            col(Account.kind) == Kind.CUSTOMER,
            col(Account.status) == Status.ACTIVE,
        )
        .order_by(col(Account.id))
    ).all()
    if not people:
        words = t("Only an activated customer of the company whose package it is. Choose again.")
        raise Refusal("unknown_customer", words, "customer")
    seller = session.get_one(Organisation, pool.organisation_id)
    for person in people:
        mail.write(
            session,
            kind="pbx_bound",
            to=person.email,
            subject=t("Your cloud PBX {name} is in Central Management", name=row.name),
            paragraphs=[
                t("{company} has added the cloud PBX {name} to your Customer Portal.", company=seller.name,
                  name=row.name),
                t("Central Management shows whether it runs, what it has and when it expires."),
            ],
            button=(t("Open Central Management"), "/central/own"),
        )  # fmt: skip


def strangers(session: Session) -> list[str]:
    """For `yeastar check`: a PBX is bound to a customer of the very company whose package it is in."""
    company = sa.orm.aliased(Organisation)
    query = (
        sa.select(col(Pbx.id), col(Pbx.customer_id))
        .join(Pool, col(Pool.id) == col(Pbx.pool_id))
        .join(company, col(company.id) == col(Pbx.customer_id))
        .where(
            sa.or_(
                col(company.kind) != OrganisationKind.CUSTOMER,
                col(company.parent_id).is_distinct_from(col(Pool.organisation_id)),
            )
        )
        .limit(EXAMPLES + 1)
    )
    return [
        f"pbx {row.id}: bound to organisation {row.customer_id}, no customer of its owner"
        for row in session.execute(query)
    ]
