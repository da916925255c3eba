"""The one table of features: what a colleague or a reseller may be granted, by tab. Menu, buttons, pages and actions
all ask it. Knows no rule and no table."""

from dataclasses import dataclass
from enum import StrEnum

from yeastar_app.words import t


class Surface(StrEnum):
    """One of the four places an account can be at; the value is the first part of the address."""

    PARTNER = "partner"
    CUSTOMER = "customer"
    BILLING = "billing"
    CENTRAL = "central"
    STAFF = "staff"


class Feature(StrEnum):
    """A permission. The value is stored; it is never renamed."""

    # Partner Portal (PRODUCT 3.3)
    PROGRAMME = "programme"
    PARTNERS = "partners"
    COLLEAGUES = "colleagues"
    BILLING = "billing"
    CENTRAL = "central"
    # Central Management, tab Cloud PBX
    PBX_VIEW = "pbx.view"
    PBX_ADD = "pbx.add"
    PBX_EDIT = "pbx.edit"
    PBX_CONTROL = "pbx.control"
    PBX_DELETE = "pbx.delete"
    CUSTOMER_VIEW = "customer.view"
    CUSTOMER_MANAGE = "customer.manage"
    # tab Task
    TASK_VIEW = "task.view"
    TASK_MANAGE = "task.manage"
    # tab Alarm
    ALARM_VIEW = "alarm.view"
    ALARM_MANAGE = "alarm.manage"
    # tab System
    RESELLER_VIEW = "reseller.view"
    RESELLER_MANAGE = "reseller.manage"
    LOGS_VIEW = "logs.view"
    COLLEAGUE_MANAGE = "colleague.manage"
    # a customer's own cloud PBXs
    OWN_PBX = "pbx.own"


@dataclass(frozen=True)
class Tab:
    name: str
    features: dict[Feature, str]


PARTNER_TABS = (
    Tab(
        t("Partner Portal"),
        {
            Feature.PROGRAMME: t("Partner Program"),
            Feature.PARTNERS: t("Customers and partners"),
            Feature.COLLEAGUES: t("Colleagues"),
            Feature.BILLING: t("Orders and Billing"),
            Feature.CENTRAL: t("Central Management (YCM)"),
        },
    ),
)

CENTRAL_TABS = (
    Tab(
        t("Cloud PBX"),
        {
            Feature.PBX_VIEW: t("View cloud PBXs"),
            Feature.PBX_ADD: t("Add cloud PBXs"),
            Feature.PBX_EDIT: t("Edit and resize cloud PBXs"),
            Feature.PBX_CONTROL: t("Start, stop and reset cloud PBXs"),
            Feature.PBX_DELETE: t("Delete cloud PBXs"),
            Feature.CUSTOMER_VIEW: t("View customers"),
            Feature.CUSTOMER_MANAGE: t("Add, edit and delete customers"),
        },
    ),
    Tab(
        t("Task"),
        {
            Feature.TASK_VIEW: t("View tasks"),
            Feature.TASK_MANAGE: t("Add, edit and cancel tasks"),
        },
    ),
    Tab(
        t("Alarm"),
        {
            Feature.ALARM_VIEW: t("View alarms"),
            Feature.ALARM_MANAGE: t("Acknowledge alarms, manage notification contacts"),
        },
    ),
    Tab(
        t("System"),
        {
            Feature.LOGS_VIEW: t("View operation logs"),
            Feature.COLLEAGUE_MANAGE: t("Manage colleagues"),
        },
    ),
)
"""What an owner can grant to a reseller (Seed 002, User Permission)."""

NEEDS = {
    Feature.PBX_ADD: (Feature.PBX_VIEW,),
    Feature.PBX_EDIT: (Feature.PBX_VIEW,),
    Feature.PBX_CONTROL: (Feature.PBX_VIEW,),
    Feature.PBX_DELETE: (Feature.PBX_VIEW,),
    Feature.CUSTOMER_MANAGE: (Feature.CUSTOMER_VIEW,),
    Feature.TASK_MANAGE: (Feature.TASK_VIEW, Feature.PBX_CONTROL),
    Feature.ALARM_MANAGE: (Feature.ALARM_VIEW,),
}
"""What a permission is of no use without. A task starts, stops and resets: who may not, may not by the clock either."""

PARTNER_FEATURES = frozenset(feature for tab in PARTNER_TABS for feature in tab.features)
RESELLER_FEATURES = frozenset(feature for tab in CENTRAL_TABS for feature in tab.features)
OWNER_FEATURES = RESELLER_FEATURES | {Feature.RESELLER_VIEW, Feature.RESELLER_MANAGE}
"""What the owner of a hosting package may do in Central Management."""
CUSTOMER_FEATURES = frozenset({Feature.OWN_PBX})
"""What a customer of the Customer Portal may do there; nobody else has it, and it is granted to nobody."""


def name_of(feature: Feature) -> str:
    """A permission in the words of its checkbox."""
    return next(tab.features[feature] for tab in (*PARTNER_TABS, *CENTRAL_TABS) if feature in tab.features)
