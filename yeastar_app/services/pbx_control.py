"""What a cloud PBX does: start, stop, reset, delete, send the activation email. Each of them is a wish: the state
follows when the hosting engine reports it (engine_reports.py)."""

from datetime import timedelta

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.capacity import Desired, Pbx, RunState
from yeastar_app.models.hosting import CommandKind, EngineCommand
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, engine_orders, engine_troubles, mail, pbx_alarms
from yeastar_app.services.pbx import One, living, locked, recipients_of
from yeastar_app.services.pbx_orders import EDIT, check_high_availability, snapshot
from yeastar_app.words import t

CONTROL = Policy(Surface.CENTRAL, Feature.PBX_CONTROL)
DELETE = Policy(Surface.CENTRAL, Feature.PBX_DELETE)
RESEND_AFTER = timedelta(minutes=1)
SYSTEM = "system"


@action(CONTROL, form=One)
def start(session: Session, actor: Actor, form: One) -> str:
    """Start a PBX; where it runs or starts already nothing more happens. Returns its name."""
    row, _ = living(session, actor, form.id)
    _refuse_over(row)
    wish(session, row, Desired.RUNNING, actor.email)
    audit(session, actor, "pbx.start", row, label=row.name)
    return row.name


@action(CONTROL, form=One)
def stop(session: Session, actor: Actor, form: One) -> str:
    """Stop a PBX; where it is stopped or stops already nothing more happens. Returns its name."""
    row, _ = living(session, actor, form.id)
    wish(session, row, Desired.STOPPED, actor.email)
    audit(session, actor, "pbx.stop", row, label=row.name)
    return row.name


def _refuse_over(row: Pbx) -> None:
    if is_over(row):
        words = t("{name} has expired and may not run after that. Change its expiry date first.", name=row.name)
        raise Refusal("expired", words)


def is_over(row: Pbx) -> bool:
    """Whether it has expired and may not run any more."""
    return row.expires_on is not None and row.expires_on < clock.now().date() and not row.run_after_expiry


def wish(session: Session, row: Pbx, desired: Desired, by: str) -> bool:
    """Have a PBX (locked) run or be stopped; whether there was anything to order."""
    kind = CommandKind.START if desired is Desired.RUNNING else CommandKind.STOP
    there = RunState.RUNNING if desired is Desired.RUNNING else RunState.STOPPED
    under_way = engine_orders.unanswered(session, row.key, CommandKind.START, CommandKind.STOP)
    last = under_way[-1].kind if under_way else None
    if last is kind or (last is None and row.run_state is there and row.reported_at is not None):
        row.desired = desired
        engine_troubles.settle(session, row)  # what could not be done may be no wish any more
        pbx_alarms.follow(session, row)
        return False
    row.desired = desired
    engine_orders.order(session, row, kind, by)
    return True


@action(CONTROL, form=One)
def reset(session: Session, actor: Actor, form: One) -> str:
    """Back to the factory's settings and to "Unactivated"; its address stays (Yeastar help). Only a running PBX."""
    row, _ = living(session, actor, form.id)
    if not engine_orders.unanswered(session, row.key, CommandKind.RESET):
        if row.run_state is not RunState.RUNNING:
            raise Refusal("not_running", t("{name} is not running. Start it, then reset it.", name=row.name))
        engine_orders.order(session, row, CommandKind.RESET, actor.email)
    audit(session, actor, "pbx.reset", row, label=row.name)
    return row.name


@action(DELETE, form=One)
def delete(session: Session, actor: Actor, form: One) -> str:
    """Delete a PBX. It is gone, and its capacity back in the package, when the engine has confirmed it."""
    row, _ = locked(session, actor, form.id)
    row.desired = Desired.DELETED
    if not engine_orders.unanswered(session, row.key, CommandKind.DELETE):
        engine_orders.order(session, row, CommandKind.DELETE, actor.email)
    engine_troubles.settle(session, row)
    pbx_alarms.follow(session, row)
    audit(session, actor, "pbx.delete", row, label=row.name, before=snapshot(session, row))
    return row.name


@action(CONTROL, form=One)
def retry(session: Session, actor: Actor, form: One) -> str:
    """Ask the engine again for all that it could not do and that is still wished. Its sign stays until that is done.
    Returns the name. Refusals: `nothing_failed`, `expired`."""
    row, _ = locked(session, actor, form.id)
    if row.trouble and not engine_orders.unanswered(session, row.key):
        failed = engine_troubles.still_wished(session, row)
        unlike = engine_troubles.differences(session, row, failed)
        if CommandKind.START in [*unlike, *(one.kind for one in failed)]:
            _refuse_over(row)
        for one in failed:
            whom = {"people": one.body["people"]} if "people" in one.body else {}
            engine_orders.order(session, row, one.kind, actor.email, **whom)
        for kind in unlike:
            engine_orders.order(session, row, kind, actor.email)
        if not (failed or unlike):
            words = t("The hosting engine did all that {name} was asked for. Who runs the engine can tell you more.",
                      name=row.name)  # fmt: skip
            raise Refusal("nothing_failed", words)
    audit(session, actor, "pbx.retry", row, label=row.name)
    return row.name


@action(EDIT, form=One)
def go_back(session: Session, actor: Actor, form: One) -> str:
    """Wish only what the engine runs: what it could not do is taken back, and capacity deducted for it is free again.
    Where nothing is wrong nothing happens. Returns the name. Refusals: `still_waiting`, `nothing_runs`,
    `no_high_availability` where it runs with that and the package does not have it any more."""
    row, pool = locked(session, actor, form.id)
    before = snapshot(session, row)
    if row.trouble:
        if engine_orders.unanswered(session, row.key):
            words = t("The hosting engine has not answered everything about {name} yet. Wait for it, then decide.",
                      name=row.name)  # fmt: skip
            raise Refusal("still_waiting", words)
        what = engine_troubles.runs(session, row)
        if what is None:
            words = t("Nothing of {name} runs at the hosting engine. Try again, or delete it.", name=row.name)
            raise Refusal("nothing_runs", words)
        check_high_availability(pool, what.high_availability and not row.high_availability)
        charged = capacity.charged(row)
        engine_troubles.take_back(session, row, what)
        capacity.take(session, row.pool_id, capacity.charged(row) - charged)
        pbx_alarms.follow(session, row)
        engine_orders.changed(session, row)
    audit(session, actor, "pbx.go_back", row, label=row.name, before=before, after=snapshot(session, row))
    return row.name


@action(CONTROL, form=One)
def send_activation(session: Session, actor: Actor, form: One) -> int:
    """ "Send Activation Email" to the customers of a PBX, at most once a minute [O]. Returns to how many."""
    row, _ = living(session, actor, form.id)
    recipients = recipients_of(session, row.key)
    if row.activated:
        raise Refusal("already_active", t("{name} is activated already. It needs no activation email.", name=row.name))
    if not recipients:
        raise Refusal("no_customer", t("{name} has no customer yet. Edit it and choose who gets the email.",
                                       name=row.name))  # fmt: skip
    last = session.exec(
        select(EngineCommand.created_at)
        .where(col(EngineCommand.pbx_id) == row.key, col(EngineCommand.kind) == CommandKind.INVITE)
        .order_by(col(EngineCommand.id).desc())
        .limit(1)
    ).first()
    if last is not None and clock.now() - last < RESEND_AFTER:
        raise Refusal("sent_just_now", t("It was sent less than a minute ago. Look there first, then try again."))
    address = f"{row.subdomain}.{row.domain}"
    for one in recipients:
        mail.write(
            session,
            kind="pbx_activation",
            to=one.email,
            subject=t("Activate your cloud PBX {name}", name=row.name),
            paragraphs=[
                t("{company} has set up the cloud PBX {name} for {customer}.", company=actor.organisation_name,
                  name=row.name, customer=one.company),
                t("It answers at {address}. Activate it there and set the password of its administrator.",
                  address=address),
            ],
            button=(t("Activate PBX"), f"https://{address}/activate"),
        )  # fmt: skip
    engine_orders.order(session, row, CommandKind.INVITE, actor.email, people=[one.email for one in recipients])
    audit(session, actor, "pbx.send_activation", row, label=row.name,
          after={"emails_to": ", ".join(one.email for one in recipients)})  # fmt: skip
    return len(recipients)
