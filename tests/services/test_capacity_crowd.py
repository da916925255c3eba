"""50 people at three levels of one tree at the same moment: the owner gives to resellers, resellers and their
colleagues use what they were given, PBXs are resized and deleted meanwhile (PRODUCT 6)."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.factories import ALL_CENTRAL_FEATURES, account, signed_in
from tests.race import outcomes
from tests.services.central import (
    Owner,
    activated,
    add_pbx,
    add_reseller,
    edit_form,
    let_the_engine_work,
    owner,
    problems,
)
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Organisation
from yeastar_app.models.capacity import Pool
from yeastar_app.refusals import Refusal
from yeastar_app.services import capacity, checks, pbx, pbx_control, pbx_orders, resellers
from yeastar_app.services.capacity import Amount

RESELLERS = 5
PACKAGE = Amount(extensions=40, calls=10, minutes=1_000)
"""What each of them was given before the crowd comes; 10 extensions of it are in use."""
TOO_MUCH = re.compile(
    r"(Extensions|Concurrent Calls|Call Recording \(mins\)): ([\d,]+) more asked for, ([\d,]+) free\."
)
IN_USE = re.compile(r"([\d,]+) are in use: set at least \1\.")
LOST_TO_ANOTHER = {"changed_meanwhile", "being_deleted"}
"""What somebody else did a moment ago to the very same thing: no word about capacity."""


@dataclass(frozen=True)
class Contender:
    """Somebody who clicks once. `moves`: pool → what it takes there if it is granted; `gone`: the PBX that leaves."""

    click: Callable[[], Any]
    moves: dict[int, Amount]
    gone: int = 0


@dataclass(frozen=True)
class Reseller:
    id: int
    pool: int
    credential: Credential
    colleague: Credential
    pbx: int


class Ground:
    """An owner with 300 extensions, of which 5 resellers hold 200."""

    def __init__(self) -> None:
        self.owner: Owner = owner(total_extensions=300, total_calls=90, total_minutes=9_000)
        self.resellers = [self._reseller() for _ in range(RESELLERS)]
        self.own = add_pbx(self.owner.credential, extensions=10)
        let_the_engine_work()

    def _reseller(self) -> Reseller:
        number = add_reseller(self.owner, extensions=40, min_extensions=1, calls=10, minutes=1_000)
        credential = activated(number)
        with transaction(writes=False) as session:
            company = session.get_one(Organisation, session.get_one(Account, number).organisation_id)
            pool = session.exec(select(Pool.id).where(Pool.organisation_id == company.id)).one() or 0
        colleague = signed_in(account(Kind.RESELLER_COLLEAGUE, company, grants=ALL_CENTRAL_FEATURES))
        return Reseller(number, pool, credential, colleague, add_pbx(credential, extensions=10))

    def crowd(self) -> list[Contender]:
        """50 of them, those who want the same things next to each other."""
        people = [self._gives_to_a_new_one() for _ in range(10)]
        for one in self.resellers:
            people += [
                self._edits(one, 60),
                self._edits(one, 25),
                self._creates(one, one.credential, 12),
                self._creates(one, one.colleague, 14),
                self._creates(one, self.owner.credential, 16, owner=one.id),
                self._resizes(one.pbx, one.pool, one.colleague, 10, 21),
                self._deletes(one.pbx, one.credential),
            ]
        own = self.owner.credential
        return [
            *people,
            self._resizes(self.own, self.owner.pool.key, own, 10, 30),
            self._deletes(self.own, own),
            *(self._uses_it_itself(25) for _ in range(3)),
        ]

    def _gives_to_a_new_one(self) -> Contender:
        given = Amount(20, 4, 700)
        form = {"extensions": 20, "calls": 4, "minutes": 700, "min_extensions": 1}
        return Contender(lambda: add_reseller(self.owner, **form), {self.owner.pool.key: given})

    def _edits(self, one: Reseller, extensions: int) -> Contender:
        """From the page as it stands now: of two who save it, one is told."""
        form = edit_form(self.owner, one.id, extensions=extensions)
        more = Amount(extensions - PACKAGE.extensions, 0, 0)
        return Contender(lambda: perform(resellers.edit, form, self.owner.credential), {self.owner.pool.key: more})

    def _creates(self, one: Reseller, by: Credential, extensions: int, **more: Any) -> Contender:
        form = {"extensions": extensions, "calls": 2, "recording": True, "minutes": 800, **more}
        return Contender(lambda: add_pbx(by, **form), {one.pool: Amount(extensions, 2, 300)})

    def _uses_it_itself(self, extensions: int) -> Contender:
        form = {"extensions": extensions, "calls": 2}
        taken = Amount(extensions, 2, 0)
        return Contender(lambda: add_pbx(self.owner.credential, **form), {self.owner.pool.key: taken})

    def _resizes(self, number: int, pool: int, by: Credential, now: int, then: int) -> Contender:
        mark = perform(pbx.details, {"id": number}, by).mark
        form = {"id": number, "seen": mark, "extensions": then, "calls": 4}
        return Contender(lambda: perform(pbx_orders.resize, form, by), {pool: Amount(then - now, 0, 0)}, number)

    def _deletes(self, number: int, by: Credential) -> Contender:
        return Contender(lambda: perform(pbx_control.delete, {"id": number}, by), {}, number)

    def used(self) -> dict[int, Amount]:
        """Pool → what is used of it, of the owner's and those of the first resellers."""
        keys = [self.owner.pool.key, *(one.pool for one in self.resellers)]
        with transaction(writes=False) as session:
            pools = session.exec(select(Pool).where(col(Pool.id).in_(keys))).all()
            return {pool.key: capacity.used_of(pool) for pool in pools}


def plus(one: Amount, other: Amount) -> Amount:
    return one - -other


def granted_to(crowd: list[Contender], came: list[Any]) -> dict[int, Amount]:
    """Pool → the sum of what those were told who got something."""
    sums: dict[int, Amount] = defaultdict(Amount)
    for contender, outcome in zip(crowd, came, strict=True):
        for pool, amount in {} if isinstance(outcome, Refusal) else contender.moves.items():
            sums[pool] = plus(sums[pool], amount)
    return sums


def check_words(contender: Contender, refusal: Refusal) -> None:
    """A refusal for want of capacity says of which, how much was asked and how much is free."""
    if refusal.code in LOST_TO_ANOTHER:
        return
    assert refusal.code in ("capacity_exceeded", "below_used")
    (asked_for,) = contender.moves.values()
    assert refusal.fields
    for field, words in refusal.fields.items():
        if said := TOO_MUCH.fullmatch(words):
            asked, free = (int(said[group].replace(",", "")) for group in (2, 3))
            assert said[1] == capacity.NAMES[field]
            assert asked == asked_for.of(field) > free >= 0
        else:
            assert IN_USE.fullmatch(words), words


def test_50_people_at_three_levels_get_together_what_they_were_told_and_never_more(db: str) -> None:
    ground = Ground()
    crowd, before = ground.crowd(), ground.used()
    assert len(crowd) == 50
    came = outcomes(50, lambda number: crowd[number].click())
    refused = [(who, one) for who, one in zip(crowd, came, strict=True) if isinstance(one, Refusal)]
    for who, refusal in refused:
        check_words(who, refusal)
    # Of 90 free, and 75 that may come back meanwhile, 10 people want 20 each.
    assert sum(refusal.code == "capacity_exceeded" for _, refusal in refused) >= 2
    granted = granted_to(crowd, came)
    assert ground.used() == {pool: plus(used, granted[pool]) for pool, used in before.items()}
    assert problems() == []
    let_the_engine_work()
    assert problems() == []
    with transaction(writes=False) as session:
        assert checks.broken(session) == []


def test_where_what_the_screen_showed_counts_the_same_crowd_breaks_the_pools(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: judged by what was free when the page was opened, and written from it."""
    ground = Ground()
    crowd, shown = ground.crowd(), ground.used()

    def careless(session: Session, pool_id: int, amount: Amount) -> None:
        used = plus(shown[pool_id], amount)
        totals = session.execute(sa.select(*[getattr(Pool, f"total_{each}") for each in capacity.CAPACITIES]).where(
            col(Pool.id) == pool_id)).one()  # fmt: skip
        if any(used.of(each) > total for each, total in zip(capacity.CAPACITIES, totals, strict=True)):
            raise Refusal("capacity_exceeded", "", fields={})
        values = {f"used_{each}": used.of(each) for each in capacity.CAPACITIES}
        session.execute(sa.update(Pool).where(col(Pool.id) == pool_id).values(**values))

    monkeypatch.setattr(capacity, "take", careless)
    came = outcomes(50, lambda number: crowd[number].click())
    more_than_there_is = granted_to(crowd, came)[ground.owner.pool.key].extensions
    assert more_than_there_is > 300 - shown[ground.owner.pool.key].extensions
    assert problems() != []
