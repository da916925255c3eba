"""The ledger against a naive model, in any order of what can happen to it, with the clock moving. The model keeps every
single point and what became of it; it shares nothing with services/points.py but the rules.

A short run is part of the tests. The long one, ten thousand steps in a few minutes:

    LEDGER_STEPS=10000 .venv/bin/python -m pytest -n 0 -s tests/services/test_points_machine.py
"""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, select

from tests.conftest import START
from tests.services.test_points import earn, empty_ledger
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.points import PointAccount, PointLot, Registration, Tier
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward
from yeastar_app.refusals import Refusal
from yeastar_app.services import ledger_checks, points, tiers
from yeastar_app.services.calendar import add_months

STEPS = int(os.environ.get("LEDGER_STEPS", "150"))
LONG = 1_000
"""From so many steps on they are counted and differ each time; a short run is the same each time."""
STEPS_OF_A_RUN = 50 if STEPS >= LONG else 20


@dataclass
class Point:
    """One single point: the last day it can be spent, which earning it is of, and what became of it: "free", "expired",
    "gone" (nobody has it any more), or held by a redemption (its number)."""

    last_day: date
    earning: int
    fate: str | int = "free"


class Naive:
    """The rules, told point by point."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.debt = 0
        self.earnings = 0

    def free(self) -> list[Point]:
        """What can be spent, in the order in which it is."""
        found = [point for point in self.points if point.fate == "free"]
        return sorted(found, key=lambda point: (point.last_day, point.earning))

    def midnight(self) -> None:
        """Whatever is free and over has expired."""
        for point in self.points:
            if point.fate == "free" and point.last_day < clock.now().date():
                point.fate = "expired"

    def comes_in(self, some: list[Point]) -> None:
        """Points become free again or for the first time: what is owed is paid first, then what is over expires."""
        for point in sorted(some, key=lambda point: (point.last_day, point.earning)):
            point.fate = "free"
            if self.debt:
                point.fate = "gone"
                self.debt -= 1
        self.midnight()

    def earn(self, amount: int) -> int:
        self.midnight()
        self.earnings += 1
        fresh = [Point(add_months(clock.now(), 24).date(), self.earnings) for _ in range(amount)]
        self.points += fresh
        self.comes_in(fresh)
        return self.earnings

    def spend(self, amount: int, fate: str | int) -> bool:
        """Whether there was enough."""
        self.midnight()
        free = self.free()
        for point in free[:amount] if amount <= len(free) else ():
            point.fate = fate
        return amount <= len(free)

    def give_back(self, redemption: int) -> None:
        self.midnight()
        self.comes_in([point for point in self.points if point.fate == redemption])

    def reverse(self, earning: int) -> None:
        """What is left of an earning goes, nobody is asked for what expired of it, and the rest is taken from what else
        is free, or owed."""
        self.midnight()
        own = [point for point in self.points if point.earning == earning]
        spent = len(own)
        for point in own:
            if point.fate in ("free", "expired"):
                point.fate = "gone"
                spent -= 1
        for point in self.free()[:spent]:
            point.fate = "gone"
            spent -= 1
        self.debt += spent


class LedgerAgainstModel(RuleBasedStateMachine):
    """Earning, adjusting, redeeming, giving back, reversing, time passing and the job running."""

    steps: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        self._clock = clock.frozen(START)
        self._clock.__enter__()
        self._ledger = empty_ledger()
        self.organisation, self.account = self._ledger.__enter__()
        self.naive = Naive()
        self.registered: dict[int, int] = {}
        """Registrations that stand: id → which earning of the model."""
        self.held: list[int] = []
        """Redemptions that may still be declined or withdrawn."""
        with transaction() as session:
            self.reward = Reward(name="Phone", points=1)
            session.add(self.reward)

    def teardown(self) -> None:
        if hasattr(self, "_ledger"):
            rules = (ledger_checks.ledgers, ledger_checks.debts, ledger_checks.lots)
            with transaction(writes=False) as session:
                assert [words for broken in rules for words in broken(session)] == []
            self._ledger.__exit__(None, None, None)
            self._clock.__exit__(None, None, None)

    def counted(self, what: str) -> None:
        type(self).steps[what] += 1

    @rule(amount=st.integers(1, 60))
    def earns(self, amount: int) -> None:
        self.counted("earn")
        earn(self.organisation, self.account, amount)
        with transaction(writes=False) as session:
            newest = session.exec(select(Registration.id).order_by(col(Registration.id).desc()).limit(1)).one()
        assert newest is not None
        self.registered[newest] = self.naive.earn(amount)

    def share(self, percent: int) -> int:
        """So many percent of what can be spent, at least a point."""
        self.naive.midnight()
        return max(1, len(self.naive.free()) * percent // 100)

    @rule(percent=st.integers(-105, 40).filter(bool))
    def staff_adjust(self, percent: int) -> None:
        self.counted("adjust")
        amount = -self.share(-percent) if percent < 0 else percent
        enough = self.naive.spend(-amount, "gone") if amount < 0 else bool(self.naive.earn(amount))
        with transaction() as session:
            held = points.lock(session, self.organisation)
            arguments = (session, held, amount, points.Cause("test"), tiers.programme(session))
            if enough:
                points.adjust(*arguments)
            else:
                with pytest.raises(Refusal, match="not_enough_points"):
                    points.adjust(*arguments)

    @rule(percent=st.integers(1, 105))
    def redeems(self, percent: int) -> None:
        self.counted("redeem")
        amount = self.share(percent)
        with transaction() as session:
            held = points.lock(session, self.organisation)
            wish = Redemption(
                organisation_id=self.organisation,
                account_id=self.account,
                reward_id=self.reward.key,
                reward_name="Phone",
                points=amount,
                tier_id=session.exec(select(Tier.id).limit(1)).one(),
                status=RedemptionStatus.REQUESTED,
                deliver_to="-",
                request_key=str(sum(self.steps.values())),
                requested_at=clock.now(),
            )
            session.add(wish)
            session.flush()
            cause = points.Cause("test", redemption_id=wish.key)
            if self.naive.spend(amount, wish.key):
                points.spend(session, held, amount, cause)
                self.held.append(wish.key)
            else:
                with pytest.raises(Refusal, match="not_enough_points"):
                    points.spend(session, held, amount, cause)

    @precondition(lambda self: self.held)
    @rule(which=st.sampled_from([0, 1, -1]))
    def a_redemption_is_declined(self, which: int) -> None:
        self.counted("decline")
        wish = self.held.pop(which % len(self.held))
        with transaction() as session:
            held = points.lock(session, self.organisation)
            points.give_back(session, held, session.get_one(Redemption, wish), points.Cause("test", redemption_id=wish))
        self.naive.give_back(wish)

    @precondition(lambda self: self.registered)
    @rule(which=st.sampled_from([0, 1, -1]))
    def a_registration_is_reversed(self, which: int) -> None:
        self.counted("reverse")
        key = sorted(self.registered)[which % len(self.registered)]
        with transaction() as session:
            held = points.lock(session, self.organisation)
            registration = session.get_one(Registration, key)
            points.reverse(session, held, registration, points.Cause("test", registration_id=key))
        earning, debt = self.registered.pop(key), self.naive.debt
        if any(point.fate == "expired" for point in self.naive.points if point.earning == earning):
            self.counted("reverse what expired")
        self.naive.reverse(earning)
        if self.naive.debt > debt:
            self.counted("reverse what was spent")

    @rule(days=st.sampled_from([1, 7, 30, 200, 365, 729, 731]))
    def time_passes(self, days: int) -> None:
        self.counted("time")
        clock.advance(timedelta(days=days))

    @rule(times=st.integers(1, 2))
    def the_jobs_run(self, times: int) -> None:
        self.counted("jobs")
        for _ in range(times):
            expiry.run_due()
            expiry.remind_due()
        self.naive.midnight()

    @invariant()
    def the_books_agree_with_every_single_point(self) -> None:
        if not hasattr(self, "naive"):
            return
        today = clock.now().date()
        with transaction(writes=False) as session:
            account = session.exec(select(PointAccount)).first()
            lots = session.exec(select(PointLot).order_by(col(PointLot.id))).all()
        spendable = sum(lot.remaining for lot in lots if lot.expires_on >= today)
        assert spendable == sum(point.last_day >= today for point in self.naive.free())
        assert (account.debt if account else 0) == self.naive.debt
        fates: dict[int, Counter[str | int]] = {number: Counter() for number in range(1, self.naive.earnings + 1)}
        for point in self.naive.points:
            fates[point.earning][point.fate] += 1
        assert [lot.remaining + lot.expired for lot in lots] == [f["free"] + f["expired"] for f in fates.values()]
        swept = [lot for lot in lots if lot.expired]
        assert all(fates[lots.index(lot) + 1]["expired"] == lot.expired for lot in swept if not lot.remaining)


def test_any_order_of_events_leaves_the_ledger_as_the_naive_model_says() -> None:
    done = LedgerAgainstModel.steps
    done.clear()
    while not done or sum(done.values()) < STEPS >= LONG:
        run_state_machine_as_test(
            LedgerAgainstModel,
            settings=hypothesis_settings(
                max_examples=max(1, STEPS // STEPS_OF_A_RUN),
                stateful_step_count=STEPS_OF_A_RUN,
                deadline=None,
                derandomize=STEPS < LONG,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(dict(done))
    kinds = {"earn", "adjust", "redeem", "decline", "reverse", "reverse what expired", "reverse what was spent",
             "time", "jobs"}  # fmt: skip
    assert STEPS < LONG or kinds <= set(done)
