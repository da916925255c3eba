"""Bulk registration as a partner lives with it: left and found again, put aside, kept; and what a product brings is
seen before it is saved."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_register_products import APPLIANCE, open_panel, today, units, upload
from yeastar_app.services.template import COLUMNS, SHEET


def workbook(serials: list[str]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SHEET
    sheet.append(list(COLUMNS))
    for serial in serials:
        sheet.append([APPLIANCE, serial, datetime.now(UTC).date(), "Erik Hoekstra", "Anouk Bakker", "Bakker Logistics"])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def test_a_partner_finds_a_workbook_again_that_it_left_and_registers_it(
    page: Page, server: Server, tmp_path: Path
) -> None:
    good = units(server, tmp_path, 2)
    panel = open_panel(page, "rival")
    panel.get_by_role("button", name="Bulk Register").click()
    upload(page, panel, workbook([*good, "WRONG"]), "left.xlsx")
    expect(panel.get_by_text("2 rows can be registered.")).to_be_visible()
    problem = panel.get_by_role("table", name="Rows that cannot be registered").get_by_role("row").last
    for words in ("4", "Product ID", "WRONG", "8 to 20 letters and digits", "Compare it with the label"):
        expect(problem).to_contain_text(words)
    panel.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.goto("/partner/program/uploads")
    line = page.get_by_role("row").filter(has_text="left.xlsx")
    expect(line).to_contain_text("Waits for you")
    line.get_by_role("button", name="Show").click()
    panel = page.get_by_role("dialog", name="Get Points")
    panel.get_by_role("button", name="Register the 2 good rows").click()
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("300 points", exact=True)).to_be_visible()
    result.get_by_role("button", name="Done").click()
    expect(line.locator(".badge")).to_have_text("Registered")
    for link, cell, words in (
        ("Workbook", "B2", good[0]),
        ("Rows to correct", "B2", "WRONG"),
        ("Result", "B3", good[1]),
    ):
        with page.expect_download() as download:
            line.get_by_role("link", name=link).click()
        sheet = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).worksheets[0]
        assert sheet[cell].value == words


def test_a_partner_puts_a_workbook_aside_and_takes_it_up_later(page: Page, server: Server, tmp_path: Path) -> None:
    panel = open_panel(page, "rival")
    panel.get_by_role("button", name="Bulk Register").click()
    upload(page, panel, workbook(units(server, tmp_path, 1)), "aside.xlsx")
    expect(panel.get_by_text("1 row can be registered.")).to_be_visible()
    panel.get_by_role("button", name="Go Back").click()
    panel.get_by_role("link", name="History of Uploads").click()
    line = page.get_by_role("row").filter(has_text="aside.xlsx")
    expect(line).to_contain_text("Cancelled")
    line.get_by_role("button", name="Show").click()
    panel = page.get_by_role("dialog", name="Get Points")
    expect(panel.get_by_text("Nothing of this workbook is registered.")).to_be_visible()
    panel.get_by_role("button", name="Go On").click()
    panel.get_by_role("button", name="Register the 1 good row").click()
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("150 points", exact=True)).to_be_visible()


def test_a_partner_sees_before_saving_what_a_product_brings(page: Page, server: Server, tmp_path: Path) -> None:
    serial = units(server, tmp_path, 1)[0]
    panel = open_panel(page, "rival")
    panel.get_by_label("Product", exact=True).select_option(APPLIANCE)
    typed = panel.get_by_label("Serial Number")
    seen = panel.locator(".verdict")
    typed.press_sequentially(serial[:4])
    expect(seen).to_contain_text("8 to 20 letters and digits")
    typed.press_sequentially(serial[4:].lower())
    expect(seen).to_contain_text("Bought today it brings 150 points")
    expect(typed).to_have_value(serial[:4] + serial[4:].lower())
    panel.get_by_label("Purchase Date").fill(today())
    expect(seen).to_have_text("Free. It brings 150 points.")
    typed.fill("3631A2124001")
    expect(seen).to_have_attribute("data-tone", "bad")
    expect(seen).to_have_text(re.compile("registered already.*whoever"))
    expect(seen).to_have_attribute("aria-live", "polite")
