"""Alarms and operation logs in a browser: what needs attention comes by itself, by screen and by email."""

import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in

TIDAL = "thea@tidal.example.com"


def test_a_reseller_hears_that_its_package_is_full(page: Page, other_page: Page) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, TIDAL, target="/central/alarm-contacts")
    page.get_by_role("button", name="Add").first.click()
    panel = page.get_by_role("dialog", name="Add Contact")
    for level in ("Alert", "Warning"):
        panel.get_by_label(level, exact=True).uncheck()
    panel.get_by_label("Email").fill("nobody")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Enter an email address")).to_be_visible()
    panel.get_by_label("Name").fill("Night duty")
    panel.get_by_label("Email").fill(f"{mark}@example.com")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Tick at least one level.")).to_be_visible()
    panel.get_by_label("Alert", exact=True).check()
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=mark)).to_contain_text("Alert")

    page.get_by_role("link", name="Alarm", exact=False).first.click()
    page.wait_for_url("**/central/alarms")
    page.get_by_label("State").select_option("Active")
    page.wait_for_url("**state=active")
    full = page.get_by_role("row").filter(has_text="Concurrent Calls: used up")
    expect(page.get_by_role("row").filter(has_text="Concurrent Calls: running out")).to_be_visible()
    expect(full).to_have_count(0)

    come_in(other_page, TIDAL, target="/central/pbx?add=1")
    adding = other_page.get_by_role("dialog", name="Add PBX")
    adding.get_by_label("Name", exact=True).fill(f"Full {mark}")
    adding.get_by_label("Extensions", exact=True).fill("10")
    adding.get_by_label("Concurrent Calls", exact=True).fill("4")
    adding.get_by_role("button", name="Save").click()
    expect(full).to_be_visible(timeout=5_000)  # by itself: nobody reloads
    expect(page.get_by_role("link", name="Alarm 1 open alerts")).to_be_visible()
    full.get_by_role("button", name="Acknowledge Concurrent Calls: used up").click()
    expect(full).to_contain_text("Thea Jansen")
    expect(page.get_by_role("link", name="open alerts")).to_have_count(0)

    other_page.goto(f"/mailbox?to={mark}")
    expect(other_page.get_by_text("Alert: Concurrent Calls: used up").first).to_be_visible()

    other_page.goto(f"/central/pbx?name=Full {mark}")
    other_page.get_by_role("link", name=f"Full {mark}").click()
    other_page.get_by_role("button", name="More", exact=True).click()
    other_page.get_by_role("button", name="Delete", exact=True).click()
    other_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(full).to_have_count(0)  # over by itself
    page.goto(f"/central/alarms?search=Full {mark}")
    page.get_by_role("link", name=f"Full {mark} is deleted").click()
    expect(page.get_by_text("Its capacity is back in the package.")).to_be_visible()


def test_somebody_finds_out_what_was_changed_by_whom(page: Page) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, TIDAL, target="/central/customers")
    page.get_by_role("button", name="Add").first.click()
    panel = page.get_by_role("dialog", name="Add Customer")
    panel.get_by_label("First Name").fill(f"Ola {mark}")
    panel.get_by_label("Company").fill("Fish Market")
    panel.get_by_label("Email").fill(f"{mark}@example.com")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=mark)).to_be_visible()
    page.goto("/central/logs")
    page.get_by_label("On", exact=True).fill(mark)
    page.get_by_label("Operation", exact=True).select_option("Customer added")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url(f"**what={mark}**")
    row = page.get_by_role("row").filter(has_text=mark)
    row.get_by_role("button", name="Details").click()
    details = page.get_by_role("dialog", name="Customer added")
    expect(details.get_by_text("thea@tidal.example.com")).to_be_visible()
    expect(details.get_by_role("row").filter(has_text="company")).to_contain_text("Fish Market")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "operation-logs.xlsx"
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_label("On", exact=True)).to_have_value("")
