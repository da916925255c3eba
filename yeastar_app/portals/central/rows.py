"""What the pages of Central Management show: small typed rows made from what the actions hand over."""

from dataclasses import dataclass

from yeastar_app.features import CENTRAL_TABS
from yeastar_app.models.accounts import Status
from yeastar_app.services import presets, resellers
from yeastar_app.words import minute, t

STATES = {
    Status.NOT_ACTIVATED: (t("Not activated"), "warn"),
    Status.ACTIVE: (t("Active"), "good"),
    Status.FROZEN: (t("Frozen"), "bad"),
    Status.REMOVED: (t("Removed"), ""),
}
FEATURE_NAMES = {feature.value: words for tab in CENTRAL_TABS for feature, words in tab.features.items()}


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


@dataclass
class PresetRow:
    id: int
    name: str
    words: str


def preset_row(row: presets.Preset) -> PresetRow:
    return PresetRow(
        row.id,
        row.name,
        t(
            "{extensions} extensions, {least} at least per PBX · {calls} concurrent calls · {minutes} recording "
            "minutes{ha}",
            extensions=f"{row.extensions:,}",
            least=row.min_extensions,
            calls=f"{row.calls:,}",
            minutes=f"{row.minutes:,}",
            ha=" · " + t("High Availability") if row.high_availability else "",
        ),
    )


@dataclass
class ChangeLine:
    what: str
    before: str
    after: str


@dataclass
class ChangeRow:
    at: str
    who: str
    lines: list[ChangeLine]


def change_row(row: resellers.Change) -> ChangeRow:
    lines = [ChangeLine(what, _said(before), _said(after)) for what, before, after in row.parts]
    return ChangeRow(minute(row.at), row.who, lines)


def _said(value: object) -> str:
    """A part of a package in words; "" where there was none before."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return t("On") if value else t("Off")
    if isinstance(value, list):
        return ", ".join(FEATURE_NAMES.get(str(code), str(code)) for code in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
