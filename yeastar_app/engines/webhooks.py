"""Signing and checking messages between machines, after the Standard Webhooks specification: HMAC-SHA256 over id,
time and body, so that none of the three can be changed and an old message cannot be played again."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from yeastar_app import clock

TOLERANCE = timedelta(minutes=5)
"""How far the sender's clock may be from ours."""


class NotGenuine(Exception):
    """The message is not from whom it should be, or not of now."""


def headers(secret: str, message_id: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The three headers that go with a message."""
    seconds = str(int((at or clock.now()).timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{_signature(secret, message_id, seconds, body)}",
    }


def check(secret: str, given: Mapping[str, str], body: bytes) -> str:
    """The id of a genuine message; NotGenuine for any other. `given`: its headers, by lower-case names."""
    message_id, seconds = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or len(message_id) > 64 or not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        raise NotGenuine("the headers of a signed message are missing")
    if abs(clock.now().timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise NotGenuine("the message is too old, or a clock is wrong")
    wanted = f"v1,{_signature(secret, message_id, seconds, body)}".encode()
    signatures = given.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    if not any(hmac.compare_digest(wanted, one) for one in signatures):
        raise NotGenuine("the signature does not fit")
    return message_id


def _signature(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = secret.encode()
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
