"""Two-factor authentication: setting it up, turning it off, and passing it at the sign-in (PRODUCT 2)."""

from dataclasses import dataclass

import pyotp
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import OWN_ACCOUNT, PUBLIC, Actor, Credential, action, audit, digest
from yeastar_app.engines.secrets import seal
from yeastar_app.models.accounts import Account, Status, TwoFactor
from yeastar_app.models.credentials import SignInTicket
from yeastar_app.refusals import Refusal
from yeastar_app.services import codes, devices, passwords, sessions, throttle
from yeastar_app.services.codes import Code
from yeastar_app.services.fields import OptionalSecret, Secret, Token
from yeastar_app.services.sessions import Ticket, TicketForm
from yeastar_app.services.throttle import Subject
from yeastar_app.words import t

ISSUER = "Yeastar"


class PassForm(BaseModel):
    """The second step of the sign-in. `ticket` comes from the server's own state, never from the browser."""

    ticket: Token
    code: Code
    recovery: bool = False
    trust: bool = False


class AppForm(BaseModel):
    """Step 02 of "Security App". The password is asked for where two-factor authentication is on already."""

    secret: str = Field(pattern="^[A-Z2-7]{32}$")
    code: Code
    password: OptionalSecret = ""


class EmailForm(BaseModel):
    code: Code
    password: OptionalSecret = ""


class PasswordForm(BaseModel):
    password: Secret


@dataclass(frozen=True)
class Overview:
    method: TwoFactor
    email: str
    recovery_codes_left: int


@dataclass(frozen=True)
class AppSetup:
    """What a "Security App" needs: the key to type, or the address that its QR code carries."""

    secret: str
    address: str


# --- at the sign-in


# Not audited: the session that follows is.
@action(PUBLIC, form=PassForm, audited=False)
def enter_code(session: Session, actor: Actor, form: PassForm) -> Ticket:
    """Pass the second factor with a code of the account's method or with a recovery code."""
    ticket, account = _half_passed(session, actor, form.ticket)
    subjects = [Subject("code", str(account.key))]
    throttle.hold(session, subjects)
    if not _is_right(session, account, form):
        raise throttle.refusal(session, subjects, "wrong_code", t("This code is not right."), "code")
    throttle.succeeded(session, subjects)
    ticket.ready = True
    ticket.expires_at = clock.now() + sessions.TICKET_LIFE
    if form.trust:
        devices.trust(session, account, actor.credential)
    return Ticket(form.ticket)


# Not audited: the email in the outbox is its own trace.
@action(PUBLIC, form=TicketForm, audited=False)
def send_again(session: Session, actor: Actor, form: TicketForm) -> None:
    """Send another code. Refusal `code_sent_lately` within a minute."""
    _, account = _half_passed(session, actor, form.ticket)
    if account.two_factor is TwoFactor.EMAIL:
        codes.send_email_code(session, account)


def _half_passed(session: Session, actor: Actor, token: str) -> tuple[SignInTicket, Account]:
    """The ticket of a right password that waits for its second factor, in the browser that got it."""
    ticket = session.exec(
        select(SignInTicket)
        .where(
            col(SignInTicket.token_hash) == digest(token),
            col(SignInTicket.device_hash) == digest(actor.credential.device_token),
            col(SignInTicket.ready).is_(False),
            col(SignInTicket.used_at).is_(None),
            col(SignInTicket.expires_at) > clock.now(),
        )
        .with_for_update()
    ).first()
    account = session.get(Account, ticket.account_id) if ticket else None
    if ticket is None or account is None or account.status is not Status.ACTIVE:
        raise Refusal("ticket_ended", t("That took too long. Please sign in again."))
    return ticket, account


def _is_right(session: Session, account: Account, form: PassForm) -> bool:
    if account.two_factor is TwoFactor.OFF:  # a superior switched it off a moment ago
        return True
    if form.recovery:
        return codes.use_recovery_code(session, account, form.code)
    if account.two_factor is TwoFactor.APP:
        return codes.use_totp(session, account, form.code)
    return codes.use_email_code(session, account, form.code)


# --- one's own settings


@action(OWN_ACCOUNT, writes=False)
def overview(session: Session, actor: Actor) -> Overview:
    account = session.get_one(Account, actor.id)
    return Overview(account.two_factor, account.email, codes.recovery_codes_left(session, account.key))


@action(OWN_ACCOUNT, writes=False)
def begin_app(session: Session, actor: Actor) -> AppSetup:
    """A fresh key for a "Security App"; nothing is stored before a code has confirmed it."""
    secret = pyotp.random_base32()
    return AppSetup(secret, pyotp.TOTP(secret).provisioning_uri(name=actor.email, issuer_name=ISSUER))


# Not audited: nothing is changed but the outbox.
@action(OWN_ACCOUNT, audited=False)
def send_setup_code(session: Session, actor: Actor) -> None:
    """ "Send Email": a code to one's own address. Refusal `code_sent_lately` within a minute."""
    codes.send_email_code(session, session.get_one(Account, actor.id))


def _password_where_given(form: AppForm | EmailForm, credential: Credential) -> str | None:
    return passwords.matching(form.password, credential) if form.password else None


@action(OWN_ACCOUNT, form=AppForm, prepare=_password_where_given)
def confirm_app(session: Session, actor: Actor, form: AppForm, *, prepared: str | None) -> list[str]:
    """Turn on "Security App" after one right code, which counts as used. Gives the recovery codes, shown once."""
    account = _own(session, actor, prepared)
    step = codes.totp_step(form.secret, form.code)
    if not step:
        raise Refusal("wrong_code", t("This code is not right. Check the time of your phone."), "code")
    account.totp_secret = seal(form.secret)
    account.totp_last_step = step
    return _turn_on(session, actor, account, TwoFactor.APP)


@action(OWN_ACCOUNT, form=EmailForm, prepare=_password_where_given)
def confirm_email(session: Session, actor: Actor, form: EmailForm, *, prepared: str | None) -> list[str]:
    """Turn on "Email Authentication" after one right code. Gives the recovery codes, shown once."""
    account = _own(session, actor, prepared)
    if not codes.use_email_code(session, account, form.code):
        raise Refusal("wrong_code", t("This code is not right."), "code", keep=True)
    account.totp_secret = None
    return _turn_on(session, actor, account, TwoFactor.EMAIL)


def _own(session: Session, actor: Actor, matched: str | None) -> Account:
    """The actor's account, locked; changing the method asks for the password, as turning it off does."""
    account = session.get_one(Account, actor.id, with_for_update=True)
    return account if account.two_factor is TwoFactor.OFF else passwords.confirm(session, actor, matched)


def _turn_on(session: Session, actor: Actor, account: Account, method: TwoFactor) -> list[str]:
    before, account.two_factor = account.two_factor, method
    audit(session, actor, "two_factor.on", account, label=account.email,
          before={"two_factor": before}, after={"two_factor": method})  # fmt: skip
    return codes.new_recovery_codes(session, account.key)


def _password_right(form: PasswordForm, credential: Credential) -> str | None:
    return passwords.matching(form.password, credential)


@action(OWN_ACCOUNT, form=PasswordForm, prepare=_password_right)
def switch_off(session: Session, actor: Actor, form: PasswordForm, *, prepared: str | None) -> None:
    """Turn two-factor authentication off; asks for the password."""
    _turn_off(session, actor, passwords.confirm(session, actor, prepared))


@action(OWN_ACCOUNT, form=PasswordForm, prepare=_password_right)
def renew_codes(session: Session, actor: Actor, form: PasswordForm, *, prepared: str | None) -> list[str]:
    """Ten new recovery codes in place of the old; asks for the password."""
    account = passwords.confirm(session, actor, prepared)
    if account.two_factor is TwoFactor.OFF:
        raise Refusal("two_factor_off", t("Two-factor authentication is off: there is nothing to recover."))
    audit(session, actor, "two_factor.codes", account, label=account.email)
    return codes.new_recovery_codes(session, account.key)


def switch_off_for(session: Session, actor: Actor, account: Account) -> None:
    """A superior turns it off for somebody who cannot pass it any more; never on. The caller has checked that
    `account` is below the actor. Refusal `two_factor_off` where it is off."""
    if account.two_factor is TwoFactor.OFF:
        raise Refusal("two_factor_off", t("Two-factor authentication is off already."))
    _turn_off(session, actor, account)


def _turn_off(session: Session, actor: Actor, account: Account) -> None:
    before, account.two_factor = account.two_factor, TwoFactor.OFF
    account.totp_secret = None
    codes.end_recovery_codes(session, account.key)
    codes.end_email_codes(session, account.key)
    devices.distrust_all(session, account.key)
    audit(session, actor, "two_factor.off", account, label=account.email,
          before={"two_factor": before}, after={"two_factor": TwoFactor.OFF})  # fmt: skip
