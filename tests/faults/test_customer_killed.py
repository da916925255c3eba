"""kill -9 in the middle of the creation of a customer: everything of it or nothing, and no email for what did not
happen."""

from typing import Any

import pytest
from sqlmodel import func, select

from tests.faults.killed import die, in_a_process
from tests.services.customers_ground import FORM, customer, partner
from tests.services.test_images import picture
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.credentials import Link
from yeastar_app.models.records import AuditRow, Email, Image
from yeastar_app.services import customers, images, people

ROOMS: dict[str, Any] = {"store": images, "send_activation": people, "audit": customers}


def counts() -> dict[str, int]:
    with transaction(writes=False) as session:
        return {
            table.__name__: session.exec(select(func.count()).select_from(table)).one()
            for table in (Organisation, Account, Image, Link, Email, AuditRow)
        }


def create_and_die(place: str, token: str) -> None:
    """Create a customer and die at `place`, or right after the creation where that is no place in it."""
    if place in ROOMS:
        setattr(ROOMS[place], place, die)
    form = {
        "first_name": "Nadia",
        "company": "Noord Hotels",
        "country": "NL",
        "email": FORM["email"],
        "picture": picture(),
    }
    perform(customers.create, form, Credential(session_token=token))
    die()


@pytest.mark.parametrize("place", ["store", "send_activation"])
def test_killed_before_the_end_nothing_is_there_and_the_address_is_free(sqlite: str, place: str) -> None:
    nothing_is_kept(place)


def test_killed_just_before_the_end_nothing_is_there_on_either_database(db: str) -> None:
    nothing_is_kept("audit")


def nothing_is_kept(place: str) -> None:
    me = partner()
    before = counts()
    in_a_process(create_and_die, place, me.session_token)
    assert counts() == before
    assert customer(me, email=FORM["email"])


def test_killed_after_the_end_everything_is_there(sqlite: str) -> None:
    me = partner()
    before = counts()
    in_a_process(create_and_die, "after", me.session_token)
    assert counts() == {name: count + 1 for name, count in before.items()}
