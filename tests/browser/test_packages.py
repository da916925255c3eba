"""Packages of resellers as one works with them: presets, clones, their history, and without a mouse."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in
from tests.browser.test_live_capacity import delete, slider


def test_an_owner_saves_a_package_as_a_preset_and_applies_it_to_the_next_reseller(page: Page) -> None:
    name = f"Preset {uuid.uuid4().hex[:6]}"
    come_in(page, "rival", target="/central/resellers/new")
    for label, number in {"Extensions": "33", "Minimum Ext. per PBX": "4", "Concurrent Calls": "7"}.items():
        page.get_by_label(label, exact=True).fill(number)
    page.get_by_role("button", name="Presets").click()
    window = page.get_by_role("dialog", name="Package presets")
    window.get_by_label("Save this package as").fill(name)
    window.get_by_role("button", name="Save as Preset").click()
    expect(window.get_by_text(name)).to_be_visible()
    expect(window.get_by_text("33 extensions, 4 at least per PBX · 7 concurrent calls")).to_be_visible()
    window.get_by_label("Save this package as").fill(name)
    window.get_by_role("button", name="Save as Preset").click()
    expect(window.get_by_role("alert")).to_contain_text("exists. Choose another name")

    page.reload()
    page.get_by_role("button", name="Presets").click()
    window.get_by_role("button", name=f"Apply {name}").click()
    expect(page.get_by_label("Extensions", exact=True)).to_have_value("33")
    expect(page.get_by_label("Concurrent Calls, slider")).to_have_value("7")
    expect(slider(page, "Extensions").locator("output")).to_contain_text("Deducts 33")
    page.get_by_role("button", name="Presets").click()
    window.get_by_role("listitem").filter(has_text=name).get_by_role("button", name="Delete preset").click()
    expect(window.get_by_text(name)).to_have_count(0)


def test_a_clone_begins_with_package_and_permissions_and_nobodys_data(page: Page) -> None:
    come_in(page, "partner", target="/central/resellers")
    row = page.get_by_role("row").filter(has_text="Dune Communications")
    row.get_by_role("button", name="Clone").click()
    expect(page.get_by_text("Package and permissions are those of Dune Communications.")).to_be_visible()
    expect(page.get_by_label("Extensions", exact=True)).to_have_value("50")
    expect(page.get_by_label("Add cloud PBXs")).to_be_checked()
    expect(page.get_by_label("Delete cloud PBXs")).not_to_be_checked()
    expect(page.get_by_label("Company", exact=True)).to_have_value("")


def test_the_history_of_a_package_stands_on_its_page(page: Page) -> None:
    come_in(page, "partner", target="/central/resellers")
    page.get_by_role("link", name="Tidal Voice").click()
    history = page.get_by_role("table", name="History of the package")
    expect(history.get_by_role("row").nth(1)).to_contain_text("Extensions 75 → 150")
    expect(history.get_by_role("row").nth(1)).to_contain_text("partner@example.com")


def test_a_reseller_is_created_with_the_keyboard_alone(page: Page) -> None:
    company = f"Keys {uuid.uuid4().hex[:6]}"
    come_in(page, "rival", target="/central/resellers/new")
    page.get_by_label("Company", exact=True).focus()
    keys = page.keyboard

    def on_to(label: str) -> None:
        target = page.get_by_label(label, exact=True).or_(page.get_by_role("button", name=label, exact=True)).first
        for _ in range(20):
            if target.evaluate("element => element === document.activeElement"):
                return
            keys.press("Tab")
        raise AssertionError(f"{label} is not reached with Tab")

    keys.type(company)
    on_to("Email")
    keys.type(f"{company.replace(' ', '').lower()}@example.com")
    on_to("First Name")
    keys.type("Kay")
    on_to("Extensions, slider")
    keys.press("Home")
    for _ in range(9):
        keys.press("ArrowRight")
    expect(page.get_by_label("Extensions", exact=True)).to_have_value("10")
    expect(page.get_by_label("Extensions, slider")).to_have_attribute("aria-valuetext", re.compile("^10. Deducts 10"))
    on_to("Concurrent Calls, slider")
    keys.press("Home")
    on_to("Save")
    keys.press("Enter")
    expect(page.get_by_text(f"{company} was added")).to_be_visible()
    delete(page, company)
