"""The forecast is what then really happens: it is compared with the real expiry and reviews, the clock moved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests.factories import account
from tests.services.test_points import earn, spend
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.points import PointAccount, Programme, Tier, TierChange
from yeastar_app.services import forecast, points, programme, tiers
from yeastar_app.services.calendar import add_months


def register(owner: Any, amount: int) -> None:
    earn(owner.organisation_id, owner.key, amount)
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))


def standing(owner: Any) -> forecast.Standing:
    with transaction(writes=False) as session:
        return programme.company(session, owner.organisation_id).standing


def what_really_is(owner: Any) -> tuple[int, int, str]:
    """Balance, points that count and tier, after the jobs of this moment."""
    expiry.run_due()
    with transaction() as session:
        held, figures = points.lock(session, owner.organisation_id), tiers.programme(session)
        tiers.review(session, held, figures)
        counted = tiers.accrued(session, owner.organisation_id, figures)
        return held.balance, counted, session.get_one(Tier, held.tier_id).name


def figures(**values: int) -> None:
    with transaction() as session:
        row = session.exec(select(Programme)).one()
        for name, value in values.items():
            setattr(row, name, value)


PASTS = {
    "a busy year": ([(700, 600), (690, 450), (400, 900), (380, 300), (360, 800), (200, 4_000), (0, 55)], 800),
    "one great day long ago": ([(350, 25_000)], 0),
    "points about to fall out": ([(366, 900), (364, 900), (5, 100)], 0),
    "nothing": ([], 0),
}  # fmt: skip
"""(days ago, points), and what was spent since."""


@pytest.mark.parametrize("programmes", [{}, {"tier_period_months": 3, "lot_validity_months": 7}])
@pytest.mark.parametrize("past", PASTS)
def test_the_forecast_is_what_then_really_happens(sqlite: str, past: str, programmes: dict[str, int]) -> None:
    figures(**programmes)
    owner, (history, spent), today = account(), PASTS[past], clock.now()
    for days, amount in history:
        with clock.frozen(today - timedelta(days=days)):
            register(owner, amount)
    if spent and not programmes:
        spend(owner.organisation_id, spent)
    at_first = standing(owner)
    caught_up = forecast.caught_up(at_first)
    seen = forecast.look_ahead(caught_up)
    foretold = [(today, caught_up.balance(today), caught_up.counted(today), caught_up.tier.name)]
    foretold += [(month.at, month.balance, month.counted, month.tier.name) for month in seen.months]
    assert len(foretold) == 13
    for at, *expected in foretold:
        with clock.frozen(at):
            assert [*what_really_is(owner)] == expected, at


def test_points_expire_at_the_moment_that_was_foretold(db: str) -> None:
    owner = account()
    register(owner, 300)
    clock.advance(timedelta(days=40))
    register(owner, 200)
    clock.advance(timedelta(days=500))
    (first, lost), (second, _) = forecast.look_ahead(standing(owner)).expiries
    assert (lost, second - first) == (300, timedelta(days=40))
    for late, left in ((timedelta(seconds=-1), 500), (timedelta(), 200)):
        with clock.frozen(first + late):
            assert what_really_is(owner)[0] == left


def test_so_many_points_as_needed_keep_the_tier_and_one_less_does_not(db: str) -> None:
    start, tiers_kept = clock.now(), []
    for missing in (0, 1):
        with clock.frozen(start):
            owner = account()
            register(owner, 5_200)
            clock.advance(timedelta(days=200))
            register(owner, 700)
            now = standing(owner)
            assert (now.tier.name, now.review_at) == ("Gold", add_months(start, 12))
            assert now.needed_to_keep == 4_300
            register(owner, now.needed_to_keep - missing)
            clock.advance(timedelta(days=165))
            tiers_kept.append(what_really_is(owner)[2])
    assert tiers_kept == ["Gold", "Silver"]


def test_so_many_points_as_needed_lift_and_one_less_does_not(sqlite: str) -> None:
    owner = account()
    register(owner, 1_900)
    now = standing(owner)
    assert now.next_tier and (now.next_tier.name, now.needed_to_rise) == ("Gold", 3_100)
    register(owner, now.needed_to_rise - 1)
    assert standing(owner).tier.name == "Silver"
    register(owner, 1)
    assert standing(owner).tier.name == "Gold"


def test_a_review_that_nobody_has_held_yet_is_foreseen_in_what_is_shown_today(sqlite: str) -> None:
    owner = account()
    register(owner, 5_200)
    clock.advance(timedelta(days=800))
    late = standing(owner)
    assert (late.tier.name, late.review_at and late.review_at < clock.now()) == ("Gold", True)
    shown = forecast.caught_up(late)
    assert (shown.tier.name, shown.review_at and shown.review_at > clock.now()) == ("Registered", True)
    assert what_really_is(owner)[2] == "Registered"
    with transaction(writes=False) as session:
        assert session.exec(select(PointAccount)).one().review_at == shown.review_at


def test_reviews_stand_in_the_forecast_with_what_they_count(sqlite: str) -> None:
    owner = account()
    register(owner, 5_200)
    clock.advance(timedelta(days=100))
    register(owner, 1_300)
    foretold = forecast.look_ahead(standing(owner)).reviews
    assert [(r.counted, r.before.name, r.after.name) for r in foretold] == [(1_300, "Gold", "Silver")]
    with clock.frozen(foretold[0].at):
        what_really_is(owner)
    with transaction(writes=False) as session:
        last = session.exec(select(TierChange).order_by(col(TierChange.id).desc())).first()
        assert last and last.at == foretold[0].at and "1,300 points" in last.reason


def test_what_was_earned_between_moments_is_counted_to_the_moment(db: str) -> None:
    owner, start = account(), datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=n) for n in range(4)]
    for at, amount in (
        (moments[0], 1),
        (moments[1], 10),
        (moments[1] + timedelta(microseconds=1), 100),
        (moments[3], 1_000),
    ):
        with clock.frozen(at):
            register(owner, amount)
    with transaction(writes=False) as session:
        found = tiers.earned_between(session, owner.organisation_id, moments)
    assert found == [(moments[1], 10), (moments[2], 100), (moments[3], 1_000)]
