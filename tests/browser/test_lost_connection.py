"""What a person has typed stays where it is while the connection is lost and comes back."""

import re
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, come_in


@pytest.fixture
def lose_connection(page: Page) -> Callable[[], None]:
    """Cuts the page's connection, as a tunnel does. The browser connects anew by itself."""
    lines: list[tuple[Any, Any]] = []
    page.route_web_socket(re.compile("/_event"), lambda line: lines.append((line, line.connect_to_server())))

    def cut() -> None:
        for end in lines.pop():
            end.close()

    return cut


def changed_elsewhere(server: Server, statement: str, *values: str) -> None:
    """Somebody else has changed something, and no screen is told: only who loads a page anew sees it."""
    database = sqlite3.connect(Path(server.environment["DATA_DIR"]) / "yeastar.db", timeout=30)
    with closing(database), database:
        database.execute(statement, values)


def test_a_customer_being_typed_survives_a_tunnel(
    page: Page, server: Server, lose_connection: Callable[[], None]
) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, "rival-reseller", target="/central/customers")
    page.get_by_role("button", name="Add").first.click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("First Name").fill(f"Ida {mark}")
    panel.get_by_label("Company").fill("Fjord Freight")
    panel.get_by_label("Email").fill(f"{mark}@example.com")
    panel.get_by_role("button", name="Save").click()
    page.get_by_role("button", name=f"Edit Ida {mark}").click()
    panel.get_by_label("City").fill("Bergen")
    changed_elsewhere(server, "UPDATE contact SET company = 'Fjord & Sons' WHERE email = ?", f"{mark}@example.com")
    lose_connection()
    expect(page.get_by_role("cell", name="Fjord & Sons", exact=True, include_hidden=True)).to_be_visible()
    expect(panel.get_by_label("City")).to_have_value("Bergen")
    panel.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Somebody has changed")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row").filter(has_text=mark)).to_be_visible()
    expect(panel).to_be_hidden()


def test_a_colleague_being_typed_survives_a_tunnel(page: Page, lose_connection: Callable[[], None]) -> None:
    mark = uuid.uuid4().hex[:8]
    come_in(page, "rival-reseller", target="/central/colleagues/new")
    page.get_by_label("First Name").fill("Siv")
    page.get_by_label("Last Name").fill(mark)
    page.get_by_label("Yeastar ID").fill(f"{mark}@example.com")
    page.get_by_role("tab", name="System").click()
    page.get_by_label("Manage colleagues").uncheck()
    with page.expect_websocket():
        lose_connection()
    page.get_by_role("tab", name="Task").click()
    expect(page.get_by_role("tab", name="Task")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Last Name")).to_have_value(mark)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name=f"Edit Siv {mark}").click()
    page.get_by_role("tab", name="System").click()
    expect(page.get_by_label("Manage colleagues")).not_to_be_checked()
    expect(page.get_by_label("View operation logs")).to_be_checked()
