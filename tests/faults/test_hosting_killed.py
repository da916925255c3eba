"""A process killed (-9) at any statement of creating, sending, carrying out, reporting or deleting a cloud PBX leaks no
capacity and loses no PBX: whoever goes on afterwards brings it to its end."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa

from tests.conftest import START
from tests.faults.killed import in_a_process, lives_through
from tests.services.central import add_pbx, free, let_the_engine_work, owner, pbx_form, problems, simulator_takes
from tests.services.test_hosting import do, stands
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform
from yeastar_app.jobs import hosting
from yeastar_app.models.capacity import Pool
from yeastar_app.services import pbx, pbx_control, pbx_orders

LATER = timedelta(minutes=1)
"""Longer than a command belongs to who took it: whoever comes after a killed process need not wait."""


def create(token: str) -> None:
    perform(pbx_orders.create, pbx_form(), Credential(session_token=token))


def send(_token: str) -> None:
    hosting.send_due()


def work(_token: str) -> None:
    with simulator_takes(0):
        hosting.simulate()


STEPS: dict[str, Callable[[str], None]] = {"create": create, "send": send, "work": work}


def die_everywhere(step: str, token: str) -> list[tuple[int, list[str]]]:
    """Kill at one statement after the other (on PostgreSQL, where a death costs more, at every third) until the step
    gets through; after each try what is used of the extensions and what is wrong."""
    seen = []
    clock.advance(timedelta(hours=2 * list(STEPS).index(step)))
    for statement in range(1, 200, 1 if database.reads_at_once() else 3):
        clock.advance(LATER)
        through = lives_through(statement, STEPS[step], token)
        with database.transaction(writes=False) as session:
            used = sum(session.execute(sa.select(Pool.used_extensions)).scalars())
        seen.append((used, problems()))
        if through:
            return seen
    raise AssertionError("the step never got through")


def killed(step: str, token: str) -> list[int]:
    """What was used after each try; nothing was ever wrong."""
    seen: list[tuple[int, list[str]]] = in_a_process(die_everywhere, step, token)
    assert [wrong for _, wrong in seen if wrong] == []
    assert len(seen) > 3, "it was killed too seldom to prove anything"
    return [used for used, _ in seen]


def test_a_creation_killed_anywhere_leaks_no_capacity_and_loses_no_pbx(db: str) -> None:
    partner = owner()
    token = str(partner.credential.session_token)
    assert set(killed("create", token)[:-1]) == {0}
    for step in ("send", "work"):
        assert set(killed(step, token)) == {20}
    with clock.frozen(START + timedelta(hours=8)):
        let_the_engine_work()
        (row,) = perform(pbx.search, {}, partner.credential).rows
        assert (row.run_state, row.reported, row.waiting) == ("stopped", True, None)
        assert free(partner)[0] == 980


def test_a_deletion_killed_anywhere_gives_the_capacity_back_once(sqlite: str) -> None:
    partner = owner()
    token = str(partner.credential.session_token)
    number = add_pbx(partner.credential)
    let_the_engine_work()
    do(pbx_control.delete, partner.credential, number)
    assert stands(partner.credential, number) == "deleting"
    for step in ("send", "work"):
        assert set(killed(step, token)) <= {20, 0}
    with clock.frozen(START + timedelta(hours=8)):
        let_the_engine_work()
        assert free(partner) == (1000, 200, 50_000)
        assert problems() == []
