"""Registering products for points (Seed 000; PRODUCT 3.1)."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.factories import account, organisation, registry_unit, signed_in
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, OrganisationKind
from yeastar_app.models.points import PointAccount, PointEntry, PointLot, Registration, Tier, TierChange
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.refusals import Refusal
from yeastar_app.services import programme, registration

APPLIANCE, LINKUS, WORKPLACE = "P-Series Appliance Edition", "Linkus Cloud Service", "Workplace"
SERIAL = "3658B4311196"


def form(product: str = APPLIANCE, product_id: str = SERIAL, **values: Any) -> dict[str, Any]:
    return {
        "product": product,
        "product_id": product_id,
        "purchase_date": clock.now().date().isoformat(),
        "purchase_from": "Erik Hoekstra",
        "end_user_name": "Anouk Bakker",
        "end_user_company": "Bakker Logistics",
        **values,
    }


@pytest.fixture
def partner(sqlite: str) -> Account:
    return account(Kind.PARTNER)


@pytest.fixture
def here(partner: Account) -> Credential:
    return signed_in(partner)


def code_of(payload: dict[str, Any], here: Credential) -> tuple[str, dict[str, str]]:
    with pytest.raises(Refusal) as refused:
        perform(registration.register, payload, here)
    with transaction(writes=False) as session:
        assert session.exec(select(Registration)).all() == []
        assert session.exec(select(PointEntry)).all() == []
    return refused.value.code, refused.value.fields


def test_registering_a_product_earns_its_points_as_a_lot_with_its_own_expiry(
    partner: Account, here: Credential
) -> None:
    registry_unit(APPLIANCE, SERIAL)
    done = perform(registration.register, form(), here)
    assert (done.total, done.balance, done.tier) == (150, 150, "")
    assert [(line.product, line.count, line.points) for line in done.lines] == [(APPLIANCE, 1, 150)]
    with transaction(writes=False) as session:
        entry, lot = session.exec(select(PointEntry)).one(), session.exec(select(PointLot)).one()
        registered = session.exec(select(Registration)).one()
        assert session.exec(select(AuditRow).where(AuditRow.action == "registration.register")).one().who
    assert (entry.points, entry.balance_after, entry.lot_id) == (150, 150, lot.id)
    assert (entry.registration_id, entry.account_id) == (registered.id, partner.id)
    assert lot.expires_on == clock.now().date().replace(year=clock.now().year + 2)


def test_a_serial_number_is_matched_whatever_its_case_and_surrounding_spaces(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    perform(registration.register, form(product_id=f"  {SERIAL.lower()} "), here)
    with transaction(writes=False) as session:
        assert session.exec(select(Registration.identifier)).one() == SERIAL


def test_a_yeastar_id_is_matched_whatever_its_case(here: Credential) -> None:
    registry_unit("Remote Management", "voice@lumen.example", subscribed_from=date(2026, 1, 1))
    done = perform(registration.register, form("Remote Management", "Voice@Lumen.example"), here)
    assert done.total == 50


def test_a_company_id_registers_workplace(here: Credential) -> None:
    registry_unit(WORKPLACE, "WP-402711", subscribed_from=date(2026, 1, 1))
    assert perform(registration.register, form(WORKPLACE, "wp-402711"), here).total == 100


def test_the_same_serial_may_earn_for_the_device_and_for_its_linkus_service(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    registry_unit(LINKUS, SERIAL, subscribed_from=date(2026, 1, 1))
    perform(registration.register, form(), here)
    assert perform(registration.register, form(LINKUS), here).balance == 210


def test_already_registered_by_anyone_ever_is_refused(db: str) -> None:
    here = signed_in(account(Kind.PARTNER))
    registry_unit(APPLIANCE, SERIAL)
    perform(registration.register, form(), signed_in(account(Kind.PARTNER)))
    with pytest.raises(Refusal) as refused:
        perform(registration.register, form(), here)
    assert (refused.value.code, refused.value.field) == ("already_registered", "product_id")
    assert perform(programme.view, None, here).standing.balance(clock.now()) == 0


def test_no_subscription_is_refused(here: Credential) -> None:
    registry_unit(LINKUS, SERIAL)
    assert code_of(form(LINKUS), here)[0] == "no_subscription"


def test_a_subscription_that_begins_tomorrow_is_none_yet(here: Credential) -> None:
    registry_unit(LINKUS, SERIAL, subscribed_from=clock.now().date() + timedelta(days=1))
    assert code_of(form(LINKUS), here)[0] == "no_subscription"
    clock.advance(timedelta(days=1))
    assert perform(registration.register, form(LINKUS), signed_in(account())).total == 60


def test_an_unknown_id_is_incorrect(here: Credential) -> None:
    registry_unit(LINKUS, SERIAL, subscribed_from=date(2026, 1, 1))
    assert code_of(form(APPLIANCE, SERIAL), here)[0] == "incorrect_id"


@pytest.mark.parametrize(
    ("product", "typed"),
    [
        (APPLIANCE, "SHORT12"),
        (APPLIANCE, "X" * 21),
        (APPLIANCE, "3658 B431 1196"),
        (APPLIANCE, "\uff13658B4311196"),
        (APPLIANCE, "<b>3658B4311</b>"),
        (APPLIANCE, "📞📞📞📞📞📞📞📞"),
        ("Remote Management", SERIAL),
        ("P-Series Cloud Edition", "voice@"),
        (WORKPLACE, "WP 402711"),
    ],
)
def test_an_id_that_cannot_be_one_is_incorrect(here: Credential, product: str, typed: str) -> None:
    code, fields = code_of(form(product, typed), here)
    assert code == "incorrect_id"
    assert list(fields) == ["product_id"]


def test_a_product_without_a_rule_is_not_eligible(here: Credential) -> None:
    registry_unit("S-Series VoIP PBX", SERIAL)
    assert code_of(form("S-Series VoIP PBX"), here)[0] == "not_eligible"


def test_a_not_for_resale_unit_is_not_eligible(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL, eligible=False)
    assert code_of(form(), here)[0] == "not_eligible"


@pytest.mark.parametrize(("days", "code"), [(1, "date_in_future"), (0, ""), (-365, ""), (-366, "outside_window")])
def test_the_purchase_date_lies_within_365_days_back(here: Credential, days: int, code: str) -> None:
    registry_unit(APPLIANCE, SERIAL)
    payload = form(purchase_date=(clock.now().date() + timedelta(days=days)).isoformat())
    if code:
        assert code_of(payload, here) == (code, {"purchase_date": code_of(payload, here)[1]["purchase_date"]})
    else:
        assert perform(registration.register, payload, here).total == 150


@pytest.mark.parametrize("field", ["product", "product_id", "purchase_date", "purchase_from", "end_user_name",
                                   "end_user_company"])  # fmt: skip
@pytest.mark.parametrize("value", ["", "   ", None, 7, ["x"], {"a": 1}, "x" * 300, "a\x00b"])
def test_every_field_is_required_and_checked(sqlite: str, field: str, value: Any) -> None:
    registry_unit(APPLIANCE, SERIAL)
    code, fields = code_of(form(**{field: value}), signed_in(account(Kind.PARTNER)))
    assert code in ("invalid_fields", "incorrect_id", "unknown_product")
    assert list(fields) == [field]


def test_names_keep_other_scripts_emoji_and_markup_as_typed(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    perform(registration.register, form(end_user_name="  Łukasz 電話 📞 ", end_user_company="<b>Bold & Co</b>"), here)
    with transaction(writes=False) as session:
        row = session.exec(select(Registration)).one()
    assert (row.end_user_name, row.end_user_company) == ("Łukasz 電話 📞", "<b>Bold & Co</b>")


def test_enough_points_within_twelve_months_lift_the_tier_at_once_and_tell_the_owner(db: str) -> None:
    partner = account(Kind.PARTNER)
    here = signed_in(partner)
    for number in range(7):
        registry_unit(APPLIANCE, f"{SERIAL}{number}")
    reached = [perform(registration.register, form(product_id=f"{SERIAL}{n}"), here).tier for n in range(7)]
    assert reached == ["", "", "", "", "", "", "Silver"]
    with transaction(writes=False) as session:
        assert session.exec(select(TierChange)).one().reason == "1,050 points earned within 12 months"
        email = session.exec(select(Email)).one()
    assert (email.to, email.subject) == (partner.email, "You have reached Silver")
    seen = perform(programme.view, None, here)
    standing = seen.standing
    assert (standing.tier.name, standing.counted(clock.now())) == ("Silver", 1050)


def test_points_older_than_the_tier_period_do_not_lift_and_nobody_goes_down_here(
    partner: Account, here: Credential
) -> None:
    for number in range(8):
        registry_unit(APPLIANCE, f"{SERIAL}{number}")
    for number in range(6):
        perform(registration.register, form(product_id=f"{SERIAL}{number}"), here)
    clock.advance(timedelta(days=366))
    later = signed_in(partner)
    assert perform(registration.register, form(product_id=f"{SERIAL}6"), later).tier == ""
    assert perform(programme.view, None, later).standing.counted(clock.now()) == 150
    with transaction() as session:
        silver = session.exec(select(Tier).where(Tier.name == "Silver")).one()
        session.exec(select(PointAccount)).one().tier_id = silver.key
    assert perform(registration.register, form(product_id=f"{SERIAL}7"), later).tier == ""
    assert perform(programme.view, None, later).standing.tier.name == "Silver"


def test_a_colleague_registers_for_the_company_and_one_without_the_permission_is_refused(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    home = organisation(OrganisationKind.PARTNER)
    with pytest.raises(Refusal, match="not_allowed"):
        perform(registration.register, form(), signed_in(account(Kind.COLLEAGUE, home, grants=["partners"])))
    perform(registration.register, form(), signed_in(account(Kind.COLLEAGUE, home, grants=["programme"])))
    assert perform(programme.view, None, signed_in(account(Kind.PARTNER, home))).standing.balance(clock.now()) == 150
    assert perform(programme.view, None, here).standing.balance(clock.now()) == 0


def test_a_company_without_registrations_sees_the_lowest_tier_and_no_points(here: Credential) -> None:
    seen = perform(programme.view, None, here)
    now, standing = clock.now(), seen.standing
    assert (standing.tier.name, standing.balance(now), standing.counted(now)) == ("Registered", 0, 0)
    assert seen.expires_next is None


def previewed(here: Credential, **typed: str) -> tuple[str, str]:
    seen = perform(registration.preview, typed, here)
    return seen.tone, seen.words


def test_what_a_product_brings_is_said_before_it_is_saved_as_far_as_it_can_be(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    registry_unit("Linkus Cloud Service", SERIAL)
    registry_unit("S-Series VoIP PBX", "S300A1180042")
    today = clock.now().date().isoformat()
    assert previewed(here) == ("", "")
    assert previewed(here, product=APPLIANCE, product_id="  ") == ("", "")
    assert previewed(here, product=APPLIANCE, product_id=SERIAL[:5])[0] == ""
    assert previewed(here, product=APPLIANCE, product_id=f" {SERIAL.lower()} ") == (
        "good", "Free. Bought today it brings 150 points: the purchase date decides.",
    )  # fmt: skip
    assert previewed(here, product=APPLIANCE, product_id=SERIAL, purchase_date=today) == (
        "good", "Free. It brings 150 points.",
    )  # fmt: skip
    assert previewed(here, product=APPLIANCE, product_id=SERIAL, purchase_date="2020-01-01")[0] == ""
    assert previewed(here, product=APPLIANCE, product_id="9999B4311190")[0] == "bad"
    assert "Nothing is subscribed" in previewed(here, product="Linkus Cloud Service", product_id=SERIAL)[1]
    assert previewed(here, product="S-Series VoIP PBX", product_id="S300A1180042")[0] == ""
    assert previewed(here, product="S-Series VoIP PBX", product_id="S300A1180042", purchase_date=today)[0] == "bad"


def test_a_preview_says_that_a_product_is_taken_but_never_by_whom(here: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    rival = signed_in(account(Kind.PARTNER, organisation(name="Northwind Voice"), first_name="Nora"))
    perform(registration.register, form(), rival)
    tone, words = previewed(here, product=APPLIANCE, product_id=SERIAL)
    assert (tone, "registered already" in words) == ("bad", True)
    assert "Northwind" not in words
    assert "Nora" not in words


@pytest.mark.parametrize("typed", ["\0", "x" * 300, "=1+1", "😀" * 8, "' OR 1=1 --"])
def test_whatever_is_typed_a_preview_breaks_nothing(here: Credential, typed: str) -> None:
    assert previewed(here, product=APPLIANCE, product_id=typed, purchase_date=typed[:40])[0] == ""
    assert previewed(here, product=typed[:100], product_id=SERIAL)[0] == ""
