"""What cloud PBXs are used for, in a browser, and the alarms of it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_customer_sees_how_much_of_its_pbx_is_used_and_which_alarms_there_were(page: Page) -> None:
    come_in(page, "customer", target="/central/own")
    row = page.get_by_role("row").filter(has_text="Lumen Utrecht")
    expect(row.get_by_role("img", name="Extensions:")).to_be_visible()
    row.get_by_role("link", name="Lumen Utrecht").click()
    details = page.get_by_role("dialog", name="Lumen Utrecht")
    expect(details.get_by_text("as of")).to_be_visible()
    calls = details.get_by_role("region", name="Concurrent Calls")
    expect(calls.get_by_text("of 15 · most today")).to_be_visible()
    expect(calls.get_by_role("img", name="Concurrent Calls, hour by hour over the last 7 days")).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()

    page.get_by_role("navigation").get_by_role("link", name="Alarm").click()
    page.wait_for_url("**/central/own/alarms")
    full = page.get_by_role("row").filter(has_text="Lumen Utrecht: all concurrent calls in use")
    expect(full).to_contain_text("15 of 15 when it was raised.")
    expect(full).to_contain_text("Over")
    page.get_by_label("State").select_option("Active")
    page.wait_for_url("**state=active")
    expect(full).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Lumen Dental Group: call recording runs out")).to_be_visible()
    page.get_by_label("Level").select_option("Alert")
    page.wait_for_url("**level=alert**")
    page.get_by_label("Search alarm or PBX").fill("nothing like this")
    page.wait_for_url("**search=nothing**")
    expect(page.get_by_text("No alarm of your PBXs fits these filters.")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(full).to_be_visible()
    expect(page.get_by_text("Harbor Telecom HQ")).to_have_count(0)  # busy as well, and none of theirs


def test_a_reseller_sees_how_busy_its_pbx_is(page: Page) -> None:
    come_in(page, "reseller", target="/central/pbx")
    row = page.get_by_role("row").filter(has_text="Antwerp Diamond Exchange")
    expect(row.get_by_role("img", name="Concurrent Calls:")).to_be_visible()
    row.get_by_role("link", name="Antwerp Diamond Exchange").click()
    usage = page.get_by_role("region", name="Call Recording (mins)")
    expect(usage.get_by_text("of 3,500 · used")).to_be_visible()
    expect(usage.get_by_role("img", name="most of each day of the last 30 days")).to_be_visible()
