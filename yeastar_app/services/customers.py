"""The customers (and, where allowed, partners) that a partner looks after: create, list, edit, resend, ask for removal
(Seed 001). Removing is the account manager's: services/staff.py."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, field_validator
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, OrganisationKind, Status, TaxType
from yeastar_app.models.credentials import Link, LinkPurpose
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import account_states, images, mail, people
from yeastar_app.services.countries import Country
from yeastar_app.services.fields import Line, OptionalLine, OptionalPhone, OptionalText, YeastarId, at_most
from yeastar_app.services.images import Picture
from yeastar_app.services.paging import Key, PageForm, Search, contains, page_of
from yeastar_app.words import day, t

POLICY = Policy(Surface.PARTNER, Feature.PARTNERS)

RESEND_PAUSE = timedelta(minutes=1)
RESENDS_A_DAY = 5
"""[O] How often a partner may have an activation email sent again; account managers are not limited."""


class UserType(StrEnum):
    CUSTOMER = "customer"
    PARTNER = "partner"
    RESELLER = "reseller"


KINDS = {UserType.CUSTOMER: Kind.CUSTOMER, UserType.PARTNER: Kind.PARTNER}


def _none_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def name_given(value: str | None, info: ValidationInfo) -> str | None:
    """For `first_name`, in a form where `last_name` stands before it: one of the two is needed (PRODUCT 3.2)."""
    if "last_name" in info.data and not value and not info.data["last_name"]:
        raise ValueError(t("Enter a first or a last name."))
    return value


class Details(BaseModel):
    """ "Account Information", as it is created and edited (PRODUCT 3.2)."""

    last_name: Annotated[OptionalLine, at_most(100)] = None
    first_name: Annotated[OptionalLine, at_most(100), AfterValidator(name_given)] = Field(None, validate_default=True)
    company: Line
    country: Country
    phone: OptionalPhone = None
    state: Annotated[OptionalLine, at_most(100)] = None
    city: Annotated[OptionalLine, at_most(100)] = None
    street: Annotated[OptionalLine, at_most(200)] = None
    postal_code: Annotated[OptionalLine, at_most(20)] = None
    tax_type: Annotated[TaxType | None, BeforeValidator(_none_if_empty)] = None
    tax_number: Annotated[OptionalLine, at_most(50)] = Field(None, validate_default=True)
    remark: Annotated[OptionalText, at_most(500)] = None
    picture: bytes | None = None

    @field_validator("tax_number")
    @classmethod
    def _number_with_type(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "tax_type" in info.data and bool(value) != bool(info.data["tax_type"]):
            raise ValueError(t("Choose the tax type this number belongs to.") if value else t("Enter the tax number."))
        return value

    def of_company(self) -> dict[str, Any]:
        """What is kept with the company."""
        names = ("country", "state", "city", "street", "postal_code", "tax_type", "tax_number")
        return {"name": self.company} | {name: getattr(self, name) for name in names}

    def of_person(self) -> dict[str, Any]:
        """What is kept with the account."""
        return {
            "first_name": self.first_name or "",
            "last_name": self.last_name or "",
            "phone": self.phone,
            "remark": self.remark,
        }


class NewCustomer(Details):
    user_type: UserType = UserType.CUSTOMER
    email: YeastarId


class ChangedCustomer(Details):
    id: Key
    email: Annotated[YeastarId | None, BeforeValidator(_none_if_empty)] = None
    """Only where the account is not activated yet."""
    without_picture: bool = False


class OneAccount(BaseModel):
    id: Key


class CustomerFilter(PageForm):
    """The list's address: unknown words in it filter nothing."""

    search: Search = ""
    status: Search = ""
    type: Search = ""


@dataclass(frozen=True)
class Person:
    """A row of a list of accounts."""

    id: int
    name: str
    company: str
    email: str
    kind: str
    state: str
    state_label: str
    tone: str
    created: str
    picture: str
    two_factor: bool


@dataclass(frozen=True)
class People:
    rows: list[Person]
    newer: int
    older: int


@dataclass(frozen=True)
class Sheet:
    """An account with its company, as the edit page shows it."""

    id: int
    kind: str
    state: str
    may_change_email: bool
    picture: str
    values: dict[str, str]


def people_query(*conditions: Any) -> sa.Select[Any]:
    """Accounts with their company and state, by Person's needs; never removed ones."""
    return (
        sa.select(
            col(Account.id).label("id"),
            col(Account.kind).label("kind"),
            col(Account.email).label("email"),
            col(Account.first_name).label("first_name"),
            col(Account.last_name).label("last_name"),
            col(Account.image_id).label("image_id"),
            col(Account.two_factor).label("two_factor"),
            col(Account.created_at).label("created_at"),
            col(Organisation.name).label("company"),
            account_states.state_of(clock.now()).label("state"),
        )
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(col(Account.status) != Status.REMOVED, *conditions)
    )


def person_of(row: Any) -> Person:
    """A row of `people_query` as lists show it."""
    return Person(
        id=row.id,
        name=f"{row.first_name} {row.last_name}".strip() or row.email,
        company=row.company,
        email=row.email,
        kind=row.kind,
        state=row.state,
        state_label=account_states.STATES[row.state],
        tone=account_states.TONES[row.state],
        created=day(row.created_at),
        picture=images.address(row.image_id),
        two_factor=row.two_factor != "off",
    )


def matching(search: str) -> Any:
    """Accounts whose name, company or Yeastar ID contains what is searched for."""
    whole_name = col(Account.first_name) + " " + col(Account.last_name)
    return contains(search, col(Account.email), whole_name, col(Organisation.name))


@action(POLICY, form=CustomerFilter, writes=False)
def listed(session: Session, actor: Actor, form: CustomerFilter) -> People:
    """The actor's own customers and partners (not those further down), newest first."""
    kinds = [KINDS[UserType(form.type)]] if form.type in ("customer", "partner") else list(KINDS.values())
    query = people_query(col(Organisation.parent_id) == actor.organisation, col(Account.kind).in_(kinds))
    if form.search:
        query = query.where(matching(form.search))
    if form.status in account_states.STATES:
        query = query.where(account_states.state_of(clock.now()) == form.status)
    found = page_of(session, query, col(Account.id), form)
    return People([person_of(row) for row in found.rows], found.newer, found.older)


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
        session.refresh(account, with_for_update=True)
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
    )


@action(POLICY, form=ChangedCustomer, prepare=images.prepared_picture)
def edit(session: Session, actor: Actor, form: ChangedCustomer, *, prepared: Picture | None) -> str:
    """Change a customer; gives its name. A new address, possible before the activation only, ends the old
    link and gets an email of its own.

    Refusals: `email_fixed`, `email_in_use`, `resent_too_often`."""
    account = mine(session, actor, form.id, locked=True)
    company = session.get_one(Organisation, account.organisation_id)
    before = _recorded(account, company)
    for name, value in form.of_company().items():
        setattr(company, name, value)
    for name, value in form.of_person().items():
        setattr(account, name, value)
    if prepared or form.without_picture:
        change_picture(session, account, prepared)
    if form.email and form.email != account.email:
        _change_email(session, actor, account, form.email)
    after = _recorded(account, company)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    audit(
        session, actor, "customer.edit", account, label=account.email,
        before={name: before.get(name) for name in sorted(changed)},
        after={name: after.get(name) for name in sorted(changed)},
    )  # fmt: skip
    return account.name


def change_picture(session: Session, account: Account, picture: Picture | None) -> None:
    """Give an account a new picture, or none; the old one goes."""
    old = account.image_id
    account.image_id = images.store(session, account.organisation_id, picture) if picture else None
    session.flush()
    images.discard(session, old)


def _change_email(session: Session, actor: Actor, account: Account, email: str) -> None:
    if account.status is not Status.NOT_ACTIVATED:
        message = t("The Yeastar ID of an activated account stays as it is.")
        raise Refusal("email_fixed", message, "email")
    people.change_email(session, account, email)
    _refuse_too_often(session, account)
    people.send_activation(session, account, actor.organisation_name)


@action(POLICY, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send the activation email again: at most once a minute and five times a day [O]; gives the address.

    Refusals: `already_active`, `resent_too_often`."""
    account = mine(session, actor, form.id, locked=True)
    resend(session, actor, account)
    return account.email


def resend(session: Session, actor: Actor, account: Account) -> None:
    """The partner's way of sending an activation email again, for customers and colleagues alike."""
    if account.status is Status.NOT_ACTIVATED:
        _refuse_too_often(session, account)
    people.send_activation(session, account, actor.organisation_name)
    audit(session, actor, "account.resend_activation", account, label=account.email)


def _refuse_too_often(session: Session, account: Account) -> None:
    """Every link of the last day counts, whoever sent it, except the one the account began with."""
    now = clock.now()
    sent = session.execute(
        sa.select(sa.func.count(), sa.func.max(col(Link.created_at))).where(
            col(Link.account_id) == account.key,
            col(Link.purpose) == LinkPurpose.ACTIVATION,
            col(Link.created_at) > now - timedelta(days=1),
        )
    ).one()
    first = account.created_at > now - timedelta(days=1)
    if sent[0] and now - sent[1] < RESEND_PAUSE:
        message = t("An activation email was sent less than a minute ago. Wait a moment, then send another.")
        raise Refusal("resent_too_often", message)
    if sent[0] - first >= RESENDS_A_DAY:
        message = t("Five activation emails were sent within a day. Try tomorrow, or ask your account manager.")
        raise Refusal("resent_too_often", message)


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
