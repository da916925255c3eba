"""The first administrator of a new system, made from the command line. No password is typed there: the person sets it
by the link that is printed."""

from datetime import timedelta

from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, audit
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.credentials import LinkPurpose
from yeastar_app.refusals import Refusal
from yeastar_app.services import links
from yeastar_app.services.fields import YeastarId
from yeastar_app.settings import settings
from yeastar_app.words import t

LINK_LIFE = timedelta(hours=48)


class AdministratorForm(BaseModel):
    email: YeastarId


def invite(session: Session, form: AdministratorForm) -> str:
    """Create the account (and the vendor's company where there is none yet) and give its activation link's address.
    Running it again for an account that is not activated gives a new link. Refusal `email_in_use`."""
    actor = Actor(email="command line")
    account = session.exec(
        select(Account).where(col(Account.email) == form.email, col(Account.status) != Status.REMOVED)
    ).first()
    if account is None:
        account = Account(
            organisation_id=_vendor(session).key, kind=Kind.ADMINISTRATOR, email=form.email, created_at=clock.now()
        )
        session.add(account)
        session.flush()
        audit(session, actor, "administrator.create", account, label=account.email)
    elif account.kind is not Kind.ADMINISTRATOR or account.status is not Status.NOT_ACTIVATED:
        raise Refusal("email_in_use", t("{email} is the Yeastar ID of another account.", email=form.email))
    token = links.issue(session, account, LinkPurpose.ACTIVATION, LINK_LIFE)
    return f"{settings().address}/activate?token={token}"


def _vendor(session: Session) -> Organisation:
    vendor = session.exec(
        select(Organisation).where(col(Organisation.kind) == OrganisationKind.VENDOR).order_by(col(Organisation.id))
    ).first()
    if vendor is None:
        vendor = Organisation(kind=OrganisationKind.VENDOR, name="Yeastar", created_at=clock.now())
        session.add(vendor)
        session.flush()
        vendor.path = f"/{vendor.id}/"
    return vendor
