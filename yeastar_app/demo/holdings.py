"""The demo's customers in every state a partner can meet, and the products the demo customer holds."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.models.products import Holding, HoldingStatus, Product
from yeastar_app.services import people as accounts
from yeastar_app.services.tokens import digest, new_token

CUSTOMERS = [
    # the oldest first: partner, company, country, city, first name, last name, address, state
    ("partner", "Kade Architects", "BE", "Ghent", "Karel", "Aerts", "karel@kade.example.com", "active"),
    ("partner", "Zuid Print & Sign", "NL", "Eindhoven", "Zoë", "van Dam", "zoe@zuid.example.com", "active"),
    ("rival", "Elbe Shipping", "DE", "Hamburg", "Emil", "Krüger", "emil@elbe.example.com", "active"),
    ("partner", "Noord Hotels", "NL", "Groningen", "Nadia", "El Idrissi", "nadia@noord.example.com", "not_activated"),
    ("partner", "Maas Freight", "NL", "Maastricht", "Milan", "Janssen", "milan@maas.example.com", "link_expired"),
    ("partner", "Delta Textiles", "NL", "Breda", "Denise", "Bakker", "denise@delta.example.com", "removal_requested"),
    ("rival", "Weser Clinic", "DE", "Bremen", "Wiebke", "Sommer", "wiebke@weser.example.com", "not_activated"),
]

HOLDINGS = [
    # product, name, plan, capacity, identifier, status, started days ago, ends in days, renews
    ("p-series-cloud", "Lumen Utrecht", "Ultimate Plan", "60 extensions, 15 concurrent calls",
     "lumen-utrecht@pbx.example.com", HoldingStatus.ACTIVE, 210, 155, True),
    ("p-series-appliance", "Reception Zeist", "Enterprise Plan", "P550, 50 extensions", "369E2A110742",
     HoldingStatus.ACTIVE, 345, 20, False),
    ("linkus-cloud-service", "Linkus for Zeist", "Linkus Cloud Service Pro", "50 users", "369E2A110743",
     HoldingStatus.ACTIVE, 345, 20, True),
    ("remote-management", "Remote Management", "", "3 devices", "it@lumen.example.com",
     HoldingStatus.ACTIVE, 380, -15, False),
    ("workplace", "Meeting rooms", "Workplace Standard", "12 rooms", "LUMEN-4471", HoldingStatus.TRIAL, 9, 21, False),
]  # fmt: skip


def load(session: Session, people: dict[str, Account]) -> None:
    """Customers and holdings for the people of demo/people.py (by the part of their address before the @)."""
    for partner, company, country, city, first, last, address, state in CUSTOMERS:
        _customer(session, people[partner], company, country, city, state, email=address, first_name=first,
                  last_name=last)  # fmt: skip
    today = clock.now().date()
    for code, name, plan, capacity, identifier, status, began, ends, renews in HOLDINGS:
        session.add(
            Holding(
                organisation_id=people["partner"].organisation_id,
                customer_id=people["customer"].organisation_id,
                product_id=session.exec(select(Product.id).where(col(Product.code) == code)).one() or 0,
                identifier=identifier,
                name=name,
                plan=plan,
                capacity=capacity,
                status=status,
                auto_renew=renews,
                starts_on=today - timedelta(days=began),
                expires_on=today + timedelta(days=ends),
                created_at=clock.now() - timedelta(days=began),
            )
        )


def _customer(
    session: Session, partner: Account, company: str, country: str, city: str, state: str, **person: Any
) -> None:
    """A customer in one of the states of services/account_states.py."""
    now = clock.now()
    active = state in ("active", "removal_requested")
    parent = session.get_one(Organisation, partner.organisation_id)
    organisation = accounts.create_organisation(
        session, parent, OrganisationKind.CUSTOMER, company, country=country, city=city
    )
    account = Account(
        organisation_id=organisation.key,
        kind=Kind.CUSTOMER,
        created_by_id=partner.key,
        created_at=now - timedelta(days=30 if state == "active" else 4),
        status=Status.ACTIVE if active else Status.NOT_ACTIVATED,
        activated_at=now - timedelta(days=3) if active else None,
        password_hash=partner.password_hash if active else None,
        removal_requested_at=now - timedelta(hours=3) if state == "removal_requested" else None,
        removal_requested_by_id=partner.key if state == "removal_requested" else None,
        **person,
    )
    session.add(account)
    session.flush()
    if state == "not_activated":
        accounts.send_activation(session, account, parent.name)
    if state == "link_expired":
        session.add(
            Link(
                account_id=account.key,
                purpose=LinkPurpose.ACTIVATION,
                token_hash=digest(new_token()),
                created_at=now - timedelta(days=4),
                expires_at=now - timedelta(days=2),
            )
        )
