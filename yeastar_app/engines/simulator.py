"""The embedded hosting engine: PBXs that take time to start, can fail and recover, without anything behind them. Its
truth is a table of its own, so that it lives across restarts and in any number of processes. It learns of PBXs only by
commands and tells of them only by reports, as a real engine would."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.engines.hosting import Command, Report, Reported, Usage
from yeastar_app.engines.simulated_days import in_use
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.capacity import RunState
from yeastar_app.models.hosting import CommandKind, Outcome, SimulatedPbx
from yeastar_app.settings import settings
from yeastar_app.statements import insert_if_absent
from yeastar_app.words import t

DURING = {
    CommandKind.CREATE: RunState.PROVISIONING,
    CommandKind.START: RunState.STARTING,
    CommandKind.UPGRADE: RunState.UPGRADING,
    CommandKind.RESET: RunState.RESTORING,
}
"""What a PBX is while a command is carried out; by others it stays what it was."""
SHARE = {CommandKind.RESIZE: 0.25, CommandKind.STOP: 0.5, CommandKind.DELETE: 0.5, CommandKind.INVITE: 3}
"""How long a command takes, in SIMULATOR_SECONDS; 1 where it is not named."""
REMEMBERED = 50
"""So many answers of a PBX are kept to give them again."""
BATCH = 100
MEASURED_EVERY = timedelta(minutes=5)


class Simulator:
    def take(self, command: Command) -> None:
        with transaction() as session:
            row = _locked(session, command.pbx)
            if command.id in row.answers:
                known = row.answers[command.id]
                if known is not None:
                    _say(row, known)
                return
            row.answers = dict([*row.answers.items(), (command.id, None)][-REMEMBERED:])
            row.queue = [*row.queue, {"id": command.id, "kind": command.kind.value, "body": command.body,
                                      "was": row.state.value}]  # fmt: skip
            if len(row.queue) == 1:
                _begin(row, clock.now())

    def status(self, pbx: str) -> Report | None:
        with transaction(writes=False) as session:
            row = session.exec(select(SimulatedPbx).where(col(SimulatedPbx.reference) == pbx)).first()
            if row is None or not row.sequence:
                return None
            return replace(_report(row), id=f"status-{row.reference}-{row.sequence}")

    def ping(self) -> None:
        """It is always there."""


def advance(deliver: Callable[[Report], None]) -> int:
    """Finish what is due and hand every report over, oldest first; how many PBXs that concerned. A report that could
    not be delivered is delivered again."""
    now = clock.now()
    due = sa.select(col(SimulatedPbx.id)).where(
        sa.or_(col(SimulatedPbx.due_at) <= now, col(SimulatedPbx.has_unsent).is_(True))
    )
    with transaction(writes=False) as session:
        keys = session.execute(due.order_by(col(SimulatedPbx.id)).limit(BATCH)).scalars().all()
    for key in keys:
        with transaction() as session:
            row = _by_key(session, key)
            while row.due_at is not None and row.due_at <= now:
                _finish(row, row.due_at)
            unsent = list(row.unsent)
        for said in unsent:
            deliver(_from_plain(said))
            with transaction() as session:
                row = _by_key(session, key)
                row.unsent = [one for one in row.unsent if one["id"] != said["id"]]
                row.has_unsent = bool(row.unsent)
    return len(keys)


def measure(deliver: Callable[[Usage], None]) -> int:
    """Say of each PBX whose time has come how much of it is in use; of how many. What could not be delivered is left
    out: the next is newer."""
    now = clock.now()
    due = sa.select(col(SimulatedPbx.id)).where(col(SimulatedPbx.measure_at) <= now)
    with transaction(writes=False) as session:
        if session.execute(due.limit(1)).first() is None:
            return 0
    with transaction() as session:
        taken = session.exec(
            select(SimulatedPbx).where(col(SimulatedPbx.measure_at) <= now).order_by(col(SimulatedPbx.measure_at))
            .limit(BATCH).with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        there = [row for row in taken if row.state is not RunState.DELETED]
        for row in taken:
            row.measure_at = now + MEASURED_EVERY if row in there else None
        measured = [usage_of(row, now) for row in there]
    for said in measured:
        deliver(said)
    return len(measured)


def usage_of(row: SimulatedPbx, at: datetime) -> Usage:
    """What is in use of a PBX at a moment: of one that does not run its recordings alone."""
    runs = row.state is RunState.RUNNING
    return in_use(row.reference, at, row.extensions * runs, row.calls * runs, row.minutes, row.created_at)


def _locked(session: Session, reference: str) -> SimulatedPbx:
    """The PBX, made where it is not known yet: as long as its sequence is 0 it does not exist."""
    blank = {"reference": reference, "state": RunState.DELETED, "activated": False, "extensions": 0, "calls": 0,
             "minutes": 0, "sequence": 0, "queue": [], "unsent": [], "has_unsent": False, "answers": {}}  # fmt: skip
    insert_if_absent(session, SimulatedPbx, [blank])
    return session.exec(select(SimulatedPbx).where(col(SimulatedPbx.reference) == reference).with_for_update()).one()


def _by_key(session: Session, key: int) -> SimulatedPbx:
    return session.exec(select(SimulatedPbx).where(col(SimulatedPbx.id) == key).with_for_update()).one()


def _begin(row: SimulatedPbx, at: datetime) -> None:
    """Begin with the first of the queue: what cannot be done is answered at once."""
    while row.queue:
        task = row.queue[0]
        kind = CommandKind(task["kind"])
        refusal = _refusal(row, kind)
        if refusal is None:
            row.queue = [{**task, "was": row.state.value}, *row.queue[1:]]
            row.due_at = at + timedelta(seconds=settings().simulator_seconds * SHARE.get(kind, 1))
            during = DURING.get(kind)
            if kind is CommandKind.UPGRADE and row.state is not RunState.RUNNING:
                during = None
            if during is not None and row.state is not during:
                row.state = during
                _tell(row, at)
            return
        row.queue = row.queue[1:]
        _tell(row, at, task["id"], Outcome.FAILED, refusal)
    row.due_at = None


def _refusal(row: SimulatedPbx, kind: CommandKind) -> str | None:
    """Why a command cannot be carried out as the PBX is; None: it can."""
    if row.state is RunState.DELETED and kind not in (CommandKind.CREATE, CommandKind.DELETE):
        return t("There is no such PBX.")
    if kind is CommandKind.RESET and row.state is not RunState.RUNNING:
        return t("Only a running PBX can be reset.")
    return None


def _finish(row: SimulatedPbx, at: datetime) -> None:
    """The first of the queue is done, or failed; then the next begins."""
    task, row.queue, row.due_at = row.queue[0], row.queue[1:], None
    kind, body = CommandKind(task["kind"]), task["body"]
    if _fails(task["id"]):
        row.state = RunState(task["was"])
        _tell(row, at, task["id"], Outcome.FAILED, t("No host could carry it out."))
    else:
        _apply(row, kind, body, RunState(task["was"]))
        _tell(row, at, task["id"], Outcome.DONE, alarms=_alarms(task["id"], kind))
    _begin(row, at)


def _apply(row: SimulatedPbx, kind: CommandKind, body: dict[str, Any], was: RunState) -> None:
    match kind:
        case CommandKind.CREATE | CommandKind.RESIZE:
            row.extensions, row.calls, row.minutes = body["extensions"], body["calls"], body["minutes"]
            if kind is CommandKind.CREATE:
                row.state = RunState.STOPPED if was is RunState.DELETED else was
                row.created_at = row.created_at or clock.now()
        case CommandKind.START:
            row.state = RunState.RUNNING
        case CommandKind.STOP:
            row.state = RunState.STOPPED
        case CommandKind.UPGRADE:
            row.state = was
        case CommandKind.RESET:
            row.state, row.activated = RunState.RUNNING, False
        case CommandKind.INVITE:
            row.activated = row.activated or row.state is RunState.RUNNING  # the customer followed the link
        case CommandKind.DELETE:
            row.state, row.activated = RunState.DELETED, False
            row.extensions = row.calls = row.minutes = 0


def _fails(command: str) -> bool:
    """SIMULATOR_FAILURE_PERCENT of the commands, always the same ones."""
    return hashlib.sha256(command.encode()).digest()[0] * 100 < settings().simulator_failure_percent * 256


def _alarms(command: str, kind: CommandKind) -> tuple[Reported, ...] | None:
    """What a PBX that was just started or stopped reports: SIMULATOR_ALARM_PERCENT of the started ones have something
    to say. Other commands say nothing about that."""
    if kind not in (CommandKind.START, CommandKind.STOP, CommandKind.RESET):
        return None
    drawn = hashlib.sha256(f"alarm {command}".encode()).digest()
    if kind is CommandKind.STOP or drawn[0] * 100 >= settings().simulator_alarm_percent * 256:
        return ()
    return (REPORTED[drawn[1] % len(REPORTED)],)


REPORTED = (
    Reported(AlarmLevel.ALERT, "trunk_unreachable", t("The SIP trunk does not answer: no calls out or in.")),
    Reported(AlarmLevel.WARNING, "storage_low", t("Less than 10% of the storage for recordings is free.")),
    Reported(AlarmLevel.WARNING, "blocked_address", t("An address was blocked after too many failed registrations.")),
    Reported(AlarmLevel.INFORMATION, "update_available", t("A newer firmware is there.")),
)


def _tell(
    row: SimulatedPbx,
    at: datetime,
    command: str = "",
    outcome: Outcome | None = None,
    words: str = "",
    alarms: tuple[Reported, ...] | None = None,
) -> None:
    row.sequence += 1
    row.measure_at = at
    answer = replace(_report(row), at=at, command=command, outcome=outcome, words=words, alarms=alarms)
    said = answer.as_plain()
    if command:
        row.answers = {**row.answers, command: said}
    _say(row, said)


def _say(row: SimulatedPbx, said: dict[str, Any]) -> None:
    row.unsent, row.has_unsent = [*row.unsent, said], True


def _report(row: SimulatedPbx) -> Report:
    return Report(f"sim-{row.reference}-{row.sequence}", row.reference, row.sequence, clock.now(), row.state,
                  row.activated, row.extensions, row.calls, row.minutes)  # fmt: skip


def _from_plain(said: dict[str, Any]) -> Report:
    outcome = Outcome(said["outcome"]) if said["outcome"] else None
    at, alarms = datetime.fromisoformat(said["at"]), said.get("alarms")
    reported = (
        None if alarms is None else tuple(Reported(**{**one, "level": AlarmLevel(one["level"])}) for one in alarms)
    )
    return Report(**{**said, "at": at, "state": RunState(said["state"]), "outcome": outcome, "alarms": reported})
