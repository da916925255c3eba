"""The pages of accounts against forged events and second clicks: any client may call any handler with anything."""

import inspect
from typing import Any

import pyotp
import pytest
import reflex as rx
import sqlalchemy as sa
from sqlmodel import select

from tests.factories import PASSWORD, account, signed_in
from yeastar_app import clock
from yeastar_app.access import Credential, who
from yeastar_app.database import transaction
from yeastar_app.engines.secrets import seal
from yeastar_app.models.accounts import Account, Kind, Organisation, Status, TwoFactor
from yeastar_app.models.credentials import Link, LinkPurpose, SignInTicket
from yeastar_app.models.records import Email
from yeastar_app.portals import page
from yeastar_app.portals.account.account import TabsState
from yeastar_app.portals.account.change_password import ChangePasswordState
from yeastar_app.portals.account.password import PasswordState
from yeastar_app.portals.account.profile import ProfileState
from yeastar_app.portals.account.security import SecurityState
from yeastar_app.portals.account.sessions import SessionsState
from yeastar_app.portals.partner.colleagues import ColleaguesState
from yeastar_app.portals.sign_in.activate import ActivateState
from yeastar_app.portals.sign_in.forgot import ForgotState, ResetState
from yeastar_app.portals.sign_in.sign_in import SignInState
from yeastar_app.services import links

PUBLIC_STATES = (SignInState, ActivateState, ForgotState, ResetState)
OWN_STATES = (TabsState, ProfileState, PasswordState, SecurityState, SessionsState, ChangePasswordState)
FORGED: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, float("nan"), "", "x", "app", "off", "<script>", "x" * 5000, [], [1], {}, {"a": 1},
    {"email": {}, "password": [], "code": 5, "ticket": "x", "trust": "maybe"}, {"id": True, "token": None},
)  # fmt: skip
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = Credential(device_token="a browser", ip="192.0.2.7", user_agent="tests")


def opened(state: type[rx.State], credential: Credential, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A page's State as it lives in the tab of whoever holds `credential`."""
    monkeypatch.setattr(page, "credential_of", lambda _state: credential)
    page.set_current_actor(who(credential))
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    return root.get_substate(state.get_full_name().split("."))


async def send(live: Any, name: str, *payload: Any) -> Any:
    return await type(live).event_handlers[name].fn(live, *payload)


async def forge_everything(live: Any) -> None:
    for name, handler in type(live).event_handlers.items():
        if name == "setvar":  # the framework's own: no var here has a setter, so it finds nothing to set
            continue
        takes = len(inspect.signature(handler.fn).parameters) - 1
        for payload in FORGED if takes else (None,):
            await handler.fn(live, *([payload] * takes))
            assert isinstance(live.errors, dict), name


def tickets() -> int:
    with transaction(writes=False) as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(SignInTicket)).scalar_one())


@pytest.mark.parametrize("state", PUBLIC_STATES, ids=lambda state: state.__name__)
async def test_no_forged_event_breaks_a_public_page(
    sqlite: str, monkeypatch: pytest.MonkeyPatch, state: type[rx.State]
) -> None:
    await forge_everything(opened(state, HERE, monkeypatch))
    assert tickets() == 0


@pytest.mark.parametrize("state", OWN_STATES, ids=lambda state: state.__name__)
async def test_no_forged_event_breaks_an_own_page_or_changes_the_account(
    sqlite: str, monkeypatch: pytest.MonkeyPatch, state: type[rx.State]
) -> None:
    person = account(Kind.CUSTOMER, two_factor=TwoFactor.APP, totp_secret=seal(SECRET))
    here = signed_in(person)
    await forge_everything(opened(state, here, monkeypatch))
    with transaction(writes=False) as session:
        now = session.get_one(Account, person.key)
    assert now.model_dump() == person.model_dump()
    assert who(here).is_signed_in


async def test_a_half_passed_sign_in_never_reaches_the_browser(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    person = account(two_factor=TwoFactor.APP, totp_secret=seal(SECRET))
    live = opened(SignInState, HERE, monkeypatch)
    await send(live, "sign_in", {"email": person.email, "password": PASSWORD})
    half = live._half_passed
    assert half
    assert live.ticket == ""
    assert half not in str(live._get_root_state().dict())
    await send(live, "enter_code", {"code": pyotp.TOTP(SECRET).at(clock.now()), "ticket": "another", "recovery": "on"})
    assert live.ticket == half


async def test_a_second_click_on_sign_in_hands_out_no_second_ticket(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = account()
    live = opened(SignInState, HERE, monkeypatch)
    for _ in range(2):
        await send(live, "sign_in", {"email": person.email, "password": PASSWORD})
    assert tickets() == 1


async def test_a_second_step_that_took_too_long_leads_back_to_the_password(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = account(two_factor=TwoFactor.APP, totp_secret=seal(SECRET))
    live = opened(SignInState, HERE, monkeypatch)
    await send(live, "sign_in", {"email": person.email, "password": PASSWORD})
    clock.advance(links.RESET_LIFE)
    await send(live, "enter_code", {"code": pyotp.TOTP(SECRET).at(clock.now())})
    assert (live.second, live._half_passed) == ("", "")
    assert live.errors == {"": "That took too long. Please sign in again."}


async def test_a_second_click_on_an_activation_or_a_reset_does_nothing(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = account()
    with transaction() as session:
        token = links.issue(session, person, LinkPurpose.PASSWORD_RESET, links.RESET_LIFE)
    live = opened(ResetState, HERE, monkeypatch)
    live._token, live.link_state = token, "good"
    form = {"password": "Quiet-Meadow-Engine-77", "repeat": "Quiet-Meadow-Engine-77"}
    for _ in range(2):
        await send(live, "reset_password", form)
    assert live.errors == {}
    with transaction(writes=False) as session:
        assert len(session.exec(select(Email)).all()) == 1
        assert session.exec(select(Link)).one().used_at


async def test_the_key_of_a_set_up_is_the_servers_own_and_not_the_forms(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = signed_in(account())
    live = opened(SecurityState, here, monkeypatch)
    await send(live, "begin", "app")
    await send(live, "save_app", {"code": pyotp.TOTP(SECRET).at(clock.now()), "secret": SECRET})
    assert live.errors == {"code": "This code is not right. Check the time of your phone."}
    await send(live, "save_app", {"code": pyotp.TOTP(live._secret).at(clock.now())})
    assert len(live.fresh_codes) == 10
    assert (live.qr, live.key_to_type, live._secret) == ("", "", "")


async def test_a_second_click_on_a_changed_password_says_nothing_wrong(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = opened(PasswordState, signed_in(account()), monkeypatch)
    form = {"current": PASSWORD, "password": "Quiet-Meadow-77", "repeat": "Quiet-Meadow-77", "round": str(live.round)}
    await send(live, "save", form)
    assert "is changed" in live.notice
    await send(live, "save", form)
    assert "is changed" in live.notice
    assert live.errors == {}


async def test_a_second_click_on_signing_out_a_session_says_nothing_wrong(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = account()
    other, here = signed_in(person), signed_in(person)
    live = opened(SessionsState, here, monkeypatch)
    await send(live, "read")
    number = next(row.id for row in live.rows if not row.is_this)
    await send(live, "sign_out", number)
    await send(live, "sign_out", number)
    assert (live.notice, live.notice_tone) == ("That session is signed out.", "good")
    assert not who(other).is_signed_in


async def test_a_second_click_on_switching_a_second_factor_off_says_nothing_wrong(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = account(Kind.PARTNER)
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, owner.organisation_id)
    person = account(Kind.COLLEAGUE, company, grants=["partners"], two_factor=TwoFactor.EMAIL)
    live = opened(ColleaguesState, signed_in(owner), monkeypatch)
    await send(live, "load")
    await send(live, "switch_two_factor_off", person.key)
    await send(live, "switch_two_factor_off", person.key)
    assert live.notice_tone == "good"
    assert live.notice.endswith("is off.")


async def test_a_second_click_on_an_activation_email_neither_sends_another_nor_complains(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = account(Kind.PARTNER)
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, owner.organisation_id)
    person = account(Kind.COLLEAGUE, company, grants=["partners"], status=Status.NOT_ACTIVATED, email="new@example.com")
    live = opened(ColleaguesState, signed_in(owner), monkeypatch)
    await send(live, "resend", person.key)
    await send(live, "resend", person.key)
    assert (live.notice, live.notice_tone) == ("A new activation email is on its way to new@example.com.", "good")
    live.notice = ""  # it has gone from the screen
    await send(live, "resend", person.key)
    assert live.notice_tone == "bad"
    with transaction(writes=False) as session:
        assert len(session.exec(select(Email)).all()) == 1
