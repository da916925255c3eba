"""Signed messages between machines (Standard Webhooks)."""

import base64
from datetime import timedelta

import pytest

from tests.conftest import START
from yeastar_app import clock
from yeastar_app.engines import webhooks

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes of key").decode()
BODY = b'{"type":"pbx.start"}'


def test_what_was_signed_is_genuine() -> None:
    assert webhooks.check(SECRET, webhooks.headers(SECRET, "m-1", BODY), BODY) == "m-1"


def test_the_signature_is_the_specifications_own() -> None:
    """The example of the specification, so that any other implementation understands ours."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    at = clock.datetime.fromtimestamp(1614265330, clock.UTC)
    signed = webhooks.headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at)
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "webhook-signature", "body", "secret"])
def test_nothing_of_a_message_can_be_changed(changed: str) -> None:
    given, body, secret = webhooks.headers(SECRET, "m-1", BODY), BODY, SECRET
    match changed:
        case "body":
            body += b" "
        case "secret":
            secret = "another secret of some length"
        case "webhook-timestamp":
            given[changed] = str(int(given[changed]) + 1)
        case _:
            given[changed] += "x"
    with pytest.raises(webhooks.NotGenuine):
        webhooks.check(secret, given, body)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_message_and_one_of_the_future_are_refused(minutes: int) -> None:
    given = webhooks.headers(SECRET, "m-1", BODY, START + timedelta(minutes=minutes))
    with pytest.raises(webhooks.NotGenuine):
        webhooks.check(SECRET, given, BODY)


@pytest.mark.parametrize("given", [
    {}, {"webhook-id": "m"}, {"webhook-id": "m", "webhook-timestamp": "now", "webhook-signature": "v1,"},
    {"webhook-id": "m" * 65, "webhook-timestamp": "1", "webhook-signature": "v1,x"},
    {"webhook-id": "m", "webhook-timestamp": "9" * 30, "webhook-signature": "v1,x"},
])  # fmt: skip
def test_misshapen_headers_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(webhooks.NotGenuine):
        webhooks.check(SECRET, given, BODY)


def test_while_a_secret_is_changed_either_signature_is_enough() -> None:
    given = webhooks.headers("the other secret", "m-1", BODY)
    ours = webhooks.headers(SECRET, "m-1", BODY)["webhook-signature"]
    given["webhook-signature"] += f" {ours}"
    assert webhooks.check(SECRET, given, BODY) == "m-1"
