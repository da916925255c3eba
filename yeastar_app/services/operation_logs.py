"""Operation Logs of Central Management: what the people of the own subtree did there, kept 6 months."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, visible_organisations
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.records import AuditRow
from yeastar_app.services.paging import Key, Search
from yeastar_app.words import t

VIEW = Policy(Surface.CENTRAL, Feature.LOGS_VIEW)
SHOWN = timedelta(days=183)
PAGE_ROWS = 50
OPERATIONS = {
    "reseller.create": t("Reseller added"),
    "reseller.edit": t("Reseller edited"),
    "reseller.delete": t("Reseller deleted"),
    "reseller.send_activation": t("Activation email sent"),
    "reseller.two_factor_off": t("Two-factor authentication switched off"),
    "preset.save": t("Package preset saved"),
    "preset.remove": t("Package preset deleted"),
    "pbx.create": t("Cloud PBX added"),
    "pbx.edit": t("Cloud PBX edited"),
    "pbx.resize": t("Cloud PBX resized"),
    "pbx.change_term": t("Type or expiry of a cloud PBX changed"),
    "pbx.upgrade": t("Cloud PBX upgraded"),
    "pbx.start": t("Cloud PBX started"),
    "pbx.stop": t("Cloud PBX stopped"),
    "pbx.reset": t("Cloud PBX reset"),
    "pbx.retry": t("Asked again for a cloud PBX"),
    "pbx.send_activation": t("Activation email of a cloud PBX sent"),
    "pbx.delete": t("Cloud PBX deleted"),
    "task.create": t("Task added"),
    "task.edit": t("Task edited"),
    "task.cancel": t("Task cancelled"),
    "contact.create": t("Customer added"),
    "contact.edit": t("Customer edited"),
    "contact.delete": t("Customer deleted"),
}
"""The central actions that are logged, in words."""


class Filter(BaseModel):
    text: Search = ""
    """Part of who did it or on what."""
    operation: Search = ""
    before: Key = None
    """Only rows older than this one's id; None: from the newest."""


@dataclass(frozen=True)
class Row:
    id: int
    at: datetime
    who: str
    operation: str
    label: str
    ip: str


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    more: bool


@action(VIEW, form=Filter, writes=False)
def search(session: Session, actor: Actor, form: Filter) -> Found:
    """One page, newest first. Only what the actor's own subtree did: a superior's doings are none of its business."""
    query = (
        sa.select(
            col(AuditRow.id),
            col(AuditRow.at),
            col(AuditRow.who),
            col(AuditRow.action),
            col(AuditRow.label),
            col(AuditRow.ip),
        )
        .join(Account, col(Account.id) == col(AuditRow.account_id))
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            visible_organisations(actor),
            col(AuditRow.action).in_(OPERATIONS),
            col(AuditRow.at) >= clock.now() - SHOWN,
        )
    )
    if form.text.strip():
        part = form.text.strip()
        said = [column.icontains(part, autoescape=True) for column in (col(AuditRow.who), col(AuditRow.label))]
        query = query.where(sa.or_(*said))
    if form.operation in OPERATIONS:
        query = query.where(col(AuditRow.action) == form.operation)
    if form.before:
        query = query.where(col(AuditRow.id) < form.before)
    rows = session.execute(query.order_by(col(AuditRow.id).desc()).limit(PAGE_ROWS + 1)).all()
    shown = [Row(row.id, row.at, row.who, OPERATIONS[row.action], row.label, row.ip) for row in rows[:PAGE_ROWS]]
    return Found(shown, len(rows) > PAGE_ROWS)
