"""Carries out the tasks of Central Management when their time has come, and follows them to their end."""

import sqlalchemy as sa
from sqlmodel import col

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs.companies import each
from yeastar_app.models.tasks import Task, TaskStatus
from yeastar_app.services import task_runs


def run_due() -> int:
    """Begin what is due, order what has begun, note what the engine answered. Safe in any number of processes; gives
    how many PBXs were dealt with."""
    if not _something_to_do():
        return 0
    with transaction() as session:
        task_runs.begin_due(session)
    done = each(task_runs.waiting, task_runs.carry_out)
    with transaction() as session:
        done += task_runs.answered(session)
        task_runs.finish(session)
    return done


def _something_to_do() -> bool:
    """An idle second costs one look at an index."""
    due = sa.or_(
        col(Task.status) == TaskStatus.EXECUTING,
        sa.and_(col(Task.status) == TaskStatus.PENDING, col(Task.due_at) <= clock.now()),
    )
    with transaction(writes=False) as session:
        return session.execute(sa.select(col(Task.id)).where(due).limit(1)).first() is not None
