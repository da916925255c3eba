"""What the Partner Program page shows: points and tier, what can be spent and expires next, what is to come, the tiers
side by side, how the tier changed, the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.models.points import PointAccount, PointLot, Programme, Tier, TierChange
from yeastar_app.models.products import IdKind, PointRule, Product
from yeastar_app.models.rewards import Reward, RewardStock
from yeastar_app.services import forecast, tiers
from yeastar_app.services.forecast import Forecast, Standing
from yeastar_app.services.registration import POLICY

HISTORY = 12
"""How many of the last changes and reviews of a tier are shown."""


@dataclass(frozen=True)
class Rule:
    """A line of the rules table; days are inclusive and open where empty."""

    product: str
    id_kind: IdKind
    points: int
    valid_from: date | None
    valid_until: date | None


@dataclass(frozen=True)
class Choice:
    """A product one can pick in the panel."""

    code: str
    name: str
    id_kind: IdKind


@dataclass(frozen=True)
class Change:
    """A line of the tier's history; the same tier twice: a review that kept it."""

    at: datetime
    before: str
    after: str
    up: bool
    reason: str


@dataclass(frozen=True)
class View:
    """Everything on the page; points are whole numbers. `standing.tier` is what a review that is due leaves."""

    standing: Standing
    forecast: Forecast
    debt: int
    validity_months: int
    window_days: int
    rewards: dict[int, list[str]]
    """What each tier may have, by the tier's key."""
    history: list[Change]
    rules: list[Rule]
    products: list[Choice]

    @property
    def expires_next(self) -> tuple[date, int] | None:
        """The last day on which so many points can be spent; None where there are none."""
        return next(iter(self.standing.lots), None)


@dataclass(frozen=True)
class Company:
    """A company in the programme: the programme's figures, its account (None before its first points), its standing
    as the tables say (see `forecast.caught_up`)."""

    figures: Programme
    account: PointAccount | None
    standing: Standing

    @property
    def debt(self) -> int:
        return self.account.debt if self.account else 0


@action(POLICY, writes=False)
def view(session: Session, actor: Actor) -> View:
    """Read the page for the actor's company; one without registrations has no points and the lowest tier."""
    found = company(session, actor.organisation)
    standing = forecast.caught_up(found.standing)
    return View(
        standing=standing,
        forecast=forecast.look_ahead(standing),
        debt=found.debt,
        validity_months=found.figures.lot_validity_months,
        window_days=found.figures.registration_window_days,
        rewards=_rewards(session),
        history=_history(session, actor.organisation),
        rules=_rules(session),
        products=_choices(session),
    )


def company(session: Session, organisation_id: int, also: Sequence[datetime] = ()) -> Company:
    """Read what a company has, by three queries. `also`: moments of the past at which it shall be known, too, what
    had been earned."""
    found = session.execute(
        sa.select(Tier, Programme, PointAccount)
        .select_from(Tier)
        .join(Programme, sa.true())
        .outerjoin(PointAccount, col(PointAccount.organisation_id) == organisation_id)
        .order_by(col(Tier.threshold))
    ).all()
    steps = [row[0] for row in found]
    figures, account = found[0][1], found[0][2]
    now, review_at = clock.now(), account.review_at if account else None
    moments = forecast.ends(now, review_at, figures.tier_period_months)
    standing = Standing(
        moment=now,
        lots=_lots(session, organisation_id),
        earned=tiers.earned_between(session, organisation_id, sorted({*moments, *also})),
        steps=steps,
        tier=next((step for step in steps if account and step.key == account.tier_id), steps[0]),
        review_at=review_at,
        period_months=figures.tier_period_months,
    )
    return Company(figures, account, standing)


def _lots(session: Session, organisation_id: int) -> list[tuple[date, int]]:
    """(last day, points left), the next to expire first. The lots say what can be spent at this moment, also before the
    job has swept what expired."""
    found = session.execute(
        sa.select(col(PointLot.expires_on), sa.func.sum(col(PointLot.remaining)))
        .where(
            col(PointLot.organisation_id) == organisation_id,
            col(PointLot.remaining) > 0,
            col(PointLot.expires_on) >= clock.now().date(),
        )
        .group_by(col(PointLot.expires_on))
        .order_by(col(PointLot.expires_on))
    )
    return [(last_day, int(points)) for last_day, points in found]


def _rewards(session: Session) -> dict[int, list[str]]:
    found = session.execute(
        sa.select(col(RewardStock.tier_id), col(Reward.name))
        .join(Reward, col(Reward.id) == col(RewardStock.reward_id))
        .where(col(Reward.active))
        .order_by(col(Reward.position), col(Reward.id))
    )
    rewards: dict[int, list[str]] = {}
    for tier_id, name in found:
        rewards.setdefault(tier_id, []).append(name)
    return rewards


def _history(session: Session, organisation_id: int) -> list[Change]:
    before, after = aliased(Tier), aliased(Tier)
    found = session.execute(
        sa.select(TierChange, before, after)
        .join(before, col(before.id) == col(TierChange.from_tier_id))
        .join(after, col(after.id) == col(TierChange.to_tier_id))
        .where(col(TierChange.organisation_id) == organisation_id)
        .order_by(col(TierChange.at).desc(), col(TierChange.id).desc())
        .limit(HISTORY)
    )
    return [
        Change(change.at, lower.name, upper.name, upper.threshold > lower.threshold, change.reason)
        for change, lower, upper in found
    ]


@action(POLICY, writes=False)
def choices(session: Session, actor: Actor) -> list[Choice]:
    """The products one can pick or filter by."""
    return _choices(session)


def _choices(session: Session) -> list[Choice]:
    found = session.exec(select(Product).order_by(col(Product.position)))
    return [Choice(product.code, product.name, product.id_kind) for product in found]


def _rules(session: Session) -> list[Rule]:
    today = clock.now().date()
    found = session.execute(
        sa.select(Product, PointRule)
        .join(PointRule, col(PointRule.product_id) == col(Product.id))
        .where(sa.or_(col(PointRule.valid_until).is_(None), col(PointRule.valid_until) >= today))
        .order_by(col(Product.position), col(PointRule.valid_from))
    )
    return [
        Rule(product.name, product.id_kind, rule.points, rule.valid_from, rule.valid_until) for product, rule in found
    ]
