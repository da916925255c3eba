"""Codes of the second factor: from a "Security App" (TOTP), by email, and the recovery codes. Each works once."""

import secrets
import unicodedata
from datetime import timedelta
from hmac import compare_digest
from typing import Annotated, Any

import pyotp
import sqlalchemy as sa
from pydantic import BeforeValidator, StringConstraints
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.engines.secrets import keyed_digest, unseal
from yeastar_app.models.accounts import Account
from yeastar_app.models.credentials import EmailCode, RecoveryCode
from yeastar_app.refusals import Refusal
from yeastar_app.services import mail
from yeastar_app.services.throttle import in_words
from yeastar_app.services.tokens import new_code
from yeastar_app.words import t

STEP_SECONDS = 30
EMAIL_CODE_LIFE = timedelta(minutes=5)
EMAIL_CODE_TRIES = 5
EMAIL_CODE_PAUSE = timedelta(minutes=1)
EMAIL_CODES_AN_HOUR = 10
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


def _plain(value: Any) -> Any:
    """As people type codes: with spaces or a hyphen in the middle, in capitals, in full-width digits."""
    if not isinstance(value, str):
        return value
    return "".join(char for char in unicodedata.normalize("NFKC", value) if char.isalnum()).lower()


Code = Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=20)]


def totp_step(secret: str, code: str) -> int:
    """The time step whose code this is, the present one or a neighbour (clocks differ); 0 where it is none."""
    present = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    typed = code.encode("ascii", "replace").decode()
    near = (present, present - 1, present + 1)
    return next((step for step in near if compare_digest(totp.generate_otp(step), typed)), 0)


def use_totp(session: Session, account: Account, code: str) -> bool:
    """Whether the code is right and was not used before (RFC 6238, 5.2); from now on it is."""
    step = totp_step(unseal(account.totp_secret), code) if account.totp_secret else 0
    return step > 0 and _take_step(session, account.key, step)


def _take_step(session: Session, account_id: int, step: int) -> bool:
    """Of many who present the same code at once, one gets True."""
    taken: Any = session.execute(
        sa.update(Account)
        .where(col(Account.id) == account_id, col(Account.totp_last_step) < step)
        .values(totp_last_step=step)
    )
    return bool(taken.rowcount)


def send_email_code(session: Session, account: Account) -> None:
    """Email a fresh code; older ones end. Refusal `code_sent_lately` within a minute of the last, and past ten an
    hour [O]."""
    now = clock.now()
    session.execute(sa.select(col(Account.id)).where(col(Account.id) == account.key).with_for_update())
    sent = session.exec(
        select(EmailCode)
        .where(col(EmailCode.account_id) == account.key, col(EmailCode.created_at) > now - timedelta(hours=1))
        .order_by(col(EmailCode.created_at).desc())
    ).all()
    free_at = now
    if sent and sent[0].used_at is None:
        free_at = sent[0].created_at + EMAIL_CODE_PAUSE
    if len(sent) >= EMAIL_CODES_AN_HOUR:
        free_at = max(free_at, sent[EMAIL_CODES_AN_HOUR - 1].created_at + timedelta(hours=1))
    if now < free_at:
        time = in_words(free_at - now)
        words = t("A code was sent already. You can ask for another in {time}.", time=time)
        raise Refusal("code_sent_lately", words)
    end_email_codes(session, account.key)
    code = new_code()
    session.add(
        EmailCode(
            account_id=account.key,
            code_hash=_hash(account.key, code),
            created_at=now,
            expires_at=now + EMAIL_CODE_LIFE,
        )
    )
    mail.write(
        session,
        kind="code",
        to=account.email,
        subject=t("Your Yeastar verification code"),
        paragraphs=[
            t("Your verification code:"),
            t("It is valid for 5 minutes and works once. Nobody from Yeastar will ever ask you for it."),
        ],
        code=code,
    )


def use_email_code(session: Session, account: Account, code: str) -> bool:
    """Whether the code is right; then it is used. Refusal `code_ended` where no code is waiting (any more): expired,
    used, or tried five times."""
    now = clock.now()
    live = (
        col(EmailCode.account_id) == account.key,
        col(EmailCode.used_at).is_(None),
        col(EmailCode.expires_at) > now,
        col(EmailCode.tries) < EMAIL_CODE_TRIES,
    )
    found: Any = session.execute(
        sa.update(EmailCode).where(*live).values(tries=col(EmailCode.tries) + 1).returning(col(EmailCode.code_hash))
    ).scalar()
    if found is None:
        raise Refusal("code_ended", t("No code is waiting any more. Send a new one."), "code", keep=True)
    if not compare_digest(str(found), _hash(account.key, code)):
        return False
    end_email_codes(session, account.key)
    return True


def end_email_codes(session: Session, account_id: int) -> None:
    session.execute(
        sa.update(EmailCode)
        .where(col(EmailCode.account_id) == account_id, col(EmailCode.used_at).is_(None))
        .values(used_at=clock.now())
    )


def new_recovery_codes(session: Session, account_id: int) -> list[str]:
    """Ten fresh codes, to be shown once; the older ones end."""
    end_recovery_codes(session, account_id)
    fresh = ["".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, code_hash=_hash(account_id, code)) for code in fresh)
    return [f"{code[:5]}-{code[5:]}" for code in fresh]


def use_recovery_code(session: Session, account: Account, code: str) -> bool:
    used: Any = session.execute(
        sa.update(RecoveryCode)
        .where(
            col(RecoveryCode.account_id) == account.key,
            col(RecoveryCode.code_hash) == _hash(account.key, code),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=clock.now())
    )
    return bool(used.rowcount)


def recovery_codes_left(session: Session, account_id: int) -> int:
    query = sa.select(sa.func.count()).where(
        col(RecoveryCode.account_id) == account_id, col(RecoveryCode.used_at).is_(None)
    )
    return int(session.execute(query).scalar_one())


def end_recovery_codes(session: Session, account_id: int) -> None:
    session.execute(sa.delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))


def _hash(account_id: int, code: str) -> str:
    return keyed_digest(f"{account_id}:{code}")
