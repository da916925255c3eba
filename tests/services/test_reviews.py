"""Yearly reviews come round by themselves, on time, late or twice, and are announced once where they would lower a tier
(PRODUCT 3.1: "going down happens only at the yearly review")."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from tests.race import at_once
from tests.services.test_points import earn
from tests.services.test_rebates import partner
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import reviews as job
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import PointAccount, Tier, TierChange
from yeastar_app.models.records import Email
from yeastar_app.services import points, reviews, tiers


def tier() -> str:
    with transaction(writes=False) as session:
        return session.get_one(Tier, session.exec(select(PointAccount)).one().tier_id).name


def changes() -> list[str]:
    with transaction(writes=False) as session:
        names = {row.key: row.name for row in session.exec(select(Tier))}
        found = session.exec(select(TierChange).order_by(col(TierChange.id)))
        return [f"{names[row.from_tier_id]} to {names[row.to_tier_id]}" for row in found]


def emails(kind: str) -> list[Email]:
    with transaction(writes=False) as session:
        return list(session.exec(select(Email).where(col(Email.kind) == kind).order_by(col(Email.id))))


def days_pass(days: int) -> None:
    clock.advance(timedelta(days=days))


def register(owner: Account, amount: int) -> None:
    """Earn as a registration does."""
    earn(owner.organisation_id, owner.key, amount)
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))


@pytest.mark.parametrize("late", [0, 40, 200])
def test_a_review_lowers_once_whether_the_job_is_on_time_late_or_runs_twice(db: str, late: int) -> None:
    partner(5_000)
    days_pass(364)
    job.run_due()
    assert tier() == "Gold"
    days_pass(1 + late)
    for _ in range(3):
        job.run_due()
    assert (tier(), changes()) == ("Registered", ["Registered to Gold", "Gold to Registered"])
    (told,) = emails("tier_lowered")
    assert told.subject == "Your tier is now Registered"


def test_a_review_that_is_held_late_counts_the_points_of_its_own_day(sqlite: str) -> None:
    owner = partner(5_000)
    days_pass(200)
    register(owner, 1_200)
    days_pass(165 + 220)
    job.run_due()
    assert (tier(), changes()[-1]) == ("Silver", "Gold to Silver")


def test_a_review_never_lifts(sqlite: str) -> None:
    owner = partner(1_000)
    days_pass(30)
    earn(owner.organisation_id, owner.key, 30_000)  # and nobody lifted
    days_pass(335)
    job.run_due()
    assert (tier(), changes()[-1]) == ("Silver", "Silver to Silver")


def test_owners_are_warned_30_days_before_a_review_that_would_lower_the_tier_once(db: str) -> None:
    partner(5_000)
    told = []
    for days in (334, 1, 1, 20):
        days_pass(days)
        for _ in range(2):
            job.run_due()
        told.append(len(emails("review_announced")))
    assert told == [0, 1, 1, 1]
    email = emails("review_announced")[0]
    assert email.subject == "Your Gold tier is reviewed on 2 Mar 2027"
    assert "Gold asks for 5,000 points" in email.text
    assert "Register products worth 5,000 points before that day to stay Gold." in email.text
    assert "your tier is Registered from then on" in email.text


def test_what_was_registered_since_is_taken_into_account(sqlite: str) -> None:
    owner = partner(5_000)
    days_pass(340)
    register(owner, 1_500)
    job.run_due()
    (email,) = emails("review_announced")
    assert "so far your company has 1,500." in email.text
    assert "worth 3,500 points" in email.text
    assert "your tier is Silver from then on" in email.text


def test_nobody_is_warned_of_a_review_that_keeps_the_tier(sqlite: str) -> None:
    owner = partner(5_000)
    days_pass(100)
    register(owner, 5_000)
    days_pass(240)
    job.run_due()
    assert emails("review_announced") == []


def test_the_next_years_review_is_announced_again(sqlite: str) -> None:
    owner = partner(5_000)
    days_pass(200)
    register(owner, 1_000)
    days_pass(140)
    job.run_due()
    days_pass(25)
    job.run_due()
    assert tier() == "Silver"
    days_pass(340)
    job.run_due()
    assert [email.subject for email in emails("review_announced")] == [
        "Your Gold tier is reviewed on 2 Mar 2027",
        "Your Silver tier is reviewed on 2 Mar 2028",
    ]


def everybody(organisation_id: int) -> None:
    def one(_: int) -> None:
        with transaction() as session:
            reviews.announce(session, organisation_id)

    at_once(6, one)


def test_negative_control_workers_that_believe_an_earlier_look_would_warn_six_times(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = partner(5_000)
    days_pass(340)
    with transaction(writes=False) as session:
        seen = reviews.warning(session, session.exec(select(PointAccount)).one())

    def believe(_session: Session, _account: PointAccount) -> reviews.Outcome | None:
        return seen

    monkeypatch.setattr(reviews, "warning", believe)
    everybody(owner.organisation_id)
    assert len(emails("review_announced")) == 6


def test_six_workers_at_the_same_moment_warn_once(db: str) -> None:
    owner = partner(5_000)
    days_pass(340)
    everybody(owner.organisation_id)
    assert len(emails("review_announced")) == 1
