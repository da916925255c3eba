"""Operation Logs of Central Management: what the people of the own subtree did there. Shown for 6 months; the audit
rows they are read from stay."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, visible_organisations
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Kind, Organisation
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import NotFound
from yeastar_app.services import operations, paging, word_search, workbooks
from yeastar_app.services.audit_log import NEWEST, Change, changes_of, in_a_cell
from yeastar_app.services.fields import RowId
from yeastar_app.services.paging import AddressDay, PageForm, Search, between, page_of
from yeastar_app.services.word_search import COMPANIES, Among, begins
from yeastar_app.statements import at_hand
from yeastar_app.words import t

VIEW = Policy(Surface.CENTRAL, Feature.LOGS_VIEW)
SHOWN = timedelta(days=183)
MOST_IN_A_WORKBOOK = 20_000
OPERATIONS = (
    "reseller.create", "reseller.edit", "reseller.delete", "reseller.send_activation", "reseller.two_factor_off",
    "preset.save", "preset.remove",
    "pbx.create", "pbx.edit", "pbx.resize", "pbx.change_term", "pbx.upgrade", "pbx.start", "pbx.stop", "pbx.reset",
    "pbx.go_back", "pbx.retry", "pbx.send_activation", "pbx.delete",
    "task.create", "task.edit", "task.cancel",
    "contact.create", "contact.edit", "contact.delete",
    "alarm.acknowledge", "alarm_contact.create", "alarm_contact.edit", "alarm_contact.delete",
)  # fmt: skip
"""The central actions that are logged. What a task carries out is logged like a click, with its name."""
OF_COLLEAGUES = (
    "colleague.create", "colleague.edit", "account.resend_activation", "account.freeze", "account.unfreeze",
    "account.remove", "two_factor.off",
)  # fmt: skip
"""Central actions of a reseller's people only: a partner does the same in its own portal, which is no matter here."""
RESELLERS = (Kind.RESELLER, Kind.RESELLER_COLLEAGUE)
WORDS = {code: operations.WORDS[code] for code in (*OPERATIONS, *OF_COLLEAGUES)} | {
    "contact.create": t("Customer added"),
    "contact.edit": t("Customer edited"),
    "contact.delete": t("Customer deleted"),
}
"""Here there is but one kind of customer; the back office tells two apart."""


class Filter(PageForm):
    """The list's address; what it does not know filters nothing. Days are UTC, both included."""

    who: Search = ""
    what: Search = ""
    operation: Search = ""
    since: AddressDay = None
    until: AddressDay = None


class One(BaseModel):
    id: RowId


@dataclass(frozen=True)
class Row:
    id: int
    at: datetime
    who: str
    company: str
    operation: str
    label: str
    ip: str


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int


@dataclass(frozen=True)
class Details:
    row: Row
    changes: list[Change]


@action(VIEW, form=Filter, writes=False)
def search(session: Session, actor: Actor, form: Filter) -> Found:
    """One page, newest first. Only what the actor's own subtree did: a superior's doings are none of its business."""
    scope = [*_scope(session, actor), *between(col(AuditRow.at), form.since, form.until)]
    filters = _filters(session, form)
    found = page_of(session, _rows(), col(AuditRow.id), form, order=NEWEST, scope=scope, filters=filters)
    return Found([_row(row) for row in found.rows], found.newer, found.older)


def latest(session: Session, actor: Actor, many: int) -> list[Row]:
    """The last operations, newest first, for whoever may see them."""
    query = _rows().where(*_scope(session, actor)).order_by(*NEWEST.by()).limit(many)
    return [_row(row) for row in session.execute(query)]


@action(VIEW, form=One, writes=False)
def details(session: Session, actor: Actor, form: One) -> Details:
    """One operation, before → after. NotFound for a stranger's."""
    row = session.execute(_rows().where(*_scope(session, actor), col(AuditRow.id) == form.id)).first()
    if row is None:
        raise NotFound(t("This operation"))
    return Details(_row(row), changes_of(row.before, row.after))


_COLUMNS = [
    (t("Time (UTC)"), 18), (t("Who"), 30), (t("Company"), 26), (t("Operation"), 34), (t("On"), 34), (t("From"), 18),
    (t("Before and after"), 80),
]  # fmt: skip


@action(VIEW, form=Filter, writes=False)
def export(session: Session, actor: Actor, form: Filter) -> bytes:
    """What the filters let through, newest first, as a workbook."""
    narrowed = [*between(col(AuditRow.at), form.since, form.until), *[one.judged for one in _filters(session, form)]]
    query = _rows().where(*_scope(session, actor), *narrowed).order_by(*NEWEST.by())
    lines = []
    for found in session.execute(query.limit(MOST_IN_A_WORKBOOK)):
        row, changes = _row(found), changes_of(found.before, found.after)
        lines.append([row.at, row.who, row.company, row.operation, row.label, row.ip, in_a_cell(changes)])
    return workbooks.write([(t("Operation Logs"), _COLUMNS, lines)])


def _filters(session: Session, form: Filter) -> list[paging.Filter]:
    said, filters = Among(word_search.OPERATIONS), []
    if form.who:
        names = (col(AuditRow.who), col(Organisation.name))
        filters.append(begins(session, form.who, said, Among(COMPANIES, rows=_done_by), only=names))
    if form.what:
        filters.append(begins(session, form.what, said, only=[col(AuditRow.label)]))
    if form.operation in WORDS:
        done = col(AuditRow.action) == form.operation
        filters.append(paging.Filter(done, sa.select(col(AuditRow.id)).where(done)))
    return filters


def _done_by(companies: Any) -> Any:
    people = sa.select(col(Account.id)).where(col(Account.organisation_id).in_(companies))
    return sa.select(col(AuditRow.id)).where(col(AuditRow.account_id).in_(people))


def _rows() -> Any:
    return (
        sa.select(
            col(AuditRow.id), col(AuditRow.at), col(AuditRow.who), col(AuditRow.action), col(AuditRow.label),
            col(AuditRow.ip), col(AuditRow.before), col(AuditRow.after), col(Organisation.name).label("company"),
        )
        .join(Account, col(Account.id) == col(AuditRow.account_id))
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
    )  # fmt: skip


def _scope(session: Session, actor: Actor) -> list[Any]:
    """What the actor's own subtree did. A reseller's people act on what is their company's alone, and nobody is below
    them: their log is read along the index of that company."""
    own = [col(AuditRow.organisation_id) == actor.organisation] if actor.kind in RESELLERS else []
    logged = sa.or_(
        col(AuditRow.action).in_(OPERATIONS),
        sa.and_(col(AuditRow.action).in_(OF_COLLEAGUES), col(Account.kind).in_(RESELLERS)),
    )
    return [*own, at_hand(session, visible_organisations(actor), logged), col(AuditRow.at) >= clock.now() - SHOWN]


def _row(row: Any) -> Row:
    return Row(row.id, row.at, row.who, row.company, WORDS[row.action], row.label, row.ip)
