"""Central Management > Task, as a reseller uses it."""

import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_reseller_plans_something_for_the_night_calls_it_off_and_has_another_done_at_once(page: Page) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, "rival-reseller", target="/central/tasks")
    page.get_by_role("button", name="Add").first.click()
    panel = page.get_by_role("dialog", name="Add Task")
    panel.get_by_label("Name").fill(f"Night {mark}")
    panel.get_by_label("Task", exact=True).select_option("Stop")
    panel.get_by_label("Immediately").uncheck()
    panel.get_by_label("Execution Time").fill("2020-01-01T02:00")
    panel.get_by_role("button", name="Save").click()
    expect(panel.get_by_text("Choose at least one PBX.")).to_be_visible()
    panel.get_by_label("Search PBX or owner").fill("bergen")
    panel.get_by_role("checkbox", name="Bergen Fish Market").click()
    expect(panel.get_by_text("1 PBX chosen")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".error").filter(has_text="This time is over.")).to_be_visible()
    panel.get_by_label("Immediately").check()
    panel.get_by_label("Task", exact=True).select_option("Start")
    panel.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text=f"Night {mark}")
    expect(row).to_contain_text("Finished")  # by itself: nobody reloads
    row.get_by_role("link", name=f"Night {mark}").click()
    expect(page.get_by_role("row").filter(has_text="Bergen Fish Market")).to_contain_text("It was so already.")
