"""The product registry, as staff look through it and keep it by hand."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.factories import account, registry_unit, signed_in
from tests.services.test_registration import APPLIANCE, SERIAL, form
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, TwoFactor
from yeastar_app.models.products import Product, RegistryUnit, UnregisteredUnit
from yeastar_app.refusals import Refusal
from yeastar_app.services import registration, registry
from yeastar_app.services.registry import Unit


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


def found(who: Credential, **asked: Any) -> list[str]:
    return [unit.identifier for unit in perform(registry.listed, asked, who).rows]


def only(who: Credential, identifier: str = SERIAL) -> Unit:
    return next(unit for unit in perform(registry.listed, {}, who).rows if unit.identifier == identifier)


def product_id(name: str = APPLIANCE) -> int:
    with transaction(writes=False) as session:
        return session.exec(select(Product).where(Product.name == name)).one().key


def given(**values: Any) -> dict[str, Any]:
    return {"product": product_id(), "identifier": SERIAL, "eligible": "on", **values}


def test_units_are_found_by_what_their_identifier_begins_with(admin: Credential) -> None:
    for number in range(3):
        registry_unit(APPLIANCE, f"AB{number}0000000")
    registry_unit(APPLIANCE, "B_00000000")
    registry_unit("Linkus Cloud Service", "AB10000000")
    registry_unit("Remote Management", "ab@lumen.example")
    registry_unit("Remote Management", "ab-x@lumen.example")
    assert found(admin, search="ab1") == ["AB10000000", "AB10000000"]
    assert found(admin, search="AB@") == ["ab@lumen.example"]
    assert found(admin, product="remote-management") == ["ab-x@lumen.example", "ab@lumen.example"]
    assert found(admin, search="_") == found(admin, search="%") == []
    assert len(found(admin, search="a")) == 6
    assert len(found(admin, product="no-such")) == 0


def test_pages_lead_down_and_back_up_across_products(admin: Credential) -> None:
    for number in range(40):
        registry_unit(APPLIANCE, f"AB{number:08}")
    for number in range(20):
        registry_unit("Workplace", f"WP-{number:04}")
    first = perform(registry.listed, {}, admin)
    second = perform(registry.listed, {"before": first.older}, admin)
    third = perform(registry.listed, {"before": second.older}, admin)
    assert [len(page.rows) for page in (first, second, third)] == [25, 25, 10]
    assert (first.newer, third.older) == (0, 0)
    assert perform(registry.listed, {"after": third.newer}, admin).rows == second.rows
    back = perform(registry.listed, {"after": second.newer}, admin)
    assert (back.rows, back.newer) == (first.rows, 0)


def test_the_state_says_whether_and_by_whom_a_unit_is_registered(admin: Credential) -> None:
    ours, stranger, manager = account(), account(), account(Kind.ACCOUNT_MANAGER, two_factor=TwoFactor.EMAIL)
    with transaction() as session:
        session.add(ManagedPartner(organisation_id=ours.organisation_id, account_id=manager.key))
    registry_unit(APPLIANCE, SERIAL)
    registry_unit(APPLIANCE, "FREE00000001")
    registry_unit(APPLIANCE, "NFR000000001", eligible=False)
    registry_unit("Workplace", "WP-402711", subscribed_from=date(2026, 1, 1))
    perform(registration.register, form(), signed_in(ours))
    perform(registration.register, form(product="Workplace", product_id="WP-402711"), signed_in(stranger))
    assert found(admin, state="registered") == [SERIAL, "WP-402711"]
    assert found(admin, state="open") == ["FREE00000001"]
    assert found(admin, state="ineligible") == ["NFR000000001"]
    who = signed_in(manager)
    with transaction(writes=False) as session:
        name = session.get_one(Account, ours.key).email
    assert [(unit.partner != "", unit.registered is not None) for unit in (only(who), only(who, "WP-402711"))] == [
        (True, True),
        (False, True),
    ], "an account manager sees that, but not by whom, where it looks after another"
    [event] = perform(registry.events, {"unit": only(who).id}, who)
    assert (event.who, event.what.startswith("Registered by Company")) == (name, True)
    [event] = perform(registry.events, {"unit": only(who, "WP-402711").id}, who)
    assert (event.who, event.what) == ("", "Registered by another partner, 100 points")
    with pytest.raises(Refusal, match="not_allowed"):
        perform(registry.add, given(), who)


def test_a_unit_is_added_and_changed_by_hand_and_its_history_says_so(admin: Credential) -> None:
    assert perform(registry.add, given(identifier=f" {SERIAL.lower()} "), admin) == f"{APPLIANCE} {SERIAL}"
    with pytest.raises(Refusal) as refused:
        perform(registry.add, given(), admin)
    assert (refused.value.code, refused.value.field) == ("known_already", "identifier")
    unit = only(admin)
    changed = given(unit=unit.id, seen=unit.seen, subscribed_from="2026-01-01", eligible="")
    perform(registry.change, changed, admin)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(registry.change, changed, admin)
    unit = only(admin)
    assert (unit.since, unit.eligible) == (date(2026, 1, 1), False)
    newest, oldest = perform(registry.events, {"unit": unit.id}, admin)
    assert (newest.what, oldest.what) == ("Changed", "Added by hand")
    assert [(one.name, one.before, one.after) for one in newest.changes] == [
        ("From", "–", "2026-01-01"),  # noqa: RUF001
        ("Eligible", "yes", "no"),
    ]


def test_a_registered_units_identifier_is_fixed(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    unit = only(here)
    perform(registry.change, given(unit=unit.id, seen=unit.seen, identifier="3658B4311197"), here)
    unit = only(here, "3658B4311197")
    perform(registration.register, form(product_id="3658B4311197"), signed_in(account()))
    for other in ({"identifier": SERIAL}, {"product": product_id("Linkus Cloud Service")}):
        with pytest.raises(Refusal) as refused:
            perform(registry.change, given(**{"identifier": "3658B4311197", **other}, unit=unit.id, seen=unit.seen),
                    here)  # fmt: skip
        assert (refused.value.code, refused.value.field) == ("registered", "identifier")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("product", 0), ("product", 999), ("product", "x"), ("identifier", ""), ("identifier", "short"),
        ("identifier", 365843111960), ("identifier", "3658B431-119"), ("identifier", "a" * 256),
        ("subscribed_from", "soon"), ("subscribed_from", 5), ("subscribed_from", "1999-12-31"),
        ("subscribed_until", "2026-01-01"), ("identifier", "ab\0cdefgh"),
    ],
)  # fmt: skip
def test_bad_input_adds_no_unit(here: Credential, field: str, value: Any) -> None:
    with pytest.raises(Refusal):
        perform(registry.add, given(**{field: value}), here)
    with transaction(writes=False) as session:
        assert session.exec(select(RegistryUnit).order_by(col(RegistryUnit.id))).all() == []


def test_an_end_before_the_beginning_is_refused(here: Credential) -> None:
    with pytest.raises(Refusal) as refused:
        perform(registry.add, given(subscribed_from="2026-01-02", subscribed_until="2026-01-01"), here)
    assert refused.value.field == "subscribed_until"


@pytest.mark.parametrize("state", ["open", "registered"])
def test_units_of_a_state_are_paged_past_all_the_others(admin: Credential, state: str) -> None:
    series = [f"PAGE{n:08d}" for n in range(120)]
    taken = [name for name in series if int(name[4:]) % 2]
    product, partner = product_id(), signed_in(account())
    with transaction() as session:
        session.add_all([RegistryUnit(product_id=product, identifier=name) for name in series])
    for name in taken:
        perform(registration.register, form(product_id=name), partner)
    wanted = taken if state == "registered" else [name for name in series if name not in taken]
    pages = [perform(registry.listed, {"state": state, "search": "page"}, admin)]
    while pages[-1].older:
        pages.append(perform(registry.listed, {"state": state, "search": "page", "before": pages[-1].older}, admin))
    assert [unit.identifier for page in pages for unit in page.rows] == wanted
    assert perform(registry.listed, {"state": state, "search": "page", "after": pages[-1].newer}, admin) == pages[-2]


def test_what_nobody_registered_is_kept_through_every_change_and_checked(admin: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    unit = only(admin)
    changed = {"unit": unit.id, "product": unit.product_id, "identifier": "MOVED0000001", "eligible": "on"}
    perform(registry.change, {**changed, "seen": unit.seen}, admin)
    assert found(admin, state="open") == ["MOVED0000001"]
    perform(registration.register, form(product_id="MOVED0000001"), signed_in(account()))
    registry_unit(APPLIANCE, SERIAL)
    assert found(admin, state="open") == [SERIAL]
    with transaction() as session:
        assert registry.unregistered(session) == []
        session.execute(sa.update(UnregisteredUnit).values(identifier="LOST00000001"))
        assert registry.unregistered(session) == [
            f"unit {SERIAL}: nobody registered it, and it is not kept as such",
            "unit LOST00000001: kept as not registered, and it is not so",
        ]
        session.rollback()
