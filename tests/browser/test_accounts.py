"""Accounts as people use them: activation, forgotten password, second factor, sessions (PRODUCT 2)."""

import time
import uuid
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from tests.browser.conftest import PASSWORD, Server, sign_in
from tests.factories import PASSWORD_HASH
from yeastar_app import clock, database
from yeastar_app.access import Actor
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.records import Email
from yeastar_app.services import people

NEW = "Quiet-Meadow-Engine-77"


class Records:
    """The server's database, for what has no page: making people, reading what was emailed."""

    def __init__(self, server: Server) -> None:
        self.engine = database.make_engine(f"sqlite:///{server.environment['DATA_DIR']}/yeastar.db")

    def customer(self, *, invited: bool = False, **values: Any) -> str:
        """A new customer of the demo's partner; gives the address. `invited`: with an activation email."""
        email = f"{uuid.uuid4().hex[:12]}@example.com"
        with Session(self.engine) as session:
            partner = session.exec(select(Account).where(col(Account.email) == "partner@example.com")).one()
            parent = session.get_one(Organisation, partner.organisation_id)
            company = people.create_organisation(session, parent, OrganisationKind.CUSTOMER, "Quayside Dental")
            actor = Actor(account_id=partner.key, email=partner.email)
            state = {"status": Status.ACTIVE, "password_hash": PASSWORD_HASH, "activated_at": clock.now()}
            values = {"first_name": "Nora", "last_name": "Berg", **({} if invited else state), **values}
            row = people.create_account(session, actor, company, Kind.CUSTOMER, email, **values)
            if invited:
                people.send_activation(session, row, "Harbor Telecom")
            session.commit()
        return email

    def change(self, email: str, **values: Any) -> None:
        with Session(self.engine) as session:
            row = session.exec(select(Account).where(col(Account.email) == email)).one()
            for name, value in values.items():
                setattr(row, name, value)
            session.commit()

    def latest(self, email: str, kind: str) -> str:
        """The text of the latest email of a kind."""
        with Session(self.engine) as session:
            query = select(Email.text).where(col(Email.to) == email, col(Email.kind) == kind)
            return str(session.exec(query.order_by(col(Email.id).desc())).first())

    def token(self, email: str) -> str:
        return self.latest(email, "activation").split("token=")[1].split()[0]

    def code(self, email: str) -> str:
        return next(line for line in self.latest(email, "code").splitlines() if len(line) == 6 and line.isdigit())


@pytest.fixture
def records(server: Server) -> Any:
    opened = Records(server)
    yield opened
    opened.engine.dispose()


def give_password(page: Page, who: str) -> None:
    """The first step of the sign-in alone."""
    page.goto("/sign-in")
    page.get_by_label("Yeastar ID").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def set_up_app(page: Page) -> str:
    """Turn "Security App" on; gives its key."""
    page.goto("/account?tab=security")
    page.get_by_role("button", name="Set up Security App").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    key = (page.locator("#key-to-type").text_content() or "").replace(" ", "")
    page.get_by_label("Authentication Code").fill(pyotp.TOTP(key).now())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2FA has been enabled successfully.")).to_be_visible()
    return key


def next_code(key: str) -> str:
    """The code after the one that was just used: a code is accepted once, and one step early."""
    return pyotp.TOTP(key).at(int(time.time()) + 30)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.wait_for_url("**/sign-in?reason=signed_out")


def test_an_activation_link_sets_the_password_signs_in_and_works_once(
    page: Page, other_page: Page, records: Records, server: Server
) -> None:
    email = records.customer(invited=True)
    link = f"/activate?token={records.token(email)}"
    other_page.goto(link)  # a scanner opens the link first: nothing is used up
    expect(other_page.get_by_text(email)).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("Yeastar Customer Portal")).to_be_visible()
    expect(page.get_by_text("Paula de Wit, Harbor Telecom created this account for you.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(NEW)
    page.get_by_label("Repeat the password").fill(NEW + "x")
    page.get_by_role("button", name="Activate Account").click()
    expect(page.get_by_text("The two passwords are not the same.")).to_be_visible()
    page.get_by_label("Repeat the password").fill(NEW)
    page.get_by_role("button", name="Activate Account").click()
    page.wait_for_url("**/customer")
    expect(page.get_by_text("Nora Berg")).to_be_visible()
    other_page.get_by_label("Password", exact=True).fill(NEW)
    other_page.get_by_label("Repeat the password").fill(NEW)
    other_page.get_by_role("button", name="Activate Account").click()
    expect(other_page.get_by_text("This link was used already.")).to_be_visible()
    other_page.get_by_role("link", name="Go to sign-in").click()
    other_page.wait_for_url("**/sign-in")
    assert records.token(email) not in server.log.read_text()


def test_a_forgotten_password_is_replaced_through_the_mailbox(page: Page, other_page: Page, records: Records) -> None:
    email = records.customer()
    sign_in(other_page, email, target="/account")
    page.goto("/sign-in")
    page.get_by_role("link", name="Forgot Password").click()
    expect(page.get_by_role("heading", name="Forgot Password")).to_be_visible()
    page.get_by_label("Yeastar ID").fill(email)
    page.get_by_role("button", name="Send Password Reset Email").click()
    expect(page.get_by_text("Check your mailbox")).to_be_visible()
    page.goto(f"/mailbox?to={email}")
    page.get_by_role("link", name="Reset Password").click()
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Repeat the password").fill(NEW)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your password is changed. Sign in with the new one.")).to_be_visible()
    page.get_by_label("Yeastar ID").fill(email)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/customer")
    other_page.get_by_role("tab", name="Sessions").click()
    other_page.wait_for_url("**/sign-in?reason=ended")


def test_asking_for_an_unknown_address_is_answered_alike(page: Page) -> None:
    page.goto("/forgot-password")
    page.get_by_label("Yeastar ID").fill("nobody-at-all@example.com")
    page.get_by_role("button", name="Send Password Reset Email").click()
    expect(page.get_by_text("Check your mailbox")).to_be_visible()


def test_a_security_app_is_set_up_and_asked_for_until_the_device_is_trusted(
    page: Page, other_page: Page, records: Records
) -> None:
    email = records.customer()
    sign_in(page, email)
    key = set_up_app(page)
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    recovery = page.locator("#recovery-codes li").first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()

    give_password(other_page, email)
    other_page.get_by_label("Authentication Code").fill("000 000")
    other_page.get_by_role("button", name="Confirm").click()
    expect(other_page.get_by_text("This code is not right.")).to_be_visible()
    other_page.get_by_label("Authentication Code").fill(next_code(key))
    other_page.get_by_label("Trust this device").check()
    other_page.get_by_role("button", name="Confirm").click()
    other_page.wait_for_url("**/customer")
    sign_out(other_page)
    sign_in(other_page, email, target="/account?tab=security")
    expect(other_page.get_by_text("This browser")).to_be_visible()
    other_page.get_by_role("button", name="Delete: ").click()
    expect(other_page.get_by_text("No trusted devices")).to_be_visible()
    sign_out(other_page)

    give_password(other_page, email)
    other_page.get_by_role("button", name="Use a recovery code").click()
    other_page.get_by_label("Recovery Code").fill(recovery)
    other_page.get_by_role("button", name="Confirm").click()
    other_page.wait_for_url("**/customer")


def test_email_authentication_is_set_up_asked_for_and_turned_off(
    page: Page, other_page: Page, records: Records
) -> None:
    email = records.customer()
    sign_in(page, email, target="/account?tab=security")
    page.get_by_role("button", name="Set up Email Authentication").click()
    page.get_by_role("button", name="Send Email").click()
    expect(page.get_by_text("Sent. Look into your mailbox.")).to_be_visible()
    page.get_by_label("Authentication Code").fill(records.code(email))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("2FA has been enabled successfully.")).to_be_visible()
    page.get_by_role("button", name="I have kept them").click()

    give_password(other_page, email)
    expect(other_page.get_by_text(f"{email[0]}•••@example.com")).to_be_visible()
    other_page.get_by_role("button", name="Send again").click()
    expect(other_page.get_by_text("You can ask for another in")).to_be_visible()
    other_page.get_by_label("Authentication Code").fill(records.code(email))
    other_page.get_by_role("button", name="Confirm").click()
    other_page.wait_for_url("**/customer")

    page.get_by_role("button", name="Turn off").click()
    page.get_by_role("dialog").get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("This is not your present password.")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("2FA has been disabled.")).to_be_visible()


def test_signing_out_everywhere_puts_the_other_browser_out_on_its_next_click(
    page: Page, other_page: Page, records: Records
) -> None:
    email = records.customer()
    sign_in(other_page, email, target="/account")
    sign_in(page, email, target="/account?tab=sessions")
    expect(page.get_by_text("This browser")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out: ")).to_have_count(1)
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("You are signed out everywhere.")).to_be_visible()
    other_page.get_by_role("tab", name="Security").click()
    expect(other_page.get_by_text("You are signed out. Sign in to go on.")).to_be_visible()
    other_page.get_by_label("Yeastar ID").fill(email)  # the socket still brings the old cookie
    other_page.get_by_label("Password").fill(PASSWORD)
    other_page.get_by_role("button", name="Sign in").click()
    other_page.wait_for_url("**/customer")


@pytest.mark.parametrize("status", [Status.FROZEN, Status.REMOVED])
def test_who_is_frozen_or_removed_is_out_on_the_next_click(page: Page, records: Records, status: Status) -> None:
    email = records.customer()
    sign_in(page, email, target="/account")
    expect(page.get_by_label("First Name")).to_have_value("Nora")
    records.change(email, status=status)
    page.get_by_role("tab", name="Sessions").click()
    expect(page.get_by_text("You are signed out. Sign in to go on.")).to_be_visible()


def test_a_tab_of_somebody_else_who_signed_out_here_shows_nothing_of_theirs(page: Page, records: Records) -> None:
    first, second = records.customer(first_name="Anna"), records.customer(first_name="Zoe")
    sign_in(page, first, target="/account")
    expect(page.get_by_label("First Name")).to_have_value("Anna")
    tab = page.context.new_page()
    sign_in(tab, second, target="/account")
    expect(tab.get_by_label("First Name")).to_have_value("Zoe")
    page.get_by_role("tab", name="Sessions").click()
    expect(page.get_by_text("You are signed out. Sign in to go on.")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_label("First Name")).to_have_value("Zoe")


def test_a_password_set_by_somebody_else_is_replaced_before_anything_else(page: Page, records: Records) -> None:
    email = records.customer(must_change_password=True)
    sign_in(page, email, target="/account")
    page.wait_for_url("**/change-password")
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Repeat the password").fill(NEW)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/customer")


def test_name_and_password_are_changed_on_the_account_page(page: Page, records: Records) -> None:
    email = records.customer()
    sign_in(page, email, target="/account")
    page.get_by_label("First Name").fill("Zoë <b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator(".who-name")).to_have_text("Zoë <b> Berg")
    page.get_by_role("tab", name="Change Password").click()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW)
    page.get_by_label("Repeat the password").fill(NEW)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    expect(page.get_by_label("Current password")).to_have_value("")


def test_axe_finds_nothing_on_the_pages_of_accounts_in_either_theme(page: Page, records: Records) -> None:
    email = records.customer()

    def check(where: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.locator(f"html.{scheme}")).to_have_count(1)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{where}, {scheme}: {found.generate_report()}"

    for path, words in (
        ("/sign-in?reason=signed_out", "You are signed out."),
        ("/forgot-password", "We send you a link"),
        (f"/activate?token={records.token(records.customer(invited=True))}", "Activate Account"),
        ("/reset-password?token=none", "This link is not known."),
    ):
        page.goto(path)
        expect(page.get_by_text(words).first).to_be_visible()
        check(path)
    sign_in(page, email, target="/account")
    expect(page.get_by_label("First Name")).to_be_visible()
    check("profile")
    for tab, words in (("Change Password", "Current password"), ("Sessions", "This browser")):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text(words)).to_be_visible()
        check(tab)
    set_up_app(page)
    check("recovery codes")
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    check("security")
    sign_out(page)
    give_password(page, email)
    expect(page.get_by_label("Authentication Code")).to_be_visible()
    check("second step")
