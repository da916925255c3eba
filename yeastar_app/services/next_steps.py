"""What a partner should do next, computed from where it stands, the most urgent first. Pure: every step names its
figures, and there is no step where nothing is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from yeastar_app.services.forecast import Standing
from yeastar_app.words import day, plural, t

SOON = timedelta(days=90)
"""Points that expire within it are named."""


class StepKind(StrEnum):
    DEBT = "debt"
    DECLINED = "declined"
    WORKBOOK = "workbook"
    KEEP = "keep"
    EXPIRING = "expiring"
    REWARDS = "rewards"
    RISE = "rise"
    BEGIN = "begin"


@dataclass(frozen=True)
class Step:
    """`title` says what is the matter, `words` what to do about it."""

    kind: StepKind
    title: str
    words: str


@dataclass(frozen=True)
class Offer:
    """A product and what one of it brings when it is bought today."""

    product: str
    points: int


@dataclass(frozen=True)
class Waiting:
    """What waits for the person or should be known: the last checked workbook (name, good rows), a redemption that was
    declined lately (reward, points, when), how many rewards the balance is enough for."""

    workbook: tuple[str, int] | None = None
    declined: tuple[str, int, datetime] | None = None
    rewards: int = 0


def next_steps(standing: Standing, debt: int, waiting: Waiting, offers: Sequence[Offer]) -> list[Step]:
    """The steps of a standing that is caught up; `offers`: what earns points today."""
    dated = [_keep(standing, offers), _expiring(standing)]
    if standing.review_at and standing.lots and standing.lots[0][0] < standing.review_at.date():
        dated.reverse()
    steps = [
        _debt(debt),
        _declined(waiting),
        _workbook(waiting),
        *dated,
        _rise(standing, offers),
        _rewards(waiting),
    ]
    return [step for step in steps if step is not None]


def would_do(missing: int, offers: Sequence[Offer], choices: int = 2) -> str:
    """`1 Workplace or 2 Linkus Cloud Service`: the fewest registrations that bring so many points, at most
    `choices` of them; empty where nothing is missing or nothing earns."""
    if missing <= 0:
        return ""
    counted = sorted((-(-missing // offer.points), offer.points, offer.product) for offer in offers)
    return t(" or ").join(f"{count:,} {product}" for count, _, product in counted[:choices])


def _points(count: int) -> str:
    return plural(count, "point", "points")


def _debt(debt: int) -> Step | None:
    if not debt:
        return None
    return Step(
        StepKind.DEBT,
        t("{points} owed", points=_points(debt)),
        t("For reversed registrations; what you earn next pays it first."),
    )


def _declined(waiting: Waiting) -> Step | None:
    if waiting.declined is None:
        return None
    reward, points, at = waiting.declined
    return Step(
        StepKind.DECLINED,
        t("{reward} was declined on {day}", reward=reward, day=day(at)),
        t("Its {points} are back, with their old expiry.", points=_points(points)),
    )


def _workbook(waiting: Waiting) -> Step | None:
    if waiting.workbook is None:
        return None
    name, good = waiting.workbook
    rows = plural(good, "row", "rows")
    return Step(
        StepKind.WORKBOOK,
        t("{name} waits for you", name=name),
        t("It is checked: {rows} can be registered.", rows=rows)
        if good
        else t("It is checked, and no row can be registered yet: see why and correct it."),
    )


def _keep(standing: Standing, offers: Sequence[Offer]) -> Step | None:
    missing = standing.needed_to_keep
    if not missing or standing.review_at is None:
        return None
    return Step(
        StepKind.KEEP,
        t(
            "{points} keep {tier}, if earned before {day}",
            points=_points(missing),
            tier=standing.tier.name,
            day=day(standing.review_at),
        ),
        _enough(missing, offers),
    )


def _expiring(standing: Standing) -> Step | None:
    if not standing.lots:
        return None
    last_day, points = standing.lots[0]
    if last_day > standing.moment.date() + SOON:
        return None
    return Step(
        StepKind.EXPIRING,
        t("{points} expire: {day} is their last day", points=_points(points), day=day(last_day)),
        _and_then(standing.lots, standing.moment.date()),
    )


def _and_then(lots: Sequence[tuple[date, int]], today: date) -> str:
    """What else expires within SOON of today."""
    soon = sum(points for last_day, points in lots[1:] if last_day <= today + SOON)
    if not soon:
        return t("Spending takes the points that expire first.")
    return t("{points} more follow within {n} days.", points=f"{soon:,}", n=SOON.days)


def _rise(standing: Standing, offers: Sequence[Offer]) -> Step | None:
    above = standing.next_tier
    if above is None:
        return None
    if not standing.earned and not standing.lots:
        return Step(
            StepKind.BEGIN,
            t("Register a product you sold"),
            _enough(1, offers, t("Every registration earns points."), t("{points} lift you to {tier}.",
                    points=_points(above.threshold), tier=above.name)),
        )  # fmt: skip
    missing = standing.needed_to_rise
    return Step(
        StepKind.RISE,
        t("{points} to {tier}", points=_points(missing), tier=above.name),
        _enough(missing, offers),
    )


def _rewards(waiting: Waiting) -> Step | None:
    if not waiting.rewards:
        return None
    return Step(
        StepKind.REWARDS,
        t("Your points are enough for {rewards}", rewards=plural(waiting.rewards, "reward", "rewards")),
        t("See what your tier can have for them."),
    )


def _enough(missing: int, offers: Sequence[Offer], *remarks: str) -> str:
    example = would_do(missing, offers)
    said = [t("{example} would do.", example=example)] if example and missing > 1 else []
    return " ".join([*said, *remarks])
