"""The customers (and, where allowed, partners) that a partner looks after: create, list, edit, resend, ask for removal
(Seed 001). Removing is the account manager's: services/staff.py."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BeforeValidator
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, OrganisationKind, Status
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import account_lists, images, invitations, mail, people, seen, two_factor
from yeastar_app.services.account_lists import AccountFilter, OneAccount, People
from yeastar_app.services.details import Details, difference, none_if_empty
from yeastar_app.services.fields import YeastarId
from yeastar_app.services.images import Picture
from yeastar_app.services.paging import Key
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER, Feature.PARTNERS)


class UserType(StrEnum):
    CUSTOMER = "customer"
    PARTNER = "partner"
    RESELLER = "reseller"


KINDS = {UserType.CUSTOMER: Kind.CUSTOMER, UserType.PARTNER: Kind.PARTNER}


class NewCustomer(Details):
    user_type: UserType = UserType.CUSTOMER
    email: YeastarId


class ChangedCustomer(Details):
    id: Key
    seen: seen.Mark
    """Of the sheet it was changed on."""
    email: Annotated[YeastarId | None, BeforeValidator(none_if_empty)] = None
    """Only where the account is not activated yet."""


@dataclass(frozen=True)
class Sheet:
    """An account with its company, as the edit page shows it."""

    id: int
    kind: str
    state: str
    may_change_email: bool
    picture: str
    values: dict[str, str]
    seen: str


@action(POLICY, form=AccountFilter, writes=False)
def listed(session: Session, actor: Actor, form: AccountFilter) -> People:
    """The actor's own customers and partners (not those further down), newest first."""
    kinds = [KINDS[UserType(form.type)]] if form.type in ("customer", "partner") else list(KINDS.values())
    below = (col(Organisation.parent_id) == actor.organisation, col(Account.kind).in_(kinds))
    return account_lists.listed(session, below, form)


@action(POLICY, writes=False)
def user_types(session: Session, actor: Actor) -> list[str]:
    """Which "User Type" the actor's company may create: Customer, and what the account manager allowed."""
    company = session.get_one(Organisation, actor.organisation)
    allowed = [UserType.CUSTOMER.value]
    if company.may_create_partners:
        allowed.append(UserType.PARTNER.value)
    if company.may_create_resellers:
        allowed.append(UserType.RESELLER.value)
    return allowed


@action(POLICY, form=NewCustomer, prepare=images.prepared_picture)
def create(session: Session, actor: Actor, form: NewCustomer, *, prepared: Picture | None) -> int:
    """Create a company with its account and send the 48-hour activation email (Seed 001); gives the account's id.

    Refusals: `email_in_use`, `user_type_not_allowed`, `reseller_needs_package`."""
    if form.user_type.value not in user_types(session, actor):
        message = t("Your account manager has not allowed this user type.")
        raise Refusal("user_type_not_allowed", message, "user_type")
    if form.user_type is UserType.RESELLER:
        message = t("A reseller needs a package: add it in Central Management under System > User > Reseller.")
        raise Refusal("reseller_needs_package", message, "user_type")
    own = session.get_one(Organisation, actor.organisation)
    company = people.create_organisation(session, own, OrganisationKind(form.user_type.value), **form.of_company())
    account = people.create_account(session, actor, company, KINDS[form.user_type], form.email, **form.of_person())
    if prepared:
        account.image_id = images.store(session, company.key, prepared)
    people.send_activation(session, account, actor.organisation_name)
    audit(session, actor, "customer.create", account, label=account.email, after=_recorded(account, company))
    return account.key


def _recorded(account: Account, company: Organisation) -> dict[str, Any]:
    """What the audit log keeps of an account and its company."""
    of_account = ("email", "kind", "first_name", "last_name", "phone", "remark", "image_id")
    of_company = ("name", "country", "state", "city", "street", "postal_code", "tax_type", "tax_number")
    kept = {name: getattr(account, name) for name in of_account}
    kept |= {"company" if name == "name" else name: getattr(company, name) for name in of_company}
    return {name: value for name, value in kept.items() if value not in (None, "")}


def mine(session: Session, actor: Actor, account_id: int | None, *, locked: bool = False) -> Account:
    """A customer or partner directly below the actor's company; NotFound for everybody else's."""
    account = people.account_below(session, actor, account_id, *KINDS.values())
    company = session.get_one(Organisation, account.organisation_id)
    if company.parent_id != actor.organisation:
        raise NotFound(t("This account"))
    if locked:
        people.lock(session, account)
    return account


@action(POLICY, form=OneAccount, writes=False)
def opened(session: Session, actor: Actor, form: OneAccount) -> Sheet:
    """One of the actor's customers, for the edit page."""
    account = mine(session, actor, form.id)
    company = session.get_one(Organisation, account.organisation_id)
    values = {name: str(value or "") for name, value in _recorded(account, company).items()}
    return Sheet(
        id=account.key,
        kind=account.kind.value,
        state=account.status.value,
        may_change_email=account.status is Status.NOT_ACTIVATED,
        picture=images.address(account.image_id),
        values=values,
        seen=_mark(account, company),
    )


def _mark(account: Account, company: Organisation) -> str:
    return seen.mark(_recorded(account, company))


@action(POLICY, form=ChangedCustomer, prepare=images.prepared_picture)
def edit(session: Session, actor: Actor, form: ChangedCustomer, *, prepared: Picture | None) -> str:
    """Change a customer; gives its name. A new address, possible before the activation only, ends the old
    link and gets an email of its own.

    Refusals: `changed_meanwhile`, `email_fixed`, `email_in_use`, `resent_too_often`."""
    account = mine(session, actor, form.id, locked=True)
    company = session.get_one(Organisation, account.organisation_id)
    session.refresh(company)  # as it is under the account's lock
    seen.compare(form.seen, _mark(account, company), account.name)
    before = _recorded(account, company)
    for name, value in form.of_company().items():
        setattr(company, name, value)
    for name, value in form.of_person().items():
        setattr(account, name, value)
    if prepared or form.without_picture:
        images.replace(session, account, prepared)
    if form.email and form.email != account.email:
        invitations.change_email(session, actor, account, form.email)
    changes = difference(before, _recorded(account, company))
    audit(session, actor, "customer.edit", account, label=account.email, **changes)
    return account.name


@action(POLICY, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send the activation email again: at most once a minute and five times a day [O]; gives the address.

    Refusals: `already_active`, `resent_too_often`."""
    account = mine(session, actor, form.id, locked=True)
    invitations.resend(session, actor, account)
    return account.email


@action(POLICY, form=OneAccount)
def switch_two_factor_off(session: Session, actor: Actor, form: OneAccount) -> str:
    """Turn the second factor off for a customer who cannot pass it any more [D]; gives the name.

    Refusal `two_factor_off`."""
    account = mine(session, actor, form.id, locked=True)
    two_factor.switch_off_for(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def request_removal(session: Session, actor: Actor, form: OneAccount) -> str:
    """Ask the account manager to remove a customer (Seed 001: partners do not remove themselves); gives its name.

    Refusal `already_requested`."""
    account = mine(session, actor, form.id, locked=True)
    if account.removal_requested_at is not None:
        message = t("The removal of this account was requested already. Your account manager will see to it.")
        raise Refusal("already_requested", message)
    account.removal_requested_at = clock.now()
    account.removal_requested_by_id = actor.id
    company = session.get_one(Organisation, account.organisation_id)
    for address in managers_of(session, company):
        mail.write(
            session,
            kind="removal_request",
            to=address,
            subject=t("{who} asks you to remove {name}", who=actor.organisation_name, name=account.name),
            paragraphs=[
                t("{person} of {who} asks you to remove the account {email} of {company}.", person=actor.name,
                  who=actor.organisation_name, email=account.email, company=company.name),
                t("Removed accounts can no longer sign in. Their services and orders stay."),
            ],
            button=(t("Open Removal Requests"), "/staff?status=removal_requested"),
        )  # fmt: skip
    audit(session, actor, "customer.request_removal", account, label=account.email)
    return account.name


def managers_of(session: Session, company: Organisation) -> list[str]:
    """Who looks after a company: the account manager of the nearest partner above it, otherwise the administrators."""
    for ancestor in reversed([int(part) for part in company.path.split("/") if part]):
        found = session.scalars(
            sa.select(col(Account.email))
            .join(ManagedPartner, col(ManagedPartner.account_id) == col(Account.id))
            .where(col(ManagedPartner.organisation_id) == ancestor, col(Account.status) == Status.ACTIVE)
        ).all()
        if found:
            return list(found)
    everybody = sa.select(col(Account.email)).where(
        col(Account.kind) == Kind.ADMINISTRATOR, col(Account.status) == Status.ACTIVE
    )
    return list(session.scalars(everybody))
