"""Tiers: which one the points earned in the rolling period reach. Up at once, here; down only at the yearly review."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, Programme, Tier, TierChange
from yeastar_app.services import mail
from yeastar_app.services.calendar import add_months
from yeastar_app.words import t


def programme(session: Session) -> Programme:
    """The figures of the programme: the one row staff keep."""
    return session.exec(select(Programme).order_by(col(Programme.id))).one()


def ladder(session: Session) -> list[Tier]:
    """All tiers, the lowest first."""
    return list(session.exec(select(Tier).order_by(col(Tier.threshold))))


def period_start(figures: Programme) -> datetime:
    """Where the rolling tier period that ends now began."""
    return add_months(clock.now(), -figures.tier_period_months)


def accrued(session: Session, organisation_id: int, figures: Programme) -> int:
    """Points earned in the rolling tier period; what was spent or expired meanwhile does not count against it."""
    earned: int = session.execute(
        sa.select(sa.func.coalesce(sa.func.sum(col(PointEntry.points)), 0)).where(
            col(PointEntry.organisation_id) == organisation_id,
            col(PointEntry.kind) == EntryKind.EARNED,
            col(PointEntry.at) > period_start(figures),
        )
    ).scalar_one()
    return earned


def lift(session: Session, account: PointAccount, figures: Programme) -> Tier | None:
    """Raise a locked account to the tier its points reach and tell the owner; the new tier, or None."""
    session.flush()
    earned = accrued(session, account.organisation_id, figures)
    steps = ladder(session)
    present = next(tier for tier in steps if tier.key == account.tier_id)
    reached = [tier for tier in steps if tier.threshold <= earned][-1]
    if reached.threshold <= present.threshold:
        return None
    reason = t("{points} points earned within {n} months", points=f"{earned:,}", n=figures.tier_period_months)
    session.add(
        TierChange(
            organisation_id=account.organisation_id,
            at=clock.now(),
            from_tier_id=present.key,
            to_tier_id=reached.key,
            reason=reason,
        )
    )
    account.tier_id, account.tier_since = reached.key, clock.now()
    _tell_owners(session, account, reached, reason)
    return reached


def _tell_owners(session: Session, account: PointAccount, tier: Tier, reason: str) -> None:
    owners = select(Account.email).where(
        col(Account.organisation_id) == account.organisation_id,
        col(Account.kind) == Kind.PARTNER,
        col(Account.status) == Status.ACTIVE,
    )
    for address in session.exec(owners):
        mail.write(
            session,
            kind="tier_reached",
            to=address,
            subject=t("You have reached {tier}", tier=tier.name),
            paragraphs=[
                t("Congratulations: {reason}. Your company is now a {tier} partner.", reason=reason, tier=tier.name),
                t("Your benefits: {benefits}.", benefits="; ".join(tier.benefits)),
            ],
            button=(t("See your benefits"), "/partner/program"),
        )
