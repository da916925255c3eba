"""Cloud PBXs inside a package (Seed 002; PRODUCT 5.2 and 6)."""

from typing import Any

import pytest

from tests import factories
from tests.factories import signed_in
from tests.services.central import Owner, activated, add_pbx, add_reseller, delete_pbx, free, owner, problems
from yeastar_app.access import Credential, perform
from yeastar_app.models.accounts import Kind
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import alarms, operation_logs, pbx, pbx_control


def left(credential: Credential) -> tuple[int, ...]:
    return tuple(gauge.free for gauge in perform(pbx.overview, None, credential).gauges)


def a_reseller(partner: Owner, **changes: Any) -> Credential:
    return activated(add_reseller(partner, **changes))


def test_a_reseller_creates_a_pbx_inside_its_package(db: str) -> None:
    partner = owner()
    reseller = a_reseller(partner)
    add_pbx(reseller, extensions=20, calls=4, recording="on", minutes="2500")
    assert left(reseller) == (180, 36, 8_000)
    assert free(partner) == (800, 160, 40_000)
    assert problems() == []


def test_the_first_500_recording_minutes_are_free(sqlite: str) -> None:
    reseller = a_reseller(owner(), minutes=1)
    add_pbx(reseller, recording=True, minutes=500)
    assert left(reseller)[2] == 1
    add_pbx(reseller, recording=True, minutes=501)
    assert left(reseller)[2] == 0
    with pytest.raises(Refusal, match="capacity_exceeded"):
        add_pbx(reseller, recording=True, minutes=501)


def test_without_recording_no_minutes_are_taken(sqlite: str) -> None:
    reseller = a_reseller(owner())
    add_pbx(reseller, minutes=9_000)
    assert left(reseller)[2] == 10_000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"extensions": "4"}, "extensions"),
        ({"extensions": "501"}, "extensions"),
        ({"extensions": "0"}, "extensions"),
        ({"extensions": "2.5"}, "extensions"),
        ({"extensions": str(10**30)}, "extensions"),
        ({"extensions": "201"}, "extensions"),
        ({"calls": "0"}, "calls"),
        ({"calls": "41"}, "calls"),
        ({"recording": "on", "minutes": "10501"}, "minutes"),
        ({"recording": "on", "minutes": "499"}, "minutes"),
        ({"recording": "on", "minutes": "-1"}, "minutes"),
        ({"high_availability": "on"}, "high_availability"),
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": {"$ne": 1}}, "name"),
        ({"plan": "workplace"}, "plan"),
        ({"plan": None}, "plan"),
        ({"owner": "x"}, "owner"),
        ({"owner": []}, "owner"),
        ({"expires_on": "2026-03-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
        ({"expires_on": "9" * 400}, "expires_on"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(sqlite: str, changes: dict[str, Any], field: str) -> None:
    reseller = a_reseller(owner())
    with pytest.raises(Refusal) as refused:
        add_pbx(reseller, **changes)
    assert set(refused.value.fields) == {field}
    assert left(reseller) == (200, 40, 10_000)


def test_a_pbx_never_has_more_than_500_extensions(sqlite: str) -> None:
    reseller = a_reseller(owner(), extensions=900)
    add_pbx(reseller, extensions=500)
    with pytest.raises(Refusal):
        add_pbx(reseller, extensions=501)


def test_the_owner_creates_pbxs_for_itself_and_for_a_reseller(sqlite: str) -> None:
    partner = owner()
    reseller_id = add_reseller(partner)
    add_pbx(partner.credential, extensions=30)
    add_pbx(partner.credential, owner=reseller_id, extensions=10)
    assert free(partner)[0] == 770
    assert left(activated(reseller_id))[0] == 190
    assert problems() == []


def test_deleting_a_pbx_gives_its_capacity_back_once(db: str) -> None:
    reseller = a_reseller(owner())
    number = add_pbx(reseller, recording=True, minutes=900)
    delete_pbx(reseller, number)
    with pytest.raises(NotFound):
        delete_pbx(reseller, number)
    assert left(reseller) == (200, 40, 10_000)
    assert perform(pbx.search, {}, reseller).rows == []
    assert problems() == []


def test_the_owner_deletes_a_resellers_pbx_into_the_resellers_package(db: str) -> None:
    partner = owner()
    reseller = a_reseller(partner)
    delete_pbx(partner.credential, add_pbx(reseller))
    assert left(reseller) == (200, 40, 10_000)
    assert free(partner) == (800, 160, 40_000)


def test_another_tenants_pbx_and_package_are_not_there(sqlite: str) -> None:
    partner, rival = owner(), owner()
    reseller_id = add_reseller(partner)
    mine, sister = add_pbx(activated(reseller_id)), a_reseller(partner)
    for stranger in (rival.credential, a_reseller(rival), sister):
        with pytest.raises(NotFound):
            perform(pbx_control.delete, {"id": mine}, stranger)
        with pytest.raises(NotFound):
            add_pbx(stranger, owner=reseller_id)
        assert perform(pbx.search, {}, stranger).rows == []


def test_what_was_not_granted_is_refused(sqlite: str) -> None:
    partner = owner()
    viewer = a_reseller(partner, features=["pbx.view"])
    for function, payload in ((pbx_control.delete, {"id": 1}), (alarms.listed, {}), (operation_logs.search, {})):
        with pytest.raises(NotAllowed):
            perform(function, payload, viewer)
    with pytest.raises(NotAllowed):
        add_pbx(viewer)
    assert perform(pbx.search, {}, viewer).rows == []


def test_my_subscription_splits_total_into_assigned_used_and_free(sqlite: str) -> None:
    partner = owner()
    reseller = a_reseller(partner)
    add_pbx(reseller)
    add_pbx(partner.credential, extensions=100)
    seen = perform(pbx.overview, None, partner.credential)
    extensions = seen.gauges[0]
    assert (extensions.total, extensions.assigned, extensions.used, extensions.free) == (1000, 200, 100, 700)
    assert (seen.resellers, seen.own_pbxs, seen.reseller_pbxs) == (1, 1, 1)


def test_the_logs_hold_what_the_own_people_did_and_nothing_of_the_superior(sqlite: str) -> None:
    partner = owner()
    reseller = a_reseller(partner)
    add_pbx(reseller, name="Clinic")
    mine = perform(operation_logs.search, {}, reseller).rows
    assert [(row.operation, row.label) for row in mine] == [("Cloud PBX added", "Clinic")]
    theirs = perform(operation_logs.search, {}, partner.credential).rows
    assert [row.operation for row in theirs] == ["Cloud PBX added", "Reseller added"]
    found = perform(operation_logs.search, {"operation": "reseller.create"}, partner.credential).rows
    assert [row.operation for row in found] == ["Reseller added"]


def test_the_pbxs_of_a_partner_below_with_a_package_of_its_own_are_none_of_ones_own(sqlite: str) -> None:
    above = owner()
    below = factories.organisation(parent=above.company)
    factories.pool(below)
    theirs = signed_in(factories.account(Kind.PARTNER, below))
    number = add_pbx(theirs)
    mine = add_pbx(above.credential, name="Mine")
    assert [row.id for row in perform(pbx.search, {}, above.credential).rows] == [mine]
    with pytest.raises(NotFound):
        perform(pbx_control.delete, {"id": number}, above.credential)
    assert [row.id for row in perform(pbx.search, {}, theirs).rows] == [number]
