"""Every registered page, for somebody who may see it, in both themes, wide and narrow: axe finds nothing, and nothing
sticks out at 360 pixels."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import yeastar_app.yeastar_app  # noqa: F401 - registers the pages
from tests.browser.conftest import Server, come_in, somebody
from yeastar_app.portals.page import PAGES

WHO = {
    "/partner": "partner",
    "/central": "partner",
    "/central/colleagues": "reseller",
    "/central/own": "customer",
    "/customer": "customer",
    "/staff": "admin",
    "/account": "partner",
}
"""How an address begins → the demo account that may see it; nobody for the others."""
LEADS_ON = {"/"}
"""Pages that only lead to another."""
A_SUBJECT = {
    "/partner/partners/edit",
    "/partner/colleagues/edit",
    "/central/colleagues/edit",
    "/central/resellers/",
    "/central/pbx/",
    "/central/tasks/",
    "/staff/points/",
}
"""Pages of one thing: looked at with the first that their list leads to."""
OPENED = {
    "partner": (
        ("/partner/program", "Get Points"),
        ("/partner/rewards", "Redeem"),
        ("/central/pbx", "Add"),
        ("/central/customers", "Add"),
        ("/central/tasks", "Add"),
    ),
    "admin": (
        ("/staff/points/", "Adjust Points"),
        ("/staff/rules", "Add Product"),
        ("/staff/tiers", "Add Tier"),
        ("/staff/rewards", "Add Reward"),
        ("/staff/registry", "Add Unit"),
    ),
}
"""Who → pages and the button on each that opens a drawer or a dialog."""
STILL = """Promise.all(document.getAnimations()
    .filter(one => one.effect.getComputedTiming().iterations !== Infinity)
    .map(one => one.finished.catch(() => 0)))"""
FINDINGS = {"resultTypes": ["violations"]}
"""All rules run; of what is in order only a count comes back, which is quicker."""
WIDE, NARROW, NARROWEST = ({"width": w, "height": h} for w, h in ((1440, 900), (390, 844), (360, 780)))


def who_sees(route: str) -> str:
    begins = [begin for begin in WHO if route.startswith(begin)]
    return WHO[max(begins, key=len)] if begins else ""


def addresses(who: str) -> list[str]:
    """The addresses to look at as `who` ("" for nobody)."""
    return sorted(
        re.sub(r"\[[^]]+\]", "", page.route)
        for page in PAGES
        if page.route not in LEADS_ON and who_sees(page.route) == who
    )


@pytest.fixture
def wide(browser: Browser, server: Server) -> Iterator[Page]:
    with somebody(browser, server, color_scheme="light") as opened:
        yield opened.new_page()


def visit(page: Page, address: str) -> None:
    """Open a page and wait until a person sees it whole: its data is there and nothing moves."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    if address in A_SUBJECT:
        visit(page, address.rstrip("/").removesuffix("/edit"))
        link = page.locator(f"main a[href^='{address}']:not([href$='/new'])").first
        address = str(link.get_attribute("href"))
    page.goto(address)
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    page.evaluate(STILL)


@pytest.mark.parametrize("who", ["", *sorted(set(WHO.values()))])
def test_axe_finds_nothing_and_nothing_sticks_out(wide: Page, who: str) -> None:
    """Wide and light, narrow and dark: the theme changes colours only, the width the order and what is shown."""
    if who:
        come_in(wide, who)
    axe, problems = Axe(), []
    for address in addresses(who):
        visit(wide, address)
        for theme, size in (("light", WIDE), ("dark", NARROW)):
            wide.emulate_media(color_scheme=theme)
            wide.set_viewport_size(size)
            expect(wide.locator("html")).to_have_class(re.compile(theme))  # set only after the browser told the page
            wide.evaluate(STILL)
            problems += [
                f"{address}, {theme}, {size['width']}: {rule['id']}: {node['html'][:160]}"
                for rule in axe.run(wide, options=FINDINGS).response["violations"]
                for node in rule["nodes"][:3]
            ]
        wide.set_viewport_size(NARROWEST)
        if wide.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{address} is wider than {NARROWEST['width']} pixels")
    assert problems == []


@pytest.mark.parametrize("who", sorted(OPENED))
def test_what_opens_over_a_page_is_in_order_and_gives_the_focus_back(wide: Page, who: str) -> None:
    """axe finds nothing in it, the keyboard is inside it, Escape closes it and the button has the focus again."""
    come_in(wide, who)
    axe, problems = Axe(), []
    for address, name in OPENED[who]:
        visit(wide, address)
        opener = wide.get_by_role("button", name=re.compile(f"^{name}")).first
        opener.focus()
        wide.keyboard.press("Enter")
        opened = wide.get_by_role("dialog")
        expect(opened).to_be_visible()
        expect(opened.locator(":focus")).to_have_count(1)
        wide.evaluate(STILL)
        problems += [
            f"{address}, {name}: {rule['id']}: {node['html'][:160]}"
            for rule in axe.run(wide, context={"include": [["[role=dialog]"]]}, options=FINDINGS).response["violations"]
            for node in rule["nodes"][:3]
        ]
        wide.keyboard.press("Escape")
        expect(opened).to_have_count(0)
        expect(opener).to_be_focused()
    assert problems == []
