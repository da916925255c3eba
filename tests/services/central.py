"""Arrangements for Central Management tests: an owner with a hosting package, its resellers, their PBXs."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests import factories
from tests.factories import ALL_CENTRAL_FEATURES, signed_in
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import hosting
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.capacity import Pool
from yeastar_app.services import capacity, pbx_control, pbx_orders, resellers
from yeastar_app.settings import settings

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Owner:
    account: Account
    company: Organisation
    pool: Pool
    credential: Credential


def owner(**pool: Any) -> Owner:
    """A partner with a hosting package of 1,000 / 200 / 50,000 with HA unless told otherwise, signed in."""
    company = factories.organisation()
    account = factories.account(Kind.PARTNER, company)
    return Owner(account, company, factories.pool(company, **pool), signed_in(account))


def reseller_form(**changes: Any) -> dict[str, Any]:
    """What the Add page sends: 200 / min 5 / 40 / 10,000."""
    return {
        "company": "Brightline Networks",
        "first_name": "Remy",
        "email": f"reseller{next(_numbers)}@example.com",
        "extensions": "200",
        "min_extensions": "5",
        "calls": "40",
        "minutes": "10000",
        "features": ALL_CENTRAL_FEATURES,
        **changes,
    }


def add_reseller(by: Owner, **changes: Any) -> int:
    return perform(resellers.create, reseller_form(**changes), by.credential)


def activated(reseller_id: int) -> Credential:
    """The reseller has activated its account and signed in."""
    with transaction() as session:
        row = session.get_one(Account, reseller_id)
        row.status, row.password_hash = Status.ACTIVE, factories.PASSWORD_HASH
    return signed_in(row)


def pbx_form(**changes: Any) -> dict[str, Any]:
    return {"name": "Front desk", "plan": "enterprise", "extensions": "20", "calls": "4", **changes}


def add_pbx(by: Credential, **changes: Any) -> int:
    return perform(pbx_orders.create, pbx_form(**changes), by)


def delete_pbx(by: Credential, number: int) -> str:
    """Delete a PBX and have the hosting engine confirm it."""
    name = perform(pbx_control.delete, {"id": number}, by)
    let_the_engine_work()
    return name


def let_the_engine_work() -> None:
    """Send what is to be sent and let the simulator finish all of it (its PBXs take no time then)."""
    for _ in range(50):
        with simulator_takes(0):
            if not hosting.send_due() + hosting.simulate():
                return
    raise AssertionError("the engine never comes to rest")


@contextmanager
def simulator_takes(seconds: float) -> Iterator[None]:
    before = settings().simulator_seconds
    settings().simulator_seconds = seconds
    try:
        yield
    finally:
        settings().simulator_seconds = before


def edit_form(by: Owner, reseller_id: int, **changes: Any) -> dict[str, Any]:
    """What the edit page sends when nothing was touched, with `changes`."""
    seen = perform(resellers.details, {"id": reseller_id}, by.credential)
    package = {
        "extensions": seen.total.extensions,
        "min_extensions": seen.min_extensions,
        "calls": seen.total.calls,
        "minutes": seen.total.minutes,
        "high_availability": seen.high_availability,
    }
    return {
        **seen.values,
        **package,
        "features": sorted(seen.features),
        "id": reseller_id,
        "seen": seen.mark,
        **changes,
    }


def free(by: Owner) -> tuple[int, ...]:
    """What is free of each capacity in the owner's pool."""
    return tuple(gauge.free for gauge in perform(resellers.offer, None, by.credential).gauges)


def problems() -> list[str]:
    with transaction(writes=False) as session:
        return capacity.invariants(session)
