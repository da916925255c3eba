"""The dashboard: its figures, its next steps, and that it asks the database six times and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.conftest import START
from tests.factories import account, signed_in
from tests.services.test_forecast import register
from tests.services.test_points import spend
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.points import BulkUpload, Tier, UploadStatus
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward, RewardStock
from yeastar_app.services import dashboard
from yeastar_app.services.forecast import Standing
from yeastar_app.services.next_steps import Offer, StepKind, Waiting, next_steps, would_do

LADDER = [
    Tier(id=n, name=name, threshold=t) for n, (name, t) in enumerate([("Low", 0), ("Mid", 1_000), ("High", 5_000)])
]
OFFERS = [Offer("Appliance", 150), Offer("Cloud", 200), Offer("Software", 100)]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement sent to the database in the block."""
    statements: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    sa.event.listen(database.engine(), "before_cursor_execute", keep)
    yield statements
    sa.event.remove(database.engine(), "before_cursor_execute", keep)


def seen(credential: Credential) -> dashboard.View:
    view: dashboard.View = perform(dashboard.view, None, credential)
    return view


def test_the_whole_dashboard_is_six_queries_at_most(db: str) -> None:
    owner = account()
    credential = signed_in(owner)
    for days in (500, 400, 300, 200, 100, 20):
        with clock.frozen(START - timedelta(days=days)):
            register(owner, 500)
    with counted() as statements:
        view = seen(credential)
    assert view.balance == 3_000
    assert 1 < len([statement for statement in statements if statement != "BEGIN"]) <= 6


def test_the_months_show_what_was_earned_and_held(db: str) -> None:
    owner = account()
    for at, amount in (
        (datetime(2025, 12, 31, 23, 59, 59, 999_999, UTC), 10),
        (datetime(2026, 1, 1, tzinfo=UTC), 20),
        (datetime(2026, 2, 5, tzinfo=UTC), 40),
    ):
        with clock.frozen(at):
            register(owner, amount)
    spend(owner.organisation_id, 25)
    view = seen(signed_in(owner))
    assert [points for _, points in view.earned] == [0] * 8 + [10, 20, 40, 0]
    assert view.earned[-1][0] == datetime(2026, 3, 1, tzinfo=UTC)
    assert [points for _, points in view.balances] == [0] * 9 + [10, 30, 70]
    assert view.balance == 45


def test_recent_activity_is_the_end_of_the_ledger_newest_first(db: str) -> None:
    owner = account()
    for number in range(1, 8):
        register(owner, number)
    spend(owner.organisation_id, 1)
    assert [line.points for line in seen(signed_in(owner)).recent] == [-1, 7, 6, 5, 4, 3]


def test_what_was_spent_at_once_is_one_line_however_many_lots_it_took(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = account()
    for number in range(1, 8):
        register(owner, number)
    spend(owner.organisation_id, 20)
    assert [line.points for line in seen(signed_in(owner)).recent] == [-20, 7, 6, 5, 4, 3]
    monkeypatch.setattr(dashboard, "READ_BACK", 4)
    assert [line.points for line in seen(signed_in(owner)).recent] == [-20], "counted to the end all the same"
    monkeypatch.setattr(dashboard, "READ_BACK", 8)
    assert [line.points for line in seen(signed_in(owner)).recent] == [-20, 7], "the last one read may go on"


def test_recent_activity_goes_by_time_and_not_by_when_it_was_written_down(db: str) -> None:
    owner = account()
    register(owner, 5)
    with clock.frozen(clock.now() - timedelta(days=30)):
        register(owner, 9)
    assert [line.points for line in seen(signed_in(owner)).recent] == [5, 9]


def test_a_company_without_points_is_told_how_to_begin(sqlite: str) -> None:
    view = seen(signed_in(account()))
    assert (view.balance, view.standing.tier.name, view.recent) == (0, "Registered", [])
    (step,) = view.steps
    assert (step.kind, step.title) == (StepKind.BEGIN, "Register a product you sold")
    assert "1,000 points lift you to Silver" in step.words


def test_nobody_sees_what_is_another_companys(sqlite: str) -> None:
    register(account(), 2_000)
    view = seen(signed_in(account()))
    assert (view.balance, view.recent, sum(points for _, points in view.earned)) == (0, [], 0)


def kinds(view: dashboard.View) -> list[StepKind]:
    return [step.kind for step in view.steps]


def test_what_waits_is_named(sqlite: str) -> None:
    owner, other = account(), account()
    register(owner, 1_200)
    now, common = clock.now(), {"content": b"", "created_at": clock.now()}
    with transaction() as session:
        silver = session.exec(select(Tier).where(col(Tier.name) == "Silver")).one()
        for status, of in ((UploadStatus.CHECKED, owner), (UploadStatus.CHECKED, other)):
            session.add(BulkUpload(organisation_id=of.organisation_id, account_id=of.key, file_name=f"{of.key}.xlsx",
                                   status=status, good=3, **common))  # fmt: skip
        cup, car = (Reward(name=name, points=points) for name, points in (("Cup", 1_200), ("Car", 1_201)))
        session.add_all([cup, car])
        session.flush()
        session.add_all(RewardStock(reward_id=each.key, tier_id=silver.key, stock=1) for each in (cup, car))
        session.add(Redemption(organisation_id=owner.organisation_id, account_id=owner.key, reward_id=cup.key,
                               reward_name="Cup", points=1_200, tier_id=silver.key, status=RedemptionStatus.DECLINED,
                               deliver_to="-", request_key="1", requested_at=now, decided_at=now))  # fmt: skip
    view = seen(signed_in(owner))
    assert kinds(view) == [StepKind.DECLINED, StepKind.WORKBOOK, StepKind.KEEP, StepKind.RISE, StepKind.REWARDS]
    assert view.steps[1].title == f"{owner.key}.xlsx waits for you"
    assert "3 rows" in view.steps[1].words
    assert "1 reward" in view.steps[4].title
    clock.advance(timedelta(days=31))
    assert StepKind.DECLINED not in kinds(seen(signed_in(owner)))


def standing(**values: Any) -> Standing:
    return Standing(
        **{
            "moment": START,
            "lots": [(date(2027, 3, 2), 880)],
            "earned": [(START, 880)],
            "steps": LADDER,
            "tier": LADDER[0],
            "review_at": START + timedelta(days=364),
            "period_months": 12,
            **values,
        }
    )


def steps_of(shown: Standing, debt: int = 0) -> dict[StepKind, tuple[str, str]]:
    return {step.kind: (step.title, step.words) for step in next_steps(shown, debt, Waiting(), OFFERS)}


def test_the_next_tier_is_named_with_what_would_reach_it() -> None:
    title, words = steps_of(standing())[StepKind.RISE]
    assert (title, words) == ("120 points to Mid", "1 Appliance or 1 Cloud would do.")


def test_what_keeps_the_tier_is_named_with_its_day_and_not_where_nothing_is_missing() -> None:
    falling = standing(tier=LADDER[1], earned=[(START - timedelta(days=300), 1_500), (START, 650)])
    assert steps_of(falling)[StepKind.KEEP][0] == "350 points keep Mid, if earned before 1 Mar 2027"
    assert StepKind.KEEP not in steps_of(standing(tier=LADDER[1], earned=[(START, 1_000)]))
    assert StepKind.KEEP not in steps_of(standing())


def test_points_that_expire_soon_are_named_with_their_last_day_and_what_follows() -> None:
    soon = standing(lots=[(date(2026, 3, 9), 350), (date(2026, 4, 1), 50), (date(2027, 1, 1), 1)])
    title, words = steps_of(soon)[StepKind.EXPIRING]
    assert title == "350 points expire: 9 Mar 2026 is their last day"
    assert words == "50 more follow within 90 days."
    assert StepKind.EXPIRING not in steps_of(standing())


def test_what_ends_first_is_named_first() -> None:
    falling = {"tier": LADDER[1], "earned": [(START, 650)], "lots": [(date(2026, 4, 1), 5)]}
    assert list(steps_of(standing(**falling)))[:2] == [StepKind.EXPIRING, StepKind.KEEP]
    near = START + timedelta(days=2)
    assert list(steps_of(standing(**falling, review_at=near)))[:2] == [StepKind.KEEP, StepKind.EXPIRING]


def test_a_debt_comes_first() -> None:
    assert next(iter(steps_of(standing(lots=[]), debt=1))) is StepKind.DEBT
    assert steps_of(standing(lots=[]), debt=1)[StepKind.DEBT][0] == "1 point owed"


def test_at_the_top_nothing_is_asked_for() -> None:
    assert steps_of(standing(tier=LADDER[2], earned=[(START, 9_000)])) == {}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (0, ""),
        (-5, ""),
        (1, "1 Software or 1 Appliance"),
        (151, "1 Cloud or 2 Software"),
        (30_000, "150 Cloud or 200 Appliance"),
    ],
)
def test_the_fewest_registrations_that_would_do(missing: int, words: str) -> None:
    assert would_do(missing, OFFERS) == words
    assert would_do(missing, []) == ""
