"""Tasks of the demo: carried out, carried out in part, called off, and one that waits for the night."""

from datetime import timedelta

from sqlmodel import Session, col, select

from yeastar_app import access, clock
from yeastar_app.models.accounts import Account
from yeastar_app.models.capacity import Pbx, Pool
from yeastar_app.models.tasks import TargetStatus, Task, TaskStatus, TaskTarget
from yeastar_app.services import tasks, time_zones
from yeastar_app.services.tasks import TaskForm
from yeastar_app.words import t

ZONE = "Europe/Amsterdam"


def load(session: Session, people: dict[str, Account]) -> None:
    """Made by the reseller and by the owner, through the real rules, when it happened."""
    for who, name, kind, days in (
        ("reseller", "Reset before handing over", "reset", 9),
        ("partner", "Stop for the holidays", "stop", 5),
        ("reseller", "Reset before opening", "reset", 3),
    ):
        _task(session, people[who], name, kind, days)


def for_tonight(session: Session, people: dict[str, Account]) -> None:
    """The one that waits, made just now."""
    _task(session, people["partner"], "Start for the early shift", "start", 0)


def _task(session: Session, who: Account, name: str, kind: str, days: int) -> None:
    """A task made some days ago for the night after; what was due by now is carried out or called off."""
    actor = access.in_the_name_of(session, who.key)
    own = select(Pbx.id).join(Pool, col(Pool.id) == col(Pbx.pool_id))
    pbxs = session.exec(own.where(col(Pool.organisation_id) == who.organisation_id).order_by(col(Pbx.id)).limit(2))
    made = clock.now() - timedelta(days=days)
    night = time_zones.written((made + timedelta(days=1)).replace(hour=1, minute=30), ZONE)
    with clock.frozen(made):
        form = TaskForm.model_validate(
            {
                "name": name,
                "kind": kind,
                "at": night,
                "time_zone": ZONE,
                "pbxs": list(pbxs),
                "request_key": f"demo-{days}-task",
            }
        )
        task = session.get_one(Task, tasks.create(session, actor, form))
    if kind == "reset":
        _carried_out(
            session, task, failed="" if days == 9 else t("It is not running: only a running PBX can be reset.")
        )
    elif days:
        task.status, task.finished_at = TaskStatus.CANCELLED, made + timedelta(hours=2)


def _carried_out(session: Session, task: Task, failed: str) -> None:
    """Done on each PBX; on the last of them not, where `failed` says why."""
    task.status, task.started_at = TaskStatus.FINISHED, task.due_at
    task.finished_at = task.due_at + timedelta(minutes=2)
    query = select(TaskTarget).where(col(TaskTarget.task_id) == task.key).order_by(col(TaskTarget.id))
    targets = session.exec(query).all()
    for number, target in enumerate(targets):
        target.status, target.at = TargetStatus.DONE, task.due_at + timedelta(seconds=40 * (number + 1))
    if failed:
        targets[-1].status, targets[-1].words = TargetStatus.FAILED, failed
