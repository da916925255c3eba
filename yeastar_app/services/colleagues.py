"""A partner's colleagues (PRODUCT 3.3): created like customers, each with its own "User Permission". Nobody grants more
than it has, and nobody manages itself."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from sqlmodel import Session, col

from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import PARTNER_FEATURES, Feature, Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import account_lists, images, invitations, people, removal, standing, two_factor
from yeastar_app.services.account_lists import AccountFilter, OneAccount, People
from yeastar_app.services.details import PersonDetails, difference, none_if_empty
from yeastar_app.services.fields import YeastarId
from yeastar_app.services.images import Picture
from yeastar_app.services.paging import Key
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER, Feature.COLLEAGUES)


def _some(grants: list[Feature]) -> list[Feature]:
    if not grants:
        raise ValueError(t("Tick at least one permission."))
    if not PARTNER_FEATURES.issuperset(grants):
        raise ValueError(t("Choose from the permissions shown."))
    return grants


Grants = Annotated[list[Feature], AfterValidator(_some)]


class NewColleague(PersonDetails):
    email: YeastarId
    grants: Grants


class ChangedColleague(PersonDetails):
    id: Key
    email: Annotated[YeastarId | None, BeforeValidator(none_if_empty)] = None
    """Only where the account is not activated yet."""
    grants: Grants


@dataclass(frozen=True)
class ColleagueSheet:
    """A colleague, as the edit page shows it."""

    id: int
    may_change_email: bool
    picture: str
    values: dict[str, str]
    grants: list[str]


@action(POLICY, form=AccountFilter, writes=False)
def listed(session: Session, actor: Actor, form: AccountFilter) -> People:
    """The colleagues of the actor's company, newest first."""
    query = account_lists.people_query(col(Organisation.id) == actor.organisation, col(Account.kind) == Kind.COLLEAGUE)
    return account_lists.listed(session, query, form)


@action(POLICY, writes=False)
def grantable(_session: Session, actor: Actor) -> list[str]:
    """What the actor may grant: what it has itself."""
    return sorted(PARTNER_FEATURES & actor.features)


@action(POLICY, form=NewColleague, prepare=images.prepared_picture)
def create(session: Session, actor: Actor, form: NewColleague, *, prepared: Picture | None) -> int:
    """Create a colleague and send the 48-hour activation email; gives the account's id.

    Refusals: `email_in_use`, `grant_too_high`."""
    own = session.get_one(Organisation, actor.organisation)
    account = people.create_account(session, actor, own, Kind.COLLEAGUE, form.email, **form.of_person())
    account.grants = _granted(actor, form.grants, [])
    if prepared:
        account.image_id = images.store(session, own.key, prepared)
    people.send_activation(session, account, own.name)
    audit(session, actor, "colleague.create", account, label=account.email, after=_recorded(account))
    return account.key


def _granted(actor: Actor, asked: list[Feature], had: list[str]) -> list[str]:
    """What is granted now. What the colleague had beyond the actor's own rights stays. Refusal `grant_too_high`."""
    beyond = {Feature(code) for code in had} - actor.features
    if not (actor.features | beyond).issuperset(asked):
        raise Refusal("grant_too_high", t("You can grant what you may do yourself, not more."), "grants")
    return sorted({*asked} | beyond)


def _refuse_beyond(actor: Actor, account: Account) -> None:
    """Whoever gets the activation email gets the colleague's rights: an address of one's own would be a way to more
    than one has. Refusal `grant_too_high`."""
    if not actor.features.issuperset(Feature(code) for code in account.grants):
        message = t(
            "This colleague may do more than you. Ask the owner of your company's account to change the address."
        )
        raise Refusal("grant_too_high", message, "email")


def _recorded(account: Account) -> dict[str, Any]:
    names = ("email", "first_name", "last_name", "phone", "remark", "image_id", "grants")
    return {name: value for name in names if (value := getattr(account, name)) not in (None, "")}


def _mine(session: Session, actor: Actor, account_id: int | None, *, locked: bool = True) -> Account:
    """A colleague of the actor's company, not the actor itself; NotFound for everybody else."""
    account = people.account_below(session, actor, account_id, Kind.COLLEAGUE)
    if account.organisation_id != actor.organisation or account.key == actor.id:
        raise NotFound(t("This account"))
    if locked:
        people.lock(session, account)
    return account


@action(POLICY, form=OneAccount, writes=False)
def opened(session: Session, actor: Actor, form: OneAccount) -> ColleagueSheet:
    """One of the actor's colleagues, for the edit page."""
    account = _mine(session, actor, form.id, locked=False)
    return ColleagueSheet(
        id=account.key,
        may_change_email=account.status is Status.NOT_ACTIVATED,
        picture=images.address(account.image_id),
        values={name: str(value) for name, value in _recorded(account).items() if name != "grants"},
        grants=list(account.grants),
    )


@action(POLICY, form=ChangedColleague, prepare=images.prepared_picture)
def edit(session: Session, actor: Actor, form: ChangedColleague, *, prepared: Picture | None) -> str:
    """Change a colleague and what it may do, which acts on its very next click; gives the name.

    Refusals: `email_fixed`, `email_in_use`, `resent_too_often`, `grant_too_high`."""
    account = _mine(session, actor, form.id)
    before = _recorded(account)
    for name, value in form.of_person().items():
        setattr(account, name, value)
    account.grants = _granted(actor, form.grants, account.grants)
    if prepared or form.without_picture:
        images.replace(session, account, prepared)
    if form.email and form.email != account.email:
        _refuse_beyond(actor, account)
        invitations.change_email(session, actor, account, form.email)
    audit(session, actor, "colleague.edit", account, label=account.email, **difference(before, _recorded(account)))
    return account.name


@action(POLICY, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send the activation email again; gives the address. Refusals `already_active`, `resent_too_often`."""
    account = _mine(session, actor, form.id)
    invitations.resend(session, actor, account)
    return account.email


@action(POLICY, form=OneAccount)
def freeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague is out and cannot sign in until unfrozen; gives the name. Refusal `not_active`."""
    account = _mine(session, actor, form.id)
    standing.freeze(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def unfreeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague can sign in again; gives the name. Refusal `not_frozen`."""
    account = _mine(session, actor, form.id)
    standing.unfreeze(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def switch_two_factor_off(session: Session, actor: Actor, form: OneAccount) -> str:
    """Turn the second factor off for a colleague who cannot pass it any more; gives the name."""
    account = _mine(session, actor, form.id)
    two_factor.switch_off_for(session, actor, account)
    return account.name


@action(POLICY, form=OneAccount)
def delete(session: Session, actor: Actor, form: OneAccount) -> str:
    """Remove a colleague at once and for good; gives the name."""
    account = _mine(session, actor, form.id)
    removal.take_out(session, actor, account)
    return account.name
