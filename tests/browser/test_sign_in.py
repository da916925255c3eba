"""The sign-in page, as a person uses it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in


def test_a_partner_signs_in_and_lands_on_the_page_asked_for(page: Page) -> None:
    sign_in(page, "partner", target="/partner/program")
    expect(page.get_by_role("heading", name="Partner Program")).to_be_visible()


def test_a_wrong_password_is_refused_in_words_and_keeps_the_address(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Yeastar ID").fill("partner@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("is not right")).to_be_visible()
    expect(page.get_by_label("Yeastar ID")).to_have_value("partner@example.com")
