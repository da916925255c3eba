"""A hosting engine behind an address: each command is one signed message (Standard Webhooks), each answer plain JSON.
docs/hosting.md says the same in the words of whoever builds the other side."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from yeastar_app import clock
from yeastar_app.engines import webhooks
from yeastar_app.engines.hosting import Command, NotReached, Rejected, Report, Reported, Usage
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.capacity import MAX_EXTENSIONS_PER_PBX, RunState
from yeastar_app.models.hosting import Outcome
from yeastar_app.words import storable

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
LATER = {408, 425, 429}
"""Refusals that only mean "not now"."""
Number = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Reference = Annotated[str, StringConstraints(pattern=r"^pbx-[1-9][0-9]{0,17}$")]
Words = Annotated[str, StringConstraints(max_length=300), AfterValidator(storable)]


def _of_our_days(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2200:
        raise ValueError("a time that no clock shows")
    return at


def _not_ahead(at: datetime) -> datetime:
    """A moment that has not come would keep away every true one until then."""
    if at > clock.now() + webhooks.TOLERANCE:
        raise ValueError("a time that has not come")
    return at


class ReportedAlarm(BaseModel):
    level: AlarmLevel
    code: Annotated[str, StringConstraints(pattern="^[a-z0-9_.-]{1,60}$")]
    words: Words = ""


class Message(BaseModel):
    """What stands in a report of the engine, checked like anything that comes from outside."""

    model_config = ConfigDict(extra="ignore")

    pbx: Reference
    sequence: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
    at: Annotated[AwareDatetime, AfterValidator(_of_our_days)]
    state: RunState
    activated: bool
    extensions: Number
    calls: Number
    minutes: Number
    command: Annotated[str, StringConstraints(max_length=64), AfterValidator(storable)] = ""
    outcome: Literal[Outcome.DONE, Outcome.FAILED] | None = None
    words: Words = ""
    alarms: Annotated[list[ReportedAlarm], Field(max_length=50)] | None = None


def read_report(message_id: str, data: Any) -> Report:
    """A report out of a message's data; ValueError where it is none."""
    said = Message.model_validate(data).model_dump()
    alarms = None if said["alarms"] is None else tuple(Reported(**one) for one in said["alarms"])
    return Report(id=message_id, **{**said, "alarms": alarms})


class UsageMessage(BaseModel):
    """How much of a PBX is in use, as the engine says it."""

    model_config = ConfigDict(extra="ignore")

    pbx: Reference
    at: Annotated[AwareDatetime, AfterValidator(_of_our_days), AfterValidator(_not_ahead)]
    extensions: Annotated[int, Field(strict=True, ge=0, le=MAX_EXTENSIONS_PER_PBX)]
    calls: Number
    peak: Number
    minutes: Number

    @model_validator(mode="after")
    def _the_peak_is_the_most(self) -> Self:
        if self.peak < self.calls:
            raise ValueError("fewer calls at most than now")
        return self


def read_usage(data: Any) -> Usage:
    """Usage out of a message's data; ValueError where it is none."""
    return Usage(**UsageMessage.model_validate(data).model_dump())


class HttpEngine:
    """Speaks to the engine at `address`; both sides sign with `secret`."""

    def __init__(self, address: str, secret: str) -> None:
        self.address = address
        self.secret = secret

    def take(self, command: Command) -> None:
        answer = self._send(command.id, f"pbx.{command.kind}", {"pbx": command.pbx, **command.body})
        if answer.status_code >= 400:
            raise Rejected(_reason(answer))

    def status(self, pbx: str) -> Report | None:
        answer = self._send(_fresh("ask", pbx), "pbx.status", {"pbx": pbx})
        if answer.status_code in (404, 410):
            return None
        try:
            return read_report(_fresh("status", pbx), answer.raise_for_status().json())
        except (httpx.HTTPStatusError, ValidationError, ValueError) as problem:
            raise NotReached(f"its answer was not understood: {str(problem)[:120]}") from None

    def ping(self) -> None:
        self._send(_fresh("ping", "engine"), "engine.ping", {})

    def _send(self, message_id: str, kind: str, data: dict[str, Any]) -> httpx.Response:
        body = json.dumps({"type": kind, "timestamp": clock.now().isoformat(), "data": data}).encode()
        signed = webhooks.headers(self.secret, message_id, body)
        try:
            answer = httpx.post(self.address, content=body, timeout=TIMEOUT, follow_redirects=False,
                                headers={**signed, "content-type": "application/json"})  # fmt: skip
        except httpx.HTTPError as problem:
            raise NotReached(f"{type(problem).__name__}: {problem}"[:300]) from None
        if answer.status_code >= 500 or answer.status_code in LATER or 300 <= answer.status_code < 400:
            raise NotReached(f"it answered {answer.status_code}")
        return answer


def _reason(answer: httpx.Response) -> str:
    """What the engine says about a refusal, cut to a line."""
    try:
        said = answer.json().get("error", "")
    except (ValueError, AttributeError):
        said = ""
    return storable(str(said or f"the engine answered {answer.status_code}"))[:300]


def _fresh(what: str, pbx: str, at: datetime | None = None) -> str:
    return f"{what}-{pbx}-{(at or clock.now()).timestamp():.6f}"
