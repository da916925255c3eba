"""Two people who have the same thing open: the second to save is told, and nothing is overwritten silently. What a
page shows carries a mark of the values it was made from; whoever saves brings it back, and it is compared inside the
transaction, with the row locked."""

import hashlib
from typing import Annotated, Any

from pydantic import StringConstraints

from yeastar_app.refusals import Refusal
from yeastar_app.words import t

Mark = Annotated[str, StringConstraints(max_length=32)]


def mark(*values: Any) -> str:
    """A mark of plain values: the same for the same values."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def compare(seen: str, now: str, what: str) -> None:
    """Refusal `changed_meanwhile` where `what` is no longer as it was seen."""
    if seen != now:
        raise Refusal(
            "changed_meanwhile",
            t("Somebody has changed {what} since you opened it. Nothing was saved. Close this, look at it as it is "
              "now, and make your change again.", what=what),
        )  # fmt: skip
