"""Passwords: the first one (activation), a forgotten one, a changed one, one that a superior set (PRODUCT 2)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import OWN_ACCOUNT, PUBLIC, Actor, Credential, action, audit, resolve
from yeastar_app.database import transaction
from yeastar_app.engines import passwords
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.credentials import Link, LinkPurpose, ResetRequest
from yeastar_app.refusals import NotAllowed, Refusal
from yeastar_app.services import capacity, devices, links, mail, sessions, throttle
from yeastar_app.services.fields import Secret, Token, YeastarId
from yeastar_app.services.links import LinkState
from yeastar_app.services.sessions import Ticket
from yeastar_app.services.throttle import Subject
from yeastar_app.words import t

RESET_PAUSE = timedelta(minutes=1)
RESETS_A_DAY = 5

PORTAL_NAMES = {
    Kind.ADMINISTRATOR: t("Yeastar Back Office"),
    Kind.ACCOUNT_MANAGER: t("Yeastar Back Office"),
    Kind.PARTNER: t("Yeastar Partner Portal"),
    Kind.COLLEAGUE: t("Yeastar Partner Portal"),
    Kind.CUSTOMER: t("Yeastar Customer Portal"),
    Kind.RESELLER: t("Yeastar Central Management"),
    Kind.RESELLER_COLLEAGUE: t("Yeastar Central Management"),
}


class LookForm(BaseModel):
    token: Token


class NewPasswordForm(BaseModel):
    """A new password, typed twice."""

    password: Secret
    repeat: Secret


class LinkForm(NewPasswordForm):
    token: Token


class ChangeForm(NewPasswordForm):
    current: Secret


class ForgotForm(BaseModel):
    email: YeastarId


@dataclass(frozen=True)
class Opened:
    """What the page behind a link shows."""

    state: LinkState
    words: str = ""
    email: str = ""
    portal: str = ""
    invited_by: str = ""


UNKNOWN = Opened(LinkState.UNKNOWN, links.refusal(LinkState.UNKNOWN).message)


@dataclass(frozen=True)
class Changed:
    """What was computed outside the transaction: the hash the current password fitted, and that of the new one."""

    matched: str | None
    hashed: str


def _judged(form: NewPasswordForm, account: Account | None) -> str:
    """The hash of a new password; a Refusal at its field where the two differ or it is too easy."""
    known = (account.email, account.first_name, account.last_name) if account else ()
    passwords.judge(form.password, *known)
    if form.password != form.repeat:
        raise Refusal("passwords_differ", t("The two passwords are not the same."), "repeat")
    return passwords.hash_password(form.password)


def _by_link(purpose: LinkPurpose) -> Any:
    def prepare(form: LinkForm, _credential: Credential) -> str:
        with transaction(writes=False) as session:
            state, account = links.look(session, form.token, purpose)
        if state is not LinkState.GOOD:
            raise links.refusal(state)
        return _judged(form, account)

    return prepare


@action(PUBLIC, form=LookForm, writes=False)
def open_activation(session: Session, actor: Actor, form: LookForm) -> Opened:
    """What an activation link is good for, for its page. Uses nothing up."""
    return _opened(session, form.token, LinkPurpose.ACTIVATION)


@action(PUBLIC, form=LookForm, writes=False)
def open_reset(session: Session, actor: Actor, form: LookForm) -> Opened:
    """What a reset link is good for, for its page. Uses nothing up."""
    return _opened(session, form.token, LinkPurpose.PASSWORD_RESET)


def _opened(session: Session, token: str, purpose: LinkPurpose) -> Opened:
    state, account = links.look(session, token, purpose)
    words = "" if state is LinkState.GOOD else links.refusal(state).message
    if account is None:
        return Opened(state, words)
    creator = session.get(Account, account.created_by_id) if account.created_by_id else None
    company = session.get(Organisation, creator.organisation_id) if creator else None
    invited_by = f"{creator.name}, {company.name}" if creator and company else ""
    return Opened(state, words, account.email, PORTAL_NAMES[account.kind], invited_by)


@action(PUBLIC, form=LinkForm, prepare=_by_link(LinkPurpose.ACTIVATION))
def activate(session: Session, actor: Actor, form: LinkForm, *, prepared: str) -> Ticket:
    """Seed 001: the person sets the first password; the account is active, and the ticket signs in at once."""
    account = links.use(session, form.token, LinkPurpose.ACTIVATION)
    account.password_hash = prepared
    account.status = Status.ACTIVE
    account.activated_at = clock.now()
    links.end_all(session, account.key)
    if account.kind is Kind.RESELLER:
        capacity.tell_of_holder(session, account.organisation_id)
    audit(session, sessions.as_owner(actor, account), "account.activate", account, label=account.email,
          before={"status": Status.NOT_ACTIVATED}, after={"status": Status.ACTIVE})  # fmt: skip
    return sessions.hand_out_ticket(session, account, actor.credential)


def _not_too_often(form: ForgotForm, credential: Credential) -> None:
    with transaction(writes=False) as session:
        throttle.check(session, [Subject("forgot", credential.ip)])


# Not audited: nobody is known yet, and an address that has no account must leave the same traces.
@action(PUBLIC, form=ForgotForm, prepare=_not_too_often, audited=False)
def forgot(session: Session, actor: Actor, form: ForgotForm, *, prepared: None) -> None:
    """Ask for a reset email. The same for every address: a row, which
    `send_reset` looks at later. Refusal `slow_down` after twenty from one IP."""
    asker = [Subject("forgot", actor.credential.ip)]
    throttle.hold(session, asker)
    throttle.failed(session, asker)
    session.add(ResetRequest(email=form.email, created_at=clock.now()))


def send_reset(session: Session, request: ResetRequest) -> bool:
    """Turn a request into an email where an active account has this address, at most once a minute and five times a
    day [O]; whether one was written."""
    request.done_at = clock.now()
    account = session.exec(
        select(Account)
        .where(col(Account.email) == request.email, col(Account.status) == Status.ACTIVE)
        .with_for_update()
    ).first()
    if account is None or not _may_send(session, account.key):
        return False
    token = links.issue(session, account, LinkPurpose.PASSWORD_RESET, links.RESET_LIFE)
    mail.write(
        session,
        kind="password_reset",
        to=account.email,
        subject=t("Reset your Yeastar password"),
        paragraphs=[
            t("Somebody asked to reset the password of {email}.", email=account.email),
            t("The link is valid for 1 hour and works once. Your password stays as it is until you set a new one."),
        ],
        button=(t("Reset Password"), f"/reset-password?token={token}"),
    )
    return True


def _may_send(session: Session, account_id: int) -> bool:
    sent = session.exec(
        select(Link.created_at)
        .where(
            col(Link.account_id) == account_id,
            col(Link.purpose) == LinkPurpose.PASSWORD_RESET,
            col(Link.created_at) > clock.now() - timedelta(days=1),
        )
        .order_by(col(Link.created_at).desc())
    ).all()
    return not sent or (len(sent) < RESETS_A_DAY and clock.now() - sent[0] >= RESET_PAUSE)


@action(PUBLIC, form=LinkForm, prepare=_by_link(LinkPurpose.PASSWORD_RESET))
def reset(session: Session, actor: Actor, form: LinkForm, *, prepared: str) -> None:
    """Set a new password by the emailed link. All sessions end, no device is trusted any more, waits are over."""
    account = links.use(session, form.token, LinkPurpose.PASSWORD_RESET)
    _replace(session, account, prepared)
    devices.distrust_all(session, account.key)
    throttle.succeeded(session, throttle.of_sign_in(session, account.email, actor.credential))
    audit(session, sessions.as_owner(actor, account), "password.reset", account, label=account.email)
    _tell(session, account)


def _current_and_new(form: ChangeForm, credential: Credential) -> Changed:
    account = owner(credential)
    with transaction(writes=False) as session:
        throttle.check(session, [_asked_again(account.key)])
    matched = account.password_hash if passwords.verify(form.current, account.password_hash) else None
    if matched and form.current == form.password:
        raise Refusal("password_same", t("Choose a password other than the present one."), "password")
    return Changed(matched, _judged(form, account) if matched else "")


@action(OWN_ACCOUNT, form=ChangeForm, prepare=_current_and_new)
def change(session: Session, actor: Actor, form: ChangeForm, *, prepared: Changed) -> None:
    """Change one's own password; all other sessions end."""
    account = confirm(session, actor, prepared.matched, "current")
    _replace(session, account, prepared.hashed, but=actor.session_id)
    audit(session, actor, "password.change", account, label=account.email)
    _tell(session, account)


def _new_only(form: NewPasswordForm, credential: Credential) -> str:
    account = owner(credential)
    if not account.must_change_password:
        raise NotAllowed
    if passwords.verify(form.password, account.password_hash):
        raise Refusal("password_same", t("Choose a password other than the present one."), "password")
    return _judged(form, account)


@action(OWN_ACCOUNT, form=NewPasswordForm, prepare=_new_only)
def replace(session: Session, actor: Actor, form: NewPasswordForm, *, prepared: str) -> None:
    """Replace a password that a superior has set; its owner has just signed in with it."""
    account = session.get_one(Account, actor.id, with_for_update=True)
    if not account.must_change_password:
        raise NotAllowed
    _replace(session, account, prepared, but=actor.session_id)
    audit(session, actor, "password.change", account, label=account.email)


def set_for(session: Session, actor: Actor, account: Account, hashed: str) -> None:
    """A superior sets a new password (Seed 002: "in case he or she forgets password"). The caller has checked that
    `account` is below the actor, judged the password and hashed it; its owner must change it at the next sign-in."""
    _replace(session, account, hashed)
    account.must_change_password = True
    audit(session, actor, "password.set", account, label=account.email)


def owner(credential: Credential) -> Account:
    """The account behind a credential; for `prepare`, after the policy was checked."""
    with transaction(writes=False) as session:
        return session.get_one(Account, resolve(session, credential).id)


def matching(password: str, credential: Credential) -> str | None:
    """One's own password asked again, checked outside the transaction: the hash it fits, None where it does not.
    Hand it to `confirm`."""
    account = owner(credential)
    with transaction(writes=False) as session:
        throttle.check(session, [_asked_again(account.key)])
    return account.password_hash if passwords.verify(password, account.password_hash) else None


def confirm(session: Session, actor: Actor, matched: str | None, field: str = "password") -> Account:
    """The actor's account, locked, where the password asked again was right. Refusal `wrong_password`, counted."""
    subjects = [_asked_again(actor.id)]
    throttle.hold(session, subjects)
    account = session.get_one(Account, actor.id, with_for_update=True)
    if matched is None or matched != account.password_hash:
        raise throttle.refusal(session, subjects, "wrong_password", t("This is not your present password."), field)
    throttle.succeeded(session, subjects)
    return account


def _asked_again(account_id: int) -> Subject:
    return Subject("confirm", str(account_id))


def _replace(session: Session, account: Account, hashed: str, *, but: int | None = None) -> None:
    account.password_hash = hashed
    account.must_change_password = False
    links.end_all(session, account.key)
    sessions.end_all(session, account.key, but=but)


def _tell(session: Session, account: Account) -> None:
    mail.write(
        session,
        kind="password_changed",
        to=account.email,
        subject=t("Your Yeastar password was changed"),
        paragraphs=[
            t("The password of {email} was changed on {time} UTC.", email=account.email,
              time=f"{clock.now():%d %B %Y at %H:%M}"),
            t("Was it not you? Set a new password at once."),
        ],
        button=(t("Reset Password"), "/forgot-password"),
    )  # fmt: skip


def clean_up(session: Session) -> None:
    """Drop reset requests that were dealt with a day ago."""
    session.execute(sa.delete(ResetRequest).where(col(ResetRequest.done_at) < clock.now() - timedelta(days=1)))
