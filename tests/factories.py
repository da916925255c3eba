"""Small makers of what a test needs. Each commits, so that actions (which open their own transactions) see it."""

import itertools
from typing import Any

from sqlmodel import col, select

from yeastar_app import clock
from yeastar_app.access import Credential, digest
from yeastar_app.database import transaction
from yeastar_app.engines.passwords import hash_password
from yeastar_app.features import CENTRAL_TABS
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.capacity import Pool
from yeastar_app.models.credentials import SignInSession
from yeastar_app.models.products import Product, RegistryUnit

PASSWORD = "Harbor-Lantern-42"
PASSWORD_HASH = hash_password(PASSWORD)
_numbers = itertools.count(1)

_ORGANISATION_OF = {
    Kind.ADMINISTRATOR: OrganisationKind.VENDOR,
    Kind.ACCOUNT_MANAGER: OrganisationKind.VENDOR,
    Kind.PARTNER: OrganisationKind.PARTNER,
    Kind.COLLEAGUE: OrganisationKind.PARTNER,
    Kind.CUSTOMER: OrganisationKind.CUSTOMER,
    Kind.RESELLER: OrganisationKind.RESELLER,
    Kind.RESELLER_COLLEAGUE: OrganisationKind.RESELLER,
}


def organisation(kind: OrganisationKind = OrganisationKind.PARTNER, parent: Organisation | None = None,
                 **values: Any) -> Organisation:  # fmt: skip
    number = next(_numbers)
    with transaction() as session:
        row = Organisation(
            kind=kind,
            parent_id=parent.id if parent else None,
            created_at=clock.now(),
            **{"name": f"Company {number}", **values},
        )
        session.add(row)
        session.flush()
        row.path = f"{parent.path if parent else '/'}{row.id}/"
    return row


def account(kind: Kind = Kind.PARTNER, within: Organisation | None = None, **values: Any) -> Account:
    """An active account with PASSWORD, in an organisation of its own unless `within` names one."""
    home = within or organisation(_ORGANISATION_OF[kind])
    number = next(_numbers)
    with transaction() as session:
        row = Account(
            organisation_id=home.key,
            kind=kind,
            created_at=clock.now(),
            **{
                "status": Status.ACTIVE,
                "email": f"person{number}@example.com",
                "first_name": "Person",
                "last_name": str(number),
                "password_hash": PASSWORD_HASH,
                **values,
            },
        )
        session.add(row)
    return row


def signed_in(row: Account, ip: str = "192.0.2.1") -> Credential:
    """A credential with a live session of this account."""
    token, device = f"session-{next(_numbers)}", f"device-{next(_numbers)}"
    with transaction() as session:
        session.add(
            SignInSession(
                account_id=row.key,
                token_hash=digest(token),
                device_hash=digest(device),
                ip=ip,
                user_agent="tests",
                created_at=clock.now(),
                last_seen_at=clock.now(),
            )
        )
    return Credential(session_token=token, device_token=device, ip=ip, user_agent="tests")


def pool(owner: Organisation, parent: Pool | None = None, **values: Any) -> Pool:
    """A hosting package of 1,000 extensions, 200 calls, 50,000 minutes, with HA, unless told otherwise."""
    with transaction() as session:
        row = Pool(
            organisation_id=owner.key,
            parent_id=parent.id if parent else None,
            **{
                "total_extensions": 1000,
                "total_calls": 200,
                "total_minutes": 50_000,
                "high_availability": True,
                **values,
            },
        )
        session.add(row)
    return row


ALL_CENTRAL_FEATURES = [str(feature) for tab in CENTRAL_TABS for feature in tab.features]


def registry_unit(product: str, identifier: str, **values: Any) -> None:
    """A unit or subscription the vendor knows, by the product's name."""
    with transaction() as session:
        found = session.exec(select(Product).where(col(Product.name) == product)).one()
        session.add(RegistryUnit(product_id=found.key, identifier=identifier, **values))
