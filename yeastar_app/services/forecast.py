"""What becomes of a partner's points and tier if nothing new is earned or spent: lots expire on their last day, points
fall out of the rolling period, reviews lower what they must. Pure: it knows no table and no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from yeastar_app.models.points import Tier
from yeastar_app.services import tiers
from yeastar_app.services.calendar import add_months

HORIZON = 12
"""How many months are looked ahead."""


@dataclass(frozen=True)
class Standing:
    """What a company has at `moment`. `lots`: (last day, points left); `earned`: (moment, points) as the tier counts
    them; `steps`: all tiers, the lowest first; `review_at`: None where there is nothing to review."""

    moment: datetime
    lots: Sequence[tuple[date, int]]
    earned: Sequence[tuple[datetime, int]]
    steps: Sequence[Tier]
    tier: Tier
    review_at: datetime | None
    period_months: int

    def balance(self, at: datetime) -> int:
        """Points that can be spent at a moment."""
        return sum(points for last_day, points in self.lots if last_day >= at.date())

    def counted(self, at: datetime) -> int:
        """Points that count for the tier at a moment: those of the rolling period that ends then."""
        start = add_months(at, -self.period_months)
        return sum(points for moment, points in self.earned if start < moment <= at)

    @property
    def next_tier(self) -> Tier | None:
        return next((step for step in self.steps if step.threshold > self.tier.threshold), None)

    @property
    def needed_to_rise(self) -> int:
        """Points that lift to the next tier at once; 0 at the top."""
        return max(self.next_tier.threshold - self.counted(self.moment), 0) if self.next_tier else 0

    @property
    def needed_to_keep(self) -> int:
        """Points still to be earned before the next review, or it lowers the tier."""
        return max(self.tier.threshold - self.counted(self.review_at), 0) if self.review_at else 0


@dataclass(frozen=True)
class Review:
    """A review that is to come: what it will count and which tier it will leave."""

    at: datetime
    counted: int
    before: Tier
    after: Tier


@dataclass(frozen=True)
class Month:
    """How it will be at `at`; `expired` since the month before."""

    at: datetime
    expired: int
    balance: int
    counted: int
    tier: Tier
    review: Review | None


@dataclass(frozen=True)
class Forecast:
    """The next months, the first a month from now, and what happens in them."""

    months: list[Month]
    expiries: list[tuple[datetime, int]]
    """From which moment so many points are gone."""
    reviews: list[Review]
    until: datetime


def caught_up(standing: Standing) -> Standing:
    """The same after the reviews that are due already: whoever changes the ledger next holds them first."""
    held = _reviews(standing, standing.moment)
    if not held or standing.review_at is None:
        return standing
    next_one = tiers.review_after(held[-1].at, standing.period_months)
    return replace(standing, tier=held[-1].after, review_at=next_one)


def look_ahead(standing: Standing, months: int = HORIZON) -> Forecast:
    """The forecast from a standing that is caught up."""
    until = add_months(standing.moment, months)
    reviews = _reviews(standing, until)
    seen, before = [], standing.moment
    for number in range(1, months + 1):
        at = add_months(standing.moment, number)
        held = [review for review in reviews if review.at <= at]
        seen.append(
            Month(
                at,
                standing.balance(before) - standing.balance(at),
                standing.balance(at),
                standing.counted(at),
                held[-1].after if held else standing.tier,
                held[-1] if held and held[-1].at > before else None,
            )
        )
        before = at
    gone = [(_end_of(last_day, standing.moment.tzinfo), points) for last_day, points in standing.lots]
    expiries = [(moment, points) for moment, points in sorted(gone) if standing.moment < moment <= until]
    return Forecast(seen, expiries, [review for review in reviews if review.before.threshold > 0], until)


def ends(moment: datetime, review_at: datetime | None, period_months: int, months: int = HORIZON) -> list[datetime]:
    """The moments at which a period that the forecast asks about begins or ends, up to now, in their order: whoever
    knows what was earned between them knows all of it."""
    asked = [add_months(moment, number) for number in range(months + 1)]
    while review_at is not None and review_at <= asked[months]:
        asked.append(review_at)
        review_at = tiers.review_after(review_at, period_months)
    starts = {add_months(end, -period_months) for end in asked}
    return sorted(end for end in starts | set(asked) if end <= moment)


def _reviews(standing: Standing, until: datetime) -> list[Review]:
    held: list[Review] = []
    tier, at = standing.tier, standing.review_at
    while at is not None and at <= until:
        counted = standing.counted(at)
        after = tiers.after_review(tier, counted, standing.steps)
        held.append(Review(at, counted, tier, after))
        tier, at = after, tiers.review_after(at, standing.period_months)
    return held


def _end_of(last_day: date, zone: tzinfo | None) -> datetime:
    """The first moment after a day."""
    return datetime.combine(last_day + timedelta(days=1), time(), zone)
