"""The mailbox and the help page, and what is shown when something is not there or out of reach."""

import uuid
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocketRoute, expect
from sqlmodel import Session

from tests.browser.conftest import Server, come_in, start_server
from yeastar_app import database
from yeastar_app.services import mail


def write_letter(server: Server, to: str) -> None:
    engine = database.make_engine(f"sqlite:///{server.environment['DATA_DIR']}/yeastar.db")
    with Session(engine) as session:
        mail.write(
            session,
            kind="test",
            to=to,
            subject="A letter <b>for</b> you",
            paragraphs=["Hello <script>alert(1)</script>", "Bye"],
            button=("Go there", f"{server.address}/not-allowed"),
        )
        session.commit()
    engine.dispose()


def test_an_email_appears_in_the_open_mailbox_by_itself_and_its_button_leads_on(page: Page, server: Server) -> None:
    to = f"{uuid.uuid4().hex}@example.com"
    page.goto(f"/mailbox?to={to}")
    expect(page.get_by_text("No email here")).to_be_visible()
    write_letter(server, to)
    expect(page.get_by_role("heading", name="A letter <b>for</b> you")).to_be_visible()
    expect(page.get_by_text("Hello <script>alert(1)</script>")).to_be_visible()
    page.get_by_role("link", name="Go there").click()
    expect(page.get_by_role("heading", name="This is not open to you")).to_be_visible()


def test_the_mailbox_is_searched_by_recipient(page: Page, server: Server) -> None:
    one, other = (f"{uuid.uuid4().hex}@example.com" for _ in range(2))
    write_letter(server, one)
    write_letter(server, other)
    page.goto("/mailbox")
    page.get_by_label("Search by recipient or subject").fill(one)
    page.keyboard.press("Enter")
    expect(page.locator(".mail-row")).to_have_count(1)
    expect(page.locator(".mail-row")).to_contain_text(one)


def test_the_help_page_lists_sign_ins_and_product_ids(page: Page) -> None:
    page.goto("/demo")
    expect(page.get_by_role("table", name="Sign-ins").get_by_text("rival@example.com")).to_be_visible()
    expect(page.get_by_text("Harbor-Lantern-42")).to_be_visible()
    ids = page.get_by_role("table", name="Product IDs to register")
    expect(ids.get_by_text("already registered")).to_be_visible()
    expect(page.get_by_role("link", name="Begin")).to_have_count(3)


def test_an_unknown_address_is_answered_with_404_in_our_own_words(page: Page) -> None:
    answer = page.goto("/nothing/here")
    assert answer is not None and answer.status == 404
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Go to the start page").click()
    page.wait_for_url("**/sign-in*")


def test_somebody_without_the_right_is_told_so_and_led_back(page: Page) -> None:
    come_in(page, "customer")
    page.goto("/partner/program")
    expect(page.get_by_role("heading", name="This is not open to you")).to_be_visible()
    expect(page.get_by_role("link", name="Back to my start page")).to_have_attribute("href", "/customer")


def test_a_lost_connection_is_said_calmly_and_comes_back_by_itself(page: Page) -> None:
    lines: list[WebSocketRoute] = []

    def connect(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket("**/_event/**", connect)
    page.goto("/mailbox")
    expect(page.get_by_role("heading", name="Mailbox")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    page.context.set_offline(True)
    lines[-1].close(code=4000, reason="the line is cut")
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Reconnecting …")).to_be_hidden(timeout=30_000)  # it looks again ever more rarely


def test_outside_demo_mode_there_is_no_help_page_and_the_mailbox_asks_for_a_sign_in(
    browser: Browser, tmp_path: Path, server: Server
) -> None:
    process, real = start_server(tmp_path, DEMO_MODE="false")
    context = browser.new_context(base_url=real.address)
    try:
        page = context.new_page()
        answer = page.goto("/demo")
        assert answer is not None and answer.status == 404
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        page.goto("/mailbox")
        page.wait_for_url("**/sign-in?next=/mailbox")
    finally:
        context.close()
        process.terminate()
        process.wait(timeout=20)
