"""A customer's own cloud PBXs in Central Management (PRODUCT 4.4): those its seller has bound to it. It sees how they
stand, and starts and stops those that it may; nothing else."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Desired, Pbx
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import engine_orders, pbx, pbx_control, usage
from yeastar_app.services.engine_orders import Health
from yeastar_app.services.paging import PageForm, page_of
from yeastar_app.services.pbx import PAGE_ROWS, One, Row, Said
from yeastar_app.words import t

POLICY = Policy(Surface.CENTRAL, Feature.OWN_PBX)
HISTORY = 20
"""So many lines of what was ordered and reported a customer sees."""


@dataclass(frozen=True)
class Reported:
    level: AlarmLevel
    title: str
    detail: str


@dataclass(frozen=True)
class Found:
    """`seller`: the company that looks after the customer. `alarms`: what the PBXs report themselves
    while it lasts."""

    rows: list[Row]
    alarms: list[Reported]
    newer: int
    older: int
    health: Health
    seller: str


@dataclass(frozen=True)
class Details:
    """In the history `who` is empty where it was not the customer itself."""

    row: Row
    history: list[Said]
    past: list[usage.Day]
    reported_at: datetime | None


@action(POLICY, form=PageForm, writes=False)
def search(session: Session, actor: Actor, form: PageForm) -> Found:
    """One page of the customer's PBXs, newest first."""
    found = page_of(session, pbx.query_of(actor), col(Pbx.id), form, limit=PAGE_ROWS)
    rows = [pbx.row_of(row) for row in found.rows]
    return Found(
        rows,
        _alarms(session, [row.id for row in rows]),
        found.newer,
        found.older,
        engine_orders.health(session),
        seller_of(session, actor),
    )


def seller_of(session: Session, actor: Actor) -> str:
    """The name of the company that looks after a customer."""
    above = session.get_one(Organisation, actor.organisation).parent_id
    return session.get_one(Organisation, above).name if above else ""


def _alarms(session: Session, pbx_ids: list[int]) -> list[Reported]:
    """What these PBXs report of themselves now and what of them runs out; all the others say in their own rows."""
    now = (AlarmKind.PBX_REPORTED, AlarmKind.USAGE_HIGH, AlarmKind.USAGE_FULL)
    query = (
        select(Alarm, Pbx)
        .join(Pbx, col(Pbx.id) == col(Alarm.pbx_id))
        .where(col(Alarm.pbx_id).in_(pbx_ids), col(Alarm.ended_at).is_(None), col(Alarm.kind).in_(now))
    )
    rows = session.exec(query.order_by(col(Alarm.id).desc()).limit(PAGE_ROWS))
    return [
        Reported(row.level, row.title, row.detail if row.raised_at >= (of.customer_since or of.created_at) else "")
        for row, of in rows
    ]


@action(POLICY, form=One, writes=False)
def details(session: Session, actor: Actor, form: One) -> Details:
    """One of the customer's PBXs. NotFound for any other. Who works at the seller, what the engine said about its
    insides and what was before the PBX was bound to it is none of a customer's business."""
    found = session.execute(pbx.query_of(actor).where(col(Pbx.id) == form.id)).first()
    if found is None:
        raise NotFound(t("This cloud PBX"))
    own = set(session.exec(select(Account.email).where(col(Account.organisation_id) == actor.organisation)))
    row = session.get_one(Pbx, form.id)
    since = row.customer_since
    lines = [
        replace(said, who=said.who if said.who in own else "", words="")
        for said in pbx.history(session, form.id)
        if since is None or said.at >= since
    ]
    return Details(pbx.row_of(found), lines[:HISTORY], usage.past(session, form.id, since), usage.last_heard(row))


@action(POLICY, form=One)
def start(session: Session, actor: Actor, form: One) -> str:
    """Start one of the customer's PBXs; where it runs or starts already nothing more happens. Returns its name."""
    row, seller = _own(session, actor, form.id)
    if pbx_control.is_over(row):
        words = t("{name} has expired and may not run after that. Ask {seller} to renew it.", name=row.name,
                  seller=seller)  # fmt: skip
        raise Refusal("expired", words)
    pbx_control.wish(session, row, Desired.RUNNING, actor.email)
    audit(session, actor, "pbx.start", row, label=row.name)
    return row.name


@action(POLICY, form=One)
def stop(session: Session, actor: Actor, form: One) -> str:
    """Stop one of the customer's PBXs; where it is stopped or stops already nothing more happens. Returns its name."""
    row, _ = _own(session, actor, form.id)
    pbx_control.wish(session, row, Desired.STOPPED, actor.email)
    audit(session, actor, "pbx.stop", row, label=row.name)
    return row.name


def _own(session: Session, actor: Actor, pbx_id: int) -> tuple[Pbx, str]:
    """The customer's PBX, locked, and who sold it. Refusal `not_controlled` where the customer may only look."""
    row, pool = pbx.living(session, actor, pbx_id)
    if row.customer_id != actor.organisation:  # taken away while we waited for the lock
        raise NotFound(t("This cloud PBX"))
    seller = session.get_one(Organisation, pool.organisation_id).name
    if not row.customer_controls:
        words = t("{name} is started and stopped by {seller}. Ask them.", name=row.name, seller=seller)
        raise Refusal("not_controlled", words)
    return row, seller
