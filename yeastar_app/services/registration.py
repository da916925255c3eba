"""Registering products for points (Seed 000). One pure judgement, `judge`, serves the single form, the check of a
workbook and its registration; the database's unique constraint decides who was first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock, words
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.database import among
from yeastar_app.features import Feature, Surface
from yeastar_app.models.points import Programme, Registration
from yeastar_app.models.products import IdKind, PointRule, Product, RegistryUnit
from yeastar_app.refusals import Refusal
from yeastar_app.services import identifiers, points, tiers
from yeastar_app.services.fields import Day, Line, LongLine
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


@dataclass(frozen=True)
class Claim:
    """A well-formed wish to register one product."""

    key: Key
    product: Item
    form: RegistrationForm

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
    """What is known about these identifiers: a pair of queries for every product."""
    units: dict[Key, Unit] = {}
    registered: set[Key] = set()
    asked: dict[int, list[str]] = {}
    for product_id, identifier in keys:
        asked.setdefault(product_id, []).append(identifier)
    connection = session.connection()
    for product_id, some in asked.items():
        of_registry = sa.select(
            col(RegistryUnit.identifier), col(RegistryUnit.subscribed_from), col(RegistryUnit.eligible)
        ).where(col(RegistryUnit.product_id) == product_id, among(session, col(RegistryUnit.identifier), some))
        for identifier, subscribed_from, eligible in connection.execute(of_registry).all():
            units[product_id, identifier] = Unit(subscribed_from, eligible)
        taken = sa.select(col(Registration.identifier)).where(
            col(Registration.product_id) == product_id, among(session, col(Registration.identifier), some)
        )
        registered.update((product_id, identifier) for identifier in connection.execute(taken).scalars().all())
    return Known(units, registered)


def by_name(products: Iterable[Item]) -> dict[str, Item]:
    """Products by what a form may call them: code or name, whatever its case."""
    return {word: product for product in products for word in (product.code, product.name.lower())}


def identify(form: RegistrationForm, products: dict[str, Item]) -> Claim:
    """The product and the normalised identifier a form speaks of. Refusal `unknown_product` or `incorrect_id`."""
    product = products.get(form.product.lower())
    if product is None:
        raise Refusal("unknown_product", t("Choose one of the listed products."), "product")
    return Claim((product.id, identifiers.normalise(product.id_kind, form.product_id)), product, form)


def judge(claim: Claim, rules: Catalogue, known: Known) -> int:
    """The points a claim earns; a Refusal says why it earns none. Pure: asks nobody, changes nothing."""
    day = claim.form.purchase_date
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
    said = RegistrationForm.model_construct(
        product=form.product.strip(),
        product_id=form.product_id,
        purchase_date=day or rules.today,
        purchase_from="",
        end_user_name="",
        end_user_company="",
    )
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
    claim = identify(form, by_name(rules.products))
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
