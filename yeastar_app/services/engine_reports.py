"""What the hosting engine says is taken in here, and only here: the run state of a PBX, its activation, what came of a
command, and with it the capacity that is free again. Late, twice and in any order comes to the same."""

import hashlib
import json

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines.hosting import Report
from yeastar_app.models.alarms import AlarmKind
from yeastar_app.models.capacity import Desired, Pbx, RunState
from yeastar_app.models.contacts import PbxRecipient
from yeastar_app.models.hosting import CommandKind, EngineCommand, EngineReport, Outcome
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import capacity, engine_orders, engine_troubles, pbx_alarms
from yeastar_app.services.fields import nobodys_if_larger
from yeastar_app.words import t


def take_in(session: Session, report: Report) -> bool:
    """Believe a report; False where this very one was known. NotFound: no such PBX. Refusal `message_reused`: the same
    id with another content."""
    pbx = _locked(session, report.pbx)
    engine_orders.found(session)
    content = hashlib.sha256(json.dumps(report.as_plain(), sort_keys=True).encode()).hexdigest()
    known = session.exec(select(EngineReport).where(col(EngineReport.message_id) == report.id)).first()
    if known is not None:
        if known.digest != content:
            raise Refusal("message_reused", t("This message id came before, with another content."))
        return False
    command = _command(session, pbx, report)
    session.add(
        EngineReport(
            pbx_id=pbx.key,
            message_id=report.id,
            digest=content,
            sequence=report.sequence,
            at=report.at,
            received_at=clock.now(),
            state=report.state,
            activated=report.activated,
            command_id=command.id if command else None,
            outcome=report.outcome or "",
            words=report.words,
        )
    )
    if command is not None and _answers(report, command):
        command.outcome, command.error, command.ended_at = report.outcome, report.words, clock.now()
    if pbx.deleted_at is None:
        if report.sequence > pbx.report_sequence:
            _believe(session, pbx, report)
        _give_back(session, pbx)
        if engine_troubles.concerns(pbx, report.outcome):
            engine_troubles.settle(session, pbx)
        _alarms(session, pbx)
    engine_orders.changed(session, pbx)
    return True


def _answers(report: Report, command: EngineCommand) -> bool:
    """Whether a report says something new about what came of a command: what failed may be done after all, what is done
    cannot be undone by a word."""
    if report.outcome is None:
        return False
    return command.outcome is None or (command.outcome is Outcome.FAILED and report.outcome is Outcome.DONE)


def _alarms(session: Session, pbx: Pbx) -> None:
    """What was heard of a PBX that was there until now raises and ends its alarms."""
    over = pbx_alarms.follow(session, pbx)
    if pbx.deleted_at is not None:
        pbx_alarms.deleted(session, pbx)
    elif not pbx.trouble and over & {AlarmKind.PBX_TROUBLE, AlarmKind.PBX_LOST}:
        pbx_alarms.recovered(session, pbx)


def take_rejection(session: Session, taken: engine_orders.Taken, reason: str) -> None:
    """The engine will never do it. Where that was the last answer missing, what it does not run with is free again."""
    pbx = _locked(session, taken.command.pbx)
    engine_orders.found(session)  # before any alarm, as in a report: the contacts of both are held in one order
    answered = engine_orders.rejected(session, taken, reason)
    if pbx.deleted_at is not None:
        return
    _give_back(session, pbx)
    if answered:
        engine_troubles.settle(session, pbx)
        pbx_alarms.follow(session, pbx)
        engine_orders.changed(session, pbx)


def take_status(session: Session, pbx_id: int, report: Report | None) -> None:
    """What the engine answered when asked how a PBX is; nothing happens where nothing is new. One that it was told to
    delete and does not know (any more) is gone."""
    pbx = session.get(Pbx, pbx_id)
    if pbx is None:
        return
    if report is not None:
        if report.sequence > pbx.report_sequence:
            take_in(session, report)
        return
    pbx = _locked(session, f"pbx-{pbx_id}")
    if pbx.deleted_at is not None:
        return
    if pbx.desired is Desired.DELETED and _was_told_to_delete(session, pbx):
        _gone(session, pbx)
        _end_all(session, pbx)
        _alarms(session, pbx)
        engine_orders.changed(session, pbx)
    elif pbx.reported_at is not None:
        pbx.trouble = pbx_alarms.UNKNOWN
        _alarms(session, pbx)


def _was_told_to_delete(session: Session, pbx: Pbx) -> bool:
    told = select(EngineCommand.id).where(
        col(EngineCommand.pbx_id) == pbx.key,
        col(EngineCommand.kind) == CommandKind.DELETE,
        col(EngineCommand.sent_at).is_not(None),
    )
    return session.exec(told.limit(1)).first() is not None


def _end_all(session: Session, pbx: Pbx) -> None:
    """Nobody answers any more for what was asked of a PBX that is gone: that it is deleted is done, the rest is not."""
    done = sa.case((col(EngineCommand.kind) == CommandKind.DELETE, Outcome.DONE), else_=Outcome.FAILED)
    session.execute(
        sa.update(EngineCommand)
        .where(col(EngineCommand.pbx_id) == pbx.key, col(EngineCommand.outcome).is_(None))
        .values(outcome=done, ended_at=clock.now(), sent_at=sa.func.coalesce(col(EngineCommand.sent_at), clock.now()))
    )


def _locked(session: Session, reference: str) -> Pbx:
    """The PBX, its pool locked first: capacity may go back, and locks go from the pool down."""
    key = nobodys_if_larger(int(reference.removeprefix("pbx-")))
    pool_id = session.execute(sa.select(col(Pbx.pool_id)).where(col(Pbx.id) == key)).scalar_one_or_none()
    if pool_id is None:
        raise NotFound(t("This cloud PBX"))
    capacity.lock(session, pool_id)
    return session.exec(
        select(Pbx).where(col(Pbx.id) == key).with_for_update().execution_options(populate_existing=True)
    ).one()


def _command(session: Session, pbx: Pbx, report: Report) -> EngineCommand | None:
    if not report.command:
        return None
    named = select(EngineCommand).where(
        col(EngineCommand.message_id) == report.command, col(EngineCommand.pbx_id) == pbx.key
    )
    return session.exec(named).first()


def _believe(session: Session, pbx: Pbx, report: Report) -> None:
    """The newest word about a PBX."""
    pbx.report_sequence, pbx.reported_at = report.sequence, clock.now()
    pbx.run_state, pbx.activated = report.state, report.activated
    if report.state is RunState.DELETED:
        if pbx.desired is Desired.DELETED:
            _gone(session, pbx)
        else:
            pbx.trouble = pbx_alarms.GONE
        return
    if pbx_alarms.is_lost(pbx):
        pbx.trouble = ""  # it is there again
    if report.alarms is not None:
        pbx_alarms.reported(session, pbx, report.alarms)
    pbx.said_extensions, pbx.said_calls, pbx.said_minutes = report.extensions, report.calls, report.minutes


def _give_back(session: Session, pbx: Pbx) -> None:
    """Once everything is answered, also by a report that came late, the engine runs with what its newest report says:
    the rest is free again. More than it was ever given it may not have."""
    session.flush()
    lost = pbx.run_state is RunState.DELETED or pbx.deleted_at is not None
    if lost or pbx.reported_at is None or engine_orders.unanswered(session, pbx.key):
        return
    before = capacity.charged(pbx)
    most = (pbx.held_extensions, pbx.held_calls, pbx.held_minutes)
    said = (pbx.said_extensions, pbx.said_calls, pbx.said_minutes)
    pbx.held_extensions, pbx.held_calls, pbx.held_minutes = map(min, most, said)
    capacity.give(session, pbx.pool_id, before - capacity.charged(pbx))


def _gone(session: Session, pbx: Pbx) -> None:
    """A PBX is deleted: what it took from its package is free again."""
    pbx.deleted_at = clock.now()
    session.execute(sa.delete(PbxRecipient).where(col(PbxRecipient.pbx_id) == pbx.key))
    capacity.give(session, pbx.pool_id, capacity.charged(pbx))


def invariants(session: Session) -> list[str]:
    """What is wrong between a PBX and what was ordered and reported of it, one sentence each."""
    newest = (
        sa.select(sa.func.max(col(EngineReport.sequence)))
        .where(col(EngineReport.pbx_id) == col(Pbx.id))
        .correlate(Pbx)
        .scalar_subquery()
    )
    behind = sa.select(col(Pbx.id), col(Pbx.report_sequence), newest.label("newest")).where(
        col(Pbx.deleted_at).is_(None), sa.func.coalesce(newest, 0) > col(Pbx.report_sequence)
    )
    gone = sa.select(col(Pbx.id)).where(col(Pbx.deleted_at).is_not(None), col(Pbx.desired) != Desired.DELETED,
                                        col(Pbx.reported_at).is_not(None))  # fmt: skip
    asked = sa.exists(
        sa.select(sa.literal(1)).where(
            col(EngineCommand.pbx_id) == col(Pbx.id), col(EngineCommand.kind) == CommandKind.DELETE
        )
    )
    forgotten = sa.select(col(Pbx.id)).where(col(Pbx.deleted_at).is_(None), col(Pbx.desired) == Desired.DELETED, ~asked)
    return [
        *(f"pbx {row.id}: shows report {row.report_sequence}, the engine sent {row.newest}"
          for row in session.execute(behind)),
        *(f"pbx {key}: gone, though nobody wished it" for key in session.execute(gone).scalars()),
        *(f"pbx {key}: to be deleted, but the engine was never told" for key in session.execute(forgotten).scalars()),
    ]  # fmt: skip
