"""The product registry: units and subscriptions the vendor knows, which prove a Product ID. Looked through in the order
of product and identifier, which its index has; kept by hand here, by workbook in registry_imports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app.access import Actor, Policy, action, audit, visible_organisations
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Kind, Organisation
from yeastar_app.models.points import Registration
from yeastar_app.models.products import IdKind, Product, RegistryUnit, UnregisteredUnit
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import identifiers, seen
from yeastar_app.services.audit_log import Change, changes_of
from yeastar_app.services.fields import LongLine, OptionalDay, RowId
from yeastar_app.services.ledger_checks import EXAMPLES
from yeastar_app.services.paging import PAGE, PageForm, Search, Slice
from yeastar_app.services.point_rules import Tick
from yeastar_app.services.seen import Mark
from yeastar_app.statements import among
from yeastar_app.words import minute, t

VIEW = Policy(Surface.STAFF)
CHANGE = Policy(Surface.STAFF, kinds=frozenset({Kind.ADMINISTRATOR}))
STATES = {"open": t("Not registered"), "registered": t("Registered"), "ineligible": t("Not eligible")}
_NOT_ELIGIBLE = sa.text("NOT registry_unit.eligible")
"""In the very words of the partial index over these few units: SQLite would not recognise it otherwise."""
_LAST = "\uffff"
"""Sorts behind everything an identifier may hold."""


def _within_reason(day: date | None) -> date | None:
    if day and not 2000 <= day.year <= 2100:
        raise ValueError(t("Enter a day between 2000 and 2100."))
    return day


UnitDay = Annotated[OptionalDay, AfterValidator(_within_reason)]


class UnitsFilter(PageForm):
    """The list's address: a product's code, what the identifier begins with, one of STATES."""

    product: Search = ""
    search: Search = ""
    state: Search = ""


class OneUnit(BaseModel):
    unit: RowId


class UnitForm(BaseModel):
    """A unit or subscription by hand. Days are inclusive."""

    product: RowId
    identifier: LongLine
    subscribed_from: UnitDay = None
    subscribed_until: UnitDay = None
    eligible: Tick = False


class UnitChange(UnitForm):
    unit: RowId
    seen: Mark = ""


@dataclass(frozen=True)
class Unit:
    """A row: `registered` is when, None where nobody did; `partner` is empty where the actor may not know whose."""

    id: int
    product_id: int
    product: str
    needs_subscription: bool
    identifier: str
    since: date | None
    until: date | None
    eligible: bool
    registered: datetime | None
    reversed: bool
    partner: str
    seen: str


@dataclass(frozen=True)
class Units:
    rows: list[Unit]
    newer: int
    older: int


@dataclass(frozen=True)
class Event:
    """What happened to a unit, in words."""

    at: str
    who: str
    what: str
    changes: list[Change]


@dataclass(frozen=True)
class Choice:
    id: int
    code: str
    name: str


@action(VIEW, form=UnitsFilter, writes=False)
def listed(session: Session, actor: Actor, form: UnitsFilter) -> Units:
    """Units in the order of product and identifier."""
    found = _page(session, form)
    known = _companies(session, actor, found.rows)
    return Units([_unit(row, known) for row in found.rows], found.newer, found.older)


@action(VIEW, writes=False)
def products(session: Session, actor: Actor) -> list[Choice]:
    """The products one can filter by or add a unit of."""
    found = session.exec(select(Product).order_by(col(Product.position), col(Product.id)))
    return [Choice(one.key, one.code, one.name) for one in found]


@action(VIEW, form=OneUnit, writes=False)
def events(session: Session, actor: Actor, form: OneUnit) -> list[Event]:
    """What happened to a unit, the newest first: changes by hand or workbook, its registration and its reversal."""
    unit = _one(session, form.unit)
    return [event for _, event in sorted([*_registered(session, actor, unit), *_changed(session, unit)],
                                         key=lambda one: one[0], reverse=True)]  # fmt: skip


@action(CHANGE, form=UnitForm)
def add(session: Session, actor: Actor, form: UnitForm) -> str:
    """Add a unit; gives what it is called. Refusals: `incorrect_id`, `known_already`, `wrong_days`."""
    product = _product(session, form.product)
    unit = RegistryUnit(product_id=product.key, identifier="")
    _fill(session, product, unit, form)
    audit(session, actor, "registry.add", unit, label=f"{product.name} {unit.identifier}", after=facts(unit))
    return f"{product.name} {unit.identifier}"


@action(CHANGE, form=UnitChange)
def change(session: Session, actor: Actor, form: UnitChange) -> str:
    """Change a unit; gives what it is called. Refusals: `registered` (product and identifier of a unit that somebody
    registered), `changed_meanwhile`, and those of `add`."""
    unit = _one(session, form.unit, lock=True)
    seen.compare(form.seen, _mark(unit), t("this unit"))
    product = _product(session, form.product)
    if _registration(session, unit):
        identifier = _normalised(product, form.identifier)
        if (product.key, identifier) != (unit.product_id, unit.identifier):
            words = t("Fixed: this unit is registered. Add another unit instead.")
            raise Refusal("registered", words, "identifier")
    before = facts(unit)
    _fill(session, product, unit, form)
    audit(session, actor, "registry.change", unit, label=f"{product.name} {unit.identifier}", before=before,
          after=facts(unit))  # fmt: skip
    return f"{product.name} {unit.identifier}"


def facts(unit: RegistryUnit) -> dict[str, Any]:
    """A unit as the audit log keeps it."""
    return {
        "identifier": unit.identifier,
        "from": str(unit.subscribed_from or ""),
        "until": str(unit.subscribed_until or ""),
        "eligible": unit.eligible,
    }


def _fill(session: Session, product: Product, unit: RegistryUnit, form: UnitForm) -> None:
    if form.subscribed_until and not form.subscribed_from:
        raise Refusal("wrong_days", t("Fill this in where there is an end."), "subscribed_from")
    if form.subscribed_until and form.subscribed_from and form.subscribed_until < form.subscribed_from:
        raise Refusal("wrong_days", t("This day lies before the first."), "subscribed_until")
    identifier = _normalised(product, form.identifier)
    try:
        with session.begin_nested():
            unit.product_id, unit.identifier, unit.eligible = product.key, identifier, form.eligible
            unit.subscribed_from, unit.subscribed_until = form.subscribed_from, form.subscribed_until
            session.add(unit)
    except IntegrityError:
        words = t("The registry knows this {product} already.", product=product.name)
        raise Refusal("known_already", words, "identifier") from None


def _normalised(product: Product, typed: str) -> str:
    try:
        return identifiers.normalise(product.id_kind, typed)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, "identifier") from None


# Reading


def _page(session: Session, form: UnitsFilter) -> Slice:
    """One page, gathered product by product: within a product the index on product and identifier finds what an
    identifier begins with, and where a page goes on, whatever the size of the registry."""
    products = session.exec(select(Product).order_by(col(Product.id))).all()
    if form.product:
        products = [one for one in products if one.code == form.product]
    if form.after and (place := _place(session, form.after)):
        found = _gather(session, products, form, place, up=True)
        if found:
            return Slice(found[:PAGE][::-1], found[PAGE - 1].id if len(found) > PAGE else 0, found[0].id)
    place = _place(session, form.before) if form.before else None
    found = _gather(session, products, form, place, up=False)
    rows = found[:PAGE]
    return Slice(rows, rows[0].id if place and rows else 0, rows[-1].id if len(found) > PAGE else 0)


def _place(session: Session, key: int) -> tuple[int, str] | None:
    unit = session.get(RegistryUnit, key)
    return (unit.product_id, unit.identifier) if unit else None


def _gather(
    session: Session, products: Sequence[Product], form: UnitsFilter, place: tuple[int, str] | None, *, up: bool
) -> list[Any]:
    """The next rows down the list, or back up, at most one more than a page."""
    rows: list[Any] = []
    identifier = col(RegistryUnit.identifier)
    for product in reversed(products) if up else products:
        if place and (product.key > place[0] if up else product.key < place[0]):
            continue
        query, most = _query(product, form), PAGE + 1 - len(rows)
        beyond = place[1] if place and product.key == place[0] else None
        if form.state in ("open", "registered"):
            query = query.where(among(session, identifier, _next(session, product, form, beyond, most, up=up)))
        elif beyond is not None:
            query = query.where(identifier < beyond if up else identifier > beyond)
        rows += session.execute(query.order_by(identifier.desc() if up else identifier.asc()).limit(most)).all()
        if len(rows) > PAGE:
            break
    return rows


def _next(
    session: Session, product: Product, form: UnitsFilter, beyond: str | None, most: int, *, up: bool
) -> list[str]:
    """The next identifiers of a product's units that somebody registered, or that nobody did and somebody could: read
    from where these alone stand in order, however many of the others lie between them."""
    table = Registration if form.state == "registered" else UnregisteredUnit
    product_id, identifier = col(table.product_id), col(table.identifier)
    unit = sa.exists().where(col(RegistryUnit.product_id) == product_id, col(RegistryUnit.identifier) == identifier)
    wanted = unit if form.state == "registered" else unit.where(col(RegistryUnit.eligible))
    query = sa.select(identifier).where(product_id == product.key, wanted)
    if form.search:
        query = query.where(_begins(product, form, identifier))
    if beyond is not None:
        query = query.where(identifier < beyond if up else identifier > beyond)
    return list(session.execute(query.order_by(identifier.desc() if up else identifier.asc()).limit(most)).scalars())


def _begins(product: Product, form: UnitsFilter, identifier: Any) -> Any:
    lower = product.id_kind is IdKind.YEASTAR_ID
    begins = form.search.lower() if lower else form.search.upper()
    return identifier.between(begins, begins + _LAST)


def _query(product: Product, form: UnitsFilter) -> Any:
    query: Any = (
        sa.select(
            col(RegistryUnit.id),
            RegistryUnit,
            sa.literal(product.name).label("product"),
            sa.literal(product.needs_subscription).label("needs_subscription"),
            col(Registration.organisation_id),
            col(Registration.at),
            col(Registration.reversed_at),
        )
        .outerjoin(Registration, _same_unit())
        .where(col(RegistryUnit.product_id) == product.key)
    )
    if form.search:
        query = query.where(_begins(product, form, col(RegistryUnit.identifier)))
    if form.state == "ineligible":
        query = query.where(_NOT_ELIGIBLE)
    return query


def _same_unit() -> Any:
    return sa.and_(
        col(Registration.product_id) == col(RegistryUnit.product_id),
        col(Registration.identifier) == col(RegistryUnit.identifier),
    )


def _companies(session: Session, actor: Actor, rows: Sequence[Any]) -> dict[int, str]:
    """Names of the companies that registered these units, as far as the actor looks after them."""
    wanted = {row.organisation_id for row in rows if row.organisation_id}
    query = sa.select(col(Organisation.id), col(Organisation.name)).where(
        col(Organisation.id).in_(wanted), visible_organisations(actor)
    )
    return {row[0]: row[1] for row in session.execute(query)} if wanted else {}


def _unit(row: Any, companies: dict[int, str]) -> Unit:
    unit: RegistryUnit = row.RegistryUnit
    return Unit(
        unit.key, unit.product_id, row.product, row.needs_subscription, unit.identifier, unit.subscribed_from,
        unit.subscribed_until, unit.eligible, row.at, row.reversed_at is not None,
        companies.get(row.organisation_id, ""), _mark(unit),
    )  # fmt: skip


def _mark(unit: RegistryUnit) -> str:
    return seen.mark(unit.product_id, facts(unit))


def _one(session: Session, key: int, lock: bool = False) -> RegistryUnit:
    query = select(RegistryUnit).where(col(RegistryUnit.id) == key)
    unit = session.exec(query.with_for_update() if lock else query).first()
    if unit is None:
        raise NotFound(t("This unit"))
    return unit


def _product(session: Session, key: int) -> Product:
    product = session.get(Product, key)
    if product is None:
        raise Refusal("unknown_product", t("Choose one of the listed products."), "product")
    return product


def _registration(session: Session, unit: RegistryUnit) -> Registration | None:
    return session.exec(
        select(Registration).where(
            col(Registration.product_id) == unit.product_id, col(Registration.identifier) == unit.identifier
        )
    ).first()


def _registered(session: Session, actor: Actor, unit: RegistryUnit) -> list[tuple[datetime, Event]]:
    row = _registration(session, unit)
    if row is None:
        return []
    visible = sa.select(col(Organisation.name)).where(
        col(Organisation.id) == row.organisation_id, visible_organisations(actor)
    )
    company = session.execute(visible).scalar()
    who = session.get_one(Account, row.account_id).email if company else ""
    said = t("Registered by {company}, {n} points", company=company or t("another partner"), n=f"{row.points:,}")
    happened = [(row.at, Event(minute(row.at), who, said, []))]
    if row.reversed_at:
        by = session.get(Account, row.reversed_by_id) if row.reversed_by_id else None
        words = t("Reversed: {reason}", reason=row.reversal_reason) if company else t("Reversed")
        happened.append((row.reversed_at, Event(minute(row.reversed_at), by.email if by else "", words, [])))
    return happened


def _changed(session: Session, unit: RegistryUnit) -> list[tuple[datetime, Event]]:
    found = session.exec(
        select(AuditRow).where(AuditRow.subject == f"registry_unit:{unit.id}").order_by(col(AuditRow.id).desc())
        .limit(50)
    ).all()  # fmt: skip
    words = {"registry.add": t("Added by hand"), "registry.change": t("Changed")}
    return [
        (row.at, Event(minute(row.at), row.who, words.get(row.action, row.action), changes_of(row.before, row.after)))
        for row in found
    ]


def unregistered(session: Session) -> list[str]:
    """For `yeastar check`: what is kept of the units that nobody registered is what there is."""
    unit, kept = RegistryUnit, UnregisteredUnit
    same = sa.and_(col(kept.product_id) == col(unit.product_id), col(kept.identifier) == col(unit.identifier))
    missing = (
        sa.select(col(unit.identifier))
        .outerjoin(Registration, _same_unit())
        .outerjoin(kept, same)
        .where(col(Registration.id).is_(None), col(kept.identifier).is_(None))
        .limit(EXAMPLES + 1)
    )
    taken = sa.exists().where(
        col(Registration.product_id) == col(kept.product_id), col(Registration.identifier) == col(kept.identifier)
    )
    there = sa.exists().where(same)
    wrong = sa.select(col(kept.identifier)).where(taken | ~there).limit(EXAMPLES + 1)
    return [
        f"unit {name}: nobody registered it, and it is not kept as such" for (name,) in session.execute(missing)
    ] + [f"unit {name}: kept as not registered, and it is not so" for (name,) in session.execute(wrong)]
