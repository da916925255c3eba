"""Cloud PBXs inside a package (Seed 002, PRODUCT 5.2): creating, listing, deleting. Running them is not in here."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit, visible_organisations
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.capacity import (
    FREE_RECORDING_MINUTES,
    MAX_EXTENSIONS_PER_PBX,
    Pbx,
    PbxPlan,
    Pool,
    RunState,
)
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import capacity, people
from yeastar_app.services.capacity import Gauge
from yeastar_app.services.fields import text, whole_number
from yeastar_app.services.paging import Search
from yeastar_app.words import t

CENTRAL = Policy(Surface.CENTRAL)
VIEW = Policy(Surface.CENTRAL, Feature.PBX_VIEW)
ADD = Policy(Surface.CENTRAL, Feature.PBX_ADD)
DELETE = Policy(Surface.CENTRAL, Feature.PBX_DELETE)
LARGEST = 1_000_000_000
PAGE_ROWS = 50


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


class PbxForm(BaseModel):
    name: text(60)  # type: ignore[valid-type]
    plan: PbxPlan
    owner: Annotated[whole_number(1, LARGEST) | None, BeforeValidator(_empty_is_none)] = None  # type: ignore[valid-type]
    """"PBX Owner": a reseller's account id; empty: the actor's own company."""
    extensions: whole_number(1, MAX_EXTENSIONS_PER_PBX)  # type: ignore[valid-type]
    calls: whole_number(1, LARGEST)  # type: ignore[valid-type]
    recording: bool = False
    minutes: Annotated[whole_number(0, LARGEST) | None, BeforeValidator(_empty_is_none)] = None  # type: ignore[valid-type]
    """Recording minutes, the free 500 included. Ignored where recording is off."""
    high_availability: bool = False
    expires_on: Annotated[date | None, BeforeValidator(_empty_is_none)] = None


class One(BaseModel):
    id: whole_number(1, LARGEST)  # type: ignore[valid-type]


class Filter(BaseModel):
    name: Search = ""
    owner: Search = ""
    page: whole_number(1, 100_000) = 1  # type: ignore[valid-type]


@dataclass(frozen=True)
class Row:
    id: int
    name: str
    owner: str
    plan: PbxPlan
    extensions: int
    calls: int
    recording: bool
    minutes: int
    high_availability: bool
    run_state: RunState
    activated: bool
    expires_on: date | None


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    count: int
    page: int
    pages: int


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


@action(ADD, form=PbxForm)
def create(session: Session, actor: Actor, form: PbxForm) -> int:
    """Create a cloud PBX and deduct it from its owner's package. Of the recording minutes only those above the free
    500 are deducted. Returns its id."""
    (pool,) = capacity.lock(session, _pool_for(session, actor, form.owner).key)
    row = Pbx(
        pool_id=pool.key,
        name=form.name,
        plan=form.plan,
        extensions=form.extensions,
        calls=form.calls,
        recording=form.recording,
        minutes=_minutes(form),
        high_availability=form.high_availability,
        expires_on=form.expires_on,
        created_by_id=actor.id,
        created_at=clock.now(),
    )
    if form.extensions < pool.min_extensions_per_pbx:
        words = t("At least {n} for each PBX in this package.", n=pool.min_extensions_per_pbx)
        raise Refusal("below_minimum", words, "extensions")
    if form.high_availability and not pool.high_availability:
        words = t("High availability is not part of this package.")
        raise Refusal("no_high_availability", words, "high_availability")
    if form.expires_on and form.expires_on < clock.now().date():
        raise Refusal("expiry_passed", t("This day has passed. Choose today or a later day."), "expires_on")
    capacity.take(session, pool.key, capacity.charged(row))
    session.add(row)
    audit(session, actor, "pbx.create", row, label=form.name, after=_snapshot(session, row))
    return row.key


def _minutes(form: PbxForm) -> int:
    if not form.recording:
        return 0
    minutes: int = FREE_RECORDING_MINUTES if form.minutes is None else form.minutes
    if minutes < FREE_RECORDING_MINUTES:
        words = t("At least {n}: the first {n} minutes are free.", n=FREE_RECORDING_MINUTES)
        raise Refusal("below_free_minutes", words, "minutes")
    return minutes


def _snapshot(session: Session, row: Pbx) -> dict[str, Any]:
    company = session.get_one(Organisation, session.get_one(Pool, row.pool_id).organisation_id)
    return {
        "name": row.name,
        "owner": company.name,
        "plan": row.plan.value,
        "extensions": row.extensions,
        "calls": row.calls,
        "minutes": row.minutes,
        "charged_minutes": row.charged_minutes,
        "high_availability": row.high_availability,
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
    }


@action(DELETE, form=One)
def delete(session: Session, actor: Actor, form: One) -> str:
    """Delete a PBX; its capacity returns to the package it came from. Returns its name."""
    row: Pbx | None = session.execute(
        _visible(actor).where(col(Pbx.id) == form.id).with_only_columns(Pbx)
    ).scalar_one_or_none()
    gone: Any = session.execute(
        sa.update(Pbx)
        .where(col(Pbx.id) == form.id, col(Pbx.deleted_at).is_(None), sa.literal(row is not None))
        .values(deleted_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if row is None or not gone.rowcount:
        raise NotFound(t("This cloud PBX"))
    capacity.give(session, row.pool_id, capacity.charged(row))
    audit(session, actor, "pbx.delete", row, label=row.name, before=_snapshot(session, row))
    return row.name


def _visible(actor: Actor) -> Any:
    """PBXs in the actor's own package and those taken from it. A partner below may hold a package of its own: that is
    none of the actor's."""
    own = sa.select(col(Pool.id)).where(col(Pool.organisation_id) == actor.organisation).scalar_subquery()
    return (
        sa.select(Pbx, col(Organisation.name).label("owner"))
        .join(Pool, col(Pool.id) == col(Pbx.pool_id))
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
        .where(
            visible_organisations(actor),
            sa.or_(col(Pool.id) == own, col(Pool.parent_id) == own),
            col(Pbx.deleted_at).is_(None),
        )
    )


@action(VIEW, form=Filter, writes=False)
def search(session: Session, actor: Actor, form: Filter) -> Found:
    """One page of the PBXs in the actor's subtree, newest first."""
    query = _visible(actor)
    if form.name.strip():
        query = query.where(col(Pbx.name).icontains(form.name.strip(), autoescape=True))
    if form.owner.strip():
        query = query.where(col(Organisation.name).icontains(form.owner.strip(), autoescape=True))
    count = int(session.execute(query.with_only_columns(sa.func.count())).scalar_one())
    pages = max(1, -(-count // PAGE_ROWS))
    page = min(form.page, pages)
    found = session.execute(query.order_by(col(Pbx.id).desc()).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)).all()
    return Found([_row(pbx, owner) for pbx, owner in found], count, page, pages)


def _row(pbx: Pbx, owner: str) -> Row:
    return Row(
        id=pbx.key,
        name=pbx.name,
        owner=owner,
        plan=pbx.plan,
        extensions=pbx.extensions,
        calls=pbx.calls,
        recording=pbx.recording,
        minutes=pbx.minutes,
        high_availability=pbx.high_availability,
        run_state=pbx.run_state,
        activated=pbx.activated,
        expires_on=pbx.expires_on,
    )


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


@action(CENTRAL, writes=False)
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
