"""The Dashboard of Central Management: one glance says how everything stands and what needs somebody; it follows."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_reseller_sees_at_one_glance_what_needs_attention(page: Page) -> None:
    come_in(page, "reseller")
    expect(page).to_have_url(re.compile("/central$"))
    needs = page.get_by_role("list", name="Needs attention")
    expect(needs.get_by_text("1 task failed in the last 7 days")).to_be_visible()
    expect(needs.get_by_text("“Reset before opening” on 1 of 2 PBXs.")).to_be_visible()
    expect(page.get_by_role("list", name="Recent operations").get_by_role("listitem").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "one glance: nothing to scroll"
    needs.get_by_role("link", name=re.compile("^See PBXs: .* expires within 30 days")).click()
    expect(page).to_have_url(re.compile("/central/pbx.show=expiring"))
    expect(page.get_by_role("row").filter(has_text="Scheldt Veterinary Clinic")).to_be_visible()
    page.go_back()
    needs.get_by_role("link", name=re.compile("^See the log: ")).click()
    expect(
        page.get_by_role("cell", name="It is not running: only a running PBX can be reset.", exact=True)
    ).to_be_visible()


def test_an_open_dashboard_follows_what_others_do(page: Page, other_page: Page) -> None:
    name = f"Glance {uuid.uuid4().hex[:6]}"
    come_in(page, "rival", target="/central")
    expect(page.get_by_role("region", name="Cloud PBXs").get_by_text("in all")).to_be_visible()
    come_in(other_page, "rival", target="/central/pbx%3Fadd=1")
    panel = other_page.get_by_role("dialog", name="Add PBX")
    panel.get_by_label("Name", exact=True).fill(name)
    panel.get_by_role("button", name="Save").click()
    expect(other_page.get_by_text(f"{name} is being created")).to_be_visible()
    expect(page.get_by_role("list", name="Recent operations")).to_contain_text(f"Cloud PBX added {name}")


def test_a_colleague_with_few_rights_sees_less_and_no_link_that_is_refused(page: Page) -> None:
    come_in(page, "reseller-colleague", target="/central")
    expect(page.get_by_role("list", name="Needs attention")).to_be_visible()
    for gone in ("Add PBX", "Add Reseller", "View all tasks", "View all operations"):
        expect(page.get_by_role("link", name=gone)).to_have_count(0)


def test_a_customer_that_asks_for_the_dashboard_sees_its_own_pbxs(page: Page) -> None:
    come_in(page, "customer", target="/central")
    expect(page).to_have_url(re.compile("/central/own$"))
    expect(page.get_by_role("heading", name="My PBXs")).to_be_visible()
