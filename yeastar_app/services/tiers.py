"""Tiers: which one the points earned in the rolling period reach. Up at once, when something is registered; down only
at the yearly review. Each step leaves a line with its reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.points import PointAccount, Programme, Registration, Tier, TierChange
from yeastar_app.services import mail, people
from yeastar_app.services.calendar import add_months
from yeastar_app.words import t


def programme(session: Session) -> Programme:
    """The figures of the programme: the one row staff keep."""
    return session.exec(select(Programme).order_by(col(Programme.id))).one()


def ladder(session: Session) -> list[Tier]:
    """All tiers, the lowest first."""
    return list(session.exec(select(Tier).order_by(col(Tier.threshold))))


def reached_with(points: int, steps: Sequence[Tier]) -> Tier:
    """The highest tier that so many points reach."""
    return [tier for tier in steps if tier.threshold <= points][-1]


def period_start(figures: Programme, end: datetime | None = None) -> datetime:
    """Where the rolling tier period that ends at `end` (now) began."""
    return add_months(end or clock.now(), -figures.tier_period_months)


def accrued(session: Session, organisation_id: int, figures: Programme, end: datetime | None = None) -> int:
    """Points earned in the rolling tier period that ends at `end` (now); what was spent or expired meanwhile does not
    count against it, what was reversed does."""
    until = end or clock.now()
    earned: int = session.execute(
        sa.select(sa.func.coalesce(sa.func.sum(col(Registration.points)), 0)).where(
            col(Registration.organisation_id) == organisation_id,
            col(Registration.at) > period_start(figures, until),
            col(Registration.at) <= until,
            col(Registration.reversed_at).is_(None),
        )
    ).scalar_one()
    return earned


def earned_between(session: Session, organisation_id: int, ends: Sequence[datetime]) -> list[tuple[datetime, int]]:
    """Points earned, as `accrued` counts them, between each of these moments (in their order) and the next: (that
    next, points). One query; each part is a short walk along an index."""
    parts = [
        sa.select(sa.literal(number), sa.func.coalesce(sa.func.sum(col(Registration.points)), 0)).where(
            col(Registration.organisation_id) == organisation_id,
            col(Registration.at) > since,
            col(Registration.at) <= until,
            col(Registration.reversed_at).is_(None),
        )
        for number, (since, until) in enumerate(pairwise(ends), 1)
    ]
    return [(ends[number], int(points)) for number, points in session.execute(sa.union_all(*parts)) if points]


def after_review(present: Tier, earned: int, steps: Sequence[Tier]) -> Tier:
    """The tier that a review leaves where so many points were earned: the same or a lower one."""
    reached = reached_with(earned, steps)
    return reached if reached.threshold < present.threshold else present


def review_after(at: datetime, period_months: int) -> datetime:
    """When the tier is reviewed next after the review at `at`."""
    return max(add_months(at, period_months), at + timedelta(days=1))


def lift(session: Session, account: PointAccount, figures: Programme) -> Tier | None:
    """Raise a locked account to the tier its points reach and tell the owner; the new tier, or None. A review that is
    due comes first, however late."""
    session.flush()
    review(session, account, figures)
    earned = accrued(session, account.organisation_id, figures)
    steps = ladder(session)
    present = _present(account, steps)
    reached = reached_with(earned, steps)
    if reached.threshold <= present.threshold:
        return None
    reason = t("{points} points earned within {n} months", points=f"{earned:,}", n=figures.tier_period_months)
    _step(session, account, reached, reason, clock.now())
    account.review_at = add_months(clock.now(), figures.tier_period_months)
    _tell_owners(
        session,
        account,
        "tier_reached",
        t("You have reached {tier}", tier=reached.name),
        t("Congratulations: {reason}. Your company is now a {tier} partner.", reason=reason, tier=reached.name),
        t("Your benefits: {benefits}.", benefits="; ".join(reached.benefits)),
    )
    return reached


def review(session: Session, account: PointAccount, figures: Programme) -> bool:
    """Hold the yearly reviews of a locked account that are due, each as of its day; whether there was one. A review
    keeps the tier or lowers it to what the points of the period reach; only registering something lifts."""
    steps, held = ladder(session), False
    while account.review_at <= clock.now():
        at = account.review_at
        earned = accrued(session, account.organisation_id, figures, at)
        present = _present(account, steps)
        lower = after_review(present, earned, steps)
        figures_said = t("{points} points earned in {n} months", points=f"{earned:,}", n=figures.tier_period_months)
        said = t("Yearly review: {figures}, {tier} asks for {threshold}",
                 figures=figures_said, tier=present.name, threshold=f"{present.threshold:,}")  # fmt: skip
        if present.threshold > 0:
            _step(session, account, lower, said, at)
        account.review_at = review_after(at, figures.tier_period_months)
        held = True
        if lower is not present:
            _tell_owners(
                session,
                account,
                "tier_lowered",
                t("Your tier is now {tier}", tier=lower.name),
                t("{said}. Your company is now a {tier} partner.", said=said, tier=lower.name),
                t("Registering products lifts it again at once. Your points stay as they are."),
            )
    return held


def _present(account: PointAccount, steps: list[Tier]) -> Tier:
    return next(tier for tier in steps if tier.key == account.tier_id)


def _step(session: Session, account: PointAccount, tier: Tier, reason: str, at: datetime) -> None:
    session.add(
        TierChange(
            organisation_id=account.organisation_id,
            at=at,
            from_tier_id=account.tier_id,
            to_tier_id=tier.key,
            reason=reason[:200],
        )
    )
    if tier.key != account.tier_id:
        account.tier_id, account.tier_since = tier.key, at


def _tell_owners(session: Session, account: PointAccount, kind: str, subject: str, *paragraphs: str) -> None:
    for address in people.owners(session, account.organisation_id):
        mail.write(
            session,
            kind=kind,
            to=address,
            subject=subject,
            paragraphs=list(paragraphs),
            button=(t("See your benefits"), "/partner/program"),
        )
