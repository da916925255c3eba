"""Tiers, benefits and the programme's figures as administrators keep them: rules change, nobody moves by it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests.factories import account, signed_in
from tests.race import at_once
from tests.services.test_points import earn
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, TwoFactor
from yeastar_app.models.points import PointAccount, Programme, Tier
from yeastar_app.models.records import AuditRow
from yeastar_app.models.rewards import Reward, RewardStock
from yeastar_app.refusals import Refusal
from yeastar_app.services import points, seen, tier_rules, tiers
from yeastar_app.services.tier_rules import Moves, TierView, count_moves, percent


def administrator() -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def admin(db: str) -> Credential:
    return administrator()


@pytest.fixture
def here(sqlite: str) -> Credential:
    return administrator()


def tier(who: Credential, name: str) -> TierView:
    return next(one for one in perform(tier_rules.overview, None, who).tiers if one.name == name)


def changed(one: TierView, **values: Any) -> dict[str, Any]:
    given = {"name": one.name, "threshold": one.threshold, "rebate": one.rebate, "benefits": "\n".join(one.benefits)}
    return {**given, "tier": one.id, "seen": one.seen, **values}


def figures(who: Credential, **values: Any) -> dict[str, Any]:
    seen_now = perform(tier_rules.overview, None, who)
    names = ("tier_period_months", "lot_validity_months", "registration_window_days", "seen")
    return {**{name: getattr(seen_now, name) for name in names}, **values}


def silver(points_earned: int = 1_200) -> Account:
    """A partner lifted to Silver."""
    owner = account(Kind.PARTNER)
    earn(owner.organisation_id, owner.key, points_earned)
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))
    return owner


def held_by(owner: Account) -> str:
    with transaction(writes=False) as session:
        query = select(Tier.name).join(PointAccount, col(PointAccount.tier_id) == col(Tier.id))
        return session.exec(query.where(PointAccount.organisation_id == owner.organisation_id)).one()


def names() -> list[str]:
    with transaction(writes=False) as session:
        return [one.name for one in tiers.ladder(session)]


def test_a_raised_threshold_moves_nobody_and_the_preview_says_who_would(admin: Credential) -> None:
    owner = silver()
    raised = changed(tier(admin, "Silver"), threshold="1,500".replace(",", ""))
    would = perform(tier_rules.preview_change, raised, admin)
    assert (would.now, would.then) == (Moves(0, 0), Moves(0, 1))
    perform(tier_rules.change, raised, admin)
    assert held_by(owner) == "Silver"
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(AuditRow.action == "tier_rules.change")).one()
    assert ((row.before or {})["threshold"], (row.after or {})["threshold"]) == (1_000, 1_500)


def test_a_lowered_threshold_lifts_with_the_next_registration_only(here: Credential) -> None:
    owner = silver()
    lowered = changed(tier(here, "Gold"), threshold=1_100)
    assert perform(tier_rules.preview_change, lowered, here).then == Moves(1, 0)
    perform(tier_rules.change, lowered, here)
    assert held_by(owner) == "Silver"
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))
    assert held_by(owner) == "Gold"


def test_a_review_that_is_due_is_held_by_the_rules_of_its_day(here: Credential) -> None:
    owner = silver()
    clock.advance(timedelta(hours=2))
    with transaction() as session:
        session.exec(select(PointAccount)).one().review_at = clock.now() - timedelta(hours=1)
    perform(tier_rules.change, changed(tier(here, "Silver"), threshold=1_500), here)
    assert held_by(owner) == "Silver"
    with transaction(writes=False) as session:
        assert session.exec(select(PointAccount)).one().review_at > clock.now()


def test_tiers_keep_their_order_and_the_lowest_begins_at_nothing(here: Credential) -> None:
    for one, threshold, code in (
        ("Silver", 0, "taken"),
        ("Silver", 5_000, "taken"),
        ("Silver", 5_001, "order"),
        ("Gold", 999, "order"),
        ("Registered", 1, "lowest"),
    ):
        with pytest.raises(Refusal) as refused:
            perform(tier_rules.change, changed(tier(here, one), threshold=threshold), here)
        assert (refused.value.code, refused.value.field) == (code, "threshold")
    perform(tier_rules.change, changed(tier(here, "Platinum"), threshold=90_000), here)
    assert names() == ["Registered", "Silver", "Gold", "Platinum"]


def test_a_tier_is_added_with_its_rebate_and_benefits_and_removed_while_nobody_needs_it(admin: Credential) -> None:
    new = {"name": "Diamond", "threshold": 50_000, "rebate": "7,25", "benefits": " A dinner \n\n  Two   seats\n"}
    perform(tier_rules.add, new, admin)
    added = tier(admin, "Diamond")
    assert (added.rebate, added.benefits, added.partners) == ("7.25", ["A dinner", "Two seats"], 0)
    with pytest.raises(Refusal) as refused:
        perform(tier_rules.add, {**new, "name": "diamond", "threshold": 60_000}, admin)
    assert (refused.value.code, refused.value.field) == ("taken", "name")
    gone = {"tier": added.id, "seen": added.seen}
    assert perform(tier_rules.remove, gone, admin) == "Diamond"
    with pytest.raises(Refusal, match="not_found"):
        perform(tier_rules.remove, gone, admin)
    assert names() == ["Registered", "Silver", "Gold", "Platinum"]


def test_a_tier_that_is_needed_stays(here: Credential) -> None:
    owner = silver()
    earn(owner.organisation_id, owner.key, 4_000)
    with transaction() as session:
        tiers.lift(session, points.lock(session, owner.organisation_id), tiers.programme(session))
        session.add(Reward(name="Headset", points=100))
        session.flush()
        session.add(
            RewardStock(reward_id=session.exec(select(Reward.id)).one() or 0, tier_id=tiers.ladder(session)[3].key,
                        stock=0)
        )  # fmt: skip
    for name, code in (("Registered", "lowest"), ("Silver", "has_history"), ("Gold", "held"),
                       ("Platinum", "has_rewards")):  # fmt: skip
        one = tier(here, name)
        with pytest.raises(Refusal) as refused:
            perform(tier_rules.remove, {"tier": one.id, "seen": one.seen}, here)
        assert refused.value.code == code


def test_the_figures_change_and_points_earned_before_keep_their_last_day(here: Credential) -> None:
    owner = silver()
    lots_before = perform_account(here, owner)
    given = figures(here, tier_period_months=6, lot_validity_months=12, registration_window_days=90)
    assert perform(tier_rules.preview_figures, given, here).then == Moves(0, 0)
    perform(tier_rules.change_figures, given, here)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(tier_rules.change_figures, given, here)
    assert perform_account(here, owner) == lots_before
    with transaction(writes=False) as session:
        found = session.exec(select(Programme)).one()
    assert (found.tier_period_months, found.lot_validity_months, found.registration_window_days) == (6, 12, 90)


def perform_account(who: Credential, owner: Account) -> Any:
    from yeastar_app.services import partner_points

    return perform(partner_points.account, {"partner": owner.organisation_id}, who).lots


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "a" * 41), ("name", 5), ("threshold", -1), ("threshold", "1.5"), ("threshold", True),
        ("threshold", 100_000_001), ("threshold", ""), ("rebate", ""), ("rebate", "x"), ("rebate", "1.234"),
        ("rebate", "100.01"), ("rebate", "-1"), ("rebate", "1."), ("rebate", ".5"), ("rebate", "1e1"), ("rebate", 2),
        ("rebate", "٣"), ("rebate", None), ("benefits", "a" * 121), ("benefits", "x\n" * 21), ("benefits", 5),
        ("benefits", "a\0b"),
    ],
)  # fmt: skip
def test_bad_input_makes_no_tier(here: Credential, field: str, value: Any) -> None:
    good = {"name": "Diamond", "threshold": 50_000, "rebate": "5", "benefits": ""}
    with pytest.raises(Refusal) as refused:
        perform(tier_rules.add, {**good, field: value}, here)
    assert field in refused.value.fields
    assert len(names()) == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tier_period_months", 0), ("tier_period_months", 121), ("lot_validity_months", "x"),
        ("lot_validity_months", ""), ("registration_window_days", 3651), ("registration_window_days", -1),
        ("registration_window_days", None),
    ],
)  # fmt: skip
def test_bad_input_changes_no_figure(here: Credential, field: str, value: Any) -> None:
    with pytest.raises(Refusal):
        perform(tier_rules.change_figures, figures(here, **{field: value}), here)
    with transaction(writes=False) as session:
        assert session.exec(select(Programme)).one().tier_period_months == 12


def four_change(admin: Credential) -> tuple[int, list[str]]:
    one = tier(admin, "Gold")
    won, refused = at_once(4, lambda n: perform(tier_rules.change, changed(one, threshold=5_001 + n), admin))
    return len(won), refused


def test_negative_control_without_the_comparison_the_last_overwrites_silently(
    admin: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    assert four_change(admin) == (4, [])


def test_of_four_who_change_a_tier_one_saves_and_three_are_told(admin: Credential) -> None:
    assert four_change(admin) == (1, ["changed_meanwhile"] * 3)


def test_percentages_are_said_without_needless_zeros() -> None:
    assert [percent(one) for one in (0, 5, 50, 100, 250, 725, 10_000)] == [
        "0",
        "0.05",
        "0.5",
        "1",
        "2.5",
        "7.25",
        "100",
    ]


def test_who_would_move_is_counted_against_the_steps_that_would_hold() -> None:
    steps = [(1, 0), (2, 100), (3, 500)]
    assert count_moves([(1, 99), (1, 100), (2, 99), (2, 500), (3, 0), (3, 900)], steps) == Moves(2, 2)
