"""Tasks and their execution logs in words."""

from dataclasses import dataclass

from yeastar_app.models.tasks import TargetStatus, TaskStatus
from yeastar_app.services import tasks, time_zones
from yeastar_app.words import minute, plural, t

KINDS = {kind.value: words for kind, words in tasks.KINDS.items()}
STATUSES = {status.value: words for status, words in tasks.STATUSES.items()}
TONES = {TaskStatus.PENDING: "accent", TaskStatus.EXECUTING: "warn", TaskStatus.FINISHED: "good",
         TaskStatus.CANCELLED: ""}  # fmt: skip
TARGETS = {
    TargetStatus.WAITING: (t("Waiting"), ""),
    TargetStatus.ORDERED: (t("Under way"), "warn"),
    TargetStatus.DONE: (t("Done"), "good"),
    TargetStatus.FAILED: (t("Failed"), "bad"),
}


@dataclass
class TaskRow:
    id: int = 0
    name: str = ""
    company: str = ""
    kind: str = ""
    when: str = ""
    zone: str = ""
    """The place whose clocks `when` is read off."""
    pbxs: str = ""
    failed: str = ""
    status: str = ""
    tone: str = ""
    creator: str = ""
    pending: bool = False


@dataclass
class LogRow:
    pbx_id: int = 0
    pbx: str = ""
    status: str = ""
    tone: str = ""
    words: str = ""
    at: str = ""


def task_row(row: tasks.Row) -> TaskRow:
    count = plural(row.pbxs, "PBX", "PBXs")
    began = row.status in (TaskStatus.EXECUTING, TaskStatus.FINISHED)
    zone = row.time_zone or "UTC"
    return TaskRow(
        row.id,
        row.name,
        row.company,
        tasks.KINDS[row.kind],
        minute(time_zones.shown(row.due_at, zone)),
        zone if row.time_zone else t("UTC, immediately"),
        t("{done} of {count} done", done=row.done, count=count) if began else count,
        t("{n} failed", n=row.failed) if row.failed else "",
        tasks.STATUSES[row.status],
        "bad" if row.status is TaskStatus.FINISHED and row.failed else TONES[row.status],
        row.creator,
        row.own and row.status is TaskStatus.PENDING,
    )


def log_row(line: tasks.LogLine) -> LogRow:
    status, tone = TARGETS[line.status]
    return LogRow(line.pbx_id, line.pbx, status, tone, line.words, minute(line.at) if line.at else "")
