"""Cloud PBXs under everything that people, the engine and a bad line can do, in any order, against a naive model: what
is charged, what was asked for, and what the engine has (PRODUCT 6)."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from tests.services.central import add_pbx, free, let_the_engine_work, owner, problems, simulator_takes
from tests.services.test_hosting import resize, seen
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.engines import simulator
from yeastar_app.engines.hosting import Report, Usage
from yeastar_app.jobs import hosting
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import checks, engine_reports, pbx_control, usage

TOTAL = 60
EXAMPLES = int(os.environ.get("HOSTING_EXAMPLES", "8"))
"""How many random lives; a long run takes thousands."""


@dataclass
class Naive:
    """One PBX, told naively: how many extensions it was given last, and the sizes the engine may still have."""

    wished: int
    may_have: list[int]
    going: bool = False

    @property
    def charged(self) -> int:
        return max(self.wished, *self.may_have)


class Hosting(RuleBasedStateMachine):
    pbxs = Bundle("pbxs")

    def __init__(self) -> None:
        super().__init__()
        self.partner = owner(total_extensions=TOTAL)
        self.model: dict[int, Naive] = {}
        self.held_back: list[Report] = []

    def free(self) -> int:
        return TOTAL - sum(one.charged for one in self.model.values())

    @rule(target=pbxs, extensions=st.integers(1, 40))
    def create(self, extensions: int) -> int:
        fits = extensions <= self.free()
        try:
            number = add_pbx(self.partner.credential, extensions=extensions, calls=1)
        except Refusal:
            assert not fits
            return 0
        assert fits
        self.model[number] = Naive(extensions, [extensions])
        return number

    @rule(number=pbxs, extensions=st.integers(1, 40))
    def resize(self, number: int, extensions: int) -> None:
        one = self.model.get(number)
        if one is None:
            return
        more = max(extensions, one.charged) - one.charged
        fits = not one.going and more <= self.free()
        try:
            resize(self.partner.credential, number, extensions=extensions)
        except Refusal:
            assert not fits
            return
        assert fits
        one.may_have.append(max(one.wished, extensions))
        one.wished = extensions

    @rule(number=pbxs, what=st.sampled_from(["start", "stop", "reset"]))
    def control(self, number: int, what: str) -> None:
        self.act(number, getattr(pbx_control, what))

    @rule(number=consumes(pbxs))
    def delete(self, number: int) -> None:
        if self.act(number, pbx_control.delete):
            self.model[number].going = True

    def act(self, number: int, action: Any) -> bool:
        if not number:  # its creation was refused
            return False
        try:
            perform(action, {"id": number}, self.partner.credential)
        except NotFound:
            assert number not in self.model
            return False
        except Refusal as refusal:
            assert refusal.code in ("being_deleted", "not_running")
            return False
        return True

    @rule()
    def the_line_goes_both_ways(self) -> None:
        with simulator_takes(0):
            hosting.send_due()
            hosting.simulate()
        self.settle()

    @rule()
    def commands_go_out_and_their_reports_are_held_back(self) -> None:
        with simulator_takes(0):
            hosting.send_due()
            simulator.advance(self.held_back.append)

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans())
    def held_back_reports_arrive_in_any_order(self, order: Any, twice: bool) -> None:
        arriving, self.held_back = self.held_back * (2 if twice else 1), []
        order.shuffle(arriving)
        for report in arriving:
            hosting.deliver(report)
        self.settle()

    @rule(number=pbxs, ago=st.integers(-4, 600), used=st.integers(0, 500))
    def the_engine_measures_early_late_and_twice(self, number: int, ago: int, used: int) -> None:
        at = clock.now() - timedelta(minutes=ago)
        said = Usage(f"pbx-{number}", at, used, used, used, used)
        for _ in range(2 if number else 0):
            with transaction() as session:
                usage.take_in(session, said)

    def settle(self) -> None:
        """Where the engine has answered everything the model knows what it has: what was wished; or it is gone."""
        for number, one in list(self.model.items()):
            try:
                now = seen(self.partner.credential, number)
            except NotFound:
                assert one.going
                del self.model[number]
                continue
            if now.row.waiting is None:
                one.may_have = [one.wished]

    @invariant()
    def what_is_free_is_what_the_model_says(self) -> None:
        assert free(self.partner)[0] == self.free()
        assert problems() == []

    def teardown(self) -> None:
        """In the end the line holds: everything comes to rest, and nothing is lost or left over."""
        for report in self.held_back:
            with transaction() as session:
                engine_reports.take_in(session, report)
        let_the_engine_work()
        self.settle()
        with transaction(writes=False) as session:
            assert checks.broken(session) == []
        assert all(not one.going and one.may_have == [one.wished] for one in self.model.values())
        assert free(self.partner)[0] == TOTAL - sum(one.wished for one in self.model.values())


def test_whatever_people_and_the_engine_do_capacity_stands_as_a_naive_model_says(sqlite: str) -> None:
    run_state_machine_as_test(
        Hosting, settings=hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None)
    )
