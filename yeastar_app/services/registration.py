"""Registering products for points (Seed 000). One pure judgement, `judge`, serves the single form, the check of a
workbook and its registration; the database's unique constraint decides who was first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock, words
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.points import Programme, Registration
from yeastar_app.models.products import IdKind, PointRule, Product, RegistryUnit
from yeastar_app.refusals import Refusal
from yeastar_app.services import identifiers, points, tiers
from yeastar_app.services.fields import Day, Line, LongLine
from yeastar_app.statements import list_of
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER, Feature.PROGRAMME)
Key = tuple[int, str]
"""A product's id and a normalised identifier."""


class RegistrationForm(BaseModel):
    """What is asked of a registration, on the form and in each row of a workbook; all of it is required."""

    product: Line
    product_id: LongLine
    purchase_date: Day
    purchase_from: Line
    end_user_name: Line
    end_user_company: Line


class Said(NamedTuple):
    """What a RegistrationForm says, as a plain value: thousands of forms would take their time."""

    product: str
    product_id: str
    purchase_date: date
    purchase_from: str
    end_user_name: str
    end_user_company: str


class PreviewForm(BaseModel):
    """What has been typed of a registration so far; anything may be missing or wrong."""

    product: str = Field(default="", max_length=100)
    product_id: str = Field(default="", max_length=300)
    purchase_date: str = Field(default="", max_length=40)


@dataclass(frozen=True)
class Preview:
    """What is known of a product before it is registered. `tone`: good, bad, or "" while it cannot be said yet."""

    tone: str
    words: str


class Unit(NamedTuple):
    """What the registry says about one identifier."""

    subscribed_from: date | None
    eligible: bool


@dataclass(frozen=True)
class Item:
    """A product of the catalogue, as a plain value."""

    id: int
    code: str
    name: str
    id_kind: IdKind
    needs_subscription: bool
    position: int


@dataclass(frozen=True)
class Catalogue:
    """The rules of this moment: the products, what they earn, which days are open."""

    products: tuple[Item, ...]
    rules: dict[int, list[tuple[date, date, int]]]
    """By product: first day, last day, points; the newest rule first."""
    today: date
    earliest: date
    window_days: int

    def points_on(self, product: Item, day: date) -> int | None:
        """Points for a unit bought on a day; None: not eligible."""
        for first, last, points_each in self.rules.get(product.id, ()):
            if first <= day <= last:
                return points_each
        return None


@dataclass(frozen=True)
class Known:
    """What the database knows about the identifiers that are asked about."""

    units: dict[Key, Unit] = field(default_factory=dict)
    registered: set[Key] = field(default_factory=set)


class Claim(NamedTuple):
    """A well-formed wish to register one product."""

    key: Key
    product: Item
    said: Said

    @property
    def identifier(self) -> str:
        return self.key[1]


@dataclass(frozen=True)
class Earned:
    """One product's line in the result window."""

    product: str
    count: int
    points: int


@dataclass(frozen=True)
class Registered:
    """What came of a registration: points by product, their total, the new balance, the tier reached if any."""

    lines: list[Earned]
    total: int
    balance: int
    tier: str


def catalogue(session: Session, figures: Programme) -> Catalogue:
    """Read the rules of this moment."""
    products = tuple(
        Item(row.key, row.code, row.name, row.id_kind, row.needs_subscription, row.position)
        for row in session.exec(select(Product).order_by(col(Product.position)))
    )
    rules: dict[int, list[tuple[date, date, int]]] = {}
    for rule in session.exec(select(PointRule).order_by(col(PointRule.id).desc())):
        days = (rule.valid_from or date.min, rule.valid_until or date.max)
        rules.setdefault(rule.product_id, []).append((*days, rule.points))
    today = clock.now().date()
    window = figures.registration_window_days
    return Catalogue(products, rules, today, today - timedelta(days=window), window)


def look_up(session: Session, keys: Iterable[Key]) -> Known:
    """What is known about these identifiers: a query for every product, answered by what is not an ordinary unit that
    nobody registered."""
    keys = list(keys)
    units, registered = dict.fromkeys(keys, _ORDINARY), set[Key]()
    for product_id in {key[0] for key in keys}:
        some = [identifier for of, identifier in keys if of == product_id]
        for identifier, known, taken, *unit in session.connection().execute(_remarkable(session, product_id, some)):
            key = product_id, identifier
            if known is None:
                units.pop(key, None)
            else:
                units[key] = Unit(*unit)
            if taken is not None:
                registered.add(key)
    return Known(units, registered)


_ORDINARY = Unit(None, True)


def _remarkable(session: Session, product_id: int, identifiers: list[str]) -> Any:
    """Those of the identifiers whose unit is not `_ORDINARY`, is not there at all, or is registered."""
    given = list_of(session, identifiers)
    unit, taken = col(RegistryUnit.id), col(Registration.id)
    from_day, eligible = col(RegistryUnit.subscribed_from), col(RegistryUnit.eligible)
    named = given.c.value
    units = sa.and_(col(RegistryUnit.product_id) == product_id, col(RegistryUnit.identifier) == named)
    registrations = sa.and_(col(Registration.product_id) == product_id, col(Registration.identifier) == named)
    return (
        sa.select(named, unit, taken, from_day, eligible)
        .select_from(given.outerjoin(RegistryUnit, units).outerjoin(Registration, registrations))
        .where(sa.or_(unit.is_(None), from_day.is_not(None), ~eligible, taken.is_not(None)))
    )


def by_name(products: Iterable[Item]) -> dict[str, Item]:
    """Products by what a form may call them: code or name, whatever its case."""
    return {word: product for product in products for word in (product.code, product.name.lower())}


def identify(said: Said, products: dict[str, Item]) -> Claim:
    """The product and the normalised identifier a form speaks of. Refusal `unknown_product` or `incorrect_id`."""
    product = products.get(said.product.lower())
    if product is None:
        raise Refusal("unknown_product", t("Choose one of the listed products."), "product")
    return Claim((product.id, identifiers.normalise(product.id_kind, said.product_id)), product, said)


def judge(claim: Claim, rules: Catalogue, known: Known) -> int:
    """The points a claim earns; a Refusal says why it earns none. Pure: asks nobody, changes nothing."""
    day = claim.said.purchase_date
    if day > rules.today:
        raise Refusal(
            "date_in_future",
            t("This date lies in the future. Enter the day the product was bought."),
            "purchase_date",
        )
    if day < rules.earliest:
        raise Refusal(
            "outside_window",
            t("Products can be registered within {n} days of purchase, so from {day} on.",
              n=rules.window_days, day=words.day(rules.earliest)),
            "purchase_date",
        )  # fmt: skip
    if claim.key in known.registered:
        raise already_registered()
    unit = known.units.get(claim.key)
    if unit is None:
        label = identifiers.LABELS[claim.product.id_kind]
        raise Refusal(
            "incorrect_id",
            t("No {product} has this {label}. Check it for typing errors, and that the product is the right one.",
              product=claim.product.name, label=label),
            "product_id",
        )  # fmt: skip
    earned = rules.points_on(claim.product, day)
    if earned is None:
        raise Refusal(
            "not_eligible",
            t("{product} bought on this day earns no points. The table at the bottom of the page lists what does.",
              product=claim.product.name),
            "product",
        )  # fmt: skip
    if not unit.eligible:
        raise Refusal(
            "not_eligible",
            t("This unit earns no points: it is a demonstration or not-for-resale unit."),
            "product_id",
        )
    if claim.product.needs_subscription and (unit.subscribed_from is None or unit.subscribed_from > rules.today):
        raise Refusal(
            "no_subscription",
            t("Nothing is subscribed for this {label} yet. Subscribe to a plan or service first, then register it.",
              label=identifiers.LABELS[claim.product.id_kind]),
            "product_id",
        )  # fmt: skip
    return earned


@action(POLICY, form=PreviewForm, writes=False)
def preview(session: Session, actor: Actor, form: PreviewForm) -> Preview:
    """What registering would bring, as far as it can be said: the judgement of `register` on what has been typed. Says
    whether a product is free, never who has it."""
    rules = catalogue(session, tiers.programme(session))
    day = _day_typed(form.purchase_date)
    said = Said(form.product.strip(), form.product_id, day or rules.today, "", "", "")
    if not said.product or not form.product_id.strip():
        return Preview("", "")
    try:
        claim = identify(said, by_name(rules.products))
    except Refusal as refusal:
        return Preview("", refusal.message)  # not complete yet, perhaps
    try:
        earned = judge(claim, rules, look_up(session, [claim.key]))
    except Refusal as refusal:
        if day is None and "product" in refusal.fields:
            return Preview("", t("Known and free. What it brings depends on the purchase date."))
        if "purchase_date" in refusal.fields:
            return Preview("", t("The purchase date decides what it brings: see there."))
        return Preview("bad", refusal.message)
    brings = words.plural(earned, "point", "points")
    if day is None:
        return Preview("good", t("Free. Bought today it brings {points}: the purchase date decides.", points=brings))
    return Preview("good", t("Free. It brings {points}.", points=brings))


def _day_typed(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def already_registered() -> Refusal:
    return Refusal(
        "already_registered",
        t("This product has been registered already. Each product earns points once, whoever registers it."),
        "product_id",
    )


@action(POLICY, form=RegistrationForm)
def register(session: Session, actor: Actor, form: RegistrationForm) -> Registered:
    """Register one product and book its points. Refusals: see `judge`."""
    account = points.lock(session, actor.organisation)
    figures = tiers.programme(session)
    rules = catalogue(session, figures)
    claim = identify(Said(**form.model_dump()), by_name(rules.products))
    earned = judge(claim, rules, look_up(session, [claim.key]))
    row = Registration(
        organisation_id=actor.organisation,
        account_id=actor.id,
        product_id=claim.product.id,
        identifier=claim.identifier,
        points=earned,
        at=clock.now(),
        **form.model_dump(include={"purchase_date", "purchase_from", "end_user_name", "end_user_company"}),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise already_registered() from None
    points.earn(session, account, row, reason_for(claim.product.name, claim.identifier), figures)
    reached = tiers.lift(session, account, figures)
    audit(
        session,
        actor,
        "registration.register",
        row,
        label=f"{claim.product.name} {claim.identifier}",
        after={"points": earned, "balance": account.balance},
    )
    return Registered([Earned(claim.product.name, 1, earned)], earned, account.balance, reached.name if reached else "")


def reason_for(product: str, identifier: str) -> str:
    """Why points were earned, in the ledger's words."""
    return t("Registered {product} {id}", product=product, id=identifier)[:200]


def by_product(claims: Iterable[tuple[Claim, int]]) -> list[Earned]:
    """The lines of the result window, in the order of the catalogue."""
    products: dict[int, Item] = {}
    counts: Counter[int] = Counter()
    sums: Counter[int] = Counter()
    for claim, earned in claims:
        products[claim.product.id] = claim.product
        counts[claim.product.id] += 1
        sums[claim.product.id] += earned
    ordered = sorted(products.values(), key=lambda product: product.position)
    return [Earned(product.name, counts[product.id], sums[product.id]) for product in ordered]
