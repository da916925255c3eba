"""The ledger's pages as a partner uses them: where a point came from, what an export holds, sorting without a mouse."""

import io
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in

POINTS = "/partner/program/points"


def test_a_partner_finds_where_a_point_came_from(page: Page) -> None:
    come_in(page, "rival", target=POINTS)
    page.get_by_role("searchbox").fill("3642B6200001")
    page.wait_for_url("**search=3642B6200001*")
    record = page.get_by_role("table", name="Point Record")
    expect(record.get_by_role("row")).to_have_count(2)
    record.get_by_role("link", name="3642B6200001").click()
    page.wait_for_url("**entry=*")
    story = page.get_by_role("dialog", name="Registration: 3642B6200001")
    expect(story.get_by_text("P-Series Appliance Edition", exact=True)).to_be_visible()
    expect(story.get_by_role("heading", name="150 points earned")).to_be_visible()

    page.reload()
    expect(story).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_url(lambda url: "entry=" not in url)  # Back leads from the list to the story, once it has an address
    expect(page.get_by_role("searchbox")).to_have_value("3642B6200001")
    page.go_back()
    expect(story).to_be_visible()


def test_a_partner_exports_exactly_what_it_filtered(page: Page) -> None:
    come_in(page, "rival")
    page.goto(f"{POINTS}?tab=registered&product=p-series-appliance&sort=identifier")
    listed = page.get_by_role("table", name="Registered Product")
    expect(listed.get_by_role("columnheader", name="Product ID")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("searchbox").fill("3642b")
    page.wait_for_url("**search=3642b*")
    shown = listed.get_by_role("row").locator("td:nth-child(3) a")
    expect(shown.first).to_have_text("3642B6200001")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    sheet = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).active
    assert sheet is not None
    assert [cell.value for cell in sheet["C"]][1:] == shown.all_inner_texts()


def test_a_list_is_sorted_with_the_keyboard_alone(page: Page) -> None:
    come_in(page, "rival", target=POINTS)
    heading = page.get_by_role("columnheader", name="Points", exact=True)
    button = heading.get_by_role("button")
    expect(heading).to_have_attribute("aria-sort", "none")
    while not button.evaluate("here => here === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_role("table", name="Point Record").locator("td:nth-child(5)").first).to_contain_text("+200")
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    page.go_back()
    expect(heading).to_have_attribute("aria-sort", "descending")
