"""The same serial number registered by 20 people at the same moment: one wins (Seed 000, "registered already")."""

import threading
from collections import Counter

import pytest
from sqlmodel import select

from tests.databases import drop_constraint
from tests.factories import account, registry_unit, signed_in
from tests.services.test_registration import APPLIANCE, SERIAL, form
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import PointEntry, Registration
from yeastar_app.refusals import Refusal
from yeastar_app.services import registration

PEOPLE = 20


def everybody_at_once(people: list[Credential]) -> Counter[str]:
    """What each was told: "earned" or the code of the refusal."""
    told: Counter[str] = Counter()
    gate = threading.Barrier(len(people))

    def register(who: Credential) -> None:
        gate.wait()
        try:
            perform(registration.register, form(), who)
            told["earned"] += 1
        except Refusal as refusal:
            told[refusal.code] += 1

    threads = [threading.Thread(target=register, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def crowd() -> list[Credential]:
    registry_unit(APPLIANCE, SERIAL)
    return [signed_in(account(Kind.PARTNER)) for _ in range(PEOPLE)]


def see_nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: everybody looked before anybody had registered."""
    look_up = registration.look_up
    monkeypatch.setattr(registration, "look_up", lambda *asked: registration.Known(look_up(*asked).units))


def drop_the_constraint() -> None:
    drop_constraint("registration", "uq_registration_product_id_identifier")


def registered() -> tuple[int, int]:
    with transaction(writes=False) as session:
        points = session.exec(select(PointEntry.points)).all()
        return len(session.exec(select(Registration)).all()), sum(points)


def test_negative_control_without_the_constraint_everybody_would_earn(
    own_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop_the_constraint()
    see_nothing_registered(monkeypatch)
    assert everybody_at_once(crowd()) == {"earned": PEOPLE}
    assert registered() == (PEOPLE, PEOPLE * 150)


def test_of_twenty_at_once_one_earns_because_the_constraint_decides(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    see_nothing_registered(monkeypatch)
    assert everybody_at_once(crowd()) == {"earned": 1, "already_registered": PEOPLE - 1}
    assert registered() == (1, 150)


def test_of_twenty_at_once_one_earns_and_nineteen_are_told(db: str) -> None:
    assert everybody_at_once(crowd()) == {"earned": 1, "already_registered": PEOPLE - 1}
    assert registered() == (1, 150)
