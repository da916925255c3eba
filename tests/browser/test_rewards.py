"""Rewards, from the catalogue to the parcel, as the people on both sides go through it."""

import io
import re
import uuid
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in

MUG = "Stoneware Mug"


def redeem(page: Page, name: str, address: str) -> Any:
    """The row of the redemption, which stands under "My Redemptions" then."""
    page.goto("/partner/rewards")
    page.get_by_role("button", name=f"Redeem {name}").click()
    window = page.get_by_role("dialog", name="Redeem")
    expect(window.get_by_text("These points go first")).to_be_visible()
    window.get_by_label("Deliver To").fill(address)
    window.get_by_role("button", name="Redeem", exact=True).dblclick()
    page.wait_for_url("**tab=redemptions*")
    rows = page.get_by_role("list", name="My Redemptions")
    expect(rows).to_be_visible()
    return rows.get_by_role("heading", name=name).first.locator("xpath=ancestor::li[1]")


def balance(page: Page) -> str:
    line = page.get_by_text(re.compile(r"^You have [\d,]+ points"))
    expect(line).to_be_visible()
    return line.inner_text()


def test_a_partner_redeems_a_reward_and_sees_it_on_its_way_and_its_points_back_when_it_withdraws(page: Page) -> None:
    come_in(page, "rival", target="/partner/rewards")
    expect(page.get_by_role("listitem").filter(has_text="Partner Summit")).to_contain_text("From Platinum")
    before = balance(page)
    row = redeem(page, MUG, "Rita Hansen\nElbchaussee 1")
    expect(row).to_contain_text("Requested")
    expect(page.get_by_role("status").filter(has_text=f"{MUG} is requested")).to_be_visible()
    assert balance(page) != before
    expect(page.get_by_role("button", name=f"Withdraw {MUG}")).to_have_count(1)  # a double click redeems once
    row.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog", name="Withdraw the request?").get_by_role("button", name="Withdraw").click()
    expect(row).to_contain_text("Withdrawn")
    expect(page.get_by_text(before)).to_be_visible()


def test_an_account_manager_fulfils_what_was_redeemed_and_the_partner_reads_how(page: Page, other_page: Page) -> None:
    street = f"Hafenstrasse {uuid.uuid4().hex[:6]}"
    come_in(page, "rival", target="/partner/rewards")
    redeem(page, MUG, street)
    come_in(other_page, "manager", target="/staff/redemptions")
    queued = other_page.get_by_role("row").filter(has_text="Northwind Voice").filter(has_text=MUG)
    queued.get_by_role("button", name="Approve").click()
    queued.get_by_role("button", name="Fulfil").click()
    drawer = other_page.get_by_role("dialog", name="Fulfil")
    expect(drawer).to_contain_text(street)
    drawer.get_by_label("Note").fill("Parcel 42")
    drawer.get_by_role("button", name="Fulfil", exact=True).click()
    expect(other_page.get_by_text(f"{MUG} for Northwind Voice is on its way.")).to_be_visible()
    expect(queued).to_have_count(0)
    page.reload()
    done = page.get_by_role("listitem").filter(has_text="Parcel 42")
    expect(done.get_by_role("heading", name=MUG)).to_be_visible()
    expect(done).to_contain_text("Fulfilled")


@pytest.fixture
def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "#1f5fe0").save(out, "PNG")
    return out.getvalue()


def test_an_administrator_adds_a_reward_and_partners_see_it(page: Page, other_page: Page, picture: bytes) -> None:
    name = f"Umbrella {uuid.uuid4().hex[:6]}"
    come_in(page, "admin", target="/staff/rewards")
    page.get_by_role("button", name="Add Reward").click()
    drawer = page.get_by_role("dialog", name="Add Reward")
    drawer.get_by_label("Name").fill(name)
    drawer.get_by_label("Points").fill("many")
    drawer.get_by_label("Silver").fill("-1")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_text("Enter a whole number.")).to_be_visible()
    drawer.get_by_label("Points").fill("50")
    drawer.get_by_role("button", name="Save").click()
    expect(drawer.get_by_text("A whole number from 0 to")).to_be_visible()
    drawer.get_by_label("Silver").fill("3")
    drawer.locator("input[type=file]").set_input_files(
        {"name": "umbrella.png", "mimeType": "image/png", "buffer": picture}
    )
    expect(drawer.locator(".reward-picture img")).to_be_visible()
    drawer.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
    come_in(other_page, "rival", target="/partner/rewards")
    card = other_page.get_by_role("listitem").filter(has_text=name)
    expect(card.get_by_role("button", name=f"Redeem {name}")).to_be_visible()
    shown = card.locator("img")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 320)
    page.get_by_role("button", name=f"Remove {name}").click()
    page.get_by_role("dialog", name="Remove this reward?").get_by_role("button", name="Remove").click()
    expect(page.get_by_text(f"{name} is removed.")).to_be_visible()
