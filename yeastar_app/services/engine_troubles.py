"""What the hosting engine could not do with a PBX, as long as it is still wished: the sign goes when what is wished and
what runs agree, because it was done after all or because the wish was taken back."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app.models.capacity import Desired, Pbx, PbxPlan, RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand, Outcome
from yeastar_app.services import engine_orders, pbx_alarms
from yeastar_app.words import t

FAILED = {
    CommandKind.CREATE: t("It could not be created"),
    CommandKind.START: t("It could not be started"),
    CommandKind.STOP: t("It could not be stopped"),
    CommandKind.RESIZE: t("Its size could not be changed"),
    CommandKind.UPGRADE: t("It could not be upgraded"),
    CommandKind.RESET: t("It could not be reset"),
    CommandKind.INVITE: t("It could not be made ready for its activation"),
    CommandKind.DELETE: t("It could not be deleted"),
}
DIFFERS = {
    CommandKind.RESIZE: t("The hosting engine runs it with another size than it was asked to."),
    CommandKind.START: t("It stopped, and nobody here asked for that."),
    CommandKind.DELETE: t("The hosting engine says that it is deleted, and still has it."),
}
"""What is shown where nothing failed and yet it is not as wished, by the command that would mend it."""
SIZES = ("extensions", "calls", "minutes")
_FLAGS = ("recording", "high_availability")
"""Parts of a size that no report tells of: they are as the last command said that was done."""
_SWITCH = (CommandKind.START, CommandKind.STOP)
_SIZED = (CommandKind.CREATE, CommandKind.RESIZE)


@dataclass(frozen=True)
class Runs:
    """What a PBX really has at the engine, and so what one can go back to."""

    extensions: int
    calls: int
    minutes: int
    recording: bool
    high_availability: bool
    plan: PbxPlan
    running: bool


def failed(kind: CommandKind, words: str) -> str:
    """What is shown of a command that came to nothing; `words`: the engine's own."""
    return (FAILED[kind] + (f": {words}" if words else "."))[:300]


def concerns(pbx: Pbx, outcome: Outcome | None) -> bool:
    """Whether a report with this outcome can change the sign of a PBX."""
    return pbx.trouble != "" or outcome is Outcome.FAILED or bool(_unlike(pbx))


def settle(session: Session, pbx: Pbx) -> None:
    """Have the sign of a PBX (locked, its newest report believed) say what is still wished and could not be done."""
    session.flush()
    found = still_wished(session, pbx)
    if pbx_alarms.is_lost(pbx) and all(one.kind is not CommandKind.CREATE for one in found):
        return
    signs = [failed(one.kind, one.error) for one in found]
    signs += [DIFFERS[kind] for kind in differences(session, pbx, found)]
    pbx.trouble = " · ".join(signs)[:300]


def still_wished(session: Session, pbx: Pbx) -> list[EngineCommand]:
    """What the engine could not do and what is wished still, oldest first; of starting and stopping the last wish."""
    newest = (
        sa.select(sa.func.max(col(EngineCommand.id)))
        .where(col(EngineCommand.pbx_id) == pbx.key, col(EngineCommand.outcome).in_((Outcome.DONE, Outcome.FAILED)))
        .group_by(col(EngineCommand.kind), col(EngineCommand.outcome))
    )
    answered = select(EngineCommand).where(col(EngineCommand.id).in_(newest))
    last: dict[Any, EngineCommand] = {}
    done: dict[Any, EngineCommand] = {}
    newest_done = 0
    for one in session.exec(answered.order_by(col(EngineCommand.id))):
        group = _SWITCH if one.kind in _SWITCH else one.kind
        last[group] = one
        if one.outcome is Outcome.DONE:
            done[group], newest_done = one, one.key
    failures = [one for one in last.values() if one.outcome is Outcome.FAILED]
    return sorted((one for one in failures if _is_wished(pbx, one, done, newest_done)), key=lambda one: one.key)


def _is_wished(pbx: Pbx, failure: EngineCommand, done: dict[Any, EngineCommand], newest_done: int) -> bool:
    if pbx.desired is Desired.DELETED or failure.kind is CommandKind.DELETE:
        return failure.kind is CommandKind.DELETE and pbx.desired is Desired.DELETED
    match failure.kind:
        case CommandKind.CREATE:
            return pbx.reported_at is None or pbx.run_state is RunState.DELETED
        case CommandKind.START | CommandKind.STOP:
            return pbx.run_state.value != pbx.desired.value
        case CommandKind.RESIZE:
            return not _has_its_sizes(pbx) or _flags_of(done) != {name: getattr(pbx, name) for name in _FLAGS}
        case CommandKind.UPGRADE:
            return pbx.plan is PbxPlan.ULTIMATE
        case CommandKind.INVITE:
            return not pbx.activated and failure.key > newest_done
    return failure.key > newest_done  # a reset leaves nothing behind that one could see


def _has_its_sizes(pbx: Pbx) -> bool:
    return all(getattr(pbx, name) == getattr(pbx, f"said_{name}") for name in SIZES)


def _flags_of(done: dict[Any, EngineCommand]) -> dict[str, bool]:
    last = max((done[kind] for kind in _SIZED if kind in done), key=lambda one: one.key, default=None)
    return {name: bool(last and last.body.get(name)) for name in _FLAGS}


def differences(session: Session, pbx: Pbx, found: list[EngineCommand]) -> list[CommandKind]:
    """What is not as wished though everything is answered and nothing of `found` says why, by the command that would
    mend it. Once it is shown it stays until it is mended, also while the engine is asked again."""
    unlike = [kind for kind in _unlike(pbx) if all(one.kind is not kind for one in found)]
    if not unlike or not engine_orders.unanswered(session, pbx.key):
        return unlike
    return [kind for kind in unlike if DIFFERS[kind] in pbx.trouble]


def _unlike(pbx: Pbx) -> list[CommandKind]:
    if pbx.reported_at is None or pbx.run_state is RunState.DELETED:
        return []
    if pbx.desired is Desired.DELETED:
        return [CommandKind.DELETE]
    stopped = pbx.desired is Desired.RUNNING and pbx.run_state is RunState.STOPPED
    return [CommandKind.RESIZE] * (not _has_its_sizes(pbx)) + [CommandKind.START] * stopped


def runs(session: Session, pbx: Pbx) -> Runs | None:
    """What one can go back to; None where nothing of it runs, or more than it was ever given."""
    if pbx_alarms.is_lost(pbx) or pbx.reported_at is None or pbx.run_state is RunState.DELETED:
        return None
    sizes = {name: min(getattr(pbx, f"said_{name}"), getattr(pbx, f"held_{name}")) for name in SIZES}
    if sizes["extensions"] < 1 or sizes["calls"] < 1:
        return None
    failures = still_wished(session, pbx)
    done = select(EngineCommand).where(
        col(EngineCommand.pbx_id) == pbx.key,
        col(EngineCommand.outcome) == Outcome.DONE,
        col(EngineCommand.kind).in_(_SIZED),
    )
    by_kind = {one.kind: one for one in session.exec(done.order_by(col(EngineCommand.id)))}
    resized = any(one.kind is CommandKind.RESIZE for one in failures)
    flags = _flags_of(by_kind) if resized else {name: getattr(pbx, name) for name in _FLAGS}
    upgraded = any(one.kind is CommandKind.UPGRADE for one in failures)
    plan = PbxPlan.ENTERPRISE if upgraded else pbx.plan
    return Runs(**sizes, **flags, plan=plan, running=pbx.run_state is not RunState.STOPPED)


def take_back(session: Session, pbx: Pbx, what: Runs) -> None:
    """Wish of a PBX (locked) nothing but what it has; what failed before is nobody's wish any more."""
    failures = still_wished(session, pbx)
    pbx.desired = Desired.RUNNING if what.running else Desired.STOPPED
    for name in (*SIZES, *_FLAGS, "plan"):
        setattr(pbx, name, getattr(what, name))
    session.execute(  # all that failed of a kind: an older failure must not come up again
        sa.update(EngineCommand)
        .where(
            col(EngineCommand.pbx_id) == pbx.key,
            col(EngineCommand.outcome) == Outcome.FAILED,
            col(EngineCommand.kind).in_({one.kind for one in failures}),
        )
        .values(outcome=Outcome.TAKEN_BACK)
    )
    settle(session, pbx)


def invariants(session: Session) -> list[str]:
    """PBXs of which everything is answered and that run with another size than wished, though no sign says so."""
    waiting = sa.exists(
        sa.select(sa.literal(1)).where(
            col(EngineCommand.pbx_id) == col(Pbx.id), col(EngineCommand.outcome).is_(None)
        )
    )  # fmt: skip
    other = sa.or_(*[getattr(Pbx, name) != getattr(Pbx, f"said_{name}") for name in SIZES])
    silent = sa.select(col(Pbx.id)).where(
        col(Pbx.deleted_at).is_(None),
        col(Pbx.desired) != Desired.DELETED,
        col(Pbx.run_state) != RunState.DELETED,
        col(Pbx.reported_at).is_not(None),
        col(Pbx.trouble) == "",
        other,
        ~waiting,
    )
    return [f"pbx {key}: runs otherwise than wished, without a sign" for key in session.execute(silent).scalars()]
