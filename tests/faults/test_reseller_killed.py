"""A process killed (-9) at any statement of a reseller's creation, or of sending its activation email, leaves all of it
or nothing (PRODUCT 5.1: "Or nothing happens at all")."""

from typing import Any

from sqlmodel import select

from tests.faults.killed import in_a_process, lives_through
from tests.services.central import add_reseller, free, owner, problems, reseller_form
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.capacity import Pool
from yeastar_app.models.credentials import Link
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.services import resellers

TABLES = (Account, Organisation, Pool, AuditRow, Link, Email)
ACTIONS = {"create": resellers.create, "send_activation": resellers.send_activation}


def stand() -> list[int]:
    """How many rows each table has."""
    with transaction(writes=False) as session:
        return [len(session.exec(select(table.id)).all()) for table in TABLES]


def die_everywhere(what: str, payload: dict[str, Any], token: str) -> list[list[int]]:
    """Kill at the first statement, at the second … until the action gets through; what stood after each try."""
    stands = []
    for statement in range(1, 200):
        through = lives_through(statement, perform, ACTIONS[what], payload, Credential(session_token=token))
        stands.append(stand())
        if through:
            return stands
    raise AssertionError("the action never got through")


def test_a_killed_creation_leaves_everything_or_nothing(db: str) -> None:
    partner = owner()
    before = stand()
    *killed, through = in_a_process(die_everywhere, "create", reseller_form(), partner.credential.session_token)
    assert len(killed) > 5
    assert all(after == before for after in killed)
    assert [now - then for now, then in zip(through, before, strict=True)] == [1, 1, 1, 1, 0, 0]
    assert free(partner) == (800, 160, 40_000)
    assert problems() == []


def test_a_killed_activation_email_leaves_no_letter_without_its_link(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    before = stand()
    *killed, through = in_a_process(
        die_everywhere, "send_activation", {"id": reseller}, partner.credential.session_token
    )
    assert len(killed) > 3
    assert all(after == before for after in killed)
    assert [now - then for now, then in zip(through, before, strict=True)] == [0, 0, 0, 1, 1, 1]
