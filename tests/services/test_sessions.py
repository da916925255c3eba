"""Signing in and out (PRODUCT 2)."""

import pytest

from tests.factories import PASSWORD, account
from yeastar_app.access import Credential, perform, who
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions

HERE = Credential(device_token="this browser", ip="192.0.2.7", user_agent="tests")


def test_the_right_password_leads_to_a_session(db: str) -> None:
    person = account()
    ticket = perform(sessions.sign_in, {"email": person.email.upper(), "password": PASSWORD}, HERE)
    begun = perform(sessions.start, {"ticket": ticket.token}, HERE)
    assert who(Credential(session_token=begun.token)).email == person.email


def test_a_ticket_works_once(db: str) -> None:
    person = account()
    ticket = perform(sessions.sign_in, {"email": person.email, "password": PASSWORD}, HERE)
    perform(sessions.start, {"ticket": ticket.token}, HERE)
    with pytest.raises(Refusal, match="ticket_ended"):
        perform(sessions.start, {"ticket": ticket.token}, HERE)
