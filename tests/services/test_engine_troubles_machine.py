"""The sign of a cloud PBX against a naive model: whatever is wished and whatever the engine makes of it, in any order,
there is a sign exactly where everything is answered and what is wished is not what runs."""

import os
from dataclasses import dataclass

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.services.central import add_pbx, owner
from tests.services.test_hosting import Scripted, do, report, resize, take_in
from yeastar_app.database import transaction
from yeastar_app.engines.hosting import Command, Rejected
from yeastar_app.jobs import hosting
from yeastar_app.models.capacity import Pbx, Pool, RunState
from yeastar_app.models.hosting import CommandKind, Outcome
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, checks, engine_orders, pbx_control, pbx_orders

TOTAL = 100
EXAMPLES = int(os.environ.get("HOSTING_EXAMPLES", "8"))
"""How many random lives; a long run takes thousands."""


@dataclass
class Has:
    extensions: int
    plan: str
    running: bool


class Agreement(RuleBasedStateMachine):
    """One PBX that exists; its engine takes commands one by one and answers when it likes."""

    engine = Scripted()

    def __init__(self) -> None:
        super().__init__()
        self.engine.taken.clear()
        self.partner = owner(total_extensions=TOTAL)
        self.by = self.partner.credential
        self.number = add_pbx(self.by, extensions=20)
        self.wished, self.runs = Has(20, "enterprise", False), Has(20, "enterprise", False)
        self.most = 20
        """The most the engine may still have; it comes down when all is answered."""
        self.sequence, self.answered = 0, 0
        self.open = 1
        self.answers(Outcome.DONE)

    # What people do

    @rule(extensions=st.integers(1, 60))
    def resize(self, extensions: int) -> None:
        resize(self.by, self.number, extensions=extensions)
        self.most = max(self.most, self.wished.extensions, extensions)
        self.wished.extensions = extensions
        self.open += 1

    @rule(run=st.booleans())
    def switch(self, run: bool) -> None:
        before = self.waiting()
        do(pbx_control.start if run else pbx_control.stop, self.by, self.number)
        self.wished.running = run
        self.open += self.waiting() - before

    @rule()
    def upgrade(self) -> None:
        do(pbx_orders.upgrade, self.by, self.number)
        self.open += self.wished.plan != "ultimate"
        self.wished.plan = "ultimate"

    @rule()
    def try_again(self) -> None:
        before = self.waiting()
        do(pbx_control.retry, self.by, self.number)
        self.open += self.waiting() - before

    @rule()
    def go_back(self) -> None:
        with transaction(writes=False) as session:
            sign = session.get_one(Pbx, self.number).trouble
        try:
            do(pbx_control.go_back, self.by, self.number)
        except Refusal as refusal:
            assert (refusal.code, self.open > 0, sign != "") == ("still_waiting", True, True)
            return
        if sign:
            self.wished = Has(**vars(self.runs))

    def waiting(self) -> int:
        with transaction(writes=False) as session:
            return len(engine_orders.unanswered(session, self.number))

    # What the engine does

    @precondition(lambda self: self.open)
    @rule(outcome=st.sampled_from([Outcome.DONE, Outcome.FAILED]), again=st.booleans())
    def answers(self, outcome: Outcome, again: bool = False) -> None:
        hosting.send_due()
        command = self.engine.taken[self.answered]
        self.answered += 1
        self.open -= 1
        if outcome is Outcome.DONE:
            self.carry_out(command)
        self.says(command.id, outcome)
        if again:
            self.says("", None)

    @precondition(lambda self: self.open and self.answered == len(self.engine.taken))
    @rule()
    def rejects(self) -> None:
        self.engine.fault = Rejected("beyond the licence")
        before = self.waiting()
        while self.waiting() == before:
            hosting.send_due()
        self.engine.fault = None
        self.open = self.waiting()
        self.come_down()

    def carry_out(self, command: Command) -> None:
        match command.kind:
            case CommandKind.RESIZE:
                self.runs.extensions = command.body["extensions"]
            case CommandKind.START | CommandKind.STOP:
                self.runs.running = command.kind is CommandKind.START
            case CommandKind.UPGRADE:
                self.runs.plan = "ultimate"

    def says(self, command: str, outcome: Outcome | None) -> None:
        self.sequence += 1
        state = RunState.RUNNING if self.runs.running else RunState.STOPPED
        more = {"extensions": self.runs.extensions, "command": command, "outcome": outcome}
        take_in(report(self.number, self.sequence, state, **more))
        self.come_down()

    def come_down(self) -> None:
        if not self.open:
            self.most = self.runs.extensions

    # What is so at any time

    @invariant()
    def there_is_a_sign_exactly_where_wish_and_engine_differ(self) -> None:
        with transaction(writes=False) as session:
            row = session.get_one(Pbx, self.number)
            used, wrong = session.get_one(Pool, self.partner.pool.key).used_extensions, capacity.invariants(session)
        assert (row.extensions, row.plan) == (self.wished.extensions, self.wished.plan)
        assert self.open or (row.trouble != "") == (self.wished != self.runs), (row.trouble, self.wished, self.runs)
        assert (used, wrong) == (max(self.most, self.wished.extensions), [])

    def teardown(self) -> None:
        """In the end all is answered, somebody goes back to what runs, and both are the same."""
        while self.open:
            self.answers(Outcome.FAILED)
        self.go_back()
        self.there_is_a_sign_exactly_where_wish_and_engine_differ()
        assert self.wished == self.runs
        with transaction(writes=False) as session:
            assert checks.broken(session) == []


def test_whatever_is_wished_and_fails_the_sign_says_whether_it_is_so(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "engine", lambda: Agreement.engine)
    run_state_machine_as_test(
        Agreement, settings=hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=20, deadline=None)
    )
