"""Cloud PBXs in a browser: created, started, resized, activated and deleted, with the hosting engine's simulator behind
them. Every state is seen to change without a reload."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def add_pbx(page: Page, name: str) -> None:
    page.goto("/central/pbx?add=1")
    panel = page.get_by_role("dialog", name="Add PBX")
    panel.get_by_label("Name", exact=True).fill(name)
    panel.get_by_label("Extensions", exact=True).fill("5")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} is being created")).to_be_visible()
    expect(panel).to_have_count(0)


def test_a_pbx_is_created_started_resized_and_deleted_and_its_state_is_followed_without_a_reload(page: Page) -> None:
    name = f"Quay {uuid.uuid4().hex[:6]}"
    come_in(page, "rival", target="/central/pbx")
    add_pbx(page, name)
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("Stopped")
    row.get_by_role("button", name=f"Start {name}").click()
    expect(row).to_contain_text("Starting")
    expect(row).to_contain_text("Running")

    row.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Resize Capacity").click()
    panel = page.get_by_role("dialog", name=f"Resize Capacity of {name}")
    panel.get_by_label("Extensions", exact=True).fill("9999")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("At most 500.")).to_be_visible()
    panel.get_by_label("Extensions", exact=True).fill("7")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"{name} gets its new size")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Reported after: Resize")).to_be_visible()

    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    question = page.get_by_role("dialog", name=f"Delete {name}?")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").filter(has_text="Deleted").first).to_be_visible()
    page.goto(f"/central/pbx?name={name}")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def test_a_new_customer_gets_the_activation_email_and_activates_the_pbx(page: Page) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, "rival-reseller", target="/central/pbx")
    page.get_by_role("link", name="Bergen Fish Market").click()
    page.get_by_role("button", name="Edit", exact=True).click()
    panel = page.get_by_role("dialog", name="Edit Bergen Fish Market")
    panel.get_by_role("button", name="Add Customer").click()
    panel.get_by_label("First Name").fill("Ola")
    panel.get_by_label("Company").fill("Fish Market")
    panel.get_by_label("Email").fill("nobody")
    panel.get_by_role("button", name="Add Customer").click()
    expect(panel.get_by_text("Enter an email address")).to_be_visible()
    panel.get_by_label("Email").fill(f"{mark}@example.com")
    panel.get_by_role("button", name="Add Customer").click()
    expect(panel.get_by_role("list", name="Chosen customers")).to_contain_text(mark)
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Bergen Fish Market was saved.")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Send Activation Email").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.get_by_text("The activation email is on its way.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Reported after: Activation email")).to_contain_text(
        "Activated", timeout=20_000
    )
    page.goto(f"/mailbox?to={mark}@example.com")
    expect(page.get_by_role("heading", name="Activate your cloud PBX Bergen Fish Market")).to_be_visible()


def test_the_list_is_filtered_by_state_and_keeps_its_filter_in_the_address(page: Page) -> None:
    come_in(page, "partner", target="/central/pbx")
    page.get_by_label("State").select_option("In trouble")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("show=trouble"))
    expect(page.get_by_role("row").filter(has_text="Oceanarium Ticketing")).to_contain_text("could not be started")
    expect(page.get_by_role("row").filter(has_text="Harbor Telecom HQ")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("State")).to_have_value("trouble")
    expect(page.get_by_role("link", name="Export")).to_have_attribute("href", "/files/cloud-pbxs.xlsx?show=trouble")


def test_who_cannot_have_what_was_asked_for_goes_back_to_what_runs(page: Page) -> None:
    come_in(page, "rival", target="/central/pbx?show=trouble")
    page.get_by_role("link", name="Lofoten Ferries").click()
    sign = page.get_by_text("Its size could not be changed: No host could carry it out.").first
    expect(sign).to_be_visible()
    expect(page.get_by_text("The hosting engine has it as: EP, 30 extensions, 6 concurrent calls")).to_be_visible()
    page.get_by_role("button", name="Go Back to What Runs").click()
    question = page.get_by_role("dialog", name="Go back to what runs?")
    question.get_by_role("button", name="Go Back").click()
    expect(page.get_by_text("Lofoten Ferries is as it runs.")).to_be_visible()
    expect(page.get_by_role("button", name="Try Again")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Resize").filter(has_text="Failed, taken back")).to_be_visible()


def test_a_customer_who_gets_a_pbxs_emails_cannot_be_deleted(page: Page) -> None:
    come_in(page, "partner", target="/central/customers")
    row = page.get_by_role("row").filter(has_text="Lumen Dental Group")
    row.get_by_role("button", name=re.compile("^Delete")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("gets the emails of Lumen Dental Group. Choose somebody else there first.")).to_be_visible()
    expect(row).to_be_visible()
