"""The account statement: a company's credit in each currency, and every line that made it. Reads only; what writes the
lines is services/rebates.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app.access import Actor, Policy, action, visible_organisations
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Organisation, OrganisationKind
from yeastar_app.models.billing import CreditAccount, CreditEntry, CreditKind, Order
from yeastar_app.refusals import NotFound
from yeastar_app.services import workbooks
from yeastar_app.services.paging import AddressDay, Key, PageForm, Search, between, page_of
from yeastar_app.words import amount, t

POLICY = Policy(Surface.PARTNER, Feature.BILLING)
STAFF = Policy(Surface.STAFF)

KINDS = {CreditKind.REBATE: t("Rebate"), CreditKind.REBATE_REVERSED: t("Rebate taken back")}


class StatementFilter(PageForm):
    """The page's address; days are inclusive."""

    currency: Search = ""
    since: AddressDay = None
    until: AddressDay = None


class PartnerStatement(StatementFilter):
    """What staff ask for: `partner` is the id of the company."""

    partner: Key = None


@dataclass(frozen=True)
class Line:
    """A line of the statement; money in the smallest unit of its currency, `change` signed, `balance` after it in that
    currency. `order` is empty on a line that belongs to none."""

    id: int
    at: datetime
    kind: CreditKind
    currency: str
    change: int
    balance: int
    reason: str
    tier: str
    rate_basis_points: int
    order: str
    order_for: str
    order_amount: int


@dataclass(frozen=True)
class Balance:
    currency: str
    minor: int


@dataclass(frozen=True)
class Statement:
    """One page: whose it is, the balances of this moment, the lines, and the keys of the neighbouring pages (0: there
    is none)."""

    company: str
    balances: list[Balance]
    rows: list[Line]
    newer: int
    older: int


@action(POLICY, form=StatementFilter, writes=False)
def view(session: Session, actor: Actor, form: StatementFilter) -> Statement:
    """The statement of the actor's company, newest first."""
    return _statement(session, actor.organisation, actor.organisation_name, form)


@action(POLICY, form=StatementFilter, writes=False)
def export(session: Session, actor: Actor, form: StatementFilter) -> bytes:
    """All lines of the actor's company that the filter lets through, as a workbook."""
    return _workbook(session, actor.organisation, form)


@action(STAFF, form=PartnerStatement, writes=False)
def view_of(session: Session, actor: Actor, form: PartnerStatement) -> Statement:
    """The statement of a partner that the actor looks after. NotFound for any other."""
    partner = _partner(session, actor, form)
    return _statement(session, partner.key, partner.name, form)


@action(STAFF, form=PartnerStatement, writes=False)
def export_of(session: Session, actor: Actor, form: PartnerStatement) -> bytes:
    """The same as a workbook."""
    return _workbook(session, _partner(session, actor, form).key, form)


def _partner(session: Session, actor: Actor, form: PartnerStatement) -> Organisation:
    query = select(Organisation).where(
        visible_organisations(actor),
        col(Organisation.kind) == OrganisationKind.PARTNER,
        col(Organisation.id) == (form.partner or 0),
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound(t("This partner"))
    return found


def _statement(session: Session, organisation_id: int, company: str, form: StatementFilter) -> Statement:
    accounts = session.exec(
        select(CreditAccount)
        .where(col(CreditAccount.organisation_id) == organisation_id)
        .order_by(col(CreditAccount.currency))
    )
    balances = [Balance(account.currency, account.balance_minor) for account in accounts]
    found = page_of(session, _lines(organisation_id, form), col(CreditEntry.id), form)
    return Statement(company, balances, [Line(*row) for row in found.rows], found.newer, found.older)


def _workbook(session: Session, organisation_id: int, form: StatementFilter) -> bytes:
    columns = [("Date", 18), ("Type", 18), ("Order", 18), ("Ordered", 40), ("Currency", 10), ("Order Amount", 16),
               ("Tier", 14), ("Rate in %", 10), ("Amount", 16), ("Balance", 16)]  # fmt: skip
    found = session.execute(_lines(organisation_id, form).order_by(col(CreditEntry.id).desc()))
    rows = (
        (line.at, KINDS[line.kind], line.order, line.order_for, line.currency,
         amount(line.order_amount, line.currency), line.tier, line.rate_basis_points / 100,
         amount(line.change, line.currency), amount(line.balance, line.currency))
        for line in (Line(*row) for row in found)
    )  # fmt: skip
    return workbooks.write([("Account Statement", columns, rows)])


def _lines(organisation_id: int, form: StatementFilter) -> Any:
    query = (
        sa.select(
            col(CreditEntry.id),
            col(CreditEntry.at),
            col(CreditEntry.kind),
            col(CreditEntry.currency),
            col(CreditEntry.amount_minor),
            col(CreditEntry.balance_after_minor),
            col(CreditEntry.reason),
            col(CreditEntry.tier_name),
            col(CreditEntry.rate_basis_points),
            sa.func.coalesce(col(Order.number), ""),
            sa.func.coalesce(col(Order.description), ""),
            sa.func.coalesce(col(Order.amount_minor), 0),
        )
        .outerjoin(Order, col(Order.id) == col(CreditEntry.order_id))
        .where(col(CreditEntry.organisation_id) == organisation_id)
    )
    if form.currency:
        query = query.where(col(CreditEntry.currency) == form.currency.upper())
    return query.where(*between(col(CreditEntry.at), form.since, form.until))
