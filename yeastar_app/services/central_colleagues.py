"""A reseller's own colleagues (Central Management > System > User > My Colleague): the rules of colleagues.py, below
what the reseller itself may do. The owner of a hosting package has its colleagues in the Partner Portal."""

from sqlmodel import Session

from yeastar_app.access import Actor, Policy, action
from yeastar_app.features import RESELLER_FEATURES, Feature, Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.services import colleagues, images, invitations, removal, standing, two_factor
from yeastar_app.services.account_lists import AccountFilter, OneAccount, People
from yeastar_app.services.colleagues import ChangedColleague, Circle, ColleagueSheet, NewColleague
from yeastar_app.services.images import Picture

POLICY = Policy(Surface.CENTRAL, Feature.COLLEAGUE_MANAGE, kinds=frozenset({Kind.RESELLER, Kind.RESELLER_COLLEAGUE}))
OF_A_RESELLER = Circle(Kind.RESELLER_COLLEAGUE, Kind.RESELLER, RESELLER_FEATURES)


@action(POLICY, form=AccountFilter, writes=False)
def listed(session: Session, actor: Actor, form: AccountFilter) -> People:
    """See colleagues.list_of."""
    return colleagues.list_of(session, actor, OF_A_RESELLER, form)


@action(POLICY, writes=False)
def grantable(_session: Session, actor: Actor) -> list[str]:
    """See colleagues.grantable_by."""
    return sorted(colleagues.grantable_by(actor, OF_A_RESELLER))


@action(POLICY, form=NewColleague, prepare=images.prepared_picture)
def create(session: Session, actor: Actor, form: NewColleague, *, prepared: Picture | None) -> int:
    """See colleagues.add; the email's link is valid for 7 days, as all of Central Management."""
    return colleagues.add(session, actor, OF_A_RESELLER, form, prepared)


@action(POLICY, form=OneAccount, writes=False)
def opened(session: Session, actor: Actor, form: OneAccount) -> ColleagueSheet:
    """One of the actor's colleagues, for the edit page."""
    return colleagues.sheet(colleagues.mine(session, actor, OF_A_RESELLER, form.id, locked=False))


@action(POLICY, form=ChangedColleague, prepare=images.prepared_picture)
def edit(session: Session, actor: Actor, form: ChangedColleague, *, prepared: Picture | None) -> str:
    """See colleagues.change."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    return colleagues.change(session, actor, OF_A_RESELLER, account, form, prepared)


@action(POLICY, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send the activation email again; gives the address. Refusals `already_active`, `resent_too_often`."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    invitations.resend(session, actor, account)
    return account.email


@action(POLICY, form=OneAccount)
def freeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague is out and cannot sign in until unfrozen; gives the name. Refusal `not_active`."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    standing.freeze(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def unfreeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague can sign in again; gives the name. Refusal `not_frozen`."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    standing.unfreeze(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def switch_two_factor_off(session: Session, actor: Actor, form: OneAccount) -> str:
    """Turn the second factor off for a colleague who cannot pass it any more; gives the name."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    two_factor.switch_off_for(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def delete(session: Session, actor: Actor, form: OneAccount) -> str:
    """Remove a colleague at once and for good; gives the name."""
    account = colleagues.mine(session, actor, OF_A_RESELLER, form.id)
    removal.take_out(session, actor, account)
    return account.name
