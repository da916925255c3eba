"""Central Management as a customer of the Customer Portal uses it: its own cloud PBXs, as its seller lets it."""

import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import come_in

AT_MOST = 1_000
"""Milliseconds until the other screen shows it."""


def test_a_customer_gets_its_pbx_starts_and_stops_it_and_loses_it_live(page: Page, other_page: Page) -> None:
    name, seller = f"Polder {uuid.uuid4().hex[:6]}", other_page
    come_in(page, "rival-customer")
    page.get_by_role("navigation").get_by_role("link", name="Central Management").click()
    expect(page.get_by_text("It appears as soon as Northwind Voice has bound one")).to_be_visible()
    expect(page.get_by_role("link", name="My Subscription")).to_have_count(0)

    # The seller creates one for it, which may be started and stopped.
    come_in(seller, "rival", target="/central/pbx?add=1")
    panel = seller.get_by_role("dialog", name="Add PBX")
    panel.get_by_label("Name").fill(name)
    panel.get_by_label("Search the customers of the Customer Portal").fill("polder")
    panel.get_by_role("button", name="Polder Logistics").click()
    panel.get_by_role("switch", name="Customer may start and stop it").check()
    panel.get_by_role("button", name="Save").click()
    expect(seller.get_by_text(f"{name} is being created")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_be_visible(timeout=AT_MOST)

    row.get_by_role("button", name="Start").click()
    expect(row.get_by_text("Running")).to_be_visible()  # by itself: nobody reloads
    row.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(page.get_by_text(f"{name} is asked to stop")).to_be_visible()
    row.get_by_role("link", name=name).click()
    details = page.get_by_role("dialog", name=name)
    expect(details.get_by_text("Stop, by rival-customer@example.com")).to_be_visible()
    expect(details.get_by_text("Create, by Northwind Voice")).to_be_visible()

    # The seller takes it back while its details are open.
    seller.get_by_role("link", name=name).click()
    seller.get_by_role("button", name="Edit").click()
    edit = seller.get_by_role("dialog", name=f"Edit {name}")
    edit.get_by_role("button", name="Remove Polder Logistics").click()
    edit.get_by_role("button", name="Save").click()
    expect(seller.get_by_text(f"{name} was saved")).to_be_visible()
    expect(page.get_by_text("No cloud PBX here yet")).to_be_visible(timeout=AT_MOST)
    expect(details).to_be_hidden()
    page.get_by_role("link", name="Customer Portal").click()
    expect(page.get_by_role("heading", name="My Products")).to_be_visible()

    seller.get_by_role("button", name="More").click()
    seller.get_by_role("button", name="Delete", exact=True).click()
    seller.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(seller.get_by_text(f"{name} is being deleted")).to_be_visible()


def test_a_product_that_is_a_cloud_pbx_leads_to_where_it_runs_which_may_only_be_looked_at(page: Page) -> None:
    come_in(page, "customer")
    row = page.get_by_role("row").filter(has_text="Lumen Utrecht")
    row.get_by_role("link", name="Central Management").click()
    running = page.get_by_role("row").filter(has_text="Lumen Utrecht")
    expect(running).to_contain_text("Running")
    expect(running.get_by_role("button", name="Stop")).to_be_visible()
    other = page.get_by_role("row").filter(has_text="Lumen Dental Group")
    expect(other).to_contain_text("Running")
    expect(other.get_by_role("button", name="Stop")).to_have_count(0)
    page.goto("/central/subscription")
    expect(page.get_by_role("heading", name="My Subscription")).to_have_count(0)
