"""What the tests about customers begin with: a partner signed in, and a form filled in rightly."""

from typing import Any

from sqlmodel import col, select

from tests.factories import account, organisation, signed_in
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, OrganisationKind, TwoFactor
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.services import customers

FORM = {"first_name": "Nadia", "company": "Noord Hotels", "country": "NL", "email": "nadia@noord.example.com"}


def staff(kind: Kind = Kind.ADMINISTRATOR, **values: Any) -> Account:
    """One of the vendor's people; a second factor is demanded of them."""
    return account(kind, two_factor=TwoFactor.EMAIL, **values)


def partner(**rights: Any) -> Credential:
    """A partner with an account manager, signed in."""
    company = organisation(**rights)
    manager = staff(Kind.ACCOUNT_MANAGER, email=f"manager{company.key}@example.com")
    with transaction() as session:
        session.add(ManagedPartner(organisation_id=company.key, account_id=manager.key))
    return signed_in(account(within=company))


def customer(by: Credential, **values: Any) -> int:
    """A customer created through the rules; gives the account's id."""
    return perform(customers.create, {**FORM, **values}, by)


def edit(rules: Any, by: Credential, account_id: int, **values: Any) -> str:
    """Open an account's sheet and save it with `values`; `rules`: customers or colleagues."""
    seen = perform(rules.opened, {"id": account_id}, by).seen
    return perform(rules.edit, {"id": account_id, "seen": seen, **values}, by)


def row(account_id: int) -> Account:
    with transaction(writes=False) as session:
        return session.get_one(Account, account_id)


def company_of(account_id: int) -> Organisation:
    with transaction(writes=False) as session:
        return session.get_one(Organisation, session.get_one(Account, account_id).organisation_id)


def emails(to: str) -> list[Email]:
    with transaction(writes=False) as session:
        return list(session.exec(select(Email).where(col(Email.to) == to).order_by(col(Email.id))))


def audited(action: str) -> list[AuditRow]:
    with transaction(writes=False) as session:
        return list(session.exec(select(AuditRow).where(col(AuditRow.action) == action)))


def manager_of(who: Credential) -> Credential:
    """The account manager of a partner, signed in."""
    from yeastar_app import access

    company = access.who(who).organisation
    with transaction(writes=False) as session:
        found = session.exec(
            select(Account).join(ManagedPartner).where(col(ManagedPartner.organisation_id) == company)
        ).one()
    return signed_in(found)


def customer_below(company: Organisation) -> Account:
    """An active customer of a company, made without the rules."""
    return account(Kind.CUSTOMER, organisation(OrganisationKind.CUSTOMER, company))
