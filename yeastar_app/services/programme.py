"""What the Partner Program page shows: points and tier, what can be spent and expires next, benefits, the rules."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.models.points import PointAccount, PointLot, Tier
from yeastar_app.models.products import IdKind, PointRule, Product
from yeastar_app.services import tiers
from yeastar_app.services.registration import POLICY


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
class View:
    """Everything on the page; points are whole numbers, `next_tier` is None at the top."""

    tier: Tier
    ladder: list[Tier]
    next_tier: Tier | None
    accrued: int
    period_start: datetime
    period_months: int
    validity_months: int
    window_days: int
    balance: int
    expiring_points: int
    expiring_on: date | None
    """The last day on which `expiring_points` can be spent."""
    rules: list[Rule]
    products: list[Choice]


@action(POLICY, writes=False)
def view(session: Session, actor: Actor) -> View:
    """Read the page for the actor's company; one without registrations has no points and the lowest tier."""
    organisation = actor.organisation
    figures = tiers.programme(session)
    ladder = tiers.ladder(session)
    account = session.exec(select(PointAccount).where(col(PointAccount.organisation_id) == organisation)).first()
    tier = next((step for step in ladder if account and step.key == account.tier_id), ladder[0])
    above = [step for step in ladder if step.threshold > tier.threshold]
    lots = session.execute(
        sa.select(col(PointLot.expires_on), sa.func.sum(col(PointLot.remaining)))
        .where(
            col(PointLot.organisation_id) == organisation,
            col(PointLot.remaining) > 0,
            col(PointLot.expires_on) >= clock.now().date(),
        )
        .group_by(col(PointLot.expires_on))
        .order_by(col(PointLot.expires_on))
    ).all()
    return View(
        tier=tier,
        ladder=ladder,
        next_tier=above[0] if above else None,
        accrued=tiers.accrued(session, organisation, figures),
        period_start=tiers.period_start(figures),
        period_months=figures.tier_period_months,
        validity_months=figures.lot_validity_months,
        window_days=figures.registration_window_days,
        # The lots say what can be spent at this moment, also before the job has swept what expired.
        balance=sum(lot[1] for lot in lots),
        expiring_points=lots[0][1] if lots else 0,
        expiring_on=lots[0][0] if lots else None,
        rules=_rules(session),
        products=_choices(session),
    )


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
