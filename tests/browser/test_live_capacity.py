"""Capacity is live (issue: Central Management): what one person takes or gives back, every other open screen shows
within a second, without a reload."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import sign_in

AT_MOST = 1_000
"""Milliseconds until the other screen shows it."""


def slider(page: Page, name: str) -> Locator:
    return page.locator(".slider").filter(has=page.get_by_label(f"{name}, slider"))


def change(page: Page, company: str, extensions: int) -> None:
    """Open a reseller from the list and save its package with so many extensions."""
    page.goto("/central/resellers")
    page.get_by_role("link", name=company).click()
    page.get_by_label("Extensions", exact=True).fill(str(extensions))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{company} was saved")).to_be_visible()


def free(page: Page, name: str) -> int:
    """What is still free of a capacity, as its slider says."""
    words = slider(page, name).locator("dt", has_text="Still free").locator("+ dd").inner_text()
    return int(words.replace(",", ""))


def test_when_one_takes_capacity_the_sliders_of_the_other_end_earlier_at_once(page: Page, other_page: Page) -> None:
    sign_in(page, "partner", target="/central/resellers/new")
    sign_in(other_page, "partner", target="/central/resellers")
    ends, box = slider(page, "Extensions"), page.get_by_label("Extensions", exact=True)
    expect(ends).to_be_visible()
    before = free(page, "Extensions")
    box.fill(str(before))
    expect(ends).to_have_attribute("data-fits", "true")

    change(other_page, "Canal Street IT", 70)
    expect(ends.get_by_text(f"{before - 10} at most", exact=True)).to_be_visible(timeout=AT_MOST)
    expect(page.get_by_label("Extensions, slider")).to_have_attribute("max", str(before - 10))
    # What was typed stays, is marked, and is told what would fit.
    expect(box).to_have_value(str(before))
    expect(ends).to_have_attribute("data-fits", "false")
    expect(ends.locator("output")).to_have_text(f"10 more than is free: at most {before - 10}")

    change(other_page, "Canal Street IT", 60)
    expect(ends).to_have_attribute("data-fits", "true", timeout=AT_MOST)
    expect(page.get_by_label("Extensions, slider")).to_have_value(str(before))
    expect(ends.locator("output")).to_contain_text("0 left after this")


def test_lists_and_the_subscription_follow_what_others_do(page: Page, other_page: Page) -> None:
    sign_in(page, "partner", target="/central/resellers")
    sign_in(other_page, "partner", target="/central/resellers")
    row = page.get_by_role("row").filter(has_text="Canal Street IT")
    expect(row).to_contain_text("/ 60")
    change(other_page, "Canal Street IT", 66)
    expect(row).to_contain_text("/ 66", timeout=AT_MOST)
    page.goto("/central")
    figure = page.locator("section").filter(has=page.get_by_role("heading", name="Extensions")).locator(".figure")
    before = int(figure.inner_text().replace(",", ""))
    change(other_page, "Canal Street IT", 60)
    expect(figure).to_have_text(str(before + 6), timeout=AT_MOST)
