"""The sign-in page, as a person uses it."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PASSWORD, sign_in


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


def test_nothing_is_sent_before_the_page_can_send_it_and_what_was_typed_stays(page: Page) -> None:
    """Without its script a form would send itself: the password into the address, and the page asked for lost."""
    held: list[Route] | None = []

    def hold(script: Route) -> None:
        if held is None:
            script.continue_()
        else:
            held.append(script)

    page.route("**/*.js", hold)
    page.goto("/sign-in?next=/partner/rewards", wait_until="commit")
    page.get_by_label("Yeastar ID").fill("partner@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    assert page.url.endswith("/sign-in?next=/partner/rewards")
    waiting, held = held, None
    for script in waiting:
        script.continue_()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/partner/rewards")
