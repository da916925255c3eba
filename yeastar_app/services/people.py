"""Companies and accounts as all surfaces need them: creating, finding inside one's own subtree, activation emails.
Who may do it is said by the actions that call this (customers, resellers, staff)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, visible_organisations
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, Organisation, OrganisationKind, Status
from yeastar_app.models.credentials import LinkPurpose
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import links, mail
from yeastar_app.services.fields import nobodys_if_larger
from yeastar_app.words import t

STAFF = (Kind.ADMINISTRATOR, Kind.ACCOUNT_MANAGER)


def create_organisation(
    session: Session, parent: Organisation | None, kind: OrganisationKind, name: str, **values: Any
) -> Organisation:
    """A company below `parent`."""
    row = Organisation(kind=kind, name=name, parent_id=parent.key if parent else None, created_at=clock.now(), **values)
    session.add(row)
    session.flush()
    row.path = f"{parent.path if parent else '/'}{row.key}/"
    session.flush()
    return row


def create_account(
    session: Session, actor: Actor, organisation: Organisation, kind: Kind, email: str, **values: Any
) -> Account:
    """An account that is not activated yet. Refusal `email_in_use` (field `email`) where the address is taken;
    the database's own unique index is the judge."""
    row = Account(
        organisation_id=organisation.key,
        kind=kind,
        email=email,
        created_by_id=actor.account_id,
        created_at=clock.now(),
        **values,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise email_in_use() from None
    return row


def change_email(session: Session, account: Account, email: str) -> None:
    """Another Yeastar ID for an account. Refusal `email_in_use` (field `email`) where the address is taken."""
    try:
        with session.begin_nested():
            account.email = email
    except IntegrityError:
        raise email_in_use() from None


def email_in_use() -> Refusal:
    return Refusal("email_in_use", t("An account with this address exists already."), "email")


def account_below(session: Session, actor: Actor, account_id: Any, *kinds: Kind) -> Account:
    """An account in the actor's own subtree, of one of `kinds` (any where none is named), not removed.

    NotFound for everything else: a stranger's account is not there."""
    query = (
        select(Account)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(visible_organisations(actor), col(Account.status) != Status.REMOVED)
    )
    if kinds:
        query = query.where(col(Account.kind).in_(kinds))
    number = nobodys_if_larger(int(account_id)) if str(account_id).isdecimal() and len(str(account_id)) < 19 else 0
    row = session.exec(query.where(col(Account.id) == number)).first()
    if row is None:
        raise NotFound(t("This account"))
    return row


def name_shown_to(reader: Actor, account: Any = Account) -> Any:
    """A column: who an account is in the eyes of `reader`; empty where there is none. Outside the back office the
    vendor's people are the vendor: who of them decided is nobody else's business [O]."""
    whole = sa.func.trim(col(account.first_name) + " " + col(account.last_name))
    name = sa.func.coalesce(sa.func.nullif(whole, ""), col(account.email), "")
    if Surface.STAFF in reader.surfaces:
        return name
    company = aliased(Organisation)
    vendor = sa.select(col(company.name)).where(col(company.id) == col(account.organisation_id)).scalar_subquery()
    return sa.case((col(account.kind).in_(STAFF), vendor), else_=name)


def owners(session: Session, organisation_id: int) -> Sequence[str]:
    """Addresses of a partner's active owners: who is told about the company's points and tier."""
    return session.exec(
        select(Account.email).where(
            col(Account.organisation_id) == organisation_id,
            col(Account.kind) == Kind.PARTNER,
            col(Account.status) == Status.ACTIVE,
        )
    ).all()


def managers(session: Session, organisation_id: int) -> Sequence[str]:
    """Addresses of the active account managers who look after a partner; where nobody does, the administrators'."""
    active = select(Account.email).where(col(Account.status) == Status.ACTIVE)
    looking_after = active.join(ManagedPartner, col(ManagedPartner.account_id) == col(Account.id)).where(
        col(ManagedPartner.organisation_id) == organisation_id
    )
    return (
        session.exec(looking_after).all() or session.exec(active.where(col(Account.kind) == Kind.ADMINISTRATOR)).all()
    )


def lock(session: Session, account: Account) -> None:
    """Hold an account's row, as it is now, to the end of the transaction. NotFound where it was removed meanwhile."""
    session.refresh(account, with_for_update=True)
    if account.status is Status.REMOVED:
        raise NotFound(t("This account"))


def send_activation(session: Session, account: Account, inviter: str) -> None:
    """Write the activation email with a fresh link (older ones end). Refusal `already_active` where there is
    nothing to activate (Yeastar API: USER_HAS_BEEN_ACTIVATED)."""
    if account.status is not Status.NOT_ACTIVATED:
        raise Refusal("already_active", t("This account is activated already. It needs no activation email."))
    life = links.activation_life(account.kind)
    token = links.issue(session, account, LinkPurpose.ACTIVATION, life)
    validity = t("7 days") if life.days >= 7 else t("48 hours")
    portal = {
        Kind.CUSTOMER: t("Yeastar Customer Portal"),
        Kind.RESELLER: t("Yeastar Central Management"),
        Kind.RESELLER_COLLEAGUE: t("Yeastar Central Management"),
    }.get(account.kind, t("Yeastar Partner Portal"))
    mail.write(
        session,
        kind="activation",
        to=account.email,
        subject=t("Activate your account for {portal}", portal=portal),
        paragraphs=[
            t("{who} created an account for you on {portal}.", who=inviter, portal=portal),
            t("Your Yeastar ID, the name you sign in with, is {email}.", email=account.email),
            t("The link is valid for {validity} and works once. After that, ask {who} for a new one.",
              validity=validity, who=inviter),
        ],
        button=(t("Activate Account"), f"/activate?token={token}"),
    )  # fmt: skip
