"""Reading cloud PBXs inside a package (Seed 002, PRODUCT 5.2): list, one PBX, the packages one can be created in, My
Subscription. What changes them is pbx_orders.py (what it is) and pbx_control.py (what it does)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.capacity import FEW_PBXS, Desired, Pbx, PbxPlan, PbxType, Pool, RunState
from yeastar_app.models.contacts import Contact, PbxRecipient
from yeastar_app.models.hosting import CommandKind, EngineCommand, EngineReport, Outcome
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import capacity, engine_orders, engine_troubles, seen, usage, workbooks
from yeastar_app.services.capacity import Gauge
from yeastar_app.services.engine_orders import Health
from yeastar_app.services.fields import RowId
from yeastar_app.services.paging import Filter, PageForm, Search, page_of
from yeastar_app.services.word_search import COMPANIES, PBXS, Among, begins
from yeastar_app.words import t

PACKAGE_SIDE = frozenset({Kind.PARTNER, Kind.COLLEAGUE, Kind.RESELLER, Kind.RESELLER_COLLEAGUE})
"""Those who hold a package. A customer is at Central Management too, for its own PBXs alone: own_pbx.py."""
CENTRAL = Policy(Surface.CENTRAL, kinds=PACKAGE_SIDE)
VIEW = Policy(Surface.CENTRAL, Feature.PBX_VIEW)
ADD = Policy(Surface.CENTRAL, Feature.PBX_ADD)
PAGE_ROWS = 50
EXPIRES_SOON = timedelta(days=30)
HISTORY = 100
"""So many lines of what was ordered and reported are shown."""
TAKEN = (Kind.RESELLER, Kind.RESELLER_COLLEAGUE)
"""Whose package was taken from another's."""


class Shown(StrEnum):
    """What a list is filtered by."""

    RUNNING = "running"
    STOPPED = "stopped"
    BUSY = "busy"
    TROUBLE = "trouble"
    DELETING = "deleting"
    EXPIRING = "expiring"
    EXPIRED = "expired"


class One(BaseModel):
    id: RowId


class ListForm(PageForm):
    """The list's address; what it does not know filters nothing. `show` is one of Shown."""

    name: Search = ""
    owner: Search = ""
    show: Search = ""


@dataclass(frozen=True)
class Row:
    """`waiting`: the newest thing asked of the engine that it has not answered. `reported`: whether the engine has said
    anything about this PBX yet; before that there is no state."""

    id: int
    name: str
    owner: str
    plan: PbxPlan
    type: PbxType
    extensions: int
    calls: int
    recording: bool
    minutes: int
    high_availability: bool
    address: str
    region: str
    run_state: RunState
    desired: Desired
    reported: bool
    activated: bool
    trouble: str
    waiting: CommandKind | None
    expires_on: date | None
    run_after_expiry: bool
    expired: bool
    customer_controls: bool
    in_use: usage.InUse | None


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int
    health: Health


@dataclass(frozen=True)
class Said:
    """A line of a PBX's history: what somebody ordered, or what the engine reported."""

    at: datetime
    who: str
    kind: CommandKind | None
    outcome: Outcome | None
    state: RunState | None
    activated: bool
    words: str
    tries: int


@dataclass(frozen=True)
class Recipient:
    id: int
    name: str
    company: str
    email: str


@dataclass(frozen=True)
class Customer:
    """A customer of the Customer Portal (`id`: its company). `active`: whether somebody can sign in there by now."""

    id: int
    name: str
    email: str
    active: bool


@dataclass(frozen=True)
class Details:
    """`mark`: of everything that can be edited, for the second of two who edit. `binds`: whether it can be bound to a
    customer of the Customer Portal; a reseller's cannot, because resellers have none. `back`: what one can go back to
    where the engine could not do all that is wished."""

    row: Row
    min_extensions: int
    offers_high_availability: bool
    gauges: list[Gauge]
    held: capacity.Amount
    recipients: list[Recipient]
    binds: bool
    customer: Customer | None
    history: list[Said]
    past: list[usage.Day]
    reported_at: datetime | None
    created_at: datetime
    health: Health
    back: engine_troubles.Runs | None
    mark: str


@dataclass(frozen=True)
class Place:
    """A package a PBX can be created in: whose it is and what is free there. `owner` 0: the actor's own."""

    owner: int
    company: str
    min_extensions: int
    high_availability: bool
    gauges: list[Gauge]


@dataclass(frozen=True)
class Overview:
    """My Subscription: every capacity, and how many people and PBXs live on it."""

    gauges: list[Gauge]
    high_availability: bool
    resellers: int
    own_pbxs: int
    reseller_pbxs: int


def topics(actor: Actor) -> tuple[str, ...]:
    """What changes whenever the actor's list of PBXs does."""
    if actor.kind is Kind.CUSTOMER:
        return engine_orders.customer_topic(actor.organisation), engine_orders.HEALTH_TOPIC
    return (engine_orders.list_topic(actor.pool_id), engine_orders.HEALTH_TOPIC) if actor.pool_id else ()


def visible(actor: Actor) -> tuple[Any, ...]:
    """Conditions on Pbx: those in the actor's own package and those taken from it, along an index in either case. A
    partner below may hold a package of its own: that is none of the actor's. Of a customer: those bound to it."""
    if actor.kind is Kind.CUSTOMER:
        return col(Pbx.customer_id) == actor.organisation, col(Pbx.deleted_at).is_(None)
    inside = col(Pbx.pool_id) if actor.kind in TAKEN else col(Pbx.top_pool_id)
    return inside == actor.pool_id, col(Pbx.deleted_at).is_(None)


def locked(session: Session, actor: Actor, pbx_id: int) -> tuple[Pbx, Pool]:
    """A PBX the actor may see, and its package, both locked (the package first) and as they are now. NotFound."""
    query = sa.select(col(Pbx.pool_id)).where(*visible(actor), col(Pbx.id) == pbx_id)
    pool_id = session.execute(query).scalar_one_or_none()
    if pool_id is None:
        raise NotFound(t("This cloud PBX"))
    (pool,) = capacity.lock(session, pool_id)
    row = session.exec(
        select(Pbx).where(col(Pbx.id) == pbx_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if row.deleted_at is not None:
        raise NotFound(t("This cloud PBX"))
    return row, pool


def living(session: Session, actor: Actor, pbx_id: int) -> tuple[Pbx, Pool]:
    """Like `locked`; Refusal `being_deleted` where it is on its way out."""
    row, pool = locked(session, actor, pbx_id)
    if row.desired is Desired.DELETED:
        raise Refusal("being_deleted", t("{name} is being deleted. Nothing else can be done with it.", name=row.name))
    return row, pool


def mark_of(row: Pbx, recipients: list[int]) -> str:
    """Of all that people can change in a PBX."""
    return seen.mark(
        row.name, row.plan, row.type, row.expires_on, row.run_after_expiry, row.extensions, row.calls, row.recording,
        row.minutes, row.high_availability, sorted(recipients), row.customer_id, row.customer_controls,
    )  # fmt: skip


def recipients_of(session: Session, pbx_id: int) -> list[Recipient]:
    """Who gets a PBX's emails, in the order they were chosen."""
    rows = session.exec(
        select(Contact)
        .join(PbxRecipient, col(PbxRecipient.contact_id) == col(Contact.id))
        .where(col(PbxRecipient.pbx_id) == pbx_id)
        .order_by(col(PbxRecipient.id))
    )
    return [Recipient(row.key, row.name, row.company, row.email) for row in rows]


def customer_of(session: Session, row: Pbx) -> Customer | None:
    """The customer of the Customer Portal that a PBX is bound to."""
    if row.customer_id is None:
        return None
    found = session.execute(customers().where(col(Organisation.id) == row.customer_id).limit(1)).first()
    if found is None:
        company = session.get_one(Organisation, row.customer_id)
        return Customer(company.key, company.name, "", active=False)
    return Customer(found.id, found.name, found.email, active=found.status is Status.ACTIVE)


def customers() -> Any:
    """The companies of the Customer Portal, each with its account; those without one are none any more."""
    return (
        sa.select(col(Organisation.id), col(Organisation.name), col(Account.email), col(Account.status))
        .join(Account, col(Account.organisation_id) == col(Organisation.id))
        .where(col(Account.kind) == Kind.CUSTOMER, col(Account.status) != Status.REMOVED)
    )


_NAMES = (
    "id", "name", "plan", "type", "extensions", "calls", "recording", "minutes", "high_availability", "subdomain",
    "domain", "region", "run_state", "desired", "reported_at", "activated", "trouble", "expires_on",
    "run_after_expiry", "customer_controls", *usage.COLUMNS,
)  # fmt: skip


def query_of(actor: Actor) -> Any:
    """The PBXs an actor may see, as Row needs them."""
    return _rows().where(*visible(actor))


def _rows() -> Any:
    waiting = (
        sa.select(col(EngineCommand.kind))
        .where(col(EngineCommand.pbx_id) == col(Pbx.id), col(EngineCommand.outcome).is_(None))
        .order_by(col(EngineCommand.id).desc())
        .limit(1)
        .correlate(Pbx)
        .scalar_subquery()
    )
    return (
        sa.select(*[getattr(Pbx, name) for name in _NAMES], col(Organisation.name).label("owner"),
                  waiting.label("waiting"))
        .join(Pool, col(Pool.id) == col(Pbx.pool_id))
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
    )  # fmt: skip


def row_of(row: Any) -> Row:
    return Row(
        id=row.id,
        name=row.name,
        owner=row.owner,
        plan=row.plan,
        type=row.type,
        extensions=row.extensions,
        calls=row.calls,
        recording=row.recording,
        minutes=row.minutes,
        high_availability=row.high_availability,
        address=f"{row.subdomain}.{row.domain}" if row.subdomain else "",
        region=row.region,
        run_state=row.run_state,
        desired=row.desired,
        reported=row.reported_at is not None,
        activated=row.activated,
        trouble=row.trouble,
        waiting=row.waiting,
        expires_on=row.expires_on,
        run_after_expiry=row.run_after_expiry,
        expired=row.expires_on is not None and row.expires_on < clock.now().date(),
        customer_controls=row.customer_controls,
        in_use=usage.now_of(row),
    )


def _filters(session: Session, actor: Actor, form: ListForm) -> list[Filter]:
    """What is answered by another index than the list's own."""
    filters = []
    if form.name:
        whose = None if actor.kind in TAKEN else actor.pool_id
        filters.append(begins(session, form.name, Among(PBXS, whose)))
    if form.owner:
        filters.append(begins(session, form.owner, Among(COMPANIES, rows=owned_by)))
    if form.show in (Shown.EXPIRING, Shown.EXPIRED):
        within = sa.and_(*shown(Shown(form.show)))
        filters.append(Filter(within, sa.select(col(Pbx.id)).where(*visible(actor), within)))
    return filters


def owned_by(companies: Any) -> Any:
    """The living PBXs in these companies' packages."""
    pools = sa.select(col(Pool.id)).where(col(Pool.organisation_id).in_(companies))
    return sa.select(col(Pbx.id)).where(col(Pbx.pool_id).in_(pools), col(Pbx.deleted_at).is_(None))


def _scope(actor: Actor, form: ListForm) -> list[Any]:
    """What has an index in the list's order."""
    if form.show not in set(Shown) or form.show in (Shown.EXPIRING, Shown.EXPIRED):
        return [*visible(actor)]
    return [*visible(actor), *shown(Shown(form.show))]


def shown(show: Shown) -> list[Any]:
    """Conditions on Pbx: what a list filtered by this shows. Those of few PBXs are in the words of their index."""
    today, stays = clock.now().date(), col(Pbx.desired) != Desired.DELETED
    match show:
        case Shown.RUNNING | Shown.STOPPED:
            return [col(Pbx.run_state) == RunState(show.value), col(Pbx.reported_at).is_not(None), stays]
        case Shown.BUSY:
            return [sa.text(FEW_PBXS["busy"]), stays]
        case Shown.TROUBLE:
            return [sa.text(FEW_PBXS["trouble"])]
        case Shown.DELETING:
            return [sa.text(FEW_PBXS["deleting"])]
        case Shown.EXPIRING:
            return [col(Pbx.expires_on) >= today, col(Pbx.expires_on) <= today + EXPIRES_SOON]
        case Shown.EXPIRED:
            return [col(Pbx.expires_on) < today]


@action(VIEW, form=ListForm, writes=False, alike=True)
def search(session: Session, actor: Actor, form: ListForm) -> Found:
    """One page of the PBXs in the actor's package and those taken from it, newest first."""
    scope, filters = _scope(actor, form), _filters(session, actor, form)
    found = page_of(session, _rows(), col(Pbx.id), form, scope=scope, filters=filters, limit=PAGE_ROWS)
    return Found([row_of(row) for row in found.rows], found.newer, found.older, engine_orders.health(session))


_COLUMNS = (
    (t("Name"), 30), (t("PBX Owner"), 28), (t("State"), 14), (t("Activation"), 14), (t("Plan"), 12), (t("Type"), 14),
    (t("Extensions"), 12), (t("Concurrent Calls"), 16), (t("Call Recording (mins)"), 20), (t("High Availability"), 16),
    (t("Region"), 26), (t("Address"), 40), (t("Expiry Date"), 14), (t("Runs After Expiry"), 18),
    (t("Measured (UTC)"), 18), (t("Extensions Registered"), 20), (t("Calls in Progress"), 18),
    (t("Most Calls That Day"), 18), (t("Recording Minutes Used"), 22),
)  # fmt: skip


@action(VIEW, form=ListForm, writes=False)
def export(session: Session, actor: Actor, form: ListForm) -> bytes:
    """All that the filters let through, as a workbook."""
    narrowed = [*_scope(actor, form), *[one.judged for one in _filters(session, actor, form)]]
    query = _rows().where(*narrowed).order_by(col(Pbx.id).desc())
    yes = {True: t("Yes"), False: t("No")}
    lines = [
        [row.name, row.owner, state_of(row), t("Activated") if row.activated else t("Unactivated"), row.plan.value,
         row.type.value, row.extensions, row.calls, row.minutes if row.recording else 0, yes[row.high_availability],
         row.region, row.address, row.expires_on, yes[row.run_after_expiry], *_figures(row.in_use)]
        for row in map(row_of, session.execute(query))
    ]  # fmt: skip
    return workbooks.write([(t("Cloud PBXs"), _COLUMNS, lines)])


def _figures(now: usage.InUse | None) -> list[Any]:
    return [now.at, now.extensions, now.calls, now.peak, now.minutes] if now else [None] * 5


def state_of(row: Row) -> str:
    """The word for where a PBX stands: on its way in or out, or what the engine reported."""
    if row.desired is Desired.DELETED:
        return "deleting"
    return row.run_state.value if row.reported else "creating"


@action(VIEW, form=One, writes=False, alike=True)
def details(session: Session, actor: Actor, form: One) -> Details:
    """Everything about one PBX. NotFound for a stranger's."""
    found = session.execute(query_of(actor).where(col(Pbx.id) == form.id)).first()
    if found is None:
        raise NotFound(t("This cloud PBX"))
    pbx = session.get_one(Pbx, form.id)
    pool = session.get_one(Pool, pbx.pool_id)
    recipients = recipients_of(session, pbx.key)
    return Details(
        row=row_of(found),
        min_extensions=pool.min_extensions_per_pbx,
        offers_high_availability=pool.high_availability,
        gauges=capacity.gauges(session, pool),
        held=capacity.charged(pbx),
        recipients=recipients,
        binds=pool.parent_id is None,
        customer=customer_of(session, pbx),
        history=history(session, pbx.key),
        past=usage.past(session, pbx.key),
        reported_at=usage.last_heard(pbx),
        created_at=pbx.created_at,
        health=engine_orders.health(session),
        back=_way_back(session, pbx),
        mark=mark_of(pbx, [one.id for one in recipients]),
    )


def _way_back(session: Session, pbx: Pbx) -> engine_troubles.Runs | None:
    if not pbx.trouble or engine_orders.unanswered(session, pbx.key):
        return None
    return engine_troubles.runs(session, pbx)


def history(session: Session, pbx_id: int) -> list[Said]:
    """What was ordered and what the engine said, newest first."""
    orders = session.exec(
        select(EngineCommand).where(col(EngineCommand.pbx_id) == pbx_id).order_by(col(EngineCommand.id).desc())
        .limit(HISTORY)
    ).all()  # fmt: skip
    reports = session.exec(
        select(EngineReport).where(col(EngineReport.pbx_id) == pbx_id).order_by(col(EngineReport.id).desc())
        .limit(HISTORY)
    ).all()  # fmt: skip
    kinds = {one.key: one.kind for one in orders}
    lines = [
        (one.created_at, 0, one.key, Said(one.created_at, one.ordered_by, one.kind, one.outcome, None, False,
                                          one.error, one.tries))
        for one in orders
    ] + [
        (one.received_at, 1, one.key,
         Said(one.received_at, "", kinds.get(one.command_id or 0), Outcome(one.outcome) if one.outcome else None,
              one.state, one.activated, one.words, 0))
        for one in reports
    ]  # fmt: skip
    return [line[3] for line in sorted(lines, key=lambda line: line[:3], reverse=True)][:HISTORY]


@action(ADD, writes=False)
def places(session: Session, actor: Actor) -> list[Place]:
    """The packages the actor can create a PBX in: its own first, then those of its resellers by name."""
    own = capacity.pool_of(session, actor.organisation)
    rows = session.execute(
        sa.select(Pool, col(Organisation.name), col(Account.id))
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
        .join(Account, col(Account.organisation_id) == col(Organisation.id))
        .where(
            col(Pool.parent_id) == own.key,
            col(Account.kind) == Kind.RESELLER,
            col(Account.status) != Status.REMOVED,
        )
        .order_by(col(Organisation.name), col(Account.id))
    ).all()
    found = [(own, actor.organisation_name, 0), *((pool, name, account) for pool, name, account in rows)]
    return [
        Place(account, name, pool.min_extensions_per_pbx, pool.high_availability, capacity.gauges(session, pool))
        for pool, name, account in found
    ]


@action(CENTRAL, writes=False, alike=True)
def overview(session: Session, actor: Actor) -> Overview:
    """My Subscription of the actor's company."""
    own = capacity.pool_of(session, actor.organisation)
    living = col(Pbx.deleted_at).is_(None)
    counts = session.execute(
        sa.select(
            sa.func.count().filter(col(Pbx.pool_id) == own.key),
            sa.func.count().filter(col(Pbx.pool_id) != own.key),
        )
        .select_from(Pbx)
        .join(Pool, col(Pool.id) == col(Pbx.pool_id))
        .where(living, capacity.pools_below(own))
    ).one()
    resellers = session.execute(
        sa.select(sa.func.count())
        .select_from(Account)
        .join(Pool, col(Pool.organisation_id) == col(Account.organisation_id))
        .where(
            col(Pool.parent_id) == own.key, col(Account.kind) == Kind.RESELLER, col(Account.status) != Status.REMOVED
        )
    ).scalar_one()
    return Overview(
        capacity.gauges(session, own), own.high_availability, int(resellers), int(counts[0]), int(counts[1])
    )
