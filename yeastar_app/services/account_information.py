"""A customer's own account information: all of it to be read (Seed 001), name, phone and picture to be changed [O]."""

from dataclasses import dataclass

from sqlmodel import Session

from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.services import images
from yeastar_app.services.countries import country_name
from yeastar_app.services.details import PersonDetails
from yeastar_app.services.images import Picture
from yeastar_app.words import day, t

POLICY = Policy(Surface.CUSTOMER)


class OwnInformation(PersonDetails):
    """The remark in it is the partner's, and stays as it is."""


@dataclass(frozen=True)
class Information:
    email: str
    first_name: str
    last_name: str
    phone: str
    picture: str
    company: str
    address: list[str]
    """The lines of the postal address."""
    tax: str
    partner: str
    since: str
    two_factor: str


@action(POLICY, writes=False)
def read(session: Session, actor: Actor) -> Information:
    """The information of the account that asks."""
    account = session.get_one(Account, actor.id)
    company = session.get_one(Organisation, account.organisation_id)
    partner = session.get(Organisation, company.parent_id) if company.parent_id else None
    town = " ".join(part for part in (company.postal_code, company.city) if part)
    lines = [company.street, town, company.state, country_name(company.country)]
    methods = {"off": t("Off"), "app": t("Security App"), "email": t("Email Authentication")}
    return Information(
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        phone=account.phone or "",
        picture=images.address(account.image_id),
        company=company.name,
        address=[line for line in lines if line],
        tax=f"{company.tax_type.value.replace('_', ' ')} {company.tax_number}" if company.tax_type else "",
        partner=partner.name if partner else "",
        since=day(account.activated_at),
        two_factor=methods[account.two_factor.value],
    )


@action(POLICY, form=OwnInformation, prepare=images.prepared_picture)
def change(session: Session, actor: Actor, form: OwnInformation, *, prepared: Picture | None) -> str:
    """Change the name, phone and picture of the account that asks; gives the name."""
    account = session.get_one(Account, actor.id)
    fields = ("first_name", "last_name", "phone", "image_id")
    before = {name: getattr(account, name) for name in fields}
    account.first_name, account.last_name = form.first_name or "", form.last_name or ""
    account.phone = form.phone
    if prepared or form.without_picture:
        images.replace(session, account, prepared)
    after = {name: getattr(account, name) for name in fields}
    audit(session, actor, "account.change", account, label=account.email, before=before, after=after)
    return account.name
