"""The points programme from the back office: correct a partner's points, take back a registration, import units, raise
a threshold; and what the partner sees of it."""

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, come_in
from tests.browser.test_register_products import APPLIANCE, fill, serial, units  # noqa: F401 - a fixture


def balance(page: Page) -> int:
    shown = page.get_by_label("Figures").locator(".figure").first
    expect(shown).to_have_text(re.compile(r"^[\d,]+$"))
    return int(shown.inner_text().replace(",", ""))


def open_partner(page: Page, who: str, partner: str) -> None:
    come_in(page, who, target="/staff/points")
    page.get_by_role("link", name=partner).click()
    expect(page.get_by_role("heading", name=partner)).to_be_visible()


def test_an_account_manager_corrects_a_partners_points(page: Page, other_page: Page) -> None:
    open_partner(page, "manager", "Northwind Voice")
    before = balance(page)
    page.get_by_role("button", name="Adjust Points").click()
    panel = page.get_by_role("dialog", name="Adjust Points")
    panel.get_by_label("Points", exact=True).fill("-1000000")
    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text("This field is required.")).to_be_visible()
    panel.get_by_label("Reason").fill("Two units counted twice")
    panel.get_by_role("button", name="Next").click()
    expect(panel.locator(".error").filter(has_text="points are needed")).to_be_visible()
    panel.get_by_label("Points", exact=True).fill("-60")
    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text(f"Balance: {before:,} → {before - 60:,}")).to_be_visible()
    panel.get_by_role("button", name="Adjust Points").dblclick()
    expect(page.get_by_role("status").filter(has_text="The points are adjusted")).to_be_visible()
    record = page.get_by_role("row").filter(has_text="Two units counted twice").first
    expect(record).to_contain_text("Marcus Okafor")
    assert balance(page) == before - 60

    come_in(other_page, "rival", target="/partner/program/points")
    expect(other_page.get_by_role("row").filter(has_text="Two units counted twice").first).to_contain_text("Adjusted")


def test_an_administrator_takes_back_a_registration_and_the_partner_sees_it(
    page: Page,
    other_page: Page,
    serial: str,  # noqa: F811
) -> None:
    come_in(other_page, "rival", target="/partner/program")
    other_page.get_by_role("button", name="Get Points").click()
    panel = other_page.get_by_role("dialog", name="Get Points")
    fill(panel, APPLIANCE, "Serial Number", serial)
    panel.get_by_role("button", name="Save").click()
    other_page.get_by_role("dialog", name="Registered").get_by_role("button", name="Done").click()

    open_partner(page, "admin", "Northwind Voice")
    page.get_by_role("tab", name="Registered Product").click()
    page.get_by_role("searchbox").fill(serial)
    page.wait_for_url(f"**search={serial}*")
    page.get_by_role("button", name=f"Reverse {serial}").click()
    drawer = page.get_by_role("dialog", name=f"Reverse {APPLIANCE} {serial}")
    expect(drawer.get_by_text("150 points are taken")).to_be_visible()
    drawer.get_by_role("button", name="Reverse Registration").click()
    expect(drawer.get_by_text("This field is required.")).to_be_visible()
    drawer.get_by_label("Reason").fill("Sold by another partner")
    drawer.get_by_role("button", name="Reverse Registration").click()
    expect(page.get_by_role("row").filter(has_text=serial)).to_contain_text("Reversed")

    other_page.goto("/partner/program/points")
    taken = other_page.get_by_role("row").filter(has_text=f"{serial}. Sold by another partner")
    expect(taken).to_contain_text("\N{MINUS SIGN}150")


@pytest.fixture
def book(server: Server) -> tuple[str, bytes]:
    """A workbook of a hundred new units and one bad row, and what the new ones begin with."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    begins = f"BR{server.address[-5:]}"
    sheet.append(["Product", "Product ID", "Subscribed From", "Subscribed Until", "Eligible"])
    for number in range(100):
        sheet.append([APPLIANCE, f"{begins}{number:05}", None, None, "no" if number == 0 else None])
    sheet.append([APPLIANCE, "short"])
    saved = io.BytesIO()
    made.save(saved)
    return begins, saved.getvalue()


def choose(page: Page, name: str, content: bytes) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with page.expect_file_chooser() as chooser:
        page.locator("button", has_text="Choose a Workbook").click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": content})


def test_an_administrator_imports_units_in_the_browser(page: Page, book: tuple[str, bytes]) -> None:
    begins, content = book
    come_in(page, "admin", target="/staff/registry")
    choose(page, "renamed.xlsx", b"Product,Product ID\n")
    expect(page.get_by_text("This is no .xlsx workbook.")).to_be_visible()
    choose(page, "units.xlsx", content)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("100 added, 0 changed, 0 unchanged, 1 refused")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("table", name="Refused rows").get_by_role("row").last).to_contain_text("102")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Refused Rows").click()
    refused: Any = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).active
    assert (refused["B2"].value, refused["F1"].value) == ("short", "Reason")

    page.get_by_role("searchbox").fill(begins.lower())
    page.wait_for_url(f"**search={begins.lower()}*")
    shown = page.get_by_role("table", name="Product Registry").get_by_role("row")
    expect(shown).to_have_count(26)
    expect(shown.nth(1)).to_contain_text("Not eligible")
    page.get_by_role("button", name="Next").click()
    expect(shown.nth(1)).to_contain_text(f"{begins}00025")
    page.reload()
    page.get_by_role("button", name="History").click()
    expect(page.get_by_role("table", name="Imports").get_by_role("row").nth(1)).to_contain_text("units.xlsx")


def test_an_account_manager_reads_the_registry_and_changes_nothing(page: Page) -> None:
    come_in(page, "manager", target="/staff/registry?search=3631A2124001")
    page.get_by_role("button", name="3631A2124001").click()
    drawer = page.get_by_role("dialog", name="3631A2124001")
    expect(drawer.get_by_text("Registered by Northwind Voice, 150 points")).to_be_visible()
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    expect(page.get_by_text("Import from a Workbook")).to_have_count(0)


def test_an_administrator_raises_a_threshold_and_nobody_falls(page: Page) -> None:
    come_in(page, "admin", target="/staff/tiers")
    page.get_by_role("button", name="Edit Gold").click()
    panel = page.get_by_role("dialog", name="Edit Gold")
    panel.get_by_label("Points").fill("900")
    panel.get_by_role("button", name="Next").click()
    expect(panel.locator(".error").filter(has_text="tiers keep their order")).to_be_visible()
    panel.get_by_label("Points").fill("19000")
    panel.get_by_role("button", name="Next").click()
    expect(panel.get_by_text("Nobody's tier moves when you save.")).to_be_visible()
    expect(
        panel.get_by_text("1 partner would not keep their tier if their review were today (by today's rules: 0).")
    ).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Add Tier").click()
    panel = page.get_by_role("dialog", name="Add Tier")
    for label, value in (("Name", "Diamond"), ("Points", "50000"), ("Rebate in Percent", "8.25"),
                         ("Benefits", "A dinner\nTwo seats at the summit")):  # fmt: skip
        panel.get_by_label(label).fill(value)
    panel.get_by_role("button", name="Next").click()
    panel.get_by_role("button", name="Save").dblclick()
    card = page.get_by_role("region", name="Diamond")
    expect(card).to_contain_text("8.25% rebate")
    page.get_by_role("button", name="Edit Diamond").click()
    page.get_by_role("dialog").get_by_label("Points").fill("60000")
    page.get_by_role("dialog").get_by_role("button", name="Next").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(card).to_contain_text("from 60,000 points")
    expect(page.get_by_role("region", name="Gold")).to_contain_text("1 partner")
    for name, said in (("Gold", "Partners hold Gold. It stays until nobody does."), ("Diamond", "Diamond is removed.")):
        page.get_by_role("button", name=f"Remove {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.get_by_text(said)).to_be_visible()


def test_an_administrator_finds_in_words_what_was_done_and_takes_it_along(page: Page) -> None:
    come_in(page, "admin", target="/staff/audit")
    page.get_by_role("searchbox", name="Action").fill("points adj")
    page.wait_for_url("**action=points*adj*")
    lines = page.get_by_role("table", name="Audit Log").get_by_role("row")
    expect(lines.filter(has_text="Reward redeemed")).to_have_count(0)
    line = lines.filter(has_text="Certification course passed by two engineers")
    expect(line).to_contain_text("Points adjusted")
    expect(line).to_contain_text("partner_points.adjust")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    (sheet,) = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert {row[3:5] for row in sheet.iter_rows(min_row=2, values_only=True)} == {
        ("Points adjusted", "partner_points.adjust")
    }
