"""Colleagues of a partner (PRODUCT 3.3) and of a reseller (PRODUCT 5): created like customers, each with its own "User
Permission". Nobody grants more than it has, and nobody manages itself. The rules are the same for both; who asks says
whose colleagues they are. The owner of a hosting package has its colleagues in the Partner Portal."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from sqlmodel import Session, col, select

from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import NEEDS, PARTNER_FEATURES, RESELLER_FEATURES, Feature, Surface, name_of
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import account_lists, images, invitations, people, removal, seen, standing, two_factor
from yeastar_app.services.account_lists import AccountFilter, OneAccount, People
from yeastar_app.services.details import PersonDetails, difference, none_if_empty
from yeastar_app.services.fields import YeastarId
from yeastar_app.services.images import Picture
from yeastar_app.services.paging import Key
from yeastar_app.words import t

POLICY = Policy(Surface.PARTNER, Feature.COLLEAGUES)
"""Of the Partner Portal's pages."""
RESELLERS_POLICY = Policy(
    Surface.CENTRAL, Feature.COLLEAGUE_MANAGE, kinds=frozenset({Kind.RESELLER, Kind.RESELLER_COLLEAGUE})
)
"""Of Central Management's."""
EITHER = replace(POLICY, otherwise=RESELLERS_POLICY)


def _some(grants: list[Feature]) -> list[Feature]:
    if not grants:
        raise ValueError(t("Tick at least one permission."))
    return grants


@dataclass(frozen=True)
class Circle:
    """Whose colleagues they are: the kind of their accounts, the owner's, and what can be granted at all."""

    kind: Kind
    owner: Kind
    features: frozenset[Feature]


OF_A_PARTNER = Circle(Kind.COLLEAGUE, Kind.PARTNER, PARTNER_FEATURES)
OF_A_RESELLER = Circle(Kind.RESELLER_COLLEAGUE, Kind.RESELLER, RESELLER_FEATURES)


def circle_of(actor: Actor) -> Circle:
    """Whose colleagues the actor manages: its own company's."""
    return OF_A_RESELLER if actor.kind in RESELLERS_POLICY.kinds else OF_A_PARTNER


Grants = Annotated[list[Feature], AfterValidator(_some)]


class NewColleague(PersonDetails):
    email: YeastarId
    grants: Grants


class ChangedColleague(PersonDetails):
    id: Key
    seen: seen.Mark
    """Of the sheet it was changed on."""
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
    seen: str


@action(EITHER, form=AccountFilter, writes=False)
def listed(session: Session, actor: Actor, form: AccountFilter) -> People:
    """The colleagues of the actor's company, newest first."""
    kind = circle_of(actor).kind
    own = (col(Account.organisation_id) == actor.organisation, col(Account.kind) == kind)
    return account_lists.listed(session, own, form)


@action(EITHER, writes=False)
def grantable(_session: Session, actor: Actor) -> list[str]:
    """What the actor may grant: what it has itself."""
    return sorted(circle_of(actor).features & actor.features)


@action(EITHER, form=NewColleague, prepare=images.prepared_picture)
def create(session: Session, actor: Actor, form: NewColleague, *, prepared: Picture | None) -> int:
    """Create a colleague and send the activation email, whose link is valid for 48 hours, a reseller's for 7 days;
    gives the account's id.

    Refusals: `email_in_use`, `grant_too_high`, `grant_needs_another`."""
    own, kind = session.get_one(Organisation, actor.organisation), circle_of(actor).kind
    grants = _granted(session, actor, form.grants, [])
    account = people.create_account(session, actor, own, kind, form.email, **form.of_person(), grants=grants)
    if prepared:
        account.image_id = images.store(session, own.key, prepared)
    people.send_activation(session, account, own.name)
    audit(session, actor, "colleague.create", account, label=account.email, after=_recorded(account))
    return account.key


def _granted(session: Session, actor: Actor, asked: list[Feature], had: list[str]) -> list[str]:
    """What is granted now. What the colleague had beyond the actor's own rights stays.

    Refusals: `grant_too_high`; `grant_needs_another` where a permission is of no use without one that is missing."""
    circle, owner = circle_of(actor), _owner(session, actor)
    if owner and owner.status is Status.REMOVED:  # a moment ago, and its colleagues with it
        raise NotFound(t("This company"))
    if owner and circle.owner is Kind.RESELLER and not actor.features.issubset(owner.grants):
        changed = t("What your company may do was changed a moment ago. Reload the page.")
        raise Refusal("grant_too_high", changed, "grants")
    if not circle.features.issuperset(asked):
        raise Refusal("unknown_grant", t("Choose from the permissions shown."), "grants")
    beyond = {Feature(code) for code in had} - actor.features
    if not (actor.features | beyond).issuperset(asked):
        raise Refusal("grant_too_high", t("You can grant what you may do yourself, not more."), "grants")
    refuse_incomplete({*asked} | beyond, "grants")
    return sorted({*asked} | beyond)


def _owner(session: Session, actor: Actor) -> Account | None:
    """The owner of the actor's company, its rights held as they are until this is saved: whoever narrows them comes
    before or after."""
    return session.exec(
        select(Account)
        .where(col(Account.organisation_id) == actor.organisation, col(Account.kind) == circle_of(actor).owner)
        .order_by(col(Account.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def refuse_incomplete(wanted: set[Feature], field: str) -> None:
    """Refusal `grant_needs_another` where something is granted that cannot be used without what is not."""
    for feature in sorted(wanted):
        for needed in set(NEEDS.get(feature, ())) - wanted:
            words = t("“{one}” is of no use without “{other}”: tick both.",
                      one=name_of(feature), other=name_of(needed))  # fmt: skip
            raise Refusal("grant_needs_another", words, field)


def cut_to(session: Session, organisation_id: int, circle: Circle, allowed: set[str]) -> None:
    """Take from a company's colleagues what their owner may not do any more; the caller has locked the owner."""
    for account in session.exec(
        select(Account)
        .where(col(Account.organisation_id) == organisation_id, col(Account.kind) == circle.kind)
        .with_for_update()
        .execution_options(populate_existing=True)
    ):
        if not allowed.issuperset(account.grants):
            account.grants = sorted(allowed.intersection(account.grants))


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


def mine(session: Session, actor: Actor, account_id: int | None, *, locked: bool = True) -> Account:
    """A colleague of the actor's company, not the actor itself; NotFound for everybody else."""
    account = people.account_below(session, actor, account_id, circle_of(actor).kind)
    if account.organisation_id != actor.organisation or account.key == actor.id:
        raise NotFound(t("This account"))
    if locked:
        _owner(session, actor)  # before the colleague, as whoever narrows the owner's rights does
        people.lock(session, account)
    return account


@action(EITHER, form=OneAccount, writes=False)
def opened(session: Session, actor: Actor, form: OneAccount) -> ColleagueSheet:
    """One of the actor's colleagues, for the edit page."""
    account = mine(session, actor, form.id, locked=False)
    return ColleagueSheet(
        id=account.key,
        may_change_email=account.status is Status.NOT_ACTIVATED,
        picture=images.address(account.image_id),
        values={name: str(value) for name, value in _recorded(account).items() if name != "grants"},
        grants=list(account.grants),
        seen=_mark(account),
    )


def _mark(account: Account) -> str:
    return seen.mark(_recorded(account))


@action(EITHER, form=ChangedColleague, prepare=images.prepared_picture)
def edit(session: Session, actor: Actor, form: ChangedColleague, *, prepared: Picture | None) -> str:
    """Change a colleague and what it may do, which acts on its very next click; gives the name.

    Refusals: `changed_meanwhile`, `email_fixed`, `email_in_use`, `resent_too_often`, `grant_too_high`,
    `grant_needs_another`."""
    account = mine(session, actor, form.id)
    seen.compare(form.seen, _mark(account), account.name)
    before = _recorded(account)
    for name, value in form.of_person().items():
        setattr(account, name, value)
    account.grants = _granted(session, actor, form.grants, account.grants)
    if prepared or form.without_picture:
        images.replace(session, account, prepared)
    if form.email and form.email != account.email:
        _refuse_beyond(actor, account)
        invitations.change_email(session, actor, account, form.email)
    audit(session, actor, "colleague.edit", account, label=account.email, **difference(before, _recorded(account)))
    return account.name


@action(EITHER, form=OneAccount)
def resend_activation(session: Session, actor: Actor, form: OneAccount) -> str:
    """Send the activation email again; gives the address. Refusals `already_active`, `resent_too_often`."""
    account = mine(session, actor, form.id)
    invitations.resend(session, actor, account)
    return account.email


@action(EITHER, form=OneAccount)
def freeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague is out and cannot sign in until unfrozen; gives the name. Refusal `not_active`."""
    account = mine(session, actor, form.id)
    standing.freeze(session, actor, account)
    return account.name


@action(EITHER, form=OneAccount)
def unfreeze(session: Session, actor: Actor, form: OneAccount) -> str:
    """The colleague can sign in again; gives the name. Refusal `not_frozen`."""
    account = mine(session, actor, form.id)
    standing.unfreeze(session, actor, account)
    return account.name


@action(EITHER, form=OneAccount)
def switch_two_factor_off(session: Session, actor: Actor, form: OneAccount) -> str:
    """Turn the second factor off for a colleague who cannot pass it any more; gives the name."""
    account = mine(session, actor, form.id)
    two_factor.switch_off_for(session, actor, account)
    return account.name


@action(EITHER, form=OneAccount)
def delete(session: Session, actor: Actor, form: OneAccount) -> str:
    """Remove a colleague at once and for good; gives the name."""
    account = mine(session, actor, form.id)
    removal.take_out(session, actor, account)
    return account.name
