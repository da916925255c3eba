"""What the pages of cloud PBXs show of one: the words for its states, and what can be done with it now."""

from dataclasses import dataclass, field

from yeastar_app.models.capacity import Desired, PbxPlan, PbxType, RunState
from yeastar_app.models.hosting import CommandKind
from yeastar_app.portals.central.usage_rows import InUse, in_use
from yeastar_app.services import pbx
from yeastar_app.services.engine_orders import Health
from yeastar_app.words import day, minute, t

PLANS = {PbxPlan.ENTERPRISE.value: t("Enterprise Plan (EP)"), PbxPlan.ULTIMATE.value: t("Ultimate Plan (UP)")}
SHORT_PLANS = {PbxPlan.ENTERPRISE: "EP", PbxPlan.ULTIMATE: "UP"}
TYPES = {PbxType.COMMERCIAL.value: t("Commercial"), PbxType.TRIAL.value: t("Trial")}
MOST_EXTENSIONS = t("At most {most}: no PBX can have more")
STATES = {
    "creating": (t("Creating"), "accent"),
    "deleting": (t("Deleting"), "warn"),
    RunState.STOPPED.value: (t("Stopped"), ""),
    RunState.STARTING.value: (t("Starting"), "accent"),
    RunState.RUNNING.value: (t("Running"), "good"),
    RunState.UPGRADING.value: (t("Upgrading"), "accent"),
    RunState.RESTORING.value: (t("Restoring"), "accent"),
    RunState.PROVISIONING.value: (t("Provisioning"), "accent"),
    RunState.DELETED.value: (t("Lost"), "bad"),
}
ASKED = {
    CommandKind.CREATE: t("creation requested"),
    CommandKind.START: t("start requested"),
    CommandKind.STOP: t("stop requested"),
    CommandKind.RESIZE: t("new size requested"),
    CommandKind.UPGRADE: t("upgrade requested"),
    CommandKind.RESET: t("reset requested"),
    CommandKind.INVITE: t("waiting for the customer"),
    CommandKind.DELETE: t("deletion requested"),
}
"""What the engine has been asked and has not answered yet."""


@dataclass
class PbxRow:
    id: int = 0
    name: str = ""
    owner: str = ""
    address: str = ""
    region: str = ""
    plan: str = ""
    type: str = ""
    trial: bool = False
    extensions: str = ""
    calls: str = ""
    minutes: str = ""
    charged: str = ""
    high_availability: bool = False
    state: str = ""
    tone: str = ""
    activation: str = ""
    activated: bool = False
    note: str = ""
    """What is waited for, or what went wrong."""
    trouble: str = ""
    waiting: bool = False
    """Whether the engine still owes an answer."""
    in_use: list[InUse] = field(default_factory=list)
    """Of each capacity; empty: never measured."""
    expires: str = ""
    expiry_note: str = ""
    may_start: bool = False
    may_stop: bool = False
    may_reset: bool = False
    may_upgrade: bool = False
    going: bool = False
    """On its way out: nothing can be done with it."""


def pbx_row(row: pbx.Row) -> PbxRow:
    state, tone = STATES[pbx.state_of(row)]
    charged = max(0, row.minutes - 500)
    going = row.desired is Desired.DELETED
    wants_to_run = row.desired is Desired.RUNNING
    asked = ASKED.get(row.waiting, "") if row.waiting else ""
    runs = row.reported and row.run_state is not RunState.STOPPED
    return PbxRow(
        id=row.id,
        name=row.name,
        owner=row.owner,
        address=row.address,
        region=row.region,
        plan=SHORT_PLANS[row.plan],
        type=TYPES[row.type.value],
        trial=row.type is PbxType.TRIAL,
        extensions=f"{row.extensions:,}",
        calls=f"{row.calls:,}",
        minutes=f"{row.minutes:,}" if row.recording else t("Off"),
        charged=t("{n} deducted", n=f"{charged:,}") if row.recording or charged else "",
        high_availability=row.high_availability,
        state=state,
        tone=tone,
        activation=t("Activated") if row.activated else t("Unactivated"),
        activated=row.activated,
        note=asked if asked.split(" ")[0] not in state.lower() else "",
        trouble=row.trouble,
        waiting=row.waiting is not None,
        in_use=in_use(row),
        expires=day(row.expires_on) or t("Never"),
        expiry_note=_expiry_note(row),
        may_start=not going and not (wants_to_run and (runs or row.waiting is CommandKind.START)),
        may_stop=not going and (runs or row.waiting is CommandKind.START),
        may_reset=not going and row.run_state is RunState.RUNNING,
        may_upgrade=not going and row.plan is PbxPlan.ENTERPRISE,
        going=going,
    )


def _expiry_note(row: pbx.Row) -> str:
    if not row.expires_on:
        return ""
    if row.expired:
        return t("expired, runs on") if row.run_after_expiry else t("expired")
    return "" if row.run_after_expiry else t("then stopped")


def health_words(health: Health) -> str:
    """What is said above the list while the engine does not answer; empty while it does."""
    if health.lost_since is None:
        return ""
    return t("The hosting engine has not been reachable since {moment} UTC. The states shown are the last it reported. "
             "What you order now is kept and carried out as soon as it answers.",
             moment=minute(health.lost_since))  # fmt: skip
