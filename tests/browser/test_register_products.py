"""Seed 000, "Register Yeastar Products for Points", as a partner carries it out: one product, many from a workbook, the
refusals, the result window and the point details."""

import io
import itertools
import re
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, come_in
from yeastar_app.settings import ROOT

APPLIANCE = "P-Series Appliance Edition"
_series = uuid.uuid4().hex[:6].upper()
_numbers = itertools.count(100)


@pytest.fixture
def serial(server: Server, tmp_path: Path) -> str:
    """A unit of this test's own, taken into the registry as an operator does it."""
    return units(server, tmp_path, 1)[0]


def units(server: Server, folder: Path, count: int) -> list[str]:
    serials = [f"T{_series}{next(_numbers)}" for _ in range(count)]
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Product", "Product ID", "Subscribed From", "Subscribed Until"])
    for one in serials:
        page.append([APPLIANCE, one])
    file = folder / "registry.xlsx"
    book.save(file)
    yeastar = str(Path(sys.executable).with_name("yeastar"))
    command = [yeastar, "import-registry", str(file)]
    subprocess.run(command, cwd=ROOT, env=server.environment, check=True, capture_output=True)
    return serials


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def open_panel(page: Page, who: str = "partner") -> Any:
    come_in(page, who, target="/partner/program")
    page.get_by_role("button", name="Get Points").click()
    return page.get_by_role("dialog", name="Get Points")


def fill(panel: Any, product: str, label: str, product_id: str) -> None:
    panel.get_by_label("Product", exact=True).select_option(product)
    panel.get_by_label(label).fill(product_id)
    panel.get_by_label("Purchase Date").fill(today())
    panel.get_by_label("Purchase From").fill("Erik Hoekstra")
    panel.get_by_label("End User Name").fill("Anouk Bakker")
    panel.get_by_label("End User Company Name").fill("Bakker Logistics")


def test_one_product_is_registered_and_stands_in_the_point_details(page: Page, serial: str) -> None:
    panel = open_panel(page)
    fill(panel, APPLIANCE, "Serial Number", f" {serial.lower()} ")
    panel.get_by_role("button", name="Save").click()
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("150 points", exact=True)).to_be_visible()
    expect(result.get_by_text(re.compile(r"New balance: [\d,]+ points"))).to_be_visible()
    result.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("link", name="View Point Details").click()
    expect(page.get_by_role("tab", name="Point Record")).to_have_attribute("aria-selected", "true")
    record = page.get_by_role("row").filter(has_text=serial)
    expect(record).to_contain_text("+150")
    expect(record).to_contain_text("Paula de Wit")
    page.get_by_role("tab", name="Registered Product").click()
    page.get_by_role("searchbox").fill(serial)
    page.wait_for_url(f"**search={serial}*")
    shown = page.get_by_role("table", name="Registered Product").get_by_role("row")
    expect(shown).to_have_count(2)
    expect(shown.last).to_contain_text("Bakker Logistics")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    exported = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes())).active
    assert exported is not None
    assert (exported.max_row, exported["C2"].value) == (2, serial)


@pytest.mark.parametrize(
    ("product", "label", "product_id", "words"),
    [
        (APPLIANCE, "Serial Number", "3631A2124001", "has been registered already"),
        ("Linkus Cloud Service", "Serial Number", "3658B43111965", "Nothing is subscribed"),
        ("Workplace", "Company ID", "WP-402719", "Nothing is subscribed"),
        ("Remote Management", "Yeastar ID", "nobody@lumen-dental.example", "No Remote Management has this Yeastar ID"),
        ("S-Series VoIP PBX", "Serial Number", "S300A1180042", "earns no points"),
    ],
)
def test_a_refusal_says_why_at_its_field_and_keeps_what_was_typed(
    page: Page, product: str, label: str, product_id: str, words: str
) -> None:
    panel = open_panel(page)
    fill(panel, product, label, product_id)
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".error").filter(has_text=words)).to_be_visible()
    expect(panel.get_by_label(label)).to_have_value(product_id)
    expect(panel.get_by_label("End User Name")).to_have_value("Anouk Bakker")


def test_the_product_ids_label_and_hint_follow_the_product(page: Page) -> None:
    panel = open_panel(page)
    for product, label in ((APPLIANCE, "Serial Number"), ("P-Series Cloud Edition", "Yeastar ID"),
                           ("Workplace", "Company ID"), ("Linkus Cloud Service", "Serial Number")):  # fmt: skip
        panel.get_by_label("Product", exact=True).select_option(product)
        expect(panel.get_by_label(label)).to_be_visible()


def test_a_product_is_registered_with_the_keyboard_alone(page: Page, serial: str) -> None:
    come_in(page, "rival", target="/partner/program")
    button = page.get_by_role("button", name="Get Points")
    expect(button).to_be_enabled()
    while not button.evaluate("here => here === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Get Points")
    product = panel.get_by_label("Product", exact=True)
    expect(product).to_be_visible()
    while not product.evaluate("here => here === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.type("P-Series Appl")
    expect(panel.get_by_label("Serial Number")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type(serial)
    page.keyboard.press("Tab")
    day = datetime.now(UTC)
    page.keyboard.type(f"{day:%m%d%Y}")
    for words in ("Erik", "Anouk", "Bakker"):
        field = page.locator("input:focus")
        before = field.get_attribute("id")
        while page.locator("input:focus").count() == 0 or page.locator("input:focus").get_attribute("id") == before:
            page.keyboard.press("Tab")
        page.keyboard.type(words)
    page.keyboard.press("Enter")
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("150 points", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_many_products_are_registered_from_the_template(page: Page, server: Server, tmp_path: Path) -> None:
    good = units(server, tmp_path, 3)
    panel = open_panel(page)
    panel.get_by_role("button", name="Bulk Register").click()
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Choose a file first.")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("link", name="Download Template File").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    sheet = book["Products"]
    rest = [datetime.now(UTC).date(), "Erik Hoekstra", "Anouk Bakker", "Bakker Logistics"]
    for one in [*good, "3631A2124001", "WRONG"]:
        sheet.append([APPLIANCE, one, *rest])
    upload(page, panel, book, "products.xlsx")
    expect(panel.get_by_text("3 rows can be registered.")).to_be_visible()
    problems = panel.get_by_role("table", name="Rows that cannot be registered").get_by_role("row")
    expect(problems).to_have_count(3)
    expect(problems.nth(1)).to_contain_text("5")
    expect(problems.nth(1)).to_contain_text("registered already")
    with page.expect_download() as download:
        panel.get_by_role("link", name="Download the rows to correct").click()
    corrected = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))["Products"]
    assert [corrected["B2"].value, corrected["B3"].value, corrected["G1"].value] == ["3631A2124001", "WRONG", "Reason"]
    panel.get_by_role("button", name="Register the 3 good rows").click()
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("450 points", exact=True)).to_be_visible()
    expect(result.get_by_text("2 rows could not be registered.")).to_be_visible()
    result.get_by_role("button", name="Register Another").click()

    panel.get_by_role("button", name="Bulk Register").click()
    upload(page, panel, book, "again.xlsx")
    expect(panel.get_by_text("5 rows cannot.")).to_be_visible()
    expect(panel.get_by_role("button", name="Register the")).to_have_count(0)
    panel.get_by_role("button", name="Go Back").click()
    expect(panel.locator("button", has_text="Choose a File")).to_be_visible()


def upload(page: Page, panel: Any, book: openpyxl.Workbook | bytes, name: str) -> None:
    saved = io.BytesIO(book if isinstance(book, bytes) else b"")
    if isinstance(book, openpyxl.Workbook):
        book.save(saved)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with page.expect_file_chooser() as chooser:
        panel.locator("button", has_text="Choose a File").click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": saved.getvalue()})
    expect(panel.get_by_text(name)).to_be_visible()
    panel.get_by_role("button", name="Save").click()


def test_a_csv_that_was_renamed_is_refused_in_words(page: Page) -> None:
    panel = open_panel(page, "colleague")
    panel.get_by_role("button", name="Bulk Register").click()
    upload(page, panel, b"Product,Product ID\n", "renamed.xlsx")
    expect(panel.get_by_text("This is no .xlsx workbook.")).to_be_visible()


def test_the_page_has_its_four_parts(page: Page) -> None:
    come_in(page, "rival", target="/partner/program")
    page.get_by_role("button", name="Period of validity").hover()
    expect(page.get_by_text("Points are valid for 24 months")).to_be_visible()
    for part in ("Redeemable Points", "Tier Benefits", "Get Points"):
        expect(page.get_by_role("heading", name=part)).to_be_visible()
    expect(page.get_by_role("table", name="Products that earn points").get_by_role("row")).to_have_count(7)
    page.get_by_role("button", name="View Details").click()
    steps = page.get_by_role("dialog", name="Tier Benefits")
    for tier in ("Registered", "Silver", "Gold", "Platinum"):
        expect(steps.get_by_role("region", name=tier)).to_be_visible()
