"""Every registered page, for somebody who may see it, in both themes, wide and narrow: axe finds nothing, and nothing
sticks out at 360 pixels."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

import yeastar_app.yeastar_app  # noqa: F401 - registers the pages
from tests.browser.conftest import Server, sign_in
from yeastar_app.portals.page import PAGES

WHO = {"partner": "partner", "central": "partner", "customer": "customer", "staff": "admin", "account": "partner"}
"""First part of the address → the demo account that may see it; nobody for the others."""
LEADS_ON = {"/", "/partner"}
"""Pages that only lead to another."""
NEED_A_SUBJECT = {"/partner/partners/edit", "/partner/colleagues/edit", "/central/resellers/1"}
"""Pages that stay empty without the id of something: looked at as they are."""
STILL = """Promise.all(document.getAnimations()
    .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
    .map(one => one.finished.catch(() => 0)))"""
WIDE, NARROW, NARROWEST = ({"width": w, "height": h} for w, h in ((1440, 900), (390, 844), (360, 780)))


def addresses(who: str) -> list[str]:
    """The addresses to look at as `who` ("" for nobody); where an id is needed, the first one."""
    return sorted(
        re.sub(r"\[[^]]+\]", "1", page.route)
        for page in PAGES
        if page.route not in LEADS_ON and WHO.get(page.route.split("/")[1], "") == who
    )


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server.address, viewport=WIDE, color_scheme=request.param)
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


def settled(page: Page) -> None:
    """The page's data is there."""
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


@pytest.mark.parametrize("who", ["", *sorted(set(WHO.values()))])
def test_axe_finds_nothing_and_nothing_sticks_out(themed: BrowserContext, who: str) -> None:
    page = themed.new_page()
    if who:
        sign_in(page, who)
    axe, problems = Axe(), []
    for address in addresses(who):
        page.set_viewport_size(WIDE)
        page.goto(address)
        if address not in NEED_A_SUBJECT:
            settled(page)
        expect(page.locator("h1").first).to_be_visible()
        page.evaluate(STILL)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            found = axe.run(page).response["violations"]
            problems += [
                f"{address} at {size['width']}: {rule['id']}: {node['html'][:160]}"
                for rule in found
                for node in rule["nodes"][:3]
            ]
        page.set_viewport_size(NARROWEST)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{address} is wider than {NARROWEST['width']} pixels")
    assert problems == []
