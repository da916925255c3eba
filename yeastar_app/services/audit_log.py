"""Reading the audit log: who did what, on what, before → after, from where, when. Administrators read all of it,
account managers what concerns their partners and those below."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.access import Actor, Policy, action, visible_organisations
from yeastar_app.features import PARTNER_FEATURES, RESELLER_FEATURES, Feature, Surface, name_of
from yeastar_app.models.accounts import Kind, Organisation
from yeastar_app.models.records import AuditRow
from yeastar_app.services import operations, workbooks
from yeastar_app.services.paging import AddressDay, Filter, Order, PageForm, Search, between, page_of
from yeastar_app.services.word_search import COMPANIES, OPERATIONS, Among, begins
from yeastar_app.words import minute, t

POLICY = Policy(Surface.STAFF)


class AuditFilter(PageForm):
    """The log's address: unknown words in it filter nothing. Days are UTC, both included."""

    search: Search = ""
    who: Search = ""
    action: Search = ""
    """Words of what was done, or its code."""
    since: AddressDay = None
    until: AddressDay = None


@dataclass(frozen=True)
class Change:
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    id: int
    at: str
    who: str
    company: str
    action: str
    """The code of what was done, the same for ever; `words` say it."""
    words: str
    label: str
    subject: str
    ip: str
    changes: list[Change]


@dataclass(frozen=True)
class Entries:
    rows: list[Entry]
    newer: int
    older: int


@action(POLICY, form=AuditFilter, writes=False)
def read(session: Session, actor: Actor, form: AuditFilter) -> Entries:
    """Entries the actor may see, newest first."""
    scope, filters = _scope(actor, form), _filters(session, form)
    found = page_of(session, _QUERY, col(AuditRow.id), form, order=NEWEST, scope=scope, filters=filters)
    return Entries([_entry(row) for row in found.rows], found.newer, found.older)


_COLUMNS = [("Time (UTC)", 18), ("Who", 30), ("Company", 26), ("Action", 36), ("Code", 26), ("On", 34), ("Subject", 18),
            ("From", 18), ("Before and After", 80)]  # fmt: skip


@action(POLICY, form=AuditFilter, writes=False)
def export(session: Session, actor: Actor, form: AuditFilter) -> Path:
    """All entries the filter lets through, newest first, as a workbook in a file of its own."""

    def lines() -> Iterator[tuple[Any, ...]]:
        narrowed = [*_scope(actor, form), *[one.judged for one in _filters(session, form)]]
        query = _QUERY.where(*narrowed).order_by(*NEWEST.by())
        for row in session.execute(query.execution_options(yield_per=1000)):
            one: AuditRow = row.AuditRow
            yield (one.at, one.who, row.company, operations.in_words(one.action), one.action, one.label, one.subject,
                   one.ip, in_a_cell(changes_of(one.before, one.after)))  # fmt: skip

    return workbooks.write_long("Audit Log", _COLUMNS, lines())


NEWEST = Order((col(AuditRow.at), col(AuditRow.id)))
"""Newest first, along an index that days are a part of."""
_QUERY: Any = sa.select(AuditRow, col(Organisation.name).label("company"), col(AuditRow.id).label("id")).outerjoin(
    Organisation, col(Organisation.id) == col(AuditRow.organisation_id)
)


def _scope(actor: Actor, form: AuditFilter) -> list[Any]:
    seen = [] if actor.kind is Kind.ADMINISTRATOR else [visible_organisations(actor)]
    return [*seen, *between(col(AuditRow.at), form.since, form.until)]


def _filters(session: Session, form: AuditFilter) -> list[Filter]:
    said, filters = Among(OPERATIONS), []
    if form.search:
        columns = (col(AuditRow.label), col(AuditRow.subject), col(Organisation.name), col(AuditRow.ip))
        companies = Among(COMPANIES, rows=_concerning)
        filters.append(begins(session, form.search, said, companies, only=columns))
    if form.who:
        filters.append(begins(session, form.who, said, only=[col(AuditRow.who)]))
    if form.action:
        codes = [*operations.meant_by(form.action), form.action]  # codes that are no longer in use too
        meant = col(AuditRow.action).in_(codes)
        filters.append(Filter(meant, sa.select(col(AuditRow.id)).where(meant)))
    return filters


def _concerning(companies: Any) -> Any:
    return sa.select(col(AuditRow.id)).where(col(AuditRow.organisation_id).in_(companies))


def _entry(row: Any) -> Entry:
    entry: AuditRow = row.AuditRow
    return Entry(
        id=entry.key,
        at=minute(entry.at),
        who=entry.who,
        company=row.company or "",
        action=entry.action,
        words=operations.in_words(entry.action),
        label=entry.label,
        subject=entry.subject,
        ip=entry.ip,
        changes=changes_of(entry.before, entry.after),
    )


def changes_of(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Change]:
    """What changed, a line a value, in words."""
    old, new = before or {}, after or {}
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    said = [Change(_named(name), _said(old.get(name)), _said(new.get(name))) for name in names]
    return [change for change in said if change.before != change.after]


def in_a_cell(changes: list[Change]) -> str:
    """What changed as one cell of a workbook holds it."""
    return "; ".join(f"{one.name}: {one.before} → {one.after}" for one in changes)[:32_000]


def _named(value: str) -> str:
    """The name of a value as it stands before it: `First name`."""
    return value.replace("_", " ").capitalize().replace("Pbx", "PBX")


def _said(value: Any) -> str:
    match value:
        case None | "":
            return "–"  # noqa: RUF001 - a dash is how nothing is shown
        case True:
            return t("yes")
        case False:
            return t("no")
        case list():
            return ", ".join(map(_listed, value)) or "–"  # noqa: RUF001
        case int():
            return f"{value:,}".replace("-", "\N{MINUS SIGN}")
        case _:
            return str(value)


def _listed(value: Any) -> str:
    """A permission in the words of its checkbox; anything else as it is."""
    granted = isinstance(value, str) and value in PARTNER_FEATURES | RESELLER_FEATURES
    return name_of(Feature(value)) if granted else str(value)
