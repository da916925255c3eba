"""Central Management > Task: starting, stopping or resetting cloud PBXs, at once or at a time. Carrying them out is
task_runs.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit, visible_organisations
from yeastar_app.engines import live
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.capacity import Desired, Pbx, Pool
from yeastar_app.models.tasks import TargetStatus, Task, TaskKind, TaskStatus, TaskTarget
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import pbx, time_zones
from yeastar_app.services.fields import Line, OptionalText, RowId, at_most
from yeastar_app.services.paging import Filter, Order, PageForm, Search, page_of
from yeastar_app.services.word_search import COMPANIES, PBXS, TASKS, Among, begins
from yeastar_app.words import t

VIEW = Policy(Surface.CENTRAL, Feature.TASK_VIEW)
MANAGE = Policy(Surface.CENTRAL, Feature.TASK_MANAGE)
MOST_PBXS = 50
FURTHEST = timedelta(days=366)
"""[O] Further ahead nobody plans a restart."""
LATELY = timedelta(days=7)
"""For so long a failure is a matter for the dashboard."""
OFFERED = 20
"""So many PBXs are offered for what is searched."""

KINDS = {TaskKind.START: t("Start"), TaskKind.STOP: t("Stop"), TaskKind.RESET: t("Reset")}
STATUSES = {
    TaskStatus.PENDING: t("Pending"),
    TaskStatus.EXECUTING: t("Executing"),
    TaskStatus.FINISHED: t("Finished"),
    TaskStatus.CANCELLED: t("Cancelled"),
}


def topic(organisation_id: int) -> str:
    """What changes whenever a task of this company does, or one of a company whose package is taken from its own."""
    return f"tasks:{organisation_id}"


def _local(value: Any) -> Any:
    """What a field of the kind datetime-local sends; nothing where it is empty."""
    if value in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 19 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError(t("Enter a day and a time, for example 2 March 2026, 22:30."))
    return found.replace(second=0, microsecond=0)


def _zone(value: str) -> str:
    if value not in time_zones.names():
        raise ValueError(t("Choose one of the listed time zones."))
    return value


def zone_or_utc(form: Any) -> str:
    """The time zone a form was filled in for."""
    typed = form.get("time_zone") if isinstance(form, dict) else None
    return typed if typed in time_zones.names() else "UTC"


def _several(value: list[int]) -> list[int]:
    if not value:
        raise ValueError(t("Choose at least one PBX."))
    return sorted(set(value))


def _ticked(value: Any) -> bool:
    return value is True or value in ("on", "true")


class TaskForm(BaseModel):
    """A task as the panel sends it. `at`: what the clocks in `time_zone` show when it is to be done."""

    name: Annotated[Line, at_most(60)]
    kind: TaskKind
    immediately: Annotated[bool, BeforeValidator(_ticked)] = False
    time_zone: Annotated[str, BeforeValidator(lambda value: value or "UTC"), AfterValidator(_zone)] = "UTC"
    at: Annotated[datetime | None, BeforeValidator(_local)] = None
    remark: Annotated[OptionalText, at_most(500)] = None
    pbxs: Annotated[list[RowId], AfterValidator(_several)] = Field(max_length=MOST_PBXS)
    request_key: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{8,40}$")]

    def due_at(self) -> datetime:
        """The moment it is due. Refusal (field `at`) where none is given, it is over, or too far ahead."""
        now = clock.now()
        if self.immediately:
            return now
        if self.at is None:
            raise Refusal("no_time", t("Enter when, or tick “Immediately”."), "at")
        try:
            due = time_zones.moment(self.at, self.time_zone)
        except ValueError as problem:
            raise Refusal("no_such_time", str(problem), "at") from None
        if due <= now:
            raise Refusal("time_is_over", t("This time is over. Choose a later one, or tick “Immediately”."), "at")
        if due > now + FURTHEST:
            raise Refusal("too_far_ahead", t("At most a year ahead."), "at")
        return due


class ChangedTask(TaskForm):
    id: RowId


class One(BaseModel):
    id: RowId


class ListForm(PageForm):
    """The list's address; what it does not know filters nothing."""

    search: Search = ""
    kind: Search = ""
    status: Search = ""


class Wanted(BaseModel):
    search: Search = ""


@dataclass(frozen=True)
class Offered:
    """A PBX that can be chosen."""

    id: int
    name: str
    owner: str


@dataclass(frozen=True)
class Row:
    """`done`, `failed`: of so many `pbxs`."""

    id: int
    name: str
    kind: TaskKind
    status: TaskStatus
    due_at: datetime
    time_zone: str
    creator: str
    company: str
    pbxs: int
    done: int
    failed: int
    own: bool
    """Of the actor's own company: only its people change it."""


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int


@dataclass(frozen=True)
class LogLine:
    """A line of the execution log."""

    pbx_id: int
    pbx: str
    status: TargetStatus
    words: str
    at: datetime | None


@dataclass(frozen=True)
class Details:
    row: Row
    remark: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    log: list[LogLine]


@action(VIEW, form=ListForm, writes=False)
def listed(session: Session, actor: Actor, form: ListForm) -> Found:
    """The tasks of the actor's company and of those below it, newest first."""
    scope = [visible_organisations(actor)]
    if actor.kind in pbx.TAKEN:  # nobody is below them: along the index of their company
        scope.append(col(Task.organisation_id) == actor.organisation)
    filters = [begins(session, form.search, Among(TASKS))] if form.search else []
    if form.status in set(TaskStatus):
        such = col(Task.status) == form.status
        filters.append(Filter(such, sa.select(col(Task.id)).where(such)))
    if form.kind in set(TaskKind):
        filters.append(Filter(col(Task.kind) == form.kind))
    found = page_of(session, _all(), col(Task.id), form, scope=scope, filters=filters)
    return Found([_row(row, actor) for row in found.rows], found.newer, found.older)


@dataclass(frozen=True)
class Ahead:
    """`next`: what is to be done soonest, what is under way included. `failed`: so many tasks that ended within LATELY
    failed on some PBX; `last_failed` is the newest of them."""

    next: list[Row]
    failed: int
    last_failed: Row | None


def ahead(session: Session, actor: Actor, many: int) -> Ahead:
    """The next tasks (at most `many`) of the actor's company and of those below it, and what went wrong lately."""
    waits = col(Task.status).in_((TaskStatus.PENDING, TaskStatus.EXECUTING))
    went_wrong = sa.and_(
        col(Task.status) == TaskStatus.FINISHED,
        col(Task.finished_at) > clock.now() - LATELY,
        sa.exists().where(col(TaskTarget.task_id) == col(Task.id), col(TaskTarget.status) == TargetStatus.FAILED),
    )

    def some(condition: Any, order: Any, limit: int) -> Any:
        counted = _rows(actor).add_columns(sa.func.count().over().label("many")).where(condition)
        return sa.select(counted.order_by(order, col(Task.id)).limit(limit).subquery())

    both = sa.union_all(some(waits, col(Task.due_at), many), some(went_wrong, col(Task.finished_at).desc(), 1))
    rows = session.execute(both).all()
    coming = sorted((row for row in rows if row.status is not TaskStatus.FINISHED), key=lambda row: row.due_at)
    over = [row for row in rows if row.status is TaskStatus.FINISHED]
    return Ahead(
        next=[_row(row, actor) for row in coming],
        failed=over[0].many if over else 0,
        last_failed=_row(over[0], actor) if over else None,
    )


def _rows(actor: Actor) -> Any:
    return _all().where(visible_organisations(actor))


def _all() -> Any:
    def count(*statuses: TargetStatus) -> Any:
        counted = sa.select(sa.func.count()).select_from(TaskTarget).where(col(TaskTarget.task_id) == col(Task.id))
        return (counted.where(col(TaskTarget.status).in_(statuses)) if statuses else counted).scalar_subquery()

    return (
        sa.select(
            col(Task.id), col(Task.name), col(Task.kind), col(Task.status), col(Task.due_at), col(Task.time_zone),
            col(Task.organisation_id), col(Task.remark), col(Task.created_at), col(Task.started_at),
            col(Task.finished_at), col(Account.email), col(Account.first_name), col(Account.last_name),
            col(Organisation.name).label("company"), count().label("pbxs"), count(TargetStatus.DONE).label("done"),
            count(TargetStatus.FAILED).label("failed"),
        )
        .join(Account, col(Account.id) == col(Task.created_by_id))
        .join(Organisation, col(Organisation.id) == col(Task.organisation_id))
    )  # fmt: skip


def _row(row: Any, actor: Actor) -> Row:
    creator = f"{row.first_name} {row.last_name}".strip() or row.email
    return Row(
        row.id, row.name, row.kind, row.status, row.due_at, row.time_zone, creator, row.company, row.pbxs, row.done,
        row.failed, row.organisation_id == actor.organisation,
    )  # fmt: skip


@action(VIEW, form=One, writes=False)
def details(session: Session, actor: Actor, form: One) -> Details:
    """One task with its execution log, PBX by PBX."""
    row = session.execute(_rows(actor).where(col(Task.id) == form.id)).first()
    if row is None:
        raise NotFound(t("This task"))
    targets = session.exec(
        select(TaskTarget).where(col(TaskTarget.task_id) == row.id).order_by(col(TaskTarget.pbx_name))
    )
    log = [LogLine(one.pbx_id, one.pbx_name, one.status, one.words, one.at) for one in targets]
    return Details(_row(row, actor), row.remark, row.created_at, row.started_at, row.finished_at, log)


@action(MANAGE, form=Wanted, writes=False)
def offered(session: Session, actor: Actor, form: Wanted) -> list[Offered]:
    """The first PBXs the actor may choose, by words of their name or their owner's."""
    filters = []
    if form.search:
        columns = (col(Pbx.name), col(Organisation.name))
        owners = Among(COMPANIES, rows=pbx.owned_by)
        filters.append(begins(session, form.search, Among(PBXS), owners, only=columns))
    query, scope = _choosable()
    by_name = Order((col(Pbx.name), col(Pbx.id)), descending=False)
    found = page_of(session, query, col(Pbx.id), PageForm(), order=by_name, scope=[*pbx.visible(actor), scope],
                    filters=filters, limit=OFFERED)  # fmt: skip
    return [Offered(*row) for row in found.rows]


def _choosable() -> tuple[Any, Any]:
    """PBXs, and the condition of those that can be chosen."""
    query = (
        sa.select(col(Pbx.id), col(Pbx.name), col(Organisation.name))
        .join(Pool, col(Pool.id) == col(Pbx.pool_id))
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
    )
    return query, col(Pbx.desired) != Desired.DELETED


@action(MANAGE, form=TaskForm)
def create(session: Session, actor: Actor, form: TaskForm) -> int:
    """A new task; gives its id. Brought twice (two clicks), it is there once.

    Refusals: `no_time`, `no_such_time`, `time_is_over`, `too_far_ahead`, `unknown_pbx`."""
    _may_control(actor)
    known = session.exec(
        select(Task).where(col(Task.organisation_id) == actor.organisation, col(Task.request_key) == form.request_key)
    ).first()
    if known is None:
        known = Task(
            organisation_id=actor.organisation,
            created_by_id=actor.id,
            request_key=form.request_key,
            created_at=clock.now(),
            **_values(form),
        )
        session.add(known)
        session.flush()
        _choose(session, actor, known, form.pbxs)
        _changed(session, actor)
    audit(session, actor, "task.create", known, label=known.name, after=_recorded(session, known))
    return known.key


@action(MANAGE, form=ChangedTask)
def edit(session: Session, actor: Actor, form: ChangedTask) -> int:
    """Change a task that has not begun; from then on it is carried out in the name of who changed it.

    Refusals: `not_pending`, and those of `create`."""
    _may_control(actor)
    task = _own(session, actor, form.id)
    _refuse_begun(task)
    before = _recorded(session, task)
    for name, value in _values(form).items():
        setattr(task, name, value)
    task.created_by_id = actor.id
    session.execute(sa.delete(TaskTarget).where(col(TaskTarget.task_id) == task.key))
    _choose(session, actor, task, form.pbxs)
    _changed(session, actor)
    audit(session, actor, "task.edit", task, label=task.name, before=before, after=_recorded(session, task))
    return task.key


@action(MANAGE, form=One)
def cancel(session: Session, actor: Actor, form: One) -> str:
    """Call a task off that has not begun; gives its name. Refusal `not_pending`."""
    task = _own(session, actor, form.id)
    if task.status is not TaskStatus.CANCELLED:
        _refuse_begun(task)
        task.status, task.finished_at = TaskStatus.CANCELLED, clock.now()
        _changed(session, actor)
    audit(session, actor, "task.cancel", task, label=task.name)
    return task.name


def _may_control(actor: Actor) -> None:
    """Who may not start, stop and reset by hand may not have it done by the clock either."""
    if not actor.may(Feature.PBX_CONTROL):
        raise NotAllowed


def _values(form: TaskForm) -> dict[str, Any]:
    zone = "" if form.immediately else form.time_zone
    return {"name": form.name, "kind": form.kind, "remark": form.remark or "", "due_at": form.due_at(),
            "time_zone": zone}  # fmt: skip


def _choose(session: Session, actor: Actor, task: Task, wanted: Sequence[int]) -> None:
    """The PBXs of a task. Refusal `unknown_pbx` where one is not the actor's, is gone or on its way out."""
    query, free = _choosable()
    found = session.execute(query.where(*pbx.visible(actor), free, col(Pbx.id).in_(wanted))).all()
    if len(found) != len(wanted):
        words = t("One of the PBXs chosen is gone or being deleted. Take it out of the list.")
        raise Refusal("unknown_pbx", words, "pbxs")
    session.add_all(TaskTarget(task_id=task.key, pbx_id=row[0], pbx_name=row[1]) for row in found)
    session.flush()


def _own(session: Session, actor: Actor, task_id: int) -> Task:
    """A task of the actor's own company, locked and as it is now. NotFound."""
    task = session.exec(
        select(Task)
        .where(col(Task.id) == task_id, col(Task.organisation_id) == actor.organisation)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if task is None:
        raise NotFound(t("This task"))
    return task


def _refuse_begun(task: Task) -> None:
    if task.status is not TaskStatus.PENDING:
        words = t("{name} has begun or is over: it stays as it is.", name=task.name)
        raise Refusal("not_pending", words)


def _recorded(session: Session, task: Task) -> dict[str, Any]:
    names = session.exec(select(TaskTarget.pbx_name).where(col(TaskTarget.task_id) == task.key)).all()
    return {"name": task.name, "task": task.kind, "at": f"{task.due_at:%Y-%m-%d %H:%M} UTC", "remark": task.remark,
            "pbxs": ", ".join(sorted(names))[:500]}  # fmt: skip


def _changed(session: Session, actor: Actor) -> None:
    tell(session, actor.organisation)


def tell(session: Session, organisation_id: int) -> None:
    """Open lists of tasks show it: the company's own and that of who gave it its package."""
    parent = session.execute(
        sa.select(col(Organisation.parent_id)).where(col(Organisation.id) == organisation_id)
    ).scalar_one()
    live.changed(session, *[topic(one) for one in (organisation_id, parent) if one])
