"""Freezing an account and letting it go on (PRODUCT 2: active ↔ frozen). The callers have checked that the account is
below the actor and that the actor may do this to it."""

from sqlmodel import Session

from yeastar_app.access import Actor, audit
from yeastar_app.models.accounts import Account, Status
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions
from yeastar_app.words import t


def freeze(session: Session, actor: Actor, account: Account) -> None:
    """The account cannot sign in; open tabs are out on their next click. Refusal `not_active`, `own_account`."""
    if account.id == actor.account_id:
        raise Refusal("own_account", t("You cannot freeze your own account."))
    if account.status is not Status.ACTIVE:
        raise Refusal("not_active", t("Only an active account can be frozen."))
    account.status = Status.FROZEN
    sessions.end_all(session, account.key)
    audit(session, actor, "account.freeze", account, label=account.email,
          before={"status": Status.ACTIVE}, after={"status": Status.FROZEN})  # fmt: skip


def unfreeze(session: Session, actor: Actor, account: Account) -> None:
    """The account can sign in again. Refusal `not_frozen`."""
    if account.status is not Status.FROZEN:
        raise Refusal("not_frozen", t("This account is not frozen."))
    account.status = Status.ACTIVE
    audit(session, actor, "account.unfreeze", account, label=account.email,
          before={"status": Status.FROZEN}, after={"status": Status.ACTIVE})  # fmt: skip
