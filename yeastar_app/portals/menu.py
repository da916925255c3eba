"""The menu of each surface, filtered by what an account may do. The same features guard pages and actions."""

from dataclasses import dataclass

from yeastar_app.access import Actor
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.words import t


@dataclass
class Item:
    """One line of the menu; `heading` opens a group, `apart` stands alone after one."""

    label: str
    href: str
    icon: str
    heading: str = ""
    current: bool = False
    apart: bool = False
    count: int = 0
    """Things behind it that wait for somebody; 0 shows nothing."""


@dataclass(frozen=True)
class Entry:
    label: str
    href: str
    icon: str
    feature: Feature | None = None
    heading: str = ""
    kinds: frozenset[Kind] = frozenset()
    """Only for accounts of these kinds; empty: for all."""


ADMINISTRATORS = frozenset({Kind.ADMINISTRATOR})
RESELLER_SIDE = frozenset({Kind.RESELLER, Kind.RESELLER_COLLEAGUE})
PACKAGE_SIDE = RESELLER_SIDE | {Kind.PARTNER, Kind.COLLEAGUE}

ALARMS = "/central/alarms"

MENUS: dict[Surface, tuple[Entry, ...]] = {
    Surface.PARTNER: (
        Entry(t("Dashboard"), "/partner", "layout-dashboard", Feature.PROGRAMME),
        Entry(t("Account Statement"), "/partner/statement", "receipt-text", Feature.BILLING, t("Orders and Billing")),
        Entry(t("Partners"), "/partner/partners", "users", Feature.PARTNERS, t("User")),
        Entry(t("Colleagues"), "/partner/colleagues", "contact", Feature.COLLEAGUES, t("User")),
        Entry(t("Partner Program"), "/partner/program", "award", Feature.PROGRAMME, t("Business")),
        Entry(t("Rewards"), "/partner/rewards", "gift", Feature.PROGRAMME, t("Business")),
        Entry(t("Central Management"), "/central", "server", Feature.PBX_VIEW),
    ),
    Surface.CUSTOMER: (
        Entry(t("My Products"), "/customer", "package"),
        Entry(t("Account Information"), "/customer/account", "building-2"),
        Entry(t("Central Management"), "/central/own", "server", Feature.OWN_PBX),
    ),
    Surface.CENTRAL: (
        Entry(t("Dashboard"), "/central", "layout-dashboard", kinds=PACKAGE_SIDE),
        Entry(t("My PBXs"), "/central/own", "server", Feature.OWN_PBX, t("Cloud PBX")),
        Entry(t("PBX"), "/central/pbx", "server", Feature.PBX_VIEW, t("Cloud PBX")),
        Entry(t("Customer"), "/central/customers", "contact", Feature.CUSTOMER_VIEW, t("Cloud PBX")),
        Entry(t("Task"), "/central/tasks", "calendar-clock", Feature.TASK_VIEW),
        Entry(t("Alarm"), ALARMS, "bell", Feature.ALARM_VIEW),
        Entry(t("Alarm"), "/central/own/alarms", "bell", Feature.OWN_PBX),
        Entry(t("Notification Contacts"), "/central/alarm-contacts", "bell-ring", Feature.ALARM_MANAGE),
        Entry(t("Reseller"), "/central/resellers", "users", Feature.RESELLER_VIEW, t("System")),
        Entry(
            t("My Colleague"), "/central/colleagues", "contact", Feature.COLLEAGUE_MANAGE, t("System"), RESELLER_SIDE
        ),
        Entry(t("Operation Logs"), "/central/logs", "scroll-text", Feature.LOGS_VIEW, t("System")),
        Entry(t("My Subscription"), "/central/subscription", "gauge", kinds=PACKAGE_SIDE),
    ),
    Surface.STAFF: (
        Entry(t("Accounts"), "/staff", "users", heading=t("Partners")),
        Entry(t("Partners' Points"), "/staff/points", "award", heading=t("Programme")),
        Entry(t("Redemptions"), "/staff/redemptions", "package-check", heading=t("Programme")),
        Entry(
            t("Products & Point Rules"),
            "/staff/rules",
            "calendar-range",
            heading=t("Programme"),
            kinds=ADMINISTRATORS,
        ),
        Entry(t("Tiers & Benefits"), "/staff/tiers", "layers", heading=t("Programme"), kinds=ADMINISTRATORS),
        Entry(t("Product Registry"), "/staff/registry", "database", heading=t("Programme")),
        Entry(t("Rewards"), "/staff/rewards", "gift", heading=t("Programme"), kinds=ADMINISTRATORS),
        Entry(t("Audit Log"), "/staff/audit", "scroll-text", heading=t("System")),
    ),
}


SURFACE_NAMES = {
    Surface.PARTNER: t("Partner Portal"),
    Surface.CUSTOMER: t("Customer Portal"),
    Surface.CENTRAL: t("Central Management"),
    Surface.STAFF: t("Back Office"),
}


def surface_of(actor: Actor, path: str) -> Surface | None:
    """The surface an address belongs to; addresses of none (the account pages) keep the actor's home."""
    first = path.strip("/").split("/")[0]
    return Surface(first) if first in set(Surface) else actor.home


def menu_of(actor: Actor, path: str) -> list[Item]:
    """The menu an actor sees at an address: only what it may use; the longest matching address is current."""
    surface = surface_of(actor, path)
    if surface is None or surface not in actor.surfaces:
        return []
    entries = [
        entry for entry in MENUS[surface] if actor.may(entry.feature) and (not entry.kinds or actor.kind in entry.kinds)
    ]
    matching = [entry.href for entry in entries if f"{path}/".startswith(f"{entry.href}/")]
    current = max(matching, key=len, default="")
    items, heading = [], ""
    for entry in entries:
        shown = entry.heading if entry.heading != heading else ""
        apart = entry.heading == "" and heading != ""
        heading = entry.heading
        items.append(Item(entry.label, entry.href, entry.icon, shown, entry.href == current, apart))
    if surface is Surface.CENTRAL and actor.home not in (None, Surface.CENTRAL):
        items.append(Item(SURFACE_NAMES[actor.home], f"/{actor.home}", "arrow-left", apart=True))
    return items
