"""Every table, imported here once so that migrations and tests see the whole schema."""

from yeastar_app.models import (
    accounts,
    alarms,
    billing,
    capacity,
    contacts,
    credentials,
    hosting,
    packages,
    points,
    products,
    records,
    registry,
    rewards,
    tasks,
    usage,
)

__all__ = [
    "accounts",
    "alarms",
    "billing",
    "capacity",
    "contacts",
    "credentials",
    "hosting",
    "packages",
    "points",
    "products",
    "records",
    "registry",
    "rewards",
    "tasks",
    "usage",
]
