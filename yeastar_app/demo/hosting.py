"""What the demo's cloud PBXs have been through at the hosting engine: the commands, what it said, and the simulator's
own truth to go with it. One of them is asked to start when the demo does."""

from datetime import timedelta

from sqlmodel import Session

from yeastar_app.models.capacity import Desired, Pbx, RunState
from yeastar_app.models.hosting import CommandKind, EngineReport, Outcome, SimulatedPbx
from yeastar_app.services import engine_orders


def tell(session: Session, pbx: Pbx, by: str, state: RunState, trouble: str, activated: bool) -> None:
    """A PBX that was created and started long ago. `state` STARTING: it was stopped until now; with `trouble` its last
    start failed."""
    lives = state is RunState.RUNNING and not trouble
    steps = [(CommandKind.CREATE, RunState.STOPPED, Outcome.DONE, False)]
    if state is not RunState.STARTING:
        steps.append((CommandKind.START, RunState.RUNNING, Outcome.DONE, activated))
    if not lives and state is not RunState.STARTING:
        steps.append((CommandKind.STOP, RunState.STOPPED, Outcome.DONE, activated))
    if trouble:
        steps.append((CommandKind.START, RunState.STOPPED, Outcome.FAILED, activated))
    for number, (kind, after, outcome, active) in enumerate(steps, 1):
        at = pbx.created_at + timedelta(minutes=7 * number)
        command = engine_orders.order(session, pbx, kind, by)
        command.created_at = command.next_try_at = command.sent_at = at
        command.outcome, command.ended_at, command.tries = outcome, at + timedelta(seconds=20), 1
        command.error = trouble if outcome is Outcome.FAILED else ""
        session.add(
            EngineReport(
                pbx_id=pbx.key,
                message_id=f"sim-{pbx.reference}-{number}",
                digest="",
                sequence=number,
                at=at + timedelta(seconds=20),
                received_at=at + timedelta(seconds=20),
                state=after,
                activated=active,
                command_id=command.key,
                outcome=outcome,
                words=command.error,
            )
        )
        pbx.run_state, pbx.activated, pbx.report_sequence = after, active, number
        pbx.reported_at, pbx.trouble = at + timedelta(seconds=20), command.error
    pbx.held_extensions, pbx.held_calls, pbx.held_minutes = pbx.extensions, pbx.calls, pbx.minutes
    session.add(
        SimulatedPbx(
            reference=pbx.reference,
            state=pbx.run_state,
            activated=pbx.activated,
            extensions=pbx.extensions,
            calls=pbx.calls,
            minutes=pbx.minutes,
            sequence=len(steps),
        )
    )
    if lives or trouble or state is RunState.STARTING:
        pbx.desired = Desired.RUNNING
    if state is RunState.STARTING:
        engine_orders.order(session, pbx, CommandKind.START, by)
