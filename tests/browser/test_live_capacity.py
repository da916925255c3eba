"""Capacity is live (issue: Central Management): what one person takes or gives back, every other open screen shows
within a second, without a reload."""

import uuid

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.browser.conftest import come_in
from tests.browser.stale_tab import stale_tab

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
    come_in(page, "partner", target="/central/resellers/new")
    come_in(other_page, "partner", target="/central/resellers")
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
    expect(ends.locator("output")).to_contain_text("· 0 of 1,000 left")


def test_lists_and_the_subscription_follow_what_others_do(page: Page, other_page: Page) -> None:
    come_in(page, "partner", target="/central/resellers")
    come_in(other_page, "partner", target="/central/resellers")
    row = page.get_by_role("row").filter(has_text="Canal Street IT")
    expect(row).to_contain_text("/ 60")
    change(other_page, "Canal Street IT", 66)
    expect(row).to_contain_text("/ 66", timeout=AT_MOST)
    page.goto("/central/subscription")
    figure = page.locator("section").filter(has=page.get_by_role("heading", name="Extensions")).locator(".figure")
    before = int(figure.inner_text().replace(",", ""))
    change(other_page, "Canal Street IT", 60)
    expect(figure).to_have_text(str(before + 6), timeout=AT_MOST)


def fill_reseller(page: Page, company: str, extensions: int) -> None:
    """The Add page of a reseller, as far as it takes for Save."""
    page.get_by_label("Company", exact=True).fill(company)
    page.get_by_label("Email", exact=True).fill(f"{uuid.uuid4().hex[:8]}@example.com")
    page.get_by_label("First Name").fill("Nora")
    page.get_by_label("Extensions", exact=True).fill(str(extensions))


def delete(page: Page, company: str) -> None:
    page.goto("/central/resellers")
    page.get_by_role("row").filter(has_text=company).get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 reseller deleted")).to_be_visible()


def test_of_two_who_save_the_last_extensions_one_is_refused_in_words(page: Page, other_page: Page) -> None:
    both_save_the_last_extensions(page, other_page)


def both_save_the_last_extensions(page: Page, other_page: Page) -> None:
    """Two of one company, in the same process or not: one package is saved, the other refused in words."""
    company = f"Last {uuid.uuid4().hex[:6]}"
    for each in (page, other_page):
        come_in(each, "rival", target="/central/resellers/new")
        fill_reseller(each, company, 0)
    last = free(page, "Extensions")
    for each in (page, other_page):
        each.get_by_label("Extensions", exact=True).fill(str(last))
    page.get_by_role("button", name="Save").click(no_wait_after=True)
    other_page.get_by_role("button", name="Save").click(no_wait_after=True)
    saved, refused = page.get_by_text(f"{company} was added"), other_page.get_by_text("more asked for, 0 free")
    expect(saved.or_(page.get_by_text("more asked for, 0 free"))).to_be_visible()
    if not saved.is_visible():
        page, other_page = other_page, page
        refused = other_page.get_by_text("more asked for, 0 free")
    expect(page.get_by_text(f"{company} was added")).to_be_visible()
    expect(refused).to_have_text(f"Extensions: {last} more asked for, 0 free.")
    expect(other_page.get_by_label("Company", exact=True)).to_have_value(company)
    delete(page, company)


def test_a_right_that_is_taken_away_is_gone_on_the_next_click_and_for_stale_tabs(page: Page, other_page: Page) -> None:
    a_right_is_taken_away(page, other_page)


def a_right_is_taken_away(page: Page, other_page: Page) -> None:
    """The reseller at `page` may add PBXs no more once its superior at `other_page` has said so: not with the buttons,
    which are gone, and not from a tab that still has its panel open."""
    come_in(page, "rival-reseller", target="/central/pbx")
    expect(page.get_by_role("button", name="Add").first).to_be_visible()
    come_in(other_page, "rival", target="/central/resellers")

    def grant(given: bool) -> None:
        other_page.goto("/central/resellers")
        other_page.get_by_role("link", name="Fjord").click()
        other_page.get_by_label("Add cloud PBXs").set_checked(given)
        other_page.get_by_role("button", name="Save").click()
        expect(other_page.get_by_text("was saved")).to_be_visible()

    name = f"Forged {uuid.uuid4().hex[:6]}"
    form = {"name": name, "plan": "enterprise", "extensions": "10", "calls": "1", "type": "commercial"}
    with stale_tab(page, "pbx_state") as stale:
        stale.send("open", {}, until="'adding_rx_state_': True")
        # As long as the right is there this very event is judged by what is free.
        stale.send("create", {"form": {**form, "extensions": "500"}}, until="more asked for")
        grant(False)
        stale.send("create", {"form": form}, until="Your account has no right to do this.")
    page.get_by_role("link", name="My Subscription").click()
    expect(page.get_by_role("heading", name="My Subscription")).to_be_visible()
    expect(page.get_by_role("link", name="Add PBX")).to_have_count(0)
    page.get_by_role("link", name="PBX", exact=True).click()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    expect(page.get_by_role("button", name="Add")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text=name)).to_have_count(0)
    grant(True)


def test_what_is_typed_stays_when_the_connection_is_lost(page: Page) -> None:
    lines: list[WebSocketRoute] = []

    def connect(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    page.route_web_socket("**/_event/**", connect)
    come_in(page, "partner", target="/central/resellers/new")
    page.get_by_label("Company", exact=True).fill("Half typed")
    page.get_by_label("Extensions", exact=True).fill("17")
    before = len(lines)
    with page.expect_websocket():
        lines[-1].close(code=4000, reason="the line is cut")
    assert len(lines) > before
    page.get_by_role("tab", name="System").click()  # answered over the new line
    expect(page.get_by_role("tab", name="System")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Company", exact=True)).to_have_value("Half typed")
    expect(page.get_by_label("Extensions", exact=True)).to_have_value("17")
