"""Everything that goes on between us and the hosting engine by the clock: commands go out, the simulator works, lost
engines are looked for, PBXs expire. Any number of processes may do it at once."""

import sqlalchemy as sa
import structlog
from sqlmodel import col

from yeastar_app.database import transaction
from yeastar_app.engines import simulator
from yeastar_app.engines.chosen_engine import engine
from yeastar_app.engines.hosting import NotReached, Rejected, Report, Usage
from yeastar_app.jobs.companies import each
from yeastar_app.models.hosting import CommandKind, EngineCommand
from yeastar_app.refusals import Refusal
from yeastar_app.services import engine_orders, engine_reports, pbx_expiry, usage
from yeastar_app.settings import settings

log = structlog.get_logger()
ASKED = 20
"""Of so many PBXs that wait for an answer the state is asked in one go."""


def send_due() -> int:
    """Send the commands that are due; how many the engine took. Stops at the first that finds nobody: the others
    would wait as long for nothing."""
    with transaction(writes=False) as session:
        keys = engine_orders.due(session)
    done = 0
    for key in keys:
        with transaction() as session:
            taken = engine_orders.take(session, key)
        if taken is None:
            continue
        try:
            engine().take(taken.command)
        except NotReached as problem:
            log.warning("engine_not_reached", command=taken.command.id, tries=taken.tries, reason=str(problem)[:200])
            with transaction() as session:
                engine_orders.put_off(session, taken, str(problem))
            break
        except Rejected as problem:
            log.warning("engine_rejected", command=taken.command.id, reason=str(problem)[:200])
            with transaction() as session:
                engine_reports.take_rejection(session, taken, str(problem))
            if taken.command.kind is CommandKind.DELETE:
                ask(taken.pbx_id)  # refused because there is nothing to delete?
            continue
        with transaction() as session:
            engine_orders.sent(session, taken)
        done += 1
    return done


def simulate() -> int:
    """Let the embedded simulator go on, where it is the engine; on how many PBXs it worked."""
    return 0 if settings().hosting_engine_url else simulator.advance(deliver)


def measure() -> int:
    """Let the embedded simulator say what is in use, where it is the engine; of how many PBXs."""
    return 0 if settings().hosting_engine_url else simulator.measure(keep)


def keep(said: Usage) -> None:
    """Like `deliver`, for what is in use. What went wrong with one does not keep the others waiting."""
    try:
        with transaction() as session:
            usage.take_in(session, said)
    except Refusal as refusal:
        log.warning("usage_refused", pbx=said.pbx, code=refusal.code)


def deliver(report: Report) -> None:
    """What comes in by the embedded simulator: the same as by the route (http/hosting.py), without the signature."""
    try:
        with transaction() as session:
            engine_reports.take_in(session, report)
    except Refusal as refusal:
        log.warning("report_refused", report=report.id, code=refusal.code)


def look_after() -> None:
    """Whether the engine answers; what it never answered goes out again, and its PBXs are asked for."""
    try:
        engine().ping()
    except NotReached as problem:
        with transaction() as session:
            engine_orders.lost(session, str(problem))
        return
    with transaction() as session:
        engine_orders.found(session)
        engine_orders.send_overdue_again(session)
    with transaction(writes=False) as session:
        waiting = sa.select(col(EngineCommand.pbx_id)).where(
            col(EngineCommand.outcome).is_(None), col(EngineCommand.sent_at).is_not(None)
        )
        keys = session.execute(waiting.distinct().order_by(col(EngineCommand.pbx_id)).limit(ASKED)).scalars().all()
    for key in keys:
        ask(key)


def ask(pbx_id: int) -> None:
    """Ask the engine how one PBX is."""
    reference = f"pbx-{pbx_id}"
    try:
        report = engine().status(reference)
        if report is not None and report.pbx != reference:
            raise NotReached(f"asked about {reference} it answered about {report.pbx}")
    except NotReached as problem:
        with transaction() as session:
            engine_orders.lost(session, str(problem))
        return
    with transaction() as session:
        engine_reports.take_status(session, pbx_id, report)


def forget_usage() -> int:
    """Delete what was used on days long gone, a few rows at a time; how many."""
    done = 0
    while True:
        with transaction() as session:
            few = usage.forget_old(session)
        done += few
        if few < usage.AT_ONCE:
            return done


def expire() -> int:
    """Expiry emails, and PBXs that may not run any longer; one transaction each. How many PBXs that concerned."""
    return each(pbx_expiry.due, pbx_expiry.remind) + each(pbx_expiry.to_stop, pbx_expiry.stop)
