"""Central Management > Alarm: what needs or needed attention in one's own package and those taken from it. Raising and
ending them is alarm_records.py; who gets emails is alarm_contacts.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.alarms import Alarm, AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.refusals import NotFound
from yeastar_app.services import alarm_notices, alarm_records, pbx, workbooks
from yeastar_app.services.fields import RowId
from yeastar_app.services.paging import Filter, PageForm, Search, page_of
from yeastar_app.services.word_search import ALARMS, COMPANIES, Among, begins
from yeastar_app.words import t

VIEW = Policy(Surface.CENTRAL, Feature.ALARM_VIEW)
MANAGE = Policy(Surface.CENTRAL, Feature.ALARM_MANAGE)
MOST_AT_ONCE = 50
MOST_IN_A_WORKBOOK = 20_000

LEVELS = alarm_notices.LEVELS
STATES = {"active": t("Active"), "unseen": t("Not acknowledged"), "over": t("Over")}
TYPES = {True: t("PBX Reported Alarm"), False: t("Event Alarm")}


class ListForm(PageForm):
    """The list's address; what it does not know filters nothing."""

    search: Search = ""
    level: Search = ""
    state: Search = ""


class One(BaseModel):
    id: RowId


class Several(BaseModel):
    ids: Annotated[list[RowId], Field(min_length=1, max_length=MOST_AT_ONCE)]


@dataclass(frozen=True)
class Row:
    """`own`: of the actor's own company, whose people acknowledge it. `pbx_id` 0: it is about no PBX, or one that is
    gone."""

    id: int
    level: AlarmLevel
    reported: bool
    title: str
    detail: str
    company: str
    own: bool
    pbx_id: int
    pbx: str
    raised_at: datetime
    ended_at: datetime | None
    seen_at: datetime | None
    seen_by: str


@dataclass(frozen=True)
class Found:
    """`alerts`: open alerts of the own company that nobody has acknowledged."""

    rows: list[Row]
    newer: int
    older: int
    alerts: int


@action(VIEW, form=ListForm, writes=False)
def listed(session: Session, actor: Actor, form: ListForm) -> Found:
    """One page of the last 6 months' alarms, newest first."""
    filters = _filters(session, form)
    found = page_of(session, _rows(), col(Alarm.id), form, scope=_scope(actor), filters=filters)
    return Found([_row(row, actor) for row in found.rows], found.newer, found.older, _alerts(session, actor))


@action(VIEW, form=One, writes=False)
def details(session: Session, actor: Actor, form: One) -> Row:
    """One alarm. NotFound for a stranger's."""
    row = session.execute(_rows().where(*_scope(actor), col(Alarm.id) == form.id)).first()
    if row is None:
        raise NotFound(t("This alarm"))
    return _row(row, actor)


@action(VIEW, writes=False)
def open_alerts(session: Session, actor: Actor) -> int:
    """How many alerts of the own company last that nobody has acknowledged: the number in the menu."""
    return _alerts(session, actor)


def _alerts(session: Session, actor: Actor) -> int:
    query = sa.select(sa.func.count()).where(
        col(Alarm.organisation_id) == actor.organisation,
        col(Alarm.ended_at).is_(None),
        col(Alarm.level) == AlarmLevel.ALERT,
        col(Alarm.seen_at).is_(None),
    )
    return int(session.execute(query).scalar_one())


@dataclass(frozen=True)
class Newest:
    """Open alarms of a level: how many, and the newest of them."""

    count: int
    title: str
    company: str
    own: bool


@dataclass(frozen=True)
class Open:
    """`alerts`: as in Found."""

    levels: dict[AlarmLevel, Newest]
    alerts: int


def open_by_level(session: Session, actor: Actor) -> Open:
    """What is open in the actor's package and those taken from it, by level; levels of which nothing is are missing."""
    window: Any = {"partition_by": col(Alarm.level)}
    mine = sa.and_(col(Alarm.organisation_id) == actor.organisation, col(Alarm.seen_at).is_(None))
    ranked = (
        sa.select(
            col(Alarm.level),
            col(Alarm.title),
            col(Alarm.organisation_id),
            col(Organisation.name).label("company"),
            sa.func.count().over(**window).label("many"),
            sa.func.sum(sa.case((mine, 1), else_=0)).over(**window).label("unseen"),
            sa.func.row_number().over(**window, order_by=col(Alarm.id).desc()).label("place"),
        )
        .join(Organisation, col(Organisation.id) == col(Alarm.organisation_id))
        .where(_of_the_package(actor), col(Alarm.ended_at).is_(None))
        .subquery()
    )
    rows = {row.level: row for row in session.execute(sa.select(ranked).where(ranked.c.place == 1))}
    levels = {
        level: Newest(row.many, row.title, row.company, row.organisation_id == actor.organisation)
        for level, row in rows.items()
    }
    return Open(levels, int(rows[AlarmLevel.ALERT].unseen) if AlarmLevel.ALERT in rows else 0)


@action(MANAGE, form=Several)
def acknowledge(session: Session, actor: Actor, form: Several) -> int:
    """Say that somebody has seen these alarms of the own company; how many were new to it. What was acknowledged
    before keeps the name of who did. NotFound where one is not the own company's."""
    wanted = sorted(set(form.ids))
    rows: list[Any] = list(
        session.execute(
            sa.select(Alarm)
            .where(col(Alarm.id).in_(wanted), col(Alarm.organisation_id) == actor.organisation)
            .order_by(col(Alarm.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    )
    if len(rows) != len(wanted):
        raise NotFound(t("This alarm"))
    fresh = [row for row in rows if row.seen_at is None]
    for row in fresh:
        row.seen_at, row.seen_by_id = clock.now(), actor.id
    if fresh:
        alarm_records.tell(session, actor.organisation)
    for row in fresh or rows[:1]:  # the second of two clicks leaves its line too
        audit(session, actor, "alarm.acknowledge", row, label=row.title)
    return len(fresh)


_COLUMNS = [
    (t("Raised (UTC)"), 18), (t("Level"), 12), (t("Type"), 20), (t("Alarm"), 40), (t("Details"), 60),
    (t("Company"), 26), (t("Cloud PBX"), 26), (t("Over since (UTC)"), 18), (t("Acknowledged (UTC)"), 20),
    (t("Acknowledged by"), 26),
]  # fmt: skip


@action(VIEW, form=ListForm, writes=False)
def export(session: Session, actor: Actor, form: ListForm) -> bytes:
    """What the filters let through, newest first, as a workbook."""
    narrowed = [*_scope(actor), *[one.judged for one in _filters(session, form)]]
    query = _rows().where(*narrowed).order_by(col(Alarm.id).desc()).limit(MOST_IN_A_WORKBOOK)
    lines = [
        [row.raised_at, LEVELS[row.level], TYPES[row.reported], row.title, row.detail, row.company, row.pbx,
         row.ended_at, row.seen_at, row.seen_by]
        for row in (_row(found, actor) for found in session.execute(query))
    ]  # fmt: skip
    return workbooks.write([(t("Alarms"), _COLUMNS, lines)])


def _filters(session: Session, form: ListForm) -> list[Filter]:
    filters = []
    if form.search:
        columns = (*ALARMS.columns, col(Organisation.name))
        filters.append(begins(session, form.search, Among(ALARMS), Among(COMPANIES, rows=_about), only=columns))
    if form.state in _STATES:
        filters.append(_filter(_STATES[form.state], often=form.state == "over"))
    if form.level in set(AlarmLevel):
        filters.append(_filter(col(Alarm.level) == form.level))
    return filters


_STATES: dict[str, Any] = {
    "active": col(Alarm.ended_at).is_(None),
    "over": col(Alarm.ended_at).is_not(None),
    "unseen": col(Alarm.seen_at).is_(None),
}


def _filter(such: Any, often: bool = False) -> Filter:
    return Filter(such, None if often else sa.select(col(Alarm.id)).where(such))


def _about(companies: Any) -> Any:
    return sa.select(col(Alarm.id)).where(col(Alarm.organisation_id).in_(companies))


def _rows() -> Any:
    return (
        sa.select(
            col(Alarm.id), col(Alarm.level), col(Alarm.kind), col(Alarm.title), col(Alarm.detail),
            col(Alarm.organisation_id), col(Alarm.raised_at), col(Alarm.ended_at), col(Alarm.seen_at),
            col(Organisation.name).label("company"), col(Pbx.id).label("pbx_id"), col(Pbx.name).label("pbx"),
            col(Pbx.deleted_at), col(Account.email), col(Account.first_name), col(Account.last_name),
        )
        .join(Organisation, col(Organisation.id) == col(Alarm.organisation_id))
        .outerjoin(Pbx, col(Pbx.id) == col(Alarm.pbx_id))
        .outerjoin(Account, col(Account.id) == col(Alarm.seen_by_id))
    )  # fmt: skip


def _scope(actor: Actor) -> list[Any]:
    """The alarms an actor may see: of its own company and of those below it, 6 months back and what lasts. Row by row,
    along the list's order: how many companies there are must not matter."""
    since = clock.now() - alarm_records.KEPT
    whose = col(Alarm.organisation_id) == actor.organisation
    if actor.pool_id and actor.kind not in pbx.TAKEN:
        taken = sa.exists().where(
            col(Pool.organisation_id) == col(Alarm.organisation_id), col(Pool.parent_id) == actor.pool_id
        )
        whose = sa.or_(whose, taken)
    return [whose, sa.or_(col(Alarm.ended_at).is_(None), col(Alarm.raised_at) >= since)]


def _of_the_package(actor: Actor) -> Any:
    """A condition on Alarm: of the actor's own company, or of one whose package is taken from its own."""
    below = sa.select(col(Pool.organisation_id)).where(col(Pool.parent_id) == actor.pool_id)
    own = col(Alarm.organisation_id) == actor.organisation
    return sa.or_(own, col(Alarm.organisation_id).in_(below)) if actor.pool_id else own


def _row(row: Any, actor: Actor) -> Row:
    return Row(
        id=row.id,
        level=row.level,
        reported=row.kind is AlarmKind.PBX_REPORTED,
        title=row.title,
        detail=row.detail,
        company=row.company,
        own=row.organisation_id == actor.organisation,
        pbx_id=row.pbx_id if row.pbx_id and row.deleted_at is None else 0,
        pbx=row.pbx or "",
        raised_at=row.raised_at,
        ended_at=row.ended_at,
        seen_at=row.seen_at,
        seen_by=f"{row.first_name or ''} {row.last_name or ''}".strip() or row.email or "",
    )
