"""Every number can be followed: from a line to what it belongs to, to its lots, to what became of their points."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import account, organisation, signed_in
from tests.services.test_point_details import register, serials
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, OrganisationKind
from yeastar_app.models.points import Registration
from yeastar_app.refusals import NotFound
from yeastar_app.services import point_details, point_stories, points, tiers
from yeastar_app.services.points import Cause


@pytest.fixture
def owner(sqlite: str) -> Account:
    return account(Kind.PARTNER, first_name="Paula", last_name="de Wit")


@pytest.fixture
def here(owner: Account) -> Credential:
    return signed_in(owner)


def story(here: Credential, **asked: Any) -> point_stories.Story:
    return perform(point_stories.story, asked, here)


def facts(told: point_stories.Story) -> dict[str, str]:
    return {fact.label: fact.words for fact in [*told.facts, *told.reversal]}


def spend(owner: Account, amount: int) -> None:
    with transaction() as session:
        points.spend(session, points.lock(session, owner.organisation_id), amount, Cause("Yeastar P550", owner.key))


def newest(here: Credential) -> int:
    return int(perform(point_details.records, {}, here).rows[0].id)


def test_a_registration_says_what_it_was_and_what_became_of_its_points(here: Credential, owner: Account) -> None:
    register(here, "3658B4311190")
    spend(owner, 60)
    first = perform(point_details.registered_products, {}, here).rows[0]
    told = story(here, registration=first.id)
    assert (told.of, told.title, told.undone) == ("registration", "3658B4311190", False)
    assert facts(told)["End User"] == "Anouk Bakker, Bakker Logistics"
    assert facts(told)["Registered"] == "2 Mar 2026, 09:00 by Paula de Wit"
    assert [line.points for line in told.lines] == [150]
    (lot,) = told.lots
    assert (lot.points, lot.remaining, lot.products, lot.origin) == (150, 90, 1, told.lines[0].id)
    assert [(line.kind.value, line.points, line.reason) for line in lot.lines] == [("redeemed", -60, "Yeastar P550")]
    assert story(here, entry=told.lines[0].id).facts == told.facts


def test_what_was_spent_leads_to_the_lots_it_came_from(here: Credential, owner: Account) -> None:
    register(here, *serials(2))
    spend(owner, 200)
    told = story(here, entry=newest(here))
    assert (told.of, told.lines[0].points) == ("entry", -50)
    assert [(lot.remaining, lot.origin_reason) for lot in told.lots] == [
        (100, "Registered P-Series Appliance Edition 3658B4300001")
    ]


def test_a_reversed_registration_says_by_whom_why_and_what_is_owed(here: Credential, owner: Account) -> None:
    register(here, "3658B4311190")
    spend(owner, 100)
    vendor = organisation(OrganisationKind.VENDOR, name="Yeastar")
    staff = account(Kind.ADMINISTRATOR, vendor, first_name="Ada", last_name="Vries")
    with transaction() as session:
        row = session.get_one(Registration, 1)
        row.reversed_at, row.reversed_by_id, row.reversal_reason = clock.now(), staff.key, "Returned by the customer"
        held = points.lock(session, owner.organisation_id)
        points.reverse(session, held, row, Cause("Returned by the customer", staff.key, registration_id=row.key))
    register(here, "3658B4311191")
    told = story(here, registration=1)
    assert told.undone
    assert facts(told)["Reversed"] == "2 Mar 2026, 09:00 by Yeastar"
    assert facts(told)["Why"] == "Returned by the customer"
    assert [(line.points, line.debt) for line in told.lines] == [(150, 0), (-50, 0), (0, 100)]
    paid = [line for line in story(here, registration=2).lots[0].lines if line.debt]
    assert [(line.points, line.debt, line.balance) for line in paid] == [(-100, -100, 50)]
    assert [row.id for row in perform(point_details.registered_products, {"state": "reversed"}, here).rows] == [1]
    assert [row.undone for row in perform(point_details.registered_products, {"state": "valid"}, here).rows] == [False]


def test_expired_points_lead_to_the_registration_they_came_from(here: Credential, owner: Account) -> None:
    register(here, "3658B4311190")
    clock.advance(timedelta(days=800))
    with transaction() as session:
        points.lock(session, owner.organisation_id)
    told = story(signed_in(owner), entry=newest(signed_in(owner)))
    assert (told.lines[0].kind.value, told.lines[0].points) == ("expired", -150)
    assert told.lots[0].origin_reason == "Registered P-Series Appliance Edition 3658B4311190"


def test_an_adjustment_has_a_story_too(here: Credential, owner: Account) -> None:
    with transaction() as session:
        held = points.lock(session, owner.organisation_id)
        points.adjust(session, held, 70, Cause("A welcome", owner.key), tiers.programme(session))
    told = story(here, entry=newest(here))
    assert (told.title, told.lots[0].points, told.lots[0].lines) == ("A welcome", 70, [])


@pytest.mark.parametrize("asked", [{"entry": 1}, {"registration": 1}, {}, {"entry": "x"}, {"registration": -1},
                                   {"entry": 10**18}, {"entry": 99, "registration": 1}])  # fmt: skip
def test_a_strangers_line_is_not_found(here: Credential, asked: dict[str, Any]) -> None:
    register(here, "3658B4311190")
    stranger = signed_in(account(Kind.PARTNER))
    with pytest.raises(NotFound):
        story(stranger, **asked)
