"""What the pages of Central Management show: small typed rows made from what the actions hand over."""

from dataclasses import dataclass

from yeastar_app.models.accounts import Status
from yeastar_app.services import resellers
from yeastar_app.words import t

STATES = {
    Status.NOT_ACTIVATED: (t("Not activated"), "warn"),
    Status.ACTIVE: (t("Active"), "good"),
    Status.FROZEN: (t("Frozen"), "bad"),
    Status.REMOVED: (t("Removed"), ""),
}


def page_number(given: object) -> int:
    """The page an address asks for; 1 where it asks for none that could be."""
    return max(1, min(typed_number(given), 100_000))


def typed_number(given: object) -> int:
    """What stands in a number box, 0 where it is no number."""
    text = str(given)[:12]
    return int(text) if text.isascii() and text.isdigit() else 0


@dataclass
class Use:
    """Used and total of one capacity."""

    used: int = 0
    total: int = 0
    words: str = ""
    of: str = ""
    label: str = ""


@dataclass
class ResellerRow:
    id: int
    name: str
    company: str
    email: str
    state: str
    tone: str
    waiting: bool
    pbxs: int
    extensions: Use
    calls: Use
    minutes: Use


def use(used: int, total: int) -> Use:
    words = t("{used} of {total} used", used=f"{used:,}", total=f"{total:,}")
    return Use(used, total, f"{used:,}", f"/ {total:,}", words)


def reseller_row(row: resellers.Row) -> ResellerRow:
    state, tone = STATES[row.status]
    extensions, calls, minutes = (use(*pair) for pair in row.capacities)
    waiting = row.status is Status.NOT_ACTIVATED
    return ResellerRow(
        row.id, row.name, row.company, row.email, state, tone, waiting, row.pbxs, extensions, calls, minutes
    )
