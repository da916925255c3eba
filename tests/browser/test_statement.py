"""The account statement as a partner uses it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in


def test_a_partner_sees_its_rebates_on_the_statement(page: Page) -> None:
    come_in(page, "partner")
    page.get_by_role("link", name="Account Statement").click()
    expect(page.get_by_role("heading", name="Account Statement")).to_be_visible()
    table = page.get_by_role("table", name="Account Statement")
    taken_back = table.get_by_role("row").filter(has_text="Rebate taken back")
    expect(taken_back).to_have_count(1)
    expect(taken_back).to_contain_text(re.compile(r"Order YS-\d{4}-\d+ was refunded"))
    newest = table.get_by_role("row").nth(1)
    expect(newest).to_contain_text("Gold")
    credit = newest.get_by_role("cell").last.inner_text()
    expect(page.get_by_role("list", name="Account credit").get_by_text(credit)).to_be_visible()

    page.get_by_label("Currency").select_option("USD")
    expect(page).to_have_url(re.compile("currency=USD"))
    expect(table.get_by_role("row").filter(has_text="EUR")).to_have_count(0)
    expect(table.get_by_role("row").filter(has_text="USD")).not_to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "account-statement.xlsx"
    page.reload()
    expect(page.get_by_label("Currency")).to_have_value("USD")
    page.go_back()
    expect(table.get_by_role("row").filter(has_text="EUR")).not_to_have_count(0)
