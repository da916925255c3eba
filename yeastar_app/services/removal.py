"""What a removal does to an account, whoever removes it: out at once and for good; services and orders stay."""

from sqlmodel import Session

from yeastar_app import clock
from yeastar_app.access import Actor, audit
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.services import links, mail, sessions
from yeastar_app.words import t


def inviter(session: Session, account: Account) -> str:
    """The company the activation email names: the one the account was created by."""
    company = session.get_one(Organisation, account.organisation_id)
    inside = account.kind in (Kind.COLLEAGUE, Kind.RESELLER_COLLEAGUE)
    above = None if inside or company.parent_id is None else session.get(Organisation, company.parent_id)
    return above.name if above else company.name


def take_out(session: Session, actor: Actor, account: Account) -> None:
    """Remove an account: its sessions and links end, its address is free again, its person is told. The caller has
    locked it and checked that the actor may."""
    before, account.status = account.status, Status.REMOVED
    account.removed_at, account.removal_requested_at = clock.now(), None
    sessions.end_all(session, account.key)
    links.end_all(session, account.key)
    mail.write(
        session,
        kind="removal",
        to=account.email,
        subject=t("Your Yeastar account was removed"),
        paragraphs=[
            t("The account {email} was removed. You can no longer sign in with it.", email=account.email),
            t("Services that were subscribed for you keep running. If this surprises you, please ask {who}.",
              who=inviter(session, account)),
        ],
    )  # fmt: skip
    audit(session, actor, "account.remove", account, label=account.email,
          before={"status": before.value}, after={"status": Status.REMOVED.value})  # fmt: skip
