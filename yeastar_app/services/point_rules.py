"""Products and what they earn, kept by administrators. The rules of a product never overlap: a new one takes its days
from those that held there. Days on which something registered was bought are fixed: their rule is never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints
from sqlmodel import Session, col, select

from yeastar_app import clock, words
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import Registration
from yeastar_app.models.products import Holding, IdKind, PointRule, Product, RegistryUnit
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import identifiers, registration, seen, tiers, workbooks
from yeastar_app.services.fields import Day, Line, OptionalDay, RowId, whole_number
from yeastar_app.services.paging import Search
from yeastar_app.words import t

POLICY = Policy(Surface.STAFF, kinds=frozenset({Kind.ADMINISTRATOR}))
MOST_POINTS = 100_000
"""A workbook of 10,000 rows of these still fits the columns of the ledger."""


def _within_reason(day: date | None) -> date | None:
    if day and not 2000 <= day.year <= 2100:
        raise ValueError(t("Enter a day between 2000 and 2100."))
    return day


RuleDay = Annotated[OptionalDay, AfterValidator(_within_reason)]


Points: Any = whole_number(1, MOST_POINTS)
Position: Any = whole_number(0, 10_000)


class Find(BaseModel):
    search: Search = ""


class Question(BaseModel):
    """What would a unit of a product bought on a day earn?"""

    product: RowId
    day: Day


class NewRule(BaseModel):
    """Points for what is bought between two days, both included; open where empty."""

    product: RowId
    points: Points
    valid_from: RuleDay = None
    valid_until: RuleDay = None
    seen: seen.Mark


class Correction(NewRule):
    rule: RowId


class OneRule(BaseModel):
    rule: RowId
    seen: seen.Mark


class Ending(OneRule):
    last_day: Annotated[Day, AfterValidator(_within_reason)]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _whether(value: Any) -> bool:
    """A checkbox as browsers send it: absent where it is not ticked."""
    return value is True or value in ("on", "true")


Tick = Annotated[bool, BeforeValidator(_whether)]


def _code(value: str) -> str:
    if not all(char.isascii() and (char.isalnum() or char == "-") for char in value):
        raise ValueError(t("Letters, digits and hyphens only."))
    return value


Code = Annotated[
    str, StringConstraints(min_length=2, max_length=40), BeforeValidator(_lower), AfterValidator(_code)
]  # fmt: skip


class ProductForm(BaseModel):
    code: Code
    name: Line
    id_kind: IdKind
    needs_subscription: Tick = False
    position: Position


class ProductChange(ProductForm):
    product: RowId
    seen: seen.Mark


class Piece(NamedTuple):
    """So many points from a day to a day, both included; `rule` is None where none is stored yet."""

    rule: int | None
    points: int
    first: date
    last: date


@dataclass(frozen=True)
class Span:
    """Days on which the same holds; `points` 0: nothing is earned. `when`: ended, now or later. `used`: something that
    was bought on these days is registered."""

    rule: int
    points: int
    first: date | None
    last: date | None
    when: str
    used: bool


@dataclass(frozen=True)
class ProductView:
    id: int
    code: str
    name: str
    id_kind: IdKind
    needs_subscription: bool
    position: int
    in_use: bool
    """Units, registrations or purchases name it: code and kind of ID are fixed."""
    spans: list[Span]
    seen: str


@action(POLICY, form=Find, writes=False)
def overview(session: Session, actor: Actor, form: Find) -> list[ProductView]:
    """The products whose name or code contains what is searched for, each with what holds on which days."""
    wanted = form.search.lower()
    return [
        view
        for view in _views(session)
        if not wanted or wanted in view.name.lower() or wanted in view.code
    ]  # fmt: skip


@action(POLICY, form=Question, writes=False)
def earning(session: Session, actor: Actor, form: Question) -> str:
    """What a faultless unit bought on a day would earn if it were registered now, by the judgement that a registration
    goes through; in words."""
    rules = registration.catalogue(session, tiers.programme(session))
    item = next((item for item in rules.products if item.id == form.product), None)
    if item is None:
        raise NotFound(t("This product"))
    said = registration.Said(item.name, "", form.day, "", "", "")
    claim = registration.Claim((item.id, ""), item, said)
    known = registration.Known({claim.key: registration.Unit(date.min, True)})
    try:
        return words.plural(registration.judge(claim, rules, known), "point", "points")
    except Refusal as refusal:
        return t("Nothing. {why}", why=refusal.message)


@action(POLICY, form=NewRule, writes=False)
def preview(session: Session, actor: Actor, form: NewRule) -> list[str]:
    """What would hold on which days after `add`, a line each. Refusals: those of `add`."""
    product = _product(session, form.product)
    rules = _rules(session, product.key)
    return said(_with(session, product, rules, form))


@action(POLICY, form=NewRule)
def add(session: Session, actor: Actor, form: NewRule) -> str:
    """A new rule; those that held on its days end before it, or begin after it. Gives the product's name.

    Refusals: `days_used` (something bought on these days is registered), `wrong_days`, `changed_meanwhile`."""
    product = _locked(session, form.product, form.seen)
    rules = _rules(session, product.key)
    _store(session, actor, "point_rules.add", product, rules, _with(session, product, rules, form))
    return product.name


@action(POLICY, form=Correction, writes=False)
def preview_correction(session: Session, actor: Actor, form: Correction) -> list[str]:
    """Like `preview`, for `correct`."""
    product = _product(session, form.product)
    rules = _rules(session, product.key)
    return said(_with(session, product, _without(session, product, rules, form.rule), form))


@action(POLICY, form=Correction)
def correct(session: Session, actor: Actor, form: Correction) -> str:
    """Change a rule by which nothing was registered yet. Refusals: `rule_used`, and those of `add`."""
    product = _locked(session, form.product, form.seen)
    rules = _rules(session, product.key)
    changed = _with(session, product, _without(session, product, rules, form.rule), form)
    _store(session, actor, "point_rules.correct", product, rules, changed)
    return product.name


@action(POLICY, form=OneRule)
def remove(session: Session, actor: Actor, form: OneRule) -> str:
    """Take away a rule by which nothing was registered yet. Refusals: `rule_used`, `changed_meanwhile`."""
    product = _locked(session, _product_of(session, form.rule), form.seen)
    rules = _rules(session, product.key)
    _store(session, actor, "point_rules.remove", product, rules, _without(session, product, rules, form.rule))
    return product.name


@action(POLICY, form=Ending)
def end(session: Session, actor: Actor, form: Ending) -> str:
    """Let a rule hold for the last time on a day. Refusals: `wrong_days`, `days_used`, `changed_meanwhile`."""
    product = _locked(session, _product_of(session, form.rule), form.seen)
    rules = _rules(session, product.key)
    rule = next(piece for piece in rules if piece.rule == form.rule)
    if not rule.first <= form.last_day < rule.last:
        raise Refusal("wrong_days", t("Choose a day within the days of this rule, before its last."), "last_day")
    used = _last_used(session, product.key, form.last_day + timedelta(days=1), rule.last)
    if used:
        message = t("Something bought on {day} is registered by this rule already. End it on that day or later.",
                    day=words.day(used))  # fmt: skip
        raise Refusal("days_used", message, "last_day")
    ended = [piece._replace(last=form.last_day) if piece is rule else piece for piece in rules]
    _store(session, actor, "point_rules.end", product, rules, ended)
    return product.name


@action(POLICY, form=ProductForm)
def add_product(session: Session, actor: Actor, form: ProductForm) -> str:
    """A new product; it earns nothing until it has a rule. Gives its name. Refusal `taken` (code or name)."""
    _lock_names(session)
    _refuse_a_taken_name(session, form, None)
    product = Product(**form.model_dump())
    session.add(product)
    audit(session, actor, "point_rules.add_product", product, label=product.name, after=_facts(product))
    return product.name


@action(POLICY, form=ProductChange)
def change_product(session: Session, actor: Actor, form: ProductChange) -> str:
    """Change a product; gives its name. Refusals: `in_use` (code and kind of ID, once something names the product),
    `taken`, `changed_meanwhile`."""
    _lock_names(session)
    product = _locked(session, form.product, form.seen)
    _refuse_a_taken_name(session, form, product.key)
    if _in_use(session, product.key):
        fixed = t("Fixed: units or registrations of this product exist. Add another product instead.")
        changed = [name for name in ("code", "id_kind") if getattr(form, name) != getattr(product, name)]
        if changed:
            raise Refusal("in_use", fixed, fields=dict.fromkeys(changed, fixed))
    before = _facts(product)
    for name in ProductForm.model_fields:
        setattr(product, name, getattr(form, name))
    audit(session, actor, "point_rules.change_product", product, label=product.name, before=before,
          after=_facts(product))  # fmt: skip
    return product.name


@action(POLICY, form=Find, writes=False)
def export(session: Session, actor: Actor, form: Find) -> bytes:
    """What each product earns from which day to which day, as a workbook."""
    columns = [("Product", 32), ("Code", 24), ("Identified By", 18), ("Needs a Subscription", 20), ("From", 14),
               ("Until", 14), ("Points", 10)]  # fmt: skip
    rows = [
        (view.name, view.code, identifiers.LABELS[view.id_kind], t("yes") if view.needs_subscription else t("no"),
         span.first, span.last, span.points)
        for view in overview(session, actor, form)
        for span in view.spans
    ]  # fmt: skip
    return workbooks.write([("Point Rules", columns, rows)])


# What holds on which days: pure


def carve(rules: Sequence[Piece], first: date, last: date) -> list[Piece]:
    """The rules without the days from `first` to `last`: one that reaches beyond both sides becomes two."""
    left: list[Piece] = []
    for rule in rules:
        before = rule._replace(last=min(rule.last, first - timedelta(days=1))) if rule.first < first else None
        after = rule._replace(first=max(rule.first, last + timedelta(days=1))) if rule.last > last else None
        if before and after:
            after = after._replace(rule=None)
        left += [piece for piece in (before, after) if piece]
    return left


def said(pieces: Iterable[Piece]) -> list[str]:
    """Each rule in words, in the order of the days."""
    ordered = sorted(pieces, key=lambda piece: piece.first)
    return [f"{days(piece.first, piece.last)}: {words.plural(piece.points, 'point', 'points')}" for piece in ordered]


def days(first: date, last: date) -> str:
    """`1 Dec 2026 to 31 Dec 2026`, and the open ends."""
    if first == date.min and last == date.max:
        return t("Always")
    if first == date.min:
        return t("Until {day}", day=words.day(last))
    if last == date.max:
        return t("From {day} on", day=words.day(first))
    if first == last:
        return words.day(first)
    return t("{first} to {last}", first=words.day(first), last=words.day(last))


def timeline(rules: Sequence[Piece], used: set[int], today: date) -> list[Span]:
    """All days from the first rule on, days without one between two rules included."""
    spans: list[Span] = []
    due: date | None = None
    for rule in sorted(rules, key=lambda piece: piece.first):
        if due and due < rule.first:
            spans.append(_span(Piece(0, 0, due, rule.first - timedelta(days=1)), False, today))
        spans.append(_span(rule, rule.rule in used, today))
        due = rule.last + timedelta(days=1) if rule.last < date.max else date.max
    return spans


def _span(piece: Piece, used: bool, today: date) -> Span:
    when = "ended" if piece.last < today else "later" if piece.first > today else "now"
    first, last = piece.first if piece.first > date.min else None, piece.last if piece.last < date.max else None
    return Span(piece.rule or 0, piece.points, first, last, when, used)


# What stands in the database


def _with(session: Session, product: Product, rules: Sequence[Piece], form: NewRule) -> list[Piece]:
    first, last = form.valid_from or date.min, form.valid_until or date.max
    if last < first:
        raise Refusal("wrong_days", t("The last day lies before the first."), "valid_until")
    used = _last_used(session, product.key, first, last)
    if used:
        message = t("Products bought on {day} and before are registered by the rules of those days. Begin on {next} "
                    "or later.", day=words.day(used), next=words.day(used + timedelta(days=1)))  # fmt: skip
        raise Refusal("days_used", message, "valid_from")
    return [*carve(rules, first, last), Piece(None, form.points, first, last)]


def _without(session: Session, product: Product, rules: Sequence[Piece], rule_id: int) -> list[Piece]:
    rule = next((piece for piece in rules if piece.rule == rule_id), None)
    if rule is None:
        raise NotFound(t("This rule"))
    if _last_used(session, product.key, rule.first, rule.last):
        message = t("Products are registered by this rule, so it stays as it was. Add a rule from a later day on.")
        raise Refusal("rule_used", message)
    return [piece for piece in rules if piece is not rule]


def _store(
    session: Session, actor: Actor, name: str, product: Product, before: Sequence[Piece], after: Sequence[Piece]
) -> None:
    """Make the stored rules those of `after`."""
    kept = {piece.rule: piece for piece in after if piece.rule}
    for row in session.exec(select(PointRule).where(col(PointRule.product_id) == product.key)):
        piece = kept.get(row.key)
        if piece is None:
            session.delete(row)
        else:
            row.valid_from, row.valid_until = _open(piece)
    for piece in after:
        if piece.rule is None:
            first, last = _open(piece)
            session.add(PointRule(product_id=product.key, points=piece.points, valid_from=first, valid_until=last))
    audit(session, actor, name, product, label=product.name, before={"rules": said(before)},
          after={"rules": said(after)})  # fmt: skip


def _open(piece: Piece) -> tuple[date | None, date | None]:
    return piece.first if piece.first > date.min else None, piece.last if piece.last < date.max else None


def _rules(session: Session, product_id: int) -> list[Piece]:
    found = session.exec(select(PointRule).where(col(PointRule.product_id) == product_id).order_by(col(PointRule.id)))
    return [_piece(rule) for rule in found]


def _piece(rule: PointRule) -> Piece:
    return Piece(rule.key, rule.points, rule.valid_from or date.min, rule.valid_until or date.max)


def _last_used(session: Session, product_id: int, first: date, last: date) -> date | None:
    """The last day of these on which something was bought that is registered; a reversed registration counts too."""
    query = sa.select(sa.func.max(col(Registration.purchase_date))).where(
        col(Registration.product_id) == product_id, col(Registration.purchase_date).between(first, last)
    )
    found: date | None = session.execute(query).scalar_one()
    return found


def _product(session: Session, product_id: int) -> Product:
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(t("This product"))
    return product


def _product_of(session: Session, rule_id: int) -> int:
    rule = session.get(PointRule, rule_id)
    if rule is None:
        raise NotFound(t("This rule"))
    return rule.product_id


def _locked(session: Session, product_id: int, seen_mark: str) -> Product:
    """The product, locked: who changes it or its rules at the same moment comes after. Refusal `changed_meanwhile`."""
    session.expire_all()
    query = select(Product).where(col(Product.id) == product_id).with_for_update(key_share=True)
    product = session.exec(query).first()
    if product is None:
        raise NotFound(t("This product"))
    seen.compare(seen_mark, _mark(product, _rules(session, product_id)), t("this product or its rules"))
    return product


def _mark(product: Product, rules: Sequence[Piece]) -> str:
    return seen.mark(_facts(product), [tuple(rule) for rule in rules])


def _facts(product: Product) -> dict[str, Any]:
    return {
        "code": product.code,
        "name": product.name,
        "id_kind": product.id_kind.value,
        "needs_subscription": product.needs_subscription,
        "position": product.position,
    }


def _views(session: Session) -> list[ProductView]:
    rules: dict[int, list[Piece]] = {}
    for rule in session.exec(select(PointRule).order_by(col(PointRule.id))):
        rules.setdefault(rule.product_id, []).append(_piece(rule))
    used = _used_rules(session)
    today = clock.now().date()
    views = []
    for product in session.exec(select(Product).order_by(col(Product.position), col(Product.id))):
        own = rules.get(product.key, [])
        views.append(
            ProductView(
                product.key,
                product.code,
                product.name,
                product.id_kind,
                product.needs_subscription,
                product.position,
                _in_use(session, product.key),
                timeline(own, used, today),
                _mark(product, own),
            )
        )
    return views


def _used_rules(session: Session) -> set[int]:
    used = (
        sa.exists()
        .where(col(Registration.product_id) == col(PointRule.product_id))
        .where(sa.or_(col(PointRule.valid_from).is_(None), col(Registration.purchase_date) >= PointRule.valid_from))
        .where(sa.or_(col(PointRule.valid_until).is_(None), col(Registration.purchase_date) <= PointRule.valid_until))
    )
    return set(session.execute(sa.select(col(PointRule.id)).where(used)).scalars())


def _in_use(session: Session, product_id: int) -> bool:
    names = [sa.exists().where(col(table.product_id) == product_id) for table in (RegistryUnit, Registration, Holding)]
    return bool(session.execute(sa.select(sa.or_(*names))).scalar_one())


def _lock_names(session: Session) -> None:
    """Products whose names are compared with each other are changed one after the other."""
    session.execute(sa.select(col(Product.id)).order_by(col(Product.id)).with_for_update(key_share=True))


def _refuse_a_taken_name(session: Session, form: ProductForm, own: int | None) -> None:
    """A workbook may call a product by code or name, whatever its case: no two may share one."""
    for other in session.exec(select(Product)):
        if other.key == own:
            continue
        taken = {other.code.lower(), other.name.lower()}
        for field in ("code", "name"):
            if getattr(form, field).lower() in taken:
                raise Refusal("taken", t("Another product, {name}, is called so.", name=other.name), field)
