"""The back office's accounts list: administrators see all, account managers their partners and what is below; resend
an activation email, remove an account (Seed 001). Nothing removed comes back."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.access import Actor, Policy, action, audit, visible_organisations
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.refusals import Refusal
from yeastar_app.services import account_lists, people, removal, two_factor
from yeastar_app.services.account_lists import AccountFilter, OneAccount, People
from yeastar_app.words import t

POLICY = Policy(Surface.STAFF)

KINDS = {
    Kind.ADMINISTRATOR: t("Administrator"),
    Kind.ACCOUNT_MANAGER: t("Account manager"),
    Kind.PARTNER: t("Partner"),
    Kind.COLLEAGUE: t("Colleague"),
    Kind.CUSTOMER: t("Customer"),
    Kind.RESELLER: t("Reseller"),
    Kind.RESELLER_COLLEAGUE: t("Reseller's colleague"),
}
REMOVABLE = (Kind.CUSTOMER, Kind.PARTNER, Kind.COLLEAGUE)


@dataclass(frozen=True)
class Removed:
    name: str
    accounts: int
    """How many accounts can no longer sign in: a partner's colleagues go with it."""


@action(POLICY, form=AccountFilter, writes=False)
def accounts(session: Session, actor: Actor, form: AccountFilter) -> People:
    """Accounts of every kind that the actor may see, newest first."""
    kind = [col(Account.kind) == form.type] if form.type in set(Kind) else []
    return account_lists.listed(session, [visible_organisations(actor), *kind], form)


@action(POLICY, writes=False)
def removal_requests(session: Session, actor: Actor) -> int:
    """How many partners' requests for a removal wait for the actor."""
    query = (
        sa.select(sa.func.count())
        .select_from(Account)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            visible_organisations(actor),
            col(Account.status) != Status.REMOVED,
            col(Account.removal_requested_at).is_not(None),
        )
    )
    return int(session.scalar(query) or 0)


@action(POLICY, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send a new activation link, also in the place of an expired one (Seed 001); gives the address.

    Refusal `already_active`."""
    account = people.account_below(session, actor, form.id)
    people.lock(session, account)
    people.send_activation(session, account, removal.inviter(session, account))
    audit(session, actor, "account.resend_activation", account, label=account.email)
    return account.email


@action(POLICY, form=OneAccount)
def switch_two_factor_off(session: Session, actor: Actor, form: OneAccount) -> str:
    """Turn the second factor off for somebody who cannot pass it any more [D]; gives the name.

    Refusals: `two_factor_off`, `own_account` (that asks for the password)."""
    account = people.account_below(session, actor, form.id)
    if account.key == actor.id:
        message = t("Turn off your own two-factor authentication under Account, Security: it asks for your password.")
        raise Refusal("own_account", message)
    people.lock(session, account)
    two_factor.switch_off_for(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def remove(session: Session, actor: Actor, form: OneAccount) -> Removed:
    """Remove a customer, a colleague or a partner: out at once, for good. Services and orders stay (Seed 001).

    Refusals: `remove_in_central` (resellers give their capacity back there), `not_removable` (the vendor's own
    people), `has_customers` (a partner that still looks after somebody)."""
    account = people.account_below(session, actor, form.id)
    people.lock(session, account)
    if account.kind in (Kind.RESELLER, Kind.RESELLER_COLLEAGUE):
        message = t("Resellers are removed in Central Management, where their capacity goes back to its owner.")
        raise Refusal("remove_in_central", message)
    if account.kind not in REMOVABLE:
        raise Refusal("not_removable", t("Accounts of the vendor's own people cannot be removed here."))
    going = [account]
    if account.kind is Kind.PARTNER:
        going += _colleagues_of_last_owner(session, account)
    for person in going:
        removal.take_out(session, actor, person)
    return Removed(account.name, len(going))


def _colleagues_of_last_owner(session: Session, owner: Account) -> list[Account]:
    """The colleagues who go with a partner; nobody where another owner stays. Refusal `has_customers`."""
    same = sa.select(Account).where(
        col(Account.organisation_id) == owner.organisation_id,
        col(Account.status) != Status.REMOVED,
        col(Account.id) != owner.key,
    )
    others = list(session.scalars(same))
    if any(other.kind is Kind.PARTNER for other in others):
        return []
    below = (
        sa.select(sa.literal(1))
        .select_from(Account)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(col(Organisation.parent_id) == owner.organisation_id, col(Account.status) != Status.REMOVED)
        .limit(1)
    )
    if session.scalar(below):
        message = t("This partner still looks after customers or resellers. Remove or move them first.")
        raise Refusal("has_customers", message)
    return others
