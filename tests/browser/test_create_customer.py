"""Seed 001 end to end: a partner creates a customer's account, the customer activates it and looks around, the account
manager removes it."""

import re
import uuid
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, come_in

FIRST_PASSWORD = "tulip-anchor-kettle-83"


def unique(name: str) -> tuple[str, str]:
    mark = uuid.uuid4().hex[:8]
    return f"{name} {mark}", f"{mark}@example.com"


def add_partner(page: Page, company: str, email: str, picture: Path | None = None) -> None:
    """From the list to the filled form, and Save."""
    page.goto("/partner/partners")
    page.get_by_role("link", name="Add Partner").click()
    expect(page.get_by_role("heading", name="Add Partner")).to_be_visible()
    if picture:
        page.locator("input[type=file]").set_input_files(picture)
        expect(page.get_by_role("button", name="Remove")).to_be_visible()
    page.get_by_label("User Type").select_option("Customer")
    page.get_by_label("Yeastar ID").fill(email)
    expect(page.get_by_label("Two-factor Authentication")).to_be_disabled()
    page.get_by_label("First Name").fill("Nadia")
    page.get_by_label("Company").fill(company)
    page.get_by_label("Country / Region").select_option("Netherlands")
    page.get_by_label("City").fill("Groningen")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/partner/partners")


def row_of(page: Page, words: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("row").filter(has_text=words)


def choose(page: Page, words: str, item: str) -> None:
    """An item of the "More" menu of a row."""
    row_of(page, words).get_by_role("button", name="More for").click()
    page.get_by_role("button", name=item).click()


def activate(page: Page, email: str) -> None:
    """From the email to the portal."""
    page.goto(f"/mailbox?to={email}")
    expect(page.get_by_text("valid for 48 hours")).to_be_visible()
    page.get_by_role("link", name="Activate Account").click()
    page.get_by_label("Password", exact=True).fill(FIRST_PASSWORD)
    page.get_by_label("Repeat").fill(FIRST_PASSWORD)
    page.get_by_role("button", name="Activate Account").click()
    page.wait_for_url("**/customer")


def test_a_customer_is_created_activates_looks_around_and_is_removed(
    page: Page, other_page: Page, browser: Browser, server: Server, tmp_path: Path
) -> None:
    company, email = unique("Noord Hotels")
    Image.new("RGB", (900, 600), "teal").save(tmp_path / "face.png")
    come_in(page, "partner", target="/partner/partners")
    add_partner(page, company, email, tmp_path / "face.png")
    expect(page.get_by_role("status")).to_contain_text("valid for 48 hours")
    expect(row_of(page, company)).to_contain_text("Not activated")
    picture = row_of(page, company).locator("img")
    assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth; }") == 512

    activate(other_page, email)
    expect(other_page.get_by_text("No products yet")).to_be_visible()
    other_page.get_by_role("link", name="Account Information").click()
    expect(other_page.get_by_text(company).first).to_be_visible()
    expect(other_page.get_by_text("Harbor Telecom")).to_be_visible()
    other_page.get_by_label("Phone Number").fill("+31 50 555 0100")
    other_page.get_by_role("button", name="Save").click()
    expect(other_page.get_by_text("Your information is saved.")).to_be_visible()

    page.reload()
    expect(row_of(page, company)).to_contain_text("Active")
    choose(page, company, "Request Removal")
    expect(page.get_by_role("dialog", name="Request the removal of Nadia?")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Request Removal").click()
    expect(row_of(page, company)).to_contain_text("Removal requested")

    office = browser.new_context(base_url=server.address, viewport={"width": 1440, "height": 900})
    manager = office.new_page()
    come_in(manager, "manager")
    manager.get_by_role("link", name="Show removal requests").click()
    choose(manager, company, "Remove")
    manager.get_by_role("dialog", name="Remove Nadia?").get_by_role("button", name="Remove").click()
    expect(manager.get_by_text("can no longer sign in.")).to_be_visible()
    expect(row_of(manager, company)).to_have_count(0)
    office.close()

    other_page.get_by_role("link", name="My Products").click()
    other_page.wait_for_url(re.compile("/sign-in"))
    other_page.get_by_label("Yeastar ID").fill(email)
    other_page.get_by_label("Password").fill(FIRST_PASSWORD)
    other_page.get_by_role("button", name="Sign in").click()
    expect(other_page.get_by_text("is not right")).to_be_visible()
    page.reload()
    expect(row_of(page, "customer@example.com")).to_be_visible()
    expect(row_of(page, company)).to_have_count(0)


def test_a_refused_form_marks_its_fields_keeps_what_was_typed_and_shows_markup_as_text(page: Page) -> None:
    company, email = unique("<b>Bold</b>")
    come_in(page, "rival", target="/partner/partners/new")
    page.get_by_label("Company").fill(company)
    page.get_by_label("Yeastar ID").fill("rival-customer@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#first_name-error")).to_have_text("Enter a first or a last name.")
    expect(page.locator("#country-error")).to_have_text("Choose a country from the list.")
    page.get_by_label("Last Name").fill("Sommer")
    page.get_by_label("Country / Region").select_option("Germany")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#email-error")).to_have_text("An account with this address exists already.")
    expect(page.get_by_label("Company")).to_have_value(company)
    expect(page.get_by_label("Last Name")).to_have_value("Sommer")
    page.get_by_label("Yeastar ID").fill(email)
    page.get_by_role("button", name="Save").dblclick()
    page.wait_for_url("**/partner/partners")
    expect(row_of(page, company)).to_have_count(1)


def test_a_file_that_is_no_picture_is_refused_beside_the_button(page: Page, tmp_path: Path) -> None:
    come_in(page, "partner", target="/partner/partners/new")
    fake = tmp_path / "face.png"
    fake.write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    page.locator("input[type=file]").set_input_files(fake)
    expect(page.locator("#picture-error")).to_contain_text("no picture we can read")
    large = tmp_path / "large.png"
    large.write_bytes(b"\0" * (2 * 1024 * 1024 + 1))
    page.locator("input[type=file]").set_input_files(large)
    expect(page.locator("#picture-error")).to_contain_text("at most 2 MB")


def test_search_and_filters_stay_in_the_address(page: Page) -> None:
    come_in(page, "partner", target="/partner/partners")
    expect(row_of(page, "Lumen Dental Group")).to_be_visible()
    page.get_by_label("Search name").press_sequentially("maas fr")
    expect(page).to_have_url(re.compile(r"search=maas\+fr"))
    expect(page.get_by_label("Search name")).to_be_focused()
    page.get_by_label("Status").select_option("Link expired")
    expect(page).to_have_url(re.compile("status=link_expired"))
    page.reload()
    expect(page.get_by_label("Search name")).to_have_value("maas fr")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Status").select_option("Active")
    page.get_by_role("link", name="Show Everybody").click()
    expect(row_of(page, "Lumen Dental Group")).to_be_visible()
    expect(page.get_by_label("Search name")).to_have_value("")


def test_a_taken_permission_is_gone_on_the_colleagues_next_click(page: Page, other_page: Page) -> None:
    come_in(other_page, "colleague", target="/partner/partners")
    expect(row_of(other_page, "Lumen Dental Group")).to_be_visible()
    come_in(page, "partner", target="/partner/colleagues")
    set_permission(page, False)
    other_page.get_by_label("Status").select_option("Active")
    other_page.wait_for_url("**/not-allowed")
    set_permission(page, True)
    other_page.goto("/partner/partners")
    expect(row_of(other_page, "Lumen Dental Group")).to_be_visible()


def set_permission(page: Page, ticked: bool) -> None:
    page.get_by_role("link", name="Edit Colin Visser").click()
    page.get_by_label("Customers and partners").set_checked(ticked)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/partner/colleagues")
