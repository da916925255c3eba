"""Central Management > Alarm of a customer of the Customer Portal: what its own cloud PBXs needed attention for, in
words that are for it to read. The alarms are those of the package's owner (alarm_records.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import alarm_records, pbx
from yeastar_app.services.own_pbx import POLICY, seller_of
from yeastar_app.services.paging import AddressDay, Filter, PageForm, Search, between, contains, page_of
from yeastar_app.words import t

STATES = {"active": t("Active"), "over": t("Over")}
INSIDE = (AlarmKind.PBX_TROUBLE, AlarmKind.PBX_LOST)
"""Of these the owner reads what the hosting engine said; a customer only that it is so."""


class ListForm(PageForm):
    """The list's address; what it does not know filters nothing. `since`, `until`: days (UTC) it was raised on."""

    search: Search = ""
    level: Search = ""
    state: Search = ""
    since: AddressDay = None
    until: AddressDay = None


@dataclass(frozen=True)
class Row:
    """`raised_at`: not before the customer had the PBX."""

    id: int
    level: AlarmLevel
    title: str
    detail: str
    pbx_id: int
    pbx: str
    raised_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int


@action(POLICY, form=ListForm, writes=False)
def listed(session: Session, actor: Actor, form: ListForm) -> Found:
    """One page of the last 6 months' alarms about the PBXs that the customer has, newest first. What was over before
    it had them is not in it."""
    seller = seller_of(session, actor)
    own = list(session.execute(sa.select(col(Pbx.id)).where(*pbx.visible(actor))).scalars())
    query = query_of(actor).where(col(Alarm.pbx_id).in_(own))  # or all alarms would be walked for those of a few PBXs
    found = page_of(session, query, col(Alarm.id), form, filters=_filters(form))
    return Found([row_of(row, seller) for row in found.rows], found.newer, found.older)


HAD = sa.func.coalesce(col(Pbx.customer_since), col(Pbx.created_at))
"""Since when a customer has the PBX."""


def query_of(actor: Actor) -> Any:
    """The alarms a customer may see."""
    lasts, had = col(Alarm.ended_at).is_(None), HAD
    kept = col(Alarm.raised_at) >= clock.now() - alarm_records.KEPT
    return (
        sa.select(
            col(Alarm.id), col(Alarm.kind), col(Alarm.level), col(Alarm.title), col(Alarm.detail),
            col(Alarm.raised_at), col(Alarm.ended_at), col(Pbx.id).label("pbx_id"), col(Pbx.name).label("pbx"),
            had.label("had"),
        )
        .join(Pbx, col(Pbx.id) == col(Alarm.pbx_id))
        .where(*pbx.visible(actor), sa.or_(lasts, sa.and_(kept, col(Alarm.ended_at) >= had)))
    )  # fmt: skip


def _filters(form: ListForm) -> list[Filter]:
    shown = sa.case((col(Alarm.raised_at) < HAD, HAD), else_=col(Alarm.raised_at))  # the day that is read there
    conditions = between(shown, form.since, form.until)
    if form.search:
        conditions.append(contains(form.search, col(Alarm.title), col(Pbx.name)))
    if form.level in set(AlarmLevel):
        conditions.append(col(Alarm.level) == form.level)
    if form.state in STATES:
        conditions.append(col(Alarm.ended_at).is_(None) if form.state == "active" else col(Alarm.ended_at).is_not(None))
    return [Filter(sa.and_(*conditions))] if conditions else []


def row_of(row: Any, seller: str) -> Row:
    detail = t("{seller} can see why.", seller=seller) if row.kind in INSIDE else row.detail
    if row.raised_at < row.had:
        detail = ""  # figures of a day on which somebody else may have had it
    return Row(row.id, row.level, row.title, detail, row.pbx_id, row.pbx, max(row.raised_at, row.had), row.ended_at)
