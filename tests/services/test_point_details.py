"""Point details: what the two tabs list, how they are searched, filtered, paged and exported."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest

from tests.factories import account, registry_unit, signed_in
from tests.services.test_registration import APPLIANCE, form
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.services import paging, point_details, points, registration, workbooks


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.PARTNER, first_name="Paula", last_name="de Wit"))


def register(here: Credential, *identifiers: str, product: str = APPLIANCE, **values: Any) -> None:
    for identifier in identifiers:
        registry_unit(product, identifier, subscribed_from=date(2026, 1, 1))
        perform(registration.register, form(product, identifier, **values), here)


def exported(export: Any, here: Credential, **asked: Any) -> openpyxl.Workbook:
    made = perform(export, asked, here)
    book = openpyxl.load_workbook(io.BytesIO(made.read_bytes()))
    made.unlink()
    return book


def serials(count: int) -> list[str]:
    return [f"3658B43{number:05}" for number in range(count)]


def ids(here: Credential, **asked: Any) -> list[str]:
    return [row.identifier for row in perform(point_details.registered_products, asked, here).rows]


def test_a_record_says_when_what_why_who_points_balance_and_expiry(db: str) -> None:
    here = signed_in(account(Kind.PARTNER, first_name="Paula", last_name="de Wit"))
    register(here, "3658B4311190")
    record = perform(point_details.records, {}, here).rows[0]
    assert record.at == clock.now()
    assert (record.reason, record.who) == (f"Registered {APPLIANCE} 3658B4311190", "Paula de Wit")
    assert (record.points, record.balance) == (150, 150)
    assert record.expires == clock.now().date().replace(year=clock.now().year + 2)


def test_nobody_sees_another_companys_points(here: Credential) -> None:
    register(here, "3658B4311190")
    stranger = signed_in(account(Kind.PARTNER))
    assert perform(point_details.records, {}, stranger).rows == []
    assert ids(stranger) == []


def test_lists_are_read_page_by_page_newest_first(db: str) -> None:
    here = signed_in(account(Kind.PARTNER))
    register(here, *serials(27))
    first = perform(point_details.registered_products, {}, here)
    assert [row.identifier for row in first.rows] == serials(27)[:1:-1]
    second = perform(point_details.registered_products, {"before": str(first.older)}, here)
    assert [row.identifier for row in second.rows] == serials(2)[::-1]
    assert (first.newer, second.older) == (0, 0)
    assert perform(point_details.registered_products, {"after": str(second.newer)}, here).rows == first.rows


def test_products_are_searched_by_beginnings_of_words(db: str) -> None:
    here = signed_in(account(Kind.PARTNER))
    register(here, "3658B4311190", end_user_company="100% Hotels_Ltd")
    register(here, "WP-402711", product="Workplace", purchase_from="Łukasz")
    for words in ("3658b43", "Appliance", "100% hotels", "ltd", "appl 3658b", "LTD hot, 100", "anouk 3658"):
        assert ids(here, search=words) == ["3658B4311190"], words
    for words in ("Łukasz", "wp-4027", "402711", "łuk", "workplace łukasz"):
        assert ids(here, search=words) == ["WP-402711"], words
    for words in (
        "8b431",
        "appliance łukasz",
        "%",
        "'",
        '"',
        "* OR",
        "hotelsx",
        "NOT x",
        "'@7' | 'x':*",
    ):
        assert ids(here, search=words) == [], words


def test_the_record_is_searched_by_what_was_registered_and_by_reasons(db: str) -> None:
    person = account(Kind.PARTNER)
    here = signed_in(person)
    register(here, *serials(3), end_user_name="Anouk Smit", end_user_company="Atlas")
    register(here, "WP-402711", product="Workplace")
    with transaction() as session:
        mine = points.lock(session, person.organisation_id)
        points.spend(session, mine, 120, points.Cause("Redeemed Yeastar P550, with Bakker's compliments", person.id))
    for asked, count in (("bakk", 2), ("3658b4300001", 1), ("redeemed p550", 1), ("workplace", 1), ("nobody", 0)):
        assert len(perform(point_details.records, {"search": asked}, here).rows) == count, asked


@pytest.mark.parametrize(("few", "walk"), [(0, 1), (0, 5_000), (500, 0)])
def test_what_is_found_does_not_depend_on_how_it_is_found(
    db: str, monkeypatch: pytest.MonkeyPatch, few: int, walk: int
) -> None:
    """A page is filled from what an index finds where that is little, by walking through the list where it is much."""
    monkeypatch.setattr(paging, "FEW", few)
    monkeypatch.setattr(paging, "WALK", walk)
    here = signed_in(account(Kind.PARTNER))
    stranger = signed_in(account(Kind.PARTNER))
    register(stranger, "3658B4399999", end_user_company="Bakker Logistics")
    register(here, *serials(2), end_user_company="Bakker Logistics")
    register(here, "WP-1", "WP-2", product="Workplace", end_user_name="Smit", end_user_company="Zonnebloem")
    register(here, *[f"PSE{number}00000" for number in range(3)], product="P-Series Software Edition")
    for sort in ("at", "-at", "company", "-product", "purchased", "-identifier"):
        found = ids(here, search="bakk log", sort=sort)
        assert set(found) == {*serials(2), *[f"PSE{number}00000" for number in range(3)]}, sort
        assert set(ids(here, product="workplace", sort=sort)) == {"WP-1", "WP-2"}
        assert ids(here, product="workplace", search="bakker", sort=sort) == []
    assert ids(here, sort="company", search="zonne") == ["WP-1", "WP-2"]
    assert ids(here, sort="identifier", state="valid", search="software pse") == [f"PSE{n}00000" for n in range(3)]
    earned = perform(point_details.records, {"kind": "earned", "sort": "points", "search": "software"}, here).rows
    assert len(earned) == 3
    assert perform(point_details.records, {"kind": "expired", "sort": "points"}, here).rows == []


def test_both_lists_are_filtered_by_product_and_day(here: Credential) -> None:
    register(here, "3658B4311190")
    clock.advance(timedelta(hours=10))
    register(here, "WP-402711", product="Workplace")
    today = clock.now().date()
    for listing in (point_details.records, point_details.registered_products):
        assert len(perform(listing, {"product": "workplace"}, here).rows) == 1
        assert len(perform(listing, {"since": today.isoformat(), "until": today.isoformat()}, here).rows) == 2
        assert perform(listing, {"since": (today + timedelta(days=1)).isoformat()}, here).rows == []
        assert perform(listing, {"until": (today - timedelta(days=1)).isoformat()}, here).rows == []


@pytest.mark.parametrize("asked", [{"before": "x"}, {"since": "soon"}, {"until": "9999-12-31"}, {"before": "9" * 30},
                                   {"before": 2**31},
        {"after": "4294967295"},
        {"search": "\0"}, {"product": ["a"]}, {"after": {"a": 1}}, {"sort": "id; DROP"},
                                   {"sort": ["-at"]}, {"kind": "stolen"}, {"state": "x"},
                                   {"product": "none"}])  # fmt: skip
def test_an_address_edited_by_hand_filters_nothing(here: Credential, asked: dict[str, Any]) -> None:
    register(here, "3658B4311190")
    assert len(perform(point_details.records, asked, here).rows) == 1


def test_the_export_holds_exactly_what_is_filtered_and_no_formula(here: Credential) -> None:
    register(here, *serials(30))
    register(here, "WP-402711", product="Workplace", end_user_name='=HYPERLINK("http://x")', purchase_from="@SUM(1)")
    page = exported(point_details.export_registered_products, here, product="workplace")["Registered Product"]
    assert page.max_row == 2
    assert page["F2"].value == '=HYPERLINK("http://x")'
    assert (page["F2"].data_type, page["E2"].data_type) == ("s", "s")
    page = exported(point_details.export_records, here)["Point Record"]
    assert page.max_row == 32
    assert [cell.value for cell in page[2]][3:7] == ["Paula de Wit", 100, None, 4600]


def test_the_export_keeps_the_order_and_goes_on_in_another_sheet(
    here: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "ROWS_OF_A_SHEET", 3)
    register(here, *serials(6))
    book = exported(point_details.export_registered_products, here, sort="identifier", search="3658b43")
    assert book.sheetnames == ["Registered Product", "Registered Product (2)"]
    assert [page.cell(row, 3).value for page in book for row in (2, 3, 4)] == serials(6)
    empty = exported(point_details.export_records, here, search="nobody")
    assert empty["Point Record"].max_row == 1
