"""System > User > My Colleague, as a reseller uses it."""

import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_reseller_adds_a_colleague_and_decides_what_it_may_do(page: Page, other_page: Page) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, "rival-reseller", target="/central/colleagues")
    page.get_by_role("link", name="Add Colleague").first.click()
    page.get_by_label("First Name").fill("Rosa")
    page.get_by_label("Last Name").fill(mark)
    page.get_by_label("Yeastar ID").fill(f"{mark}@example.com")
    page.get_by_label("View cloud PBXs").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is of no use without “View cloud PBXs”").first).to_be_visible()
    expect(page.get_by_label("First Name")).to_have_value("Rosa")
    page.get_by_label("Select all of Cloud PBX").check()
    expect(page.get_by_label("View cloud PBXs")).to_be_checked()
    page.get_by_role("tab", name="System").click()
    page.get_by_label("Manage colleagues").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text=mark)).to_contain_text("Not activated")
    page.get_by_role("link", name=f"Edit Rosa {mark}").click()
    page.get_by_role("tab", name="System").click()
    expect(page.get_by_label("Manage colleagues")).not_to_be_checked()
    expect(page.get_by_label("View operation logs")).to_be_checked()

    come_in(other_page, "reseller-colleague", target="/central/pbx")
    expect(other_page.get_by_role("heading", name="PBX").first).to_be_visible()
    expect(other_page.get_by_role("link", name="My Colleague")).to_have_count(0)
    expect(other_page.get_by_role("button", name="Add")).to_have_count(0)
