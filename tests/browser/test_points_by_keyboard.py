"""The points programme with the keyboard alone, from end to end: what is clicked elsewhere is reached with Tab here."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server, come_in
from tests.browser.test_register_products import units
from tests.browser.test_rewards import MUG
from tests.browser.test_uploads import workbook

FURTHEST = 80
"""So many steps with Tab reach everything of a page or panel."""


def reach(page: Page, target: Locator) -> None:
    """Tab to it. What has the focus must be to be seen."""
    expect(target).to_be_enabled()
    for _ in range(FURTHEST):
        if target.evaluate("here => here === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(target).to_be_focused()
    expect(target).to_be_in_viewport()


def press(page: Page, target: Locator) -> None:
    reach(page, target)
    page.keyboard.press("Enter")


def write(page: Page, field: Locator, words: str) -> None:
    reach(page, field)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(words)


def test_a_reward_is_redeemed_and_withdrawn_with_the_keyboard_alone(page: Page) -> None:
    come_in(page, "rival", target="/partner/rewards")
    offer = page.get_by_role("button", name=f"Redeem {MUG}")
    press(page, offer)
    window = page.get_by_role("dialog", name="Redeem")
    expect(window.get_by_text("These points go first")).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(offer).to_be_focused()
    page.keyboard.press("Enter")
    write(page, window.get_by_label("Deliver To"), "By keyboard 1, Hamburg")
    press(page, window.get_by_role("button", name="Redeem", exact=True))
    page.wait_for_url("**tab=redemptions*")
    expect(page.get_by_role("status").filter(has_text=f"{MUG} is requested")).to_be_visible()
    newest = page.get_by_role("list", name="My Redemptions").get_by_role("listitem").first
    expect(newest).to_contain_text("Requested")
    press(page, page.get_by_role("button", name=f"Withdraw {MUG}").first)
    question = page.get_by_role("dialog", name="Withdraw the request?")
    press(page, question.get_by_role("button", name="Withdraw"))
    expect(newest).to_contain_text("Withdrawn")


def test_points_are_adjusted_with_the_keyboard_alone(page: Page) -> None:
    come_in(page, "manager", target="/staff/points")
    press(page, page.get_by_role("link", name="Northwind Voice"))
    expect(page.get_by_role("heading", name="Northwind Voice")).to_be_visible()
    opener = page.get_by_role("button", name="Adjust Points")
    press(page, opener)
    panel = page.get_by_role("dialog", name="Adjust Points")
    write(page, panel.get_by_label("Points", exact=True), "15")
    page.keyboard.press("Enter")  # in a field: Next
    expect(panel.get_by_text("This field is required.")).to_be_visible()
    expect(panel.get_by_label("Points", exact=True)).to_have_value("15")
    write(page, panel.get_by_label("Reason"), "Counted by keyboard")
    page.keyboard.press("Enter")
    expect(panel.get_by_text("15 points are added")).to_be_visible()
    press(page, panel.get_by_role("button", name="Adjust Points"))
    expect(page.get_by_role("status").filter(has_text="The points are adjusted")).to_be_visible()
    expect(opener).to_be_focused()
    line = page.get_by_role("row").filter(has_text="Counted by keyboard")
    press(page, line.get_by_role("link"))
    story = page.get_by_role("dialog", name="Entry: Counted by keyboard")
    expect(story).to_contain_text("Marcus Okafor")
    page.keyboard.press("Escape")
    expect(story).to_have_count(0)
    expect(line.get_by_role("link")).to_be_focused()


def test_a_workbook_is_registered_with_the_keyboard_alone(page: Page, server: Server, tmp_path: Path) -> None:
    content = workbook(units(server, tmp_path, 2))
    come_in(page, "rival", target="/partner/program")
    opener = page.get_by_role("button", name="Get Points")
    press(page, opener)
    panel: Any = page.get_by_role("dialog", name="Get Points")
    press(page, panel.get_by_role("button", name="Bulk Register"))
    choose = panel.locator("button", has_text="Choose a File")
    with page.expect_file_chooser() as chooser:  # first: the browser takes a moment to hand the choice over to the test
        press(page, choose)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    chooser.value.set_files({"name": "keys.xlsx", "mimeType": kind, "buffer": content})
    expect(panel.get_by_text("keys.xlsx")).to_be_visible()
    press(page, panel.get_by_role("button", name="Save"))
    expect(panel.get_by_text("2 rows can be registered.")).to_be_visible()
    press(page, panel.get_by_role("button", name="Register the 2 good rows"))
    result = page.get_by_role("dialog", name="Registered")
    expect(result.get_by_text("300 points", exact=True)).to_be_visible()
    press(page, result.get_by_role("button", name="Done"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
