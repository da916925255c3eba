"""Lists of accounts as partners and the back office see them: rows, search, filters. Whose accounts they are is said by
those who ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Organisation, Status
from yeastar_app.services import account_states, images
from yeastar_app.services.paging import Filter, Key, PageForm, Search, page_of
from yeastar_app.services.word_search import ACCOUNTS, COMPANIES, Among, begins
from yeastar_app.words import day


class OneAccount(BaseModel):
    id: Key


class AccountFilter(PageForm):
    """The list's address: unknown words in it filter nothing."""

    search: Search = ""
    status: Search = ""
    type: Search = ""


@dataclass(frozen=True)
class Person:
    """A row of a list of accounts."""

    id: int
    name: str
    company: str
    email: str
    kind: str
    state: str
    state_label: str
    tone: str
    created: str
    picture: str
    two_factor: bool


@dataclass(frozen=True)
class People:
    rows: list[Person]
    newer: int
    older: int


def people_query() -> sa.Select[Any]:
    """Accounts with their company and state, by Person's needs."""
    return sa.select(
        col(Account.id).label("id"),
        col(Account.kind).label("kind"),
        col(Account.email).label("email"),
        col(Account.first_name).label("first_name"),
        col(Account.last_name).label("last_name"),
        col(Account.image_id).label("image_id"),
        col(Account.two_factor).label("two_factor"),
        col(Account.created_at).label("created_at"),
        col(Organisation.name).label("company"),
        account_states.state_of(clock.now()).label("state"),
    ).join(Organisation, col(Organisation.id) == col(Account.organisation_id))


def person_of(row: Any) -> Person:
    """A row of `people_query` as lists show it."""
    return Person(
        id=row.id,
        name=f"{row.first_name} {row.last_name}".strip() or row.email,
        company=row.company,
        email=row.email,
        kind=row.kind,
        state=row.state,
        state_label=account_states.STATES[row.state],
        tone=account_states.TONES[row.state],
        created=day(row.created_at),
        picture=images.address(row.image_id),
        two_factor=row.two_factor != "off",
    )


def listed(session: Session, scope: Sequence[Any], form: AccountFilter) -> People:
    """A page of the accounts that `scope`, conditions on Account and Organisation, lets through, narrowed by search and
    status."""
    query, living = people_query(), col(Account.status) != Status.REMOVED
    filters = _filters(session, form)
    found = page_of(session, query, col(Account.id), form, scope=[living, *scope], filters=filters)
    return People([person_of(row) for row in found.rows], found.newer, found.older)


def _filters(session: Session, form: AccountFilter) -> list[Filter]:
    """Name, company and Yeastar ID by words; states by what they are made of."""
    filters = []
    if form.search:
        columns = (*ACCOUNTS.columns, col(Organisation.name))
        filters.append(begins(session, form.search, Among(ACCOUNTS), Among(COMPANIES, rows=_people_of), only=columns))
    if form.status in account_states.STATES:
        judged = account_states.state_of(clock.now()) == form.status
        active = form.status == account_states.ACTIVE
        keys = sa.select(col(Account.id)).where(account_states.found_by(form.status))
        filters.append(Filter(judged, keys, broad=active, exact=False))
    return filters


def _people_of(companies: Any) -> Any:
    return sa.select(col(Account.id)).where(col(Account.organisation_id).in_(companies))
