"""Seed 002 end to end: a partner creates a reseller's account, the reseller works inside its package."""

import re
import uuid
from io import BytesIO

import openpyxl
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import come_in


def add_reseller(page: Page, company: str, email: str) -> None:
    """Fill the Add page with 60 / min 5 / 12 / 1,500 and everything but deleting granted, and save."""
    page.goto("/central/resellers")
    page.get_by_role("link", name="Add").click()
    expect(page.get_by_role("heading", name="Add Reseller")).to_be_visible()
    page.get_by_label("Company", exact=True).fill(company)
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("First Name").fill("Nora")
    page.get_by_label("Extensions", exact=True).fill("60")
    page.get_by_label("Concurrent Calls", exact=True).fill("12")
    page.get_by_label("Call Recording (mins)", exact=True).fill("1500")
    page.get_by_label("Delete cloud PBXs").uncheck()
    page.get_by_role("tab", name="System").click()
    page.get_by_label("View operation logs").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{company} was added")).to_be_visible()


def free_extensions(page: Page) -> Locator:
    """The large figure on the card Extensions of My Subscription."""
    page.goto("/central/subscription")
    return page.locator("section").filter(has=page.get_by_role("heading", name="Extensions")).locator(".figure")


def unique(name: str) -> tuple[str, str]:
    mark = uuid.uuid4().hex[:8]
    return f"{name} {mark}", f"{mark}@example.com"


def test_a_partner_adds_a_reseller_and_the_package_is_deducted_at_once(page: Page) -> None:
    company, email = unique("Quayside")
    come_in(page, "rival", target="/central")
    before = int(free_extensions(page).inner_text())
    add_reseller(page, company, email)
    row = page.get_by_role("row").filter(has_text=company)
    expect(row).to_contain_text("Not activated")
    expect(row).to_contain_text("0 / 60")
    expect(free_extensions(page)).to_have_text(str(before - 60))
    page.goto("/central/resellers")
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog", name=f"Delete {company}?")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 reseller deleted")).to_be_visible()
    expect(free_extensions(page)).to_have_text(str(before))


def test_the_list_is_searched_by_column_and_exported(page: Page) -> None:
    come_in(page, "partner", target="/central/resellers")
    page.get_by_label("Company").fill("tidal")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("company=tidal"))
    expect(page.get_by_role("row")).to_have_count(2)
    with page.expect_download(timeout=40_000) as download:  # the first workbook starts its process
        page.get_by_role("link", name="Export").click()
    sheet = openpyxl.load_workbook(BytesIO(download.value.path().read_bytes())).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["Company", "Tidal Voice"]
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("row").filter(has_text="Canal Street IT")).to_be_visible()
    expect(page.get_by_label("Company")).to_have_value("")


def test_slider_and_number_box_follow_each_other_and_say_what_is_left(page: Page) -> None:
    come_in(page, "rival", target="/central/resellers/new")
    box, slider = page.get_by_label("Extensions", exact=True), page.get_by_label("Extensions, slider")
    live = page.locator(".slider").first.locator("output")
    box.fill("7")
    expect(slider).to_have_value("7")
    expect(live).to_contain_text("Deducts 7 · ")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(box).to_have_value("8")
    page.keyboard.press("End")
    expect(live).to_contain_text("0 left after this")
    free = int(box.input_value())
    box.fill(str(free + 1))
    expect(live).to_contain_text("1 more than is free")
    expect(slider).to_have_value(str(free))


def test_minimum_follows_extensions(page: Page) -> None:
    come_in(page, "rival", target="/central/resellers/new")
    extensions, minimum = (page.get_by_label(name, exact=True) for name in ("Extensions", "Minimum Ext. per PBX"))
    slider = page.get_by_label("Minimum Ext. per PBX, slider")
    bound = page.locator(".slider").filter(has=minimum)
    minimum.fill("30")
    extensions.fill("20")
    expect(slider).to_have_attribute("max", "20")
    expect(bound.get_by_text("20 at most", exact=True)).to_be_visible()
    # What was typed stays, is marked, and is told what would fit.
    expect(minimum).to_have_value("30")
    expect(minimum).to_have_attribute("aria-invalid", "true")
    expect(bound.get_by_role("status")).to_have_text("At most 20, the extensions of the package")
    page.get_by_label("Extensions, slider").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(bound).to_have_attribute("data-fits", "true")
    expect(bound.get_by_role("status")).to_be_empty()
    slider.focus()
    page.keyboard.press("Home")
    expect(minimum).to_have_value("1")
    page.keyboard.press("End")
    expect(minimum).to_have_value("30")
    extensions.fill("9999")
    minimum.fill("501")
    expect(bound.get_by_role("status")).to_have_text("At most 500")


def test_a_refused_package_keeps_what_was_typed_and_names_the_capacity(page: Page) -> None:
    company, email = unique("Too Much")
    come_in(page, "rival", target="/central/resellers/new")
    page.get_by_label("Company", exact=True).fill(company)
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("First Name").fill("Nora")
    page.get_by_label("Extensions", exact=True).fill("9999")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Extensions: 9,999 more asked for")).to_be_visible()
    expect(page.get_by_label("Extensions", exact=True)).to_have_value("9999")
    expect(page.get_by_label("Company", exact=True)).to_have_value(company)
    page.get_by_label("Extensions", exact=True).fill("1")
    page.get_by_label("Minimum Ext. per PBX", exact=True).fill("1")
    for tab in ("Cloud PBX", "Task", "Alarm", "System"):
        page.get_by_role("tab", name=tab).click()
        page.get_by_label(f"Select all of {tab}").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Tick at least one feature").first).to_be_visible()


def test_a_reseller_sees_only_what_was_granted_and_works_inside_its_package(page: Page, other_page: Page) -> None:
    company, email = unique("Harbour View")
    come_in(page, "partner", target="/central")
    add_reseller(page, company, email)
    row = page.get_by_role("row").filter(has_text=company)
    row.get_by_role("button", name="Send activation email").click()
    expect(page.get_by_text(f"Activation email sent to {email}")).to_be_visible()

    activate(other_page, email, "tulip-anchor-kettle-83")
    expect(other_page).to_have_url(re.compile("/central$"))
    expect(other_page.get_by_role("link", name="PBX", exact=True)).to_be_visible()
    expect(other_page.get_by_role("link", name="Reseller")).to_have_count(0)
    expect(other_page.get_by_role("link", name="Operation Logs")).to_have_count(0)
    other_page.goto("/central/resellers")
    expect(other_page).to_have_url(re.compile("/not-allowed"))

    other_page.goto("/central/pbx")
    other_page.get_by_role("button", name="Add").first.click()
    panel = other_page.get_by_role("dialog", name="Add PBX")
    panel.get_by_label("Name", exact=True).fill("Clinic")
    panel.get_by_label("Extensions", exact=True).fill("61")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Extensions: 61 more asked for, 60 free.")).to_be_visible()
    panel.get_by_label("Extensions", exact=True).fill("20")
    panel.get_by_role("switch", name="Call Recording").check()
    panel.get_by_label("Call Recording (mins)", exact=True).fill("700")
    expect(panel.get_by_text("Deducts 200 · 1,300 of 1,500 left after this")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(other_page.get_by_text("Clinic is being created")).to_be_visible()
    clinic = other_page.get_by_role("row").filter(has_text="Clinic")
    expect(clinic).to_contain_text(re.compile("Creating|Provisioning|Stopped"))
    expect(clinic.get_by_text("Delete")).to_have_count(0)

    page.goto(f"/central/resellers?company={company}")
    expect(row).to_contain_text("20 / 60")
    expect(row).to_contain_text("200 / 1,500")


def activate(page: Page, email: str, password: str) -> None:
    """Follow the link of the newest email to this address and set the first password."""
    page.goto(f"/mailbox?to={email}")
    page.get_by_role("link", name="Activate Account").click()
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Repeat the password").fill(password)
    page.get_by_role("button", name="Activate Account").click()
    page.wait_for_url("**/central")
