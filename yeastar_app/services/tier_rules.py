"""Tiers, their benefits and the programme's figures, kept by administrators. Changing them moves nobody: a tier goes up
when something is registered, down at a review, by the rules of that day. Who would move is counted before saving."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import PointAccount, Programme, Registration, Tier, TierChange
from yeastar_app.models.rewards import Redemption, RewardStock
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import points, seen, tiers
from yeastar_app.services.fields import OptionalText, RowId, text, whole_number
from yeastar_app.services.seen import Mark
from yeastar_app.words import t

POLICY = Policy(Surface.STAFF, kinds=frozenset({Kind.ADMINISTRATOR}))
MOST_POINTS = 100_000_000
MOST_BENEFITS = 20
LONGEST_BENEFIT = 120


def _basis_points(value: Any) -> Any:
    """A percentage as people type it, at most two decimals: `2.5` is 250 basis points."""
    typed = value.strip().removesuffix("%").strip().replace(",", ".") if isinstance(value, str) else ""
    whole, dot, decimals = typed.partition(".")
    digits = whole + decimals
    if not (digits.isascii() and digits.isdigit() and whole and len(whole) <= 3 and len(decimals) <= 2) or (
        dot and not decimals
    ):
        raise ValueError(t("Enter a percentage with at most two decimals, for example 2.5."))
    found = int(Decimal(typed) * 100)
    if found > 10_000:
        raise ValueError(t("At most 100%."))
    return found


def _lines(value: str | None) -> list[str]:
    found = [" ".join(line.split()) for line in (value or "").splitlines()]
    lines = [line for line in found if line]
    if len(lines) > MOST_BENEFITS:
        raise ValueError(t("At most {n} benefits.", n=MOST_BENEFITS))
    if any(len(line) > LONGEST_BENEFIT for line in lines):
        raise ValueError(t("At most {n} characters in a line.", n=LONGEST_BENEFIT))
    return lines


Name: Any = text(40)
Threshold: Any = whole_number(0, MOST_POINTS)
Months: Any = whole_number(1, 120)
Days: Any = whole_number(1, 3650)
Rebate = Annotated[int, BeforeValidator(_basis_points)]
Benefits = Annotated[OptionalText, AfterValidator(_lines)]


class TierForm(BaseModel):
    """A tier. `rebate`: percent of paid orders; `benefits`: a line each."""

    name: Name
    threshold: Threshold
    rebate: Rebate
    benefits: Benefits = None


class TierChanged(TierForm):
    tier: RowId
    seen: Mark = ""


class OneTier(BaseModel):
    tier: RowId
    seen: Mark = ""


class FiguresForm(BaseModel):
    tier_period_months: Months
    lot_validity_months: Months
    registration_window_days: Days
    seen: Mark = ""


class Moves(NamedTuple):
    """Partners whose points reach more than they hold (they rise with their next registration), and less (they fall
    if their review were now)."""

    rising: int
    falling: int


@dataclass(frozen=True)
class Preview:
    now: Moves
    then: Moves


@dataclass(frozen=True)
class TierView:
    id: int
    name: str
    threshold: int
    rebate: str
    benefits: list[str]
    partners: int
    lowest: bool
    seen: str


@dataclass(frozen=True)
class Overview:
    tiers: list[TierView]
    tier_period_months: int
    lot_validity_months: int
    registration_window_days: int
    seen: str
    """The mark of the figures."""


@action(POLICY, writes=False)
def overview(session: Session, actor: Actor) -> Overview:
    """The tiers, the lowest first, with how many partners hold each, and the programme's figures."""
    figures, steps = tiers.programme(session), tiers.ladder(session)
    counted = sa.select(col(PointAccount.tier_id), sa.func.count()).group_by(col(PointAccount.tier_id))
    held = {row[0]: row[1] for row in session.execute(counted)}
    views = [
        TierView(step.key, step.name, step.threshold, percent(step.rebate_basis_points), step.benefits,
                 held.get(step.key, 0), step is steps[0], _mark(step))
        for step in steps
    ]  # fmt: skip
    said = _figures(figures)
    return Overview(views, figures.tier_period_months, figures.lot_validity_months, figures.registration_window_days,
                    seen.mark(said))  # fmt: skip


@action(POLICY, form=TierForm, writes=False)
def preview_new(session: Session, actor: Actor, form: TierForm) -> Preview:
    """Who would move after `add`. Refusals: those of `add`."""
    steps = tiers.ladder(session)
    _refuse_what_is_taken(steps, form, None)
    return _preview(session, steps, [*_steps(steps), (0, form.threshold)])


@action(POLICY, form=TierForm)
def add(session: Session, actor: Actor, form: TierForm) -> str:
    """A new tier; gives its name. Refusal `taken` (name or threshold)."""
    steps = _locked(session)
    _refuse_what_is_taken(steps, form, None)
    tier = Tier(**_values(form))
    session.add(tier)
    audit(session, actor, "tier_rules.add", tier, label=tier.name, after=_facts(tier))
    return tier.name


@action(POLICY, form=TierChanged, writes=False)
def preview_change(session: Session, actor: Actor, form: TierChanged) -> Preview:
    """Who would move after `change`. Refusals: those of `change`."""
    steps = tiers.ladder(session)
    tier = _one(steps, form.tier)
    _refuse_what_is_taken(steps, form, tier)
    after = [(key, form.threshold if key == tier.key else threshold) for key, threshold in _steps(steps)]
    return _preview(session, steps, after)


@action(POLICY, form=TierChanged)
def change(session: Session, actor: Actor, form: TierChanged) -> str:
    """Change a tier; gives its name. Nobody's tier moves with it. Refusals: `taken`, `lowest` (it starts at 0),
    `order` (a threshold stays between its neighbours'), `changed_meanwhile`."""
    tier = _one(_locked(session), form.tier)
    seen.compare(form.seen, _mark(tier), t("this tier"))
    _hold_due_reviews(session)
    _refuse_what_is_taken(tiers.ladder(session), form, tier)
    before = _facts(tier)
    for name, value in _values(form).items():
        setattr(tier, name, value)
    audit(session, actor, "tier_rules.change", tier, label=tier.name, before=before, after=_facts(tier))
    return tier.name


@action(POLICY, form=OneTier)
def remove(session: Session, actor: Actor, form: OneTier) -> str:
    """Remove a tier that nobody holds or held, and that no reward is for; gives its name. Refusals: `lowest`, `held`,
    `has_rewards`, `has_history`, `changed_meanwhile`."""
    steps = _locked(session)
    tier = _one(steps, form.tier)
    seen.compare(form.seen, _mark(tier), t("this tier"))
    if tier is steps[0]:
        raise Refusal("lowest", t("The lowest tier is where every partner begins. It stays."))
    _refuse_while_needed(session, tier)
    audit(session, actor, "tier_rules.remove", tier, label=tier.name, before=_facts(tier))
    try:
        with session.begin_nested():
            session.delete(tier)
    except IntegrityError:  # a partner reached it at this very moment
        raise Refusal("held", t("A partner holds {tier}. It stays.", tier=tier.name)) from None
    return tier.name


@action(POLICY, form=FiguresForm, writes=False)
def preview_figures(session: Session, actor: Actor, form: FiguresForm) -> Preview:
    """Who would move after `change_figures`."""
    steps = tiers.ladder(session)
    after = Programme(**_figures_of(form))
    return Preview(_moves(session, _steps(steps), tiers.programme(session)), _moves(session, _steps(steps), after))


@action(POLICY, form=FiguresForm)
def change_figures(session: Session, actor: Actor, form: FiguresForm) -> None:
    """Change the programme's figures. Points earned before keep the last day they have; a review that is dated stays
    on its day. Refusal `changed_meanwhile`."""
    figures = session.exec(
        select(Programme).order_by(col(Programme.id)).with_for_update().execution_options(populate_existing=True)
    ).one()
    before = _figures(figures)
    seen.compare(form.seen, seen.mark(before), t("the figures"))
    _hold_due_reviews(session)
    for name, value in _figures_of(form).items():
        setattr(figures, name, value)
    audit(session, actor, "tier_rules.change_figures", figures, label=t("Programme"), before=before,
          after=_figures(figures))  # fmt: skip


def percent(basis_points: int) -> str:
    """`2.5` for 250 basis points: no zeros behind."""
    return (
        f"{Decimal(basis_points) / 100:f}".rstrip("0").rstrip(".") if basis_points % 100 else str(basis_points // 100)
    )


def count_moves(held: Sequence[tuple[int, int]], steps: Sequence[tuple[int, int]]) -> Moves:
    """Of partners as (tier, points earned in the period), how many hold less, and more, than their points reach on
    these steps (tier, threshold). Pure."""
    thresholds = dict(steps)
    rising = falling = 0
    for tier, earned in held:
        reached = max(threshold for threshold in thresholds.values() if threshold <= earned)
        rising += reached > thresholds[tier]
        falling += reached < thresholds[tier]
    return Moves(rising, falling)


def _preview(session: Session, steps: list[Tier], after: list[tuple[int, int]]) -> Preview:
    held = _held(session, tiers.programme(session))
    return Preview(count_moves(held, _steps(steps)), count_moves(held, after))


def _moves(session: Session, steps: list[tuple[int, int]], figures: Programme) -> Moves:
    return count_moves(_held(session, figures), steps)


def _held(session: Session, figures: Programme) -> list[tuple[int, int]]:
    """Each partner's tier and points earned in the tier period."""
    earned = (
        sa.select(col(Registration.organisation_id), sa.func.sum(col(Registration.points)).label("points"))
        .where(col(Registration.at) > tiers.period_start(figures), col(Registration.reversed_at).is_(None))
        .group_by(col(Registration.organisation_id))
        .subquery()
    )
    query = sa.select(col(PointAccount.tier_id), sa.func.coalesce(earned.c.points, 0)).outerjoin(
        earned, earned.c.organisation_id == col(PointAccount.organisation_id)
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]


def _hold_due_reviews(session: Session) -> None:
    """Reviews whose day has come are judged by the rules of that day, before those change."""
    figures = tiers.programme(session)
    due = sa.select(col(PointAccount.organisation_id)).where(col(PointAccount.review_at) <= clock.now())
    for organisation_id in session.execute(due.order_by(col(PointAccount.organisation_id))).scalars().all():
        tiers.review(session, points.lock(session, organisation_id), figures)
    session.flush()


def _locked(session: Session) -> list[Tier]:
    """All tiers, the lowest first, locked: they are compared with each other, so they change one after the other."""
    query = select(Tier).order_by(col(Tier.id)).with_for_update(key_share=True)
    found = session.exec(query.execution_options(populate_existing=True)).all()
    return sorted(found, key=lambda tier: tier.threshold)


def _one(steps: Sequence[Tier], key: int) -> Tier:
    tier = next((step for step in steps if step.key == key), None)
    if tier is None:
        raise NotFound(t("This tier"))
    return tier


def _refuse_what_is_taken(steps: list[Tier], form: TierForm, own: Tier | None) -> None:
    others = [step for step in steps if step is not own]
    if any(step.name.lower() == form.name.lower() for step in others):
        raise Refusal("taken", t("Another tier is called so."), "name")
    if own is steps[0]:
        if form.threshold != 0:
            raise Refusal(
                "lowest", t("The lowest tier begins at 0: every partner holds at least this one."), "threshold"
            )
        return
    same = next((step for step in others if step.threshold == form.threshold), None)
    if same:
        raise Refusal("taken", t("{tier} begins at this many points.", tier=same.name), "threshold")
    if own is None:
        return
    place = steps.index(own)
    least = steps[place - 1].threshold + 1
    most = steps[place + 1].threshold - 1 if place + 1 < len(steps) else MOST_POINTS
    if not least <= form.threshold <= most:
        words = t("Between {least} and {most}, so that the tiers keep their order.", least=f"{least:,}",
                  most=f"{most:,}")  # fmt: skip
        raise Refusal("order", words, "threshold")


def _refuse_while_needed(session: Session, tier: Tier) -> None:
    def there(condition: Any) -> bool:
        return bool(session.execute(sa.select(sa.exists().where(condition))).scalar_one())

    if there(col(PointAccount.tier_id) == tier.key):
        raise Refusal("held", t("Partners hold {tier}. It stays until nobody does.", tier=tier.name))
    if there(col(RewardStock.tier_id) == tier.key):
        raise Refusal("has_rewards", t("Rewards are for {tier}. Take them from it first.", tier=tier.name))
    if there(sa.or_(col(TierChange.from_tier_id) == tier.key, col(TierChange.to_tier_id) == tier.key)) or there(
        col(Redemption.tier_id) == tier.key
    ):
        words = t("Partners have held {tier}, and their history names it. Rename it or change it instead.",
                  tier=tier.name)  # fmt: skip
        raise Refusal("has_history", words)


def _steps(steps: Sequence[Tier]) -> list[tuple[int, int]]:
    return [(step.key, step.threshold) for step in steps]


def _values(form: TierForm) -> dict[str, Any]:
    return {
        "name": form.name,
        "threshold": form.threshold,
        "rebate_basis_points": form.rebate,
        "benefits": form.benefits or [],
    }


def _facts(tier: Tier) -> dict[str, Any]:
    return {
        "name": tier.name,
        "threshold": tier.threshold,
        "rebate": f"{percent(tier.rebate_basis_points)}%",
        "benefits": list(tier.benefits),
    }


def _mark(tier: Tier) -> str:
    return seen.mark(tier.key, _facts(tier))


def _figures(figures: Programme) -> dict[str, int]:
    return {name: getattr(figures, name) for name in _NAMES}


def _figures_of(form: FiguresForm) -> dict[str, int]:
    return {name: getattr(form, name) for name in _NAMES}


_NAMES = ("tier_period_months", "lot_validity_months", "registration_window_days")
