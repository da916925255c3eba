"""The demo's companies and people, one sign-in for each kind of account and a second partner so that walls can be
tried. Everybody has the demo password."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session

from yeastar_app import clock
from yeastar_app.engines.passwords import hash_password
from yeastar_app.features import RESELLER_FEATURES, Feature
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, OrganisationKind, Status
from yeastar_app.settings import settings


def load(session: Session) -> dict[str, Account]:
    """Create the people; gives them by the part of their address before the @."""
    password_hash = hash_password(settings().demo_password)
    people: dict[str, Account] = {}

    def company(kind: OrganisationKind, name: str, parent: Organisation | None, **values: Any) -> Organisation:
        row = Organisation(
            kind=kind,
            name=name,
            parent_id=parent.id if parent else None,
            created_at=clock.now() - timedelta(days=400),
            **values,
        )
        session.add(row)
        session.flush()
        row.path = f"{parent.path if parent else '/'}{row.id}/"
        return row

    def person(within: Organisation, kind: Kind, who: str, first: str, last: str, **values: Any) -> None:
        row = Account(
            organisation_id=within.key,
            kind=kind,
            email=f"{who}@example.com",
            first_name=first,
            last_name=last,
            created_at=clock.now() - timedelta(days=390),
            **{
                "status": Status.ACTIVE,
                "password_hash": password_hash,
                "activated_at": clock.now() - timedelta(days=389),
                **values,
            },
        )
        session.add(row)
        session.flush()
        people[who] = row

    reseller_grants = sorted(map(str, RESELLER_FEATURES))
    vendor = company(OrganisationKind.VENDOR, "Yeastar", None, country="CN", city="Xiamen")
    harbor = company(OrganisationKind.PARTNER, "Harbor Telecom", vendor, country="NL", city="Rotterdam",
                     street="Wijnhaven 107", postal_code="3011 WN", tax_type="VAT_number",
                     tax_number="NL861234567B01", may_create_resellers=True)  # fmt: skip
    rival = company(OrganisationKind.PARTNER, "Northwind Voice", vendor, country="DE", city="Hamburg")
    lumen = company(OrganisationKind.CUSTOMER, "Lumen Dental Group", harbor, country="NL", city="Utrecht")
    bright = company(OrganisationKind.RESELLER, "Brightline Networks", harbor, country="BE", city="Antwerp")
    polder = company(OrganisationKind.CUSTOMER, "Polder Logistics", rival, country="DE", city="Bremen")
    person(vendor, Kind.ADMINISTRATOR, "admin", "Ada", "Lindqvist")
    person(vendor, Kind.ACCOUNT_MANAGER, "manager", "Marcus", "Okafor")
    person(harbor, Kind.PARTNER, "partner", "Paula", "de Wit", phone="+31 10 555 0142")
    person(harbor, Kind.COLLEAGUE, "colleague", "Colin", "Visser",
           grants=[Feature.PROGRAMME.value, Feature.PARTNERS.value])  # fmt: skip
    person(lumen, Kind.CUSTOMER, "customer", "Carla", "Mendes", phone="+31 30 555 0117")
    person(bright, Kind.RESELLER, "reseller", "Remy", "Claes", grants=reseller_grants)
    person(bright, Kind.RESELLER_COLLEAGUE, "reseller-colleague", "Rosa", "Peeters",
           grants=[Feature.PBX_VIEW.value, Feature.ALARM_VIEW.value])  # fmt: skip
    person(rival, Kind.PARTNER, "rival", "Rita", "Hansen")
    person(polder, Kind.CUSTOMER, "rival-customer", "Ruben", "Falk")
    person(company(OrganisationKind.RESELLER, "Fjord Cloud", rival, country="NO"), Kind.RESELLER,
           "rival-reseller", "Runa", "Dahl", grants=reseller_grants)  # fmt: skip
    session.add_all(
        ManagedPartner(organisation_id=partner.key, account_id=people["manager"].key) for partner in (harbor, rival)
    )
    return people
