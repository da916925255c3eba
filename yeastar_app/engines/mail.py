"""Handing one email over to an SMTP server, or not at all where none is set. Knows no rule and no table."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from yeastar_app.settings import settings

TIMEOUT_SECONDS = 20


class NotSent(Exception):
    """The email did not go out. `final`: trying again will not help (a refused recipient)."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Letter:
    """An email about to leave. `identity` is the same at every try, so that a copy can be recognised."""

    identity: str
    to: str
    subject: str
    text: str
    html: str
    at: datetime


def is_configured() -> bool:
    """Whether there is a server to send by; without one, emails stay in the local mailbox."""
    return bool(settings().smtp_host)


def send(letter: Letter) -> None:
    """Hand the letter to the server. Blocks; raises NotSent."""
    try:
        with _connection() as server:
            server.send_message(message(letter))
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise NotSent(f"{code} {_words(words)}", final=code >= 500) from None
    except smtplib.SMTPResponseException as error:
        # A refused sign-in or sender is ours to mend: those letters wait, they are not lost.
        final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        raise NotSent(f"{error.smtp_code} {_words(error.smtp_error)}", final=final) from None
    except (MessageError, ValueError, UnicodeError) as error:
        raise NotSent(f"the email could not be written: {error}", final=True) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(str(error) or type(error).__name__, final=False) from None


def reachable() -> str:
    """Empty where the server answers and accepts our sign-in, otherwise why not. Blocks."""
    try:
        with _connection() as server:
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        return str(error) or type(error).__name__
    return ""


def message(letter: Letter) -> EmailMessage:
    """The letter as text and HTML."""
    made = EmailMessage(policy=SMTP)
    name, sender = parseaddr(settings().email_from)
    made["From"] = Address(name, addr_spec=sender)
    made["To"] = Address(addr_spec=letter.to)
    made["Subject"] = " ".join(letter.subject.split())
    made["Date"] = format_datetime(letter.at)
    made["Message-ID"] = f"<{letter.identity}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    return made


def _words(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def _connection() -> smtplib.SMTP:
    here = settings()
    context = ssl.create_default_context()
    if here.smtp_tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            here.smtp_host, here.smtp_port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(here.smtp_host, here.smtp_port, timeout=TIMEOUT_SECONDS)
    try:
        if here.smtp_tls == "starttls":
            server.starttls(context=context)
        if here.smtp_username:
            server.login(here.smtp_username, here.smtp_password)
    except BaseException:
        server.close()
        raise
    return server
