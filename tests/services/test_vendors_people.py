"""What partners read of the vendor's people: that it was Yeastar, never who of them. The back office reads the name."""

import io
from dataclasses import asdict
from typing import Any

import openpyxl
import pytest

from tests.factories import account, organisation, signed_in
from tests.services import test_rewards as shop
from tests.services.test_point_details import register
from tests.services.test_points import earn
from yeastar_app.access import Credential, perform
from yeastar_app.models.accounts import Account, Kind, OrganisationKind, TwoFactor
from yeastar_app.services import partner_points, point_details, point_stories, redemptions, rewards


@pytest.fixture
def owner(sqlite: str) -> Account:
    return account(Kind.PARTNER, first_name="Paula", last_name="de Wit")


@pytest.fixture
def staff(owner: Account) -> Credential:
    vendor = organisation(OrganisationKind.VENDOR, name="Yeastar")
    ada = account(Kind.ADMINISTRATOR, vendor, first_name="Ada", last_name="Vries", two_factor=TwoFactor.EMAIL)
    return signed_in(ada)


def cells(made: Any) -> str:
    content = made if isinstance(made, bytes) else made.read_bytes()
    sheets = openpyxl.load_workbook(io.BytesIO(content))
    return " ".join(str(cell) for sheet in sheets for row in sheet.values for cell in row)


def test_a_partner_reads_yeastar_where_the_back_office_reads_who(owner: Account, staff: Credential) -> None:
    here, asked = signed_in(owner), {"partner": owner.organisation_id}
    register(here, "3658B4311190")
    earn(owner.organisation_id, owner.key, 500)
    mark = perform(partner_points.account, asked, staff).seen
    perform(partner_points.adjust, {**asked, "points": 50, "reason": "A campaign", "seen": mark}, staff)
    mark = perform(partner_points.account, asked, staff).seen
    perform(partner_points.reverse, {**asked, "registration": 1, "reason": "Returned", "seen": mark}, staff)
    wish = shop.redeem(here, shop.reward(Registered=2)).id
    perform(redemptions.decline, {"redemption": wish, "reason": "Sold out"}, staff)

    ours = perform(point_details.records, {}, here).rows
    theirs = perform(partner_points.records, asked, staff).rows
    assert {row.who for row in ours} == {"Paula de Wit", "Yeastar"}
    assert [(row.id, row.who.replace("Ada Vries", "Yeastar")) for row in theirs] == [(row.id, row.who) for row in ours]
    assert "Ada Vries" in {row.who for row in theirs}
    for row in ours:
        told = str(asdict(perform(point_stories.story, {"entry": row.id}, here)))
        same = str(asdict(perform(partner_points.story, {**asked, "entry": row.id}, staff)))
        assert "Vries" not in told
        assert same.replace("Ada Vries", "Yeastar") == told
    assert [row.decided_by for row in perform(rewards.mine, {}, here).rows] == ["Yeastar"]
    assert [row.decided_by for row in perform(redemptions.queue, {"status": "all"}, staff).rows] == ["Ada Vries"]
    assert "Yeastar" in cells(perform(point_details.export_records, {}, here))
    assert "Vries" not in cells(perform(point_details.export_records, {}, here))
    assert "Ada Vries" in cells(perform(partner_points.export_records, asked, staff))
    assert "Ada Vries" in cells(perform(redemptions.export, {"status": "all"}, staff))
