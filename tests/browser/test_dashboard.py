"""What a partner sees at once: what expires, what keeps its tier, what lifts it, and what is to come."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_partner_sees_what_expires_next_month(page: Page) -> None:
    come_in(page, "partner")
    page.wait_for_url("**/partner")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    steps = page.get_by_role("list", name="What to do next")
    expect(steps.get_by_text(re.compile(r"^[\d,]+ points expire: .* is their last day$"))).to_be_visible()
    figures = page.get_by_role("table", name=re.compile("^Points earned in each of the last 12 months"))
    expect(page.get_by_role("img", name=re.compile("^Points earned in each of the last 12 months"))).to_be_visible()
    expect(figures.get_by_role("row")).to_have_count(13)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "one glance: nothing to scroll"
    page.get_by_role("link", name="Partner Program").click()
    page.get_by_text("Month by month").click()
    months = page.get_by_role("table", name="The next 12 months, month by month")
    expect(months.get_by_role("row")).to_have_count(13)
    expired = months.get_by_role("row").nth(1).get_by_role("cell").nth(1)
    expect(expired).to_have_text(re.compile(r"^[\d,]+$"))


def test_a_partner_sees_what_keeps_its_tier(page: Page) -> None:
    come_in(page, "partner", target="/partner")
    card = page.get_by_role("region", name="Point information")
    expect(
        card.get_by_text(re.compile(r"^Earn [\d,]+ points by .*, the day of the review, to keep Gold\.$"))
    ).to_be_visible()
    page.get_by_role("link", name=re.compile("^Get Points: .* keep Gold")).click()
    expect(page.get_by_role("dialog", name="Get Points")).to_be_visible()
    page.keyboard.press("Escape")
    ahead = page.get_by_role("list", name="Tier over the next 12 months").get_by_role("listitem")
    expect(ahead.first).to_contain_text(re.compile("Gold until the review on "))
    expect(ahead.last).to_contain_text("Silver from ")


def test_a_partner_sees_what_lifts_it_and_what_it_will_have_there(page: Page) -> None:
    come_in(page, "partner", target="/partner")
    steps = page.get_by_role("list", name="What to do next")
    expect(steps.get_by_text(re.compile(r"^[\d,]+ points to Platinum$"))).to_be_visible()
    expect(steps.get_by_text(re.compile(r"^\d+ P-Series Cloud Edition or .* would do\.$")).last).to_be_visible()
    page.get_by_role("link", name="Partner Program").click()
    expect(page.get_by_role("list", name="Tier History")).to_contain_text("Silver to Gold")
    page.get_by_role("button", name="View Details").click()
    top = page.get_by_role("dialog", name="Tier Benefits").get_by_role("region", name="Platinum")
    expect(top).to_contain_text("20,000 or more")
    expect(top).to_contain_text("8% of paid orders")
    expect(top).to_contain_text("A named support engineer")


def test_a_panel_that_the_address_asks_for_opens_once(page: Page) -> None:
    come_in(page, "partner", target="/partner/program%3Fget=1")
    panel = page.get_by_role("dialog", name="Get Points")
    expect(panel).to_be_visible()
    page.wait_for_url("**/partner/program")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Get Points")).to_be_enabled()
    expect(panel).to_have_count(0)
