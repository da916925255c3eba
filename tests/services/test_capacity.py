"""The capacity tree under everything people can do, in any order and all at once (PRODUCT 6)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from sqlmodel import col

from tests.race import outcomes
from tests.services.central import (
    activated,
    add_pbx,
    add_reseller,
    delete_pbx,
    edit_form,
    free,
    let_the_engine_work,
    owner,
    problems,
)
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.capacity import Pool
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, pbx, pbx_control, resellers
from yeastar_app.services.capacity import Amount

PEOPLE = 50


def granted(results: list[Any]) -> int:
    return sum(not isinstance(result, Refusal) for result in results)


def test_reading_first_and_writing_then_oversells(db: str) -> None:
    """The negative control: without the conditional UPDATE the same crowd gets more than there is."""
    partner = owner(total_extensions=98)
    everybody_has_read = threading.Barrier(10)

    def careless(_number: int) -> int:
        with transaction(writes=False) as session:
            pool = session.get_one(Pool, partner.pool.id)
        everybody_has_read.wait()
        if pool.used_extensions + 14 > pool.total_extensions:
            raise Refusal("capacity_exceeded", "")
        with transaction() as session:
            used = pool.used_extensions + 14
            session.execute(sa.update(Pool).where(col(Pool.id) == pool.id).values(used_extensions=used))
        return 14

    assert granted(outcomes(10, careless)) * 14 > 98


def test_50_people_assigning_at_once_never_get_more_than_there_is(db: str) -> None:
    partner = owner(total_extensions=98, total_calls=1000)
    asked = {"extensions": 7, "min_extensions": 1, "calls": 1, "minutes": 0}
    results = outcomes(PEOPLE, lambda _number: add_reseller(partner, **asked))
    assert granted(results) == 14
    assert {result.code for result in results if isinstance(result, Refusal)} == {"capacity_exceeded"}
    assert free(partner)[0] == 0
    assert problems() == []


def test_a_crowd_of_owner_and_reseller_on_one_package_leaves_it_whole(db: str) -> None:
    """Resizing, deleting and creating PBXs meet in the same two pools; the locks have one order, so nobody waits
    for ever."""
    partner = owner()
    reseller = add_reseller(partner, extensions=60, min_extensions=1, calls=60)
    signed = activated(reseller)
    form = edit_form(partner, reseller)

    def one(number: int) -> int:
        match number % 4:
            case 0:
                return perform(resellers.edit, {**form, "extensions": 40 + number}, partner.credential)
            case 1:
                return add_pbx(signed, extensions=5, calls=1)
            case 2:
                return add_pbx(partner.credential, owner=reseller, extensions=5, calls=1)
            case _:
                return perform(resellers.delete, {"ids": [reseller]}, partner.credential).count

    outcomes(24, one)
    assert problems() == []


def test_one_pbx_deleted_20_times_at_once_gives_its_capacity_back_once(db: str) -> None:
    partner = owner()
    number = add_pbx(partner.credential, extensions=20)
    outcomes(20, lambda _number: perform(pbx_control.delete, {"id": number}, partner.credential))
    assert free(partner)[0] == 980
    let_the_engine_work()
    assert free(partner)[0] == 1000
    assert problems() == []


def test_more_than_the_columns_can_hold_is_too_much_and_no_fault(db: str) -> None:
    partner = owner(total_minutes=2**31 - 1)
    add_reseller(partner, minutes="1000000000")
    add_reseller(partner, minutes="1000000000")
    with pytest.raises(Refusal) as refused:
        add_reseller(partner, minutes="1000000000")
    assert refused.value.code == "capacity_exceeded"
    assert problems() == []


def test_giving_back_more_than_was_taken_is_refused(db: str) -> None:
    partner = owner()
    with pytest.raises(Refusal), transaction() as session:
        capacity.give(session, partner.pool.key, Amount(1, 0, 0))
    assert problems() == []


def test_the_check_of_the_invariants_finds_a_leak(sqlite: str) -> None:
    partner = owner()
    with transaction() as session:
        session.execute(sa.update(Pool).values(used_extensions=3))
    assert problems() == [f"pool {partner.pool.id}: extensions used is 3, its resellers and PBXs make 0"]


EXTENSIONS, CALLS, MINUTES = 40, 12, 3_000
some_extensions = st.integers(1, 30)
some_calls = st.integers(1, 8)
some_minutes = st.sampled_from([0, 500, 501, 900, 2_000])


class Model:
    """What should happen, told naively: packages as sums over plain dictionaries."""

    def __init__(self) -> None:
        self.packages: dict[int, tuple[int, int, int]] = {}
        self.pbxs: dict[int, tuple[int, tuple[int, int, int]]] = {}

    def used_of(self, reseller: int) -> list[int]:
        return [sum(taken[each] for where, taken in self.pbxs.values() if where == reseller) for each in range(3)]

    def free_of(self, reseller: int) -> list[int]:
        total = self.packages[reseller] if reseller else (EXTENSIONS, CALLS, MINUTES)
        handed_out = [sum(package[each] for package in self.packages.values()) for each in range(3)]
        out = [0, 0, 0] if reseller else handed_out
        return [total[each] - out[each] - self.used_of(reseller)[each] for each in range(3)]


class CapacityTree(RuleBasedStateMachine):
    """An owner, its resellers, everybody's PBXs: created, edited and deleted in any order."""

    there = Bundle("resellers")
    machines = Bundle("pbxs")

    def __init__(self) -> None:
        super().__init__()
        self.partner = owner(total_extensions=EXTENSIONS, total_calls=CALLS, total_minutes=MINUTES)
        self.model = Model()
        self.signed: dict[int, Credential] = {}

    def agree(self, expected: bool, act: Callable[[], Any]) -> Any:
        """Carry it out; it must be refused exactly where the model says it does not fit."""
        try:
            result = act()
        except Refusal:
            assert not expected
            return None
        assert expected
        return result

    @rule(target=there, extensions=some_extensions, calls=some_calls, minutes=some_minutes)
    def add(self, extensions: int, calls: int, minutes: int) -> int:
        wanted = (extensions, calls, minutes)
        fits = all(asked <= left for asked, left in zip(wanted, self.model.free_of(0), strict=True))
        form = {"extensions": extensions, "calls": calls, "minutes": minutes, "min_extensions": 1}
        number = self.agree(fits, lambda: add_reseller(self.partner, **form))
        if number is None:
            return 0
        self.model.packages[number] = wanted
        self.signed[number] = activated(number)
        return int(number)

    @rule(reseller=there, extensions=some_extensions, calls=some_calls, minutes=some_minutes)
    def edit(self, reseller: int, extensions: int, calls: int, minutes: int) -> None:
        if reseller not in self.model.packages:
            return
        wanted, held = (extensions, calls, minutes), self.model.packages[reseller]
        left, used = self.model.free_of(0), self.model.used_of(reseller)
        fits = all(used[each] <= wanted[each] <= held[each] + left[each] for each in range(3)) and minutes >= held[2]
        form = edit_form(self.partner, reseller, extensions=extensions, calls=calls, minutes=minutes)
        if self.agree(fits, lambda: perform(resellers.edit, form, self.partner.credential)):
            self.model.packages[reseller] = wanted

    @rule(reseller=there)
    def delete(self, reseller: int) -> None:
        there = reseller in self.model.packages
        idle = there and not any(where == reseller for where, _ in self.model.pbxs.values())
        payload = {"ids": [reseller]}
        if self.agree(idle, lambda: perform(resellers.delete, payload, self.partner.credential)):
            del self.model.packages[reseller]

    @rule(target=machines, where=st.one_of(st.just(0), there), extensions=some_extensions, calls=some_calls,
          minutes=some_minutes, by_owner=st.booleans())  # fmt: skip
    def create_pbx(self, where: int, extensions: int, calls: int, minutes: int, by_owner: bool) -> int:
        if where and where not in self.model.packages:
            return 0
        taken = (extensions, calls, max(0, minutes - 500))
        fits = all(asked <= left for asked, left in zip(taken, self.model.free_of(where), strict=True))
        form = {"extensions": extensions, "calls": calls, "minutes": minutes, "recording": minutes > 0}
        if by_owner or not where:
            number = self.agree(fits, lambda: add_pbx(self.partner.credential, owner=where or None, **form))
        else:
            number = self.agree(fits, lambda: add_pbx(self.signed[where], **form))
        if number is None:
            return 0
        self.model.pbxs[number] = (where, taken)
        return int(number)

    @rule(number=consumes(machines))
    def delete_pbx(self, number: int) -> None:
        there = number in self.model.pbxs
        if self.agree(there, lambda: delete_pbx(self.partner.credential, number)):
            del self.model.pbxs[number]

    @invariant()
    def the_pools_stand_as_the_model_says(self) -> None:
        assert list(free(self.partner)) == self.model.free_of(0)
        for reseller in self.model.packages:
            gauges = perform(pbx.overview, None, self.signed[reseller]).gauges
            assert [gauge.free for gauge in gauges] == self.model.free_of(reseller)
        assert problems() == []


def test_whatever_people_do_the_tree_stands_as_a_naive_model_says(sqlite: str) -> None:
    run_state_machine_as_test(
        CapacityTree, settings=hypothesis_settings(max_examples=10, stateful_step_count=20, deadline=None)
    )
