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
from yeastar_app.models.accounts import Kind
from yeastar_app.services import point_details, registration


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.PARTNER, first_name="Paula", last_name="de Wit"))


def register(here: Credential, *identifiers: str, product: str = APPLIANCE, **values: Any) -> None:
    for identifier in identifiers:
        registry_unit(product, identifier, subscribed_from=date(2026, 1, 1))
        perform(registration.register, form(product, identifier, **values), here)


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


def test_products_are_searched_by_id_product_seller_and_end_user(db: str) -> None:
    here = signed_in(account(Kind.PARTNER))
    register(here, "3658B4311190", end_user_company="100% Hotels_Ltd")
    register(here, "WP-402711", product="Workplace", purchase_from="Łukasz")
    for words in ("8b431", "Appliance", "100% hotels", "s_L"):
        assert ids(here, search=words) == ["3658B4311190"], words
    assert ids(here, search="Łukasz") == ["WP-402711"]
    assert ids(here, search="100_") == []


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
                                   {"search": "\0"}, {"product": ["a"]}, {"after": {"a": 1}}])  # fmt: skip
def test_an_address_edited_by_hand_filters_nothing(here: Credential, asked: dict[str, Any]) -> None:
    register(here, "3658B4311190")
    assert len(perform(point_details.records, asked, here).rows) == 1


def test_the_export_holds_exactly_what_is_filtered_and_no_formula(here: Credential) -> None:
    register(here, *serials(30))
    register(here, "WP-402711", product="Workplace", end_user_name='=HYPERLINK("http://x")', purchase_from="@SUM(1)")
    made = perform(point_details.export_registered_products, {"product": "workplace"}, here)
    page = openpyxl.load_workbook(io.BytesIO(made))["Registered Product"]
    assert page.max_row == 2
    assert page["F2"].value == '=HYPERLINK("http://x")'
    assert (page["F2"].data_type, page["E2"].data_type) == ("s", "s")
    made = perform(point_details.export_records, {}, here)
    page = openpyxl.load_workbook(io.BytesIO(made))["Point Record"]
    assert page.max_row == 32
    assert [cell.value for cell in page[2]][3:6] == ["Paula de Wit", 100, 4600]
