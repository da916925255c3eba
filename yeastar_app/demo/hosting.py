"""What the demo's cloud PBXs have been through at the hosting engine: the commands, what it said, and the simulator's
own truth to go with it. One of them is asked to start when the demo does."""

from datetime import timedelta

from sqlmodel import Session

from yeastar_app.models.capacity import Desired, Pbx, Pool, RunState
from yeastar_app.models.contacts import Contact, PbxRecipient
from yeastar_app.models.hosting import CommandKind, EngineReport, Outcome, SimulatedPbx
from yeastar_app.services import capacity, engine_orders, engine_troubles
from yeastar_app.services.capacity import Amount
from yeastar_app.words import t

NO_HOST = t("No host could carry it out.")


def tell(
    session: Session,
    pbx: Pbx,
    by: str,
    state: RunState,
    activated: bool,
    could_not_start: bool = False,
    grows_by: int = 0,
) -> None:
    """A PBX that was created and started long ago. `state` STARTING: it was stopped until now. `could_not_start`: its
    last start failed; `grows_by`: so many more extensions were asked for, and the engine had no room for them."""
    lives = state is RunState.RUNNING and not could_not_start
    steps = [(CommandKind.CREATE, RunState.STOPPED, Outcome.DONE, False)]
    if state is not RunState.STARTING:
        steps.append((CommandKind.START, RunState.RUNNING, Outcome.DONE, activated))
    if not lives and state is not RunState.STARTING:
        steps.append((CommandKind.STOP, RunState.STOPPED, Outcome.DONE, activated))
    if could_not_start:
        steps.append((CommandKind.START, RunState.STOPPED, Outcome.FAILED, activated))
    if grows_by:
        steps.append((CommandKind.RESIZE, RunState.RUNNING, Outcome.FAILED, activated))
    said = pbx.extensions
    for number, (kind, after, outcome, active) in enumerate(steps, 1):
        at = pbx.created_at + timedelta(minutes=7 * number)
        if kind is CommandKind.RESIZE:
            pbx.extensions += grows_by
            capacity.take(session, pbx.pool_id, Amount(extensions=grows_by))
        command = engine_orders.order(session, pbx, kind, by)
        command.created_at = command.next_try_at = command.sent_at = at
        command.outcome, command.ended_at, command.tries = outcome, at + timedelta(seconds=20), 1
        command.error = NO_HOST if outcome is Outcome.FAILED else ""
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
        pbx.reported_at = at + timedelta(seconds=20)
    pbx.held_extensions, pbx.held_calls, pbx.held_minutes = said, pbx.calls, pbx.minutes
    pbx.said_extensions, pbx.said_calls, pbx.said_minutes = said, pbx.calls, pbx.minutes
    session.add(
        SimulatedPbx(
            reference=pbx.reference,
            state=pbx.run_state,
            activated=pbx.activated,
            extensions=said,
            calls=pbx.calls,
            minutes=pbx.minutes,
            sequence=len(steps),
        )
    )
    if lives or could_not_start or state is RunState.STARTING:
        pbx.desired = Desired.RUNNING
    if state is RunState.STARTING:
        engine_orders.order(session, pbx, CommandKind.START, by)
    engine_troubles.settle(session, pbx)


PEOPLE = (("Hanna", "Visser"), ("Luca", "Peeters"), ("Sofie", "Maes"), ("Jonas", "Berg"), ("Amira", "Haddad"))


def keep_customer(session: Session, pool: Pool, pbx: Pbx) -> None:
    """Somebody at the end customer, who gets the emails of a PBX."""
    first, last = PEOPLE[pbx.key % len(PEOPLE)]
    contact = Contact(
        organisation_id=pool.organisation_id,
        first_name=first,
        last_name=last,
        company=pbx.name,
        email=f"{first.lower()}@{pbx.subdomain}.example.com",
        mobile=f"+32 470 55 01 {pbx.key:02}",
        country="BE",
        created_at=pbx.created_at,
    )
    session.add(contact)
    session.flush()
    session.add(PbxRecipient(pbx_id=pbx.key, contact_id=contact.key))
