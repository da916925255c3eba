"""What a cloud PBX is: creating one inside a package, resizing, upgrading, its type and expiry, who gets its emails.
The capacity is taken here; the hosting engine is told by a command written in the same transaction."""

import re
import secrets
from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Kind, Organisation
from yeastar_app.models.capacity import (
    FREE_RECORDING_MINUTES,
    MAX_EXTENSIONS_PER_PBX,
    Pbx,
    PbxPlan,
    PbxType,
    Pool,
)
from yeastar_app.models.contacts import Contact, PbxRecipient
from yeastar_app.models.hosting import CommandKind
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import capacity, engine_orders, pbx_alarms, pbx_customers, people, seen
from yeastar_app.services.fields import OptionalDay, RowId, text, whole_number
from yeastar_app.services.pbx import ADD, One, customer_of, living, mark_of, recipients_of
from yeastar_app.settings import settings
from yeastar_app.words import t

EDIT = Policy(Surface.CENTRAL, Feature.PBX_EDIT)
LARGEST = 1_000_000_000
MOST_RECIPIENTS = 3


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


def _subdomain(value: str) -> str:
    value = value.strip().lower()
    if value and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        raise ValueError(t("Letters, digits and hyphens only, at most 63, no hyphen at either end."))
    return value


Subdomain = Annotated[str, Field(max_length=200), AfterValidator(_subdomain)]
Recipients = Annotated[list[RowId], Field(max_length=MOST_RECIPIENTS)]
Minutes = Annotated[whole_number(0, LARGEST) | None, BeforeValidator(_empty_is_none)]  # type: ignore[valid-type]
OptionalId = Annotated[RowId | None, BeforeValidator(_empty_is_none)]
Extensions = whole_number(1, MAX_EXTENSIONS_PER_PBX)
Calls = whole_number(1, LARGEST)


class PbxForm(BaseModel):
    name: text(60)  # type: ignore[valid-type]
    plan: PbxPlan
    owner: Annotated[whole_number(1, LARGEST) | None, BeforeValidator(_empty_is_none)] = None  # type: ignore[valid-type]
    """"PBX Owner": a reseller's account id; empty: the actor's own company."""
    extensions: Extensions  # type: ignore[valid-type]
    calls: Calls  # type: ignore[valid-type]
    recording: bool = False
    minutes: Minutes = None  # type: ignore[valid-type]
    """Recording minutes, the free 500 included. Ignored where recording is off."""
    high_availability: bool = False
    type: PbxType = PbxType.COMMERCIAL
    expires_on: OptionalDay = None
    run_after_expiry: bool = True
    region: Annotated[str, Field(max_length=60)] = ""
    """One of the setting HOSTING_REGIONS; empty: the first."""
    subdomain: Subdomain = ""
    """Empty: made from the name."""
    domain: Annotated[str, Field(max_length=190)] = ""
    """One of the setting HOSTING_DOMAINS; empty: the first."""
    recipients: Recipients = []
    customer: OptionalId = None
    """The customer of the Customer Portal that sees it (its company's id); empty: none."""
    customer_controls: bool = False


class Seen(BaseModel):
    id: RowId
    seen: seen.Mark


class EditForm(Seen):
    name: text(60)  # type: ignore[valid-type]
    recipients: Recipients = []
    customer: OptionalId = None
    customer_controls: bool = False


class ResizeForm(Seen):
    extensions: Extensions  # type: ignore[valid-type]
    calls: Calls  # type: ignore[valid-type]
    recording: bool = False
    minutes: Minutes = None  # type: ignore[valid-type]
    high_availability: bool = False


class TermForm(Seen):
    type: PbxType
    expires_on: OptionalDay = None
    run_after_expiry: bool = False


@action(ADD, form=PbxForm)
def create(session: Session, actor: Actor, form: PbxForm) -> int:
    """Create a cloud PBX and deduct it from its owner's package. Of the recording minutes only those above the free
    500 are deducted. The engine is told after the commit. Returns its id."""
    (pool,) = capacity.lock(session, _pool_for(session, actor, form.owner).key)
    minutes = _minutes(form.recording, form.minutes, 0)
    row = Pbx(
        pool_id=pool.key,
        top_pool_id=pool.top_id,
        name=form.name,
        plan=form.plan,
        extensions=form.extensions,
        calls=form.calls,
        recording=form.recording,
        minutes=minutes,
        held_extensions=form.extensions,
        held_calls=form.calls,
        held_minutes=minutes,
        high_availability=form.high_availability,
        type=form.type,
        expires_on=form.expires_on,
        run_after_expiry=form.run_after_expiry,
        region=_one_of(form.region, settings().regions, "region"),
        domain=_one_of(form.domain, settings().domains, "domain"),
        created_by_id=actor.id,
        created_at=clock.now(),
    )
    _check_extensions(pool, form.extensions, now=0)
    check_high_availability(pool, form.high_availability)
    _check_expiry(form.expires_on)
    capacity.take(session, pool.key, capacity.charged(row))
    _save_with_address(session, row, form.subdomain)
    _set_recipients(session, pool, row, form.recipients)
    pbx_customers.bind(session, pool, row, form.customer, form.customer_controls)
    engine_orders.order(session, row, CommandKind.CREATE, actor.email)
    pbx_alarms.follow(session, row)
    audit(session, actor, "pbx.create", row, label=form.name, after=snapshot(session, row))
    return row.key


def _pool_for(session: Session, actor: Actor, owner: int | None) -> Pool:
    """The pool a PBX is created in: the actor's own, or that of a reseller taken from it. NotFound otherwise."""
    own = capacity.pool_of(session, actor.organisation)
    if owner is None:
        return own
    reseller = people.account_below(session, actor, owner, Kind.RESELLER)
    pool = capacity.pool_of(session, reseller.organisation_id)
    if pool.parent_id != own.id:
        raise NotFound(t("This reseller"))
    return pool


def _one_of(given: str, offered: list[str], field: str) -> str:
    """A choice out of a setting; empty is the first."""
    if given and given not in offered:
        raise Refusal("unknown_choice", t("Choose one of the options."), field)
    return given or next(iter(offered), "")


def _save_with_address(session: Session, row: Pbx, subdomain: str) -> None:
    """Save a PBX under its sub-domain; one made from the name gets something behind it where it is taken."""
    made = _from_name(row.name)
    for attempt in [subdomain] if subdomain else [made, *(f"{made}-{secrets.token_hex(2)}" for _ in range(5))]:
        row.subdomain = attempt
        try:
            with session.begin_nested():
                session.add(row)
            return
        except IntegrityError as error:
            if "subdomain" not in str(error.orig):
                raise
    words = t("{address} is taken. Choose another sub-domain.", address=f"{row.subdomain}.{row.domain}")
    raise Refusal("subdomain_taken", words, "subdomain")


def _from_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-") or "pbx"


def _minutes(recording: bool, asked: int | None, now: int) -> int:
    """How many minutes a PBX gets: at least the free ones where calls are recorded, and never fewer than it has."""
    if not recording:
        return now
    minutes = max(FREE_RECORDING_MINUTES, now) if asked is None else asked
    if minutes < now:
        words = t("Recording minutes cannot be taken back: at least {n}.", n=f"{now:,}")
        raise Refusal("minutes_never_down", words, "minutes")
    if minutes < FREE_RECORDING_MINUTES:
        words = t("At least {n}: the first {n} minutes are free.", n=FREE_RECORDING_MINUTES)
        raise Refusal("below_free_minutes", words, "minutes")
    return minutes


def _check_extensions(pool: Pool, asked: int, now: int) -> None:
    if asked < pool.min_extensions_per_pbx and asked != now:
        words = t("At least {n} for each PBX in this package.", n=pool.min_extensions_per_pbx)
        raise Refusal("below_minimum", words, "extensions")


def check_high_availability(pool: Pool, asked: bool) -> None:
    if asked and not pool.high_availability:
        words = t("High availability is not part of this package.")
        raise Refusal("no_high_availability", words, "high_availability")


def _check_expiry(expires_on: date | None) -> None:
    if expires_on and expires_on < clock.now().date():
        raise Refusal("expiry_passed", t("This day has passed. Choose today or a later day."), "expires_on")


def _set_recipients(session: Session, pool: Pool, row: Pbx, wanted: list[int]) -> None:
    """Who gets the emails: customers kept by the company whose package it is."""
    ids = list(dict.fromkeys(wanted))
    query = select(Contact.id).where(col(Contact.id).in_(ids), col(Contact.organisation_id) == pool.organisation_id)
    found = session.exec(query.order_by(col(Contact.id)).with_for_update(key_share=True)).all() if ids else []
    if len(found) != len(ids):
        raise Refusal("unknown_customer", t("A customer is not there any more. Choose again."), "recipients")
    have = set(session.exec(select(PbxRecipient.contact_id).where(col(PbxRecipient.pbx_id) == row.key)).all())
    gone = have - set(ids)
    session.execute(
        sa.delete(PbxRecipient).where(col(PbxRecipient.pbx_id) == row.key, col(PbxRecipient.contact_id).in_(gone))
    )
    session.add_all([PbxRecipient(pbx_id=row.key, contact_id=one) for one in ids if one not in have])
    session.flush()


def snapshot(session: Session, row: Pbx) -> dict[str, Any]:
    """A PBX as the audit log keeps it."""
    company = session.get_one(Organisation, session.get_one(Pool, row.pool_id).organisation_id)
    customer = customer_of(session, row)
    return {
        "name": row.name,
        "owner": company.name,
        "plan": row.plan.value,
        "type": row.type.value,
        "extensions": row.extensions,
        "calls": row.calls,
        "recording": row.recording,
        "minutes": row.minutes,
        "charged_minutes": row.charged_minutes,
        "high_availability": row.high_availability,
        "address": f"{row.subdomain}.{row.domain}" if row.subdomain else "",
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "run_after_expiry": row.run_after_expiry,
        "emails_to": ", ".join(one.email for one in recipients_of(session, row.key)),
        "customer": customer.name if customer else "",
        "customer_controls": row.customer_controls,
    }


def _opened(session: Session, actor: Actor, form: Seen) -> tuple[Pbx, Pool]:
    """The PBX to change, locked; `changed_meanwhile` where it is not as the person saw it."""
    row, pool = living(session, actor, form.id)
    recipients = [one.id for one in recipients_of(session, row.key)]
    seen.compare(form.seen, mark_of(row, recipients), row.name)
    return row, pool


@action(EDIT, form=EditForm)
def edit(session: Session, actor: Actor, form: EditForm) -> str:
    """Another name, other people for its emails, another customer that sees it. Returns the name."""
    row, pool = _opened(session, actor, form)
    before, known_as = snapshot(session, row), row.name
    row.name = form.name
    pbx_alarms.renamed(session, row, known_as)
    _set_recipients(session, pool, row, form.recipients)
    pbx_customers.bind(session, pool, row, form.customer, form.customer_controls)
    engine_orders.changed(session, row)
    audit(session, actor, "pbx.edit", row, label=row.name, before=before, after=snapshot(session, row))
    return row.name


@action(EDIT, form=ResizeForm)
def resize(session: Session, actor: Actor, form: ResizeForm) -> str:
    """ "Resize Capacity": what grows is deducted at once; what shrinks comes back when the engine has answered, because
    until then it still runs with it. Minutes never go down. Returns the name."""
    row, pool = _opened(session, actor, form)
    _check_extensions(pool, form.extensions, now=row.extensions)
    check_high_availability(pool, form.high_availability and not row.high_availability)
    minutes = _minutes(form.recording, form.minutes, row.minutes)
    before, charged = snapshot(session, row), capacity.charged(row)
    row.held_extensions = max(row.held_extensions, row.extensions, form.extensions)
    row.held_calls = max(row.held_calls, row.calls, form.calls)
    row.held_minutes = max(row.held_minutes, row.minutes, minutes)
    row.extensions, row.calls, row.recording, row.minutes = form.extensions, form.calls, form.recording, minutes
    row.high_availability = form.high_availability
    capacity.take(session, pool.key, capacity.charged(row) - charged)
    engine_orders.order(session, row, CommandKind.RESIZE, actor.email)
    audit(session, actor, "pbx.resize", row, label=row.name, before=before, after=snapshot(session, row))
    return row.name


@action(EDIT, form=TermForm)
def change_term(session: Session, actor: Actor, form: TermForm) -> str:
    """ "Change PBX Type/Expiration Date". A day that has passed is refused unless it stays what it is."""
    row, _ = _opened(session, actor, form)
    before = snapshot(session, row)
    if form.expires_on != row.expires_on:
        _check_expiry(form.expires_on)
    row.type, row.expires_on, row.run_after_expiry = form.type, form.expires_on, form.run_after_expiry
    pbx_alarms.follow(session, row)
    engine_orders.changed(session, row)
    audit(session, actor, "pbx.change_term", row, label=row.name, before=before, after=snapshot(session, row))
    return row.name


@action(EDIT, form=One)
def upgrade(session: Session, actor: Actor, form: One) -> str:
    """From the Enterprise to the Ultimate Plan; there is no way back. Where it is done already nothing happens."""
    row, _ = living(session, actor, form.id)
    before = {"plan": row.plan.value}
    if row.plan is not PbxPlan.ULTIMATE:
        row.plan = PbxPlan.ULTIMATE
        engine_orders.order(session, row, CommandKind.UPGRADE, actor.email)
    audit(session, actor, "pbx.upgrade", row, label=row.name, before=before, after={"plan": row.plan.value})
    return row.name
