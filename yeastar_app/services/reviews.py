"""The yearly reviews as they come round by themselves, and the warning before one that would lower a tier. What a
review does is services/tiers.py: registering something holds one that is due as well."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.points import PointAccount, Tier
from yeastar_app.services import mail, people, points, tiers
from yeastar_app.settings import settings
from yeastar_app.words import day, t


@dataclass(frozen=True)
class Outcome:
    """What the next review would do if nothing more were registered: from one tier to a lower one, because so many
    points will have been earned in the period that it looks at."""

    present: Tier
    lower: Tier
    earned: int

    @property
    def missing(self) -> int:
        return self.present.threshold - self.earned


def due(session: Session) -> list[int]:
    """Companies whose review has come."""
    query = select(PointAccount.organisation_id).where(col(PointAccount.review_at) <= clock.now())
    return list(session.exec(query))


def hold(session: Session, organisation_id: int) -> None:
    """Hold the reviews of a company that are due, if nobody has meanwhile."""
    tiers.review(session, points.lock(session, organisation_id), tiers.programme(session))


def to_announce(session: Session) -> list[int]:
    """Companies that are to be told of a review: it comes within the next weeks (setting), would lower the tier, and
    has not been announced."""
    soon = clock.now() + timedelta(days=settings().review_reminder_days)
    query = select(PointAccount).where(col(PointAccount.review_at) <= soon)
    return [account.organisation_id for account in session.exec(query) if warning(session, account)]


def warning(session: Session, account: PointAccount) -> Outcome | None:
    """What the owners of a company are to be warned of; None where there is nothing, or they were already."""
    soon = clock.now() + timedelta(days=settings().review_reminder_days)
    if not clock.now() < account.review_at <= soon or account.review_announced == account.review_at:
        return None
    steps, figures = tiers.ladder(session), tiers.programme(session)
    present = next(tier for tier in steps if tier.key == account.tier_id)
    earned = tiers.accrued(session, account.organisation_id, figures, account.review_at)
    reached = tiers.reached_with(earned, steps)
    return Outcome(present, reached, earned) if reached.threshold < present.threshold else None


def announce(session: Session, organisation_id: int) -> None:
    """Tell the owners of a company which review comes, what it would do and what prevents it; once for each review.
    A company that nobody owns at the moment is told when somebody does."""
    account = points.lock(session, organisation_id)
    owners, outcome = people.owners(session, organisation_id), warning(session, account)
    if outcome is None or not owners:
        return
    account.review_announced = account.review_at
    on = day(account.review_at)
    tier = outcome.present.name
    for address in owners:
        mail.write(
            session,
            kind="review_announced",
            to=address,
            subject=t("Your {tier} tier is reviewed on {day}", tier=tier, day=on),
            paragraphs=[
                t("On {day} your tier is reviewed. {tier} asks for {threshold} points in the period that counts then;"
                  " so far your company has {earned}.",
                  day=on, tier=tier, threshold=f"{outcome.present.threshold:,}", earned=f"{outcome.earned:,}"),
                t("Register products worth {points} points before that day to stay {tier}. Otherwise your tier is"
                  " {lower} from then on; your points stay as they are.",
                  points=f"{outcome.missing:,}", tier=tier, lower=outcome.lower.name),
            ],
            button=(t("Get Points"), "/partner/program"),
        )  # fmt: skip
