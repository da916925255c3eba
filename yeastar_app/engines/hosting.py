"""The hosting engine runs the cloud PBXs. This is all we know of one: it takes commands, answers for the state of a
PBX, and reports by signed messages what became of them. Which one it is: chosen_engine.py."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.capacity import RunState
from yeastar_app.models.hosting import CommandKind, Outcome


class NotReached(Exception):
    """The engine did not answer, or not now: the same command is sent again later."""


class Rejected(Exception):
    """The engine will never do this; the message says why."""


@dataclass(frozen=True)
class Command:
    """What the engine is to do. The same id twice is done once, and its outcome is reported again."""

    id: str
    kind: CommandKind
    pbx: str
    body: dict[str, Any]
    """The PBX as it shall be (`create`, `resize`, `upgrade`), or whom it was sent to (`invite`)."""


@dataclass(frozen=True)
class Reported:
    """Something that a PBX says is wrong with it. The same `code` is the same thing."""

    level: AlarmLevel
    code: str
    words: str


@dataclass(frozen=True)
class Report:
    """All of a PBX as the engine knows it. `sequence` grows with every report of a PBX: the highest is the newest."""

    id: str
    pbx: str
    sequence: int
    at: datetime
    state: RunState
    activated: bool
    extensions: int
    calls: int
    minutes: int
    command: str = ""
    """The command this report answers; empty: none."""
    outcome: Outcome | None = None
    words: str = ""
    alarms: tuple[Reported, ...] | None = None
    """All that the PBX says is wrong with it now; None: it says nothing about that."""

    def as_plain(self) -> dict[str, Any]:
        """As it stands in a message."""
        plain = {**asdict(self), "at": self.at.isoformat()}
        if self.alarms is None:
            del plain["alarms"]
        return plain


@dataclass(frozen=True)
class Usage:
    """How much of a PBX was in use at a moment: the latest moment is the newest, one that comes later and is older says
    nothing new. `extensions`: registered; `calls`: at once; `peak`: the most calls at once since 00:00 UTC of that
    day; `minutes`: of recordings that it keeps."""

    pbx: str
    at: datetime
    extensions: int
    calls: int
    peak: int
    minutes: int


class Engine(Protocol):
    def take(self, command: Command) -> None:
        """Hand over a command; when this returns the engine has it for good. NotReached, Rejected."""

    def status(self, pbx: str) -> Report | None:
        """How a PBX is now; None where the engine has no such PBX. NotReached."""

    def ping(self) -> None:
        """Whether it answers at all: NotReached where it does not."""
