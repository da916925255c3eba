"""Carrying out tasks: each PBX in a transaction of its own, in the name of who made the task and with what that account
may do at this moment. Late, twice, in several processes or after a crash comes to the same."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import access, clock
from yeastar_app.access import audit
from yeastar_app.models.capacity import Desired, RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand, Outcome
from yeastar_app.models.tasks import TargetStatus, Task, TaskKind, TaskStatus, TaskTarget
from yeastar_app.refusals import NotAllowed, Refusal, SignInNeeded
from yeastar_app.services import engine_orders, pbx, pbx_control, tasks
from yeastar_app.words import t

AT_ONCE = 200
_ORDERS = {
    TaskKind.START: CommandKind.START,
    TaskKind.STOP: CommandKind.STOP,
    TaskKind.RESET: CommandKind.RESET,
}


def begin_due(session: Session) -> int:
    """Tasks whose time has come begin; how many. One conditional UPDATE: whoever is second finds none."""
    now = clock.now()
    begun = session.execute(
        sa.update(Task)
        .where(col(Task.status) == TaskStatus.PENDING, col(Task.due_at) <= now)
        .values(status=TaskStatus.EXECUTING, started_at=now)
        .returning(col(Task.organisation_id))
    ).all()
    for organisation_id in {row[0] for row in begun}:
        tasks.tell(session, organisation_id)
    return len(begun)


def waiting(session: Session) -> list[int]:
    """Targets of tasks that have begun which nothing was done about yet."""
    query = (
        sa.select(col(TaskTarget.id))
        .join(Task, col(Task.id) == col(TaskTarget.task_id))
        .where(col(Task.status) == TaskStatus.EXECUTING, col(TaskTarget.status) == TargetStatus.WAITING)
    )
    return list(session.execute(query.order_by(col(TaskTarget.id)).limit(AT_ONCE)).scalars())


def carry_out(session: Session, target_id: int) -> bool:
    """Order what a target's task says; False where somebody else has. What cannot be done fails in words."""
    taken = session.exec(
        select(TaskTarget)
        .where(col(TaskTarget.id) == target_id, col(TaskTarget.status) == TargetStatus.WAITING)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if taken is None:
        return False
    task = session.get_one(Task, taken.task_id)
    try:
        taken.command_id = _order(session, task, taken.pbx_id)
    except (SignInNeeded, NotAllowed):
        _settle(taken, TargetStatus.FAILED, t("Who made the task may no longer do this."))
    except Refusal as refusal:
        _settle(taken, TargetStatus.FAILED, refusal.message)
    else:
        if taken.command_id is None:
            _settle(taken, TargetStatus.DONE, t("It was so already."))
        else:
            _settle(taken, TargetStatus.ORDERED, "")
    tasks.tell(session, task.organisation_id)
    return True


def _order(session: Session, task: Task, pbx_id: int) -> int | None:
    """The command that was written; None where there is nothing to do."""
    actor = access.in_the_name_of(session, task.created_by_id)
    for policy in (tasks.MANAGE, pbx_control.CONTROL):
        policy.check(actor)
    row, _ = pbx.living(session, actor, pbx_id)
    kind = _ORDERS[task.kind]
    if task.kind is TaskKind.RESET:
        if row.run_state is not RunState.RUNNING:
            raise Refusal("not_running", t("It is not running: only a running PBX can be reset."))
        if not engine_orders.unanswered(session, row.key, kind):
            engine_orders.order(session, row, kind, actor.email)
    else:
        if task.kind is TaskKind.START and pbx_control.is_over(row):
            raise Refusal("expired", t("It has expired and may not run after that."))
        desired = Desired.RUNNING if task.kind is TaskKind.START else Desired.STOPPED
        pbx_control.wish(session, row, desired, actor.email)
    audit(session, actor, f"pbx.{task.kind}", row, label=row.name, after={"task": task.name})
    under_way = engine_orders.unanswered(session, row.key, kind)
    return under_way[-1].key if under_way else None


def _settle(target: TaskTarget, status: TargetStatus, words: str) -> None:
    target.status, target.words, target.at = status, words[:300], clock.now()


def answered(session: Session) -> int:
    """What the engine has said since about what was ordered; how many targets that settles."""
    found = session.execute(
        sa.select(col(TaskTarget.id), col(TaskTarget.task_id), col(EngineCommand.outcome), col(EngineCommand.error))
        .join(EngineCommand, col(EngineCommand.id) == col(TaskTarget.command_id))
        .where(col(TaskTarget.status) == TargetStatus.ORDERED, col(EngineCommand.outcome).is_not(None))
        .limit(AT_ONCE)
    ).all()
    for row in found:
        failed = row.outcome is not Outcome.DONE
        session.execute(
            sa.update(TaskTarget)
            .where(col(TaskTarget.id) == row.id, col(TaskTarget.status) == TargetStatus.ORDERED)
            .values(
                status=TargetStatus.FAILED if failed else TargetStatus.DONE,
                words=(row.error or t("The hosting engine could not do it."))[:300] if failed else "",
                at=clock.now(),
            )
        )
    for organisation_id in _companies(session, {row.task_id for row in found}):
        tasks.tell(session, organisation_id)
    return len(found)


def _companies(session: Session, task_ids: set[int]) -> set[int]:
    return set(session.exec(select(Task.organisation_id).where(col(Task.id).in_(task_ids))).all())


def finish(session: Session) -> int:
    """Tasks that have begun and of whose PBXs none is waited for any more are finished; how many."""
    open_ = sa.exists().where(
        col(TaskTarget.task_id) == col(Task.id),
        col(TaskTarget.status).in_([TargetStatus.WAITING, TargetStatus.ORDERED]),
    )
    done = session.execute(
        sa.update(Task)
        .where(col(Task.status) == TaskStatus.EXECUTING, ~open_)
        .values(status=TaskStatus.FINISHED, finished_at=clock.now())
        .execution_options(synchronize_session=False)
        .returning(col(Task.organisation_id))
    ).all()
    for organisation_id in {row[0] for row in done}:
        tasks.tell(session, organisation_id)
    return len(done)
