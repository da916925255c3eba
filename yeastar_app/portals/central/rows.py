"""What the pages of Central Management show: small typed rows made from what the actions hand over."""

from dataclasses import dataclass

from yeastar_app.models.accounts import Status
from yeastar_app.models.capacity import PbxPlan, RunState
from yeastar_app.services import pbx, resellers
from yeastar_app.words import day, t

STATES = {
    Status.NOT_ACTIVATED: (t("Not activated"), "warn"),
    Status.ACTIVE: (t("Active"), "good"),
    Status.FROZEN: (t("Frozen"), "bad"),
    Status.REMOVED: (t("Removed"), ""),
}
PLANS = {PbxPlan.ENTERPRISE.value: t("Enterprise Plan (EP)"), PbxPlan.ULTIMATE.value: t("Ultimate Plan (UP)")}
SHORT_PLANS = {PbxPlan.ENTERPRISE: "EP", PbxPlan.ULTIMATE: "UP"}
RUN_STATES = {
    RunState.STOPPED: (t("Stopped"), ""),
    RunState.STARTING: (t("Starting"), "accent"),
    RunState.RUNNING: (t("Running"), "good"),
    RunState.UPGRADING: (t("Upgrading"), "accent"),
    RunState.RESTORING: (t("Restoring"), "accent"),
    RunState.PROVISIONING: (t("Provisioning"), "accent"),
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


@dataclass
class PbxRow:
    id: int
    name: str
    owner: str
    plan: str
    extensions: int
    calls: int
    minutes: str
    charged: str
    high_availability: bool
    state: str
    tone: str
    activation: str
    expires: str


def pbx_row(row: pbx.Row) -> PbxRow:
    state, tone = RUN_STATES[row.run_state]
    charged = max(0, row.minutes - 500)
    return PbxRow(
        id=row.id,
        name=row.name,
        owner=row.owner,
        plan=SHORT_PLANS[row.plan],
        extensions=row.extensions,
        calls=row.calls,
        minutes=f"{row.minutes:,}" if row.recording else t("Off"),
        charged=t("{n} deducted", n=f"{charged:,}") if row.recording else "",
        high_availability=row.high_availability,
        state=state,
        tone=tone,
        activation=t("Activated") if row.activated else t("Unactivated"),
        expires=day(row.expires_on) or t("Never"),
    )
