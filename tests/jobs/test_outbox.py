"""Emails leave the house: once, again when the server was down, and never with their links kept. Against a real SMTP
server."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlmodel import select

from tests.conftest import START
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.engines import mail as smtp
from yeastar_app.jobs import outbox
from yeastar_app.models.records import Email
from yeastar_app.services import mail
from yeastar_app.settings import settings


class Inbox:
    """Keeps what arrives; refuses `nobody@`, and holds every letter up until `open` is set."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.open = threading.Event()
        self.open.set()

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy@"):
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch, db: str) -> Iterator[Callable[..., Inbox]]:
    """Start a real SMTP server and point the settings at it."""
    started: list[Controller] = []

    def start(port: int = 0, tls: str = "none", **options: Any) -> Inbox:
        inbox = Inbox()
        controller = Controller(inbox, hostname="127.0.0.1", port=port or free_port(), **options)
        controller.start()
        started.append(controller)
        use(monkeypatch, controller.port, tls)
        return inbox

    yield start
    for controller in started:
        controller.stop(no_assert=True)
    settings.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, port: int, tls: str = "none") -> None:
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_PORT", str(port))
    monkeypatch.setenv("SMTP_TLS", tls)
    settings.cache_clear()


def write(to: str = "paula@example.com", **values: Any) -> int:
    with transaction() as session:
        row = mail.write(
            session,
            kind="activation",
            to=to,
            **{
                "subject": "Activate your account",
                "paragraphs": ["Welcome, Paula & Zoë <b>."],
                "button": ("Activate", "/activate?token=secret"),
                **values,
            },
        )
        session.flush()
        return row.key


def stored(key: int) -> Email:
    with transaction(writes=False) as session:
        return session.exec(select(Email).where(Email.id == key)).one()


def test_an_email_arrives_as_text_and_html_and_its_link_is_not_kept(listen: Callable[..., Inbox]) -> None:
    inbox = listen()
    key = write()
    assert outbox.send_due() == 1
    (letter,) = inbox.letters
    assert (letter["To"], letter["From"]) == ("paula@example.com", "Yeastar <no-reply@example.com>")
    assert letter["Subject"] == "Activate your account"
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None and html is not None
    assert "Welcome, Paula & Zoë <b>." in text.get_content()
    assert "/activate?token=secret" in text.get_content()
    assert "Paula &amp; Zoë &lt;b&gt;" in html.get_content()
    row = stored(key)
    assert (row.text, row.html, row.error) == ("", "", None)
    assert (row.to, row.subject, row.sent_at) == ("paula@example.com", "Activate your account", START)
    assert outbox.send_due() == 0


def test_a_line_break_in_a_subject_cannot_add_a_header(listen: Callable[..., Inbox]) -> None:
    inbox = listen()
    write(subject="Hello\r\nBcc: eve@example.com")
    assert outbox.send_due() == 1
    assert inbox.letters[0]["Bcc"] is None
    assert inbox.letters[0]["Subject"] == "Hello Bcc: eve@example.com"


def test_a_refused_recipient_is_given_up_with_the_reason_and_holds_up_nobody(listen: Callable[..., Inbox]) -> None:
    inbox = listen()
    refused, fine = write("nobody@example.com"), write()
    assert outbox.send_due() == 1
    assert [letter["To"] for letter in inbox.letters] == ["paula@example.com"]
    assert stored(fine).sent_at == START
    row = stored(refused)
    assert (row.sent_at, row.text, row.next_try_at) == (None, "", outbox.NEVER)
    assert row.error == "550 5.1.1 no such mailbox"


def test_a_server_that_asks_to_wait_is_asked_again_with_growing_waits(listen: Callable[..., Inbox]) -> None:
    listen()
    key = write("busy@example.com")
    waits = []
    for _ in range(3):
        assert outbox.send_due() == 0
        wait = stored(key).next_try_at - clock.now()
        waits.append(wait)
        clock.advance(wait - timedelta(seconds=1))
        assert outbox.send_due() == 0
        clock.advance(timedelta(seconds=1))
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert stored(key).text


def test_what_was_written_while_the_server_was_down_arrives_once_it_is_up_with_one_identity(
    listen: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    use(monkeypatch, port)
    key = write()
    assert outbox.send_due() == 0
    row = stored(key)
    assert (row.sent_at, row.tries) == (None, 1)
    assert row.error
    clock.advance(row.next_try_at - clock.now())
    inbox = listen(port)
    assert outbox.send_due() == 1
    assert inbox.letters[0]["Message-ID"] == f"<activation.{key}.20260302090000000000@example.com>"


def test_a_letter_is_given_up_after_its_last_try(listen: Callable[..., Inbox]) -> None:
    listen()
    key = write("busy@example.com")
    for _ in range(outbox.MOST_TRIES):
        outbox.send_due()
        clock.advance(outbox.LONGEST_WAIT)
    assert (stored(key).tries, stored(key).next_try_at) == (outbox.MOST_TRIES, outbox.NEVER)


def test_without_a_server_emails_stay_in_the_mailbox(db: str) -> None:
    key = write()
    assert outbox.send_due() == 0
    assert stored(key).text


def send_at_once(workers: int) -> None:
    """`workers` threads that have all seen the same due letters try to send them."""
    ready = threading.Barrier(workers)
    due = outbox._due()

    def work() -> None:
        ready.wait()
        for key in due:
            taken = outbox._take(key)
            if taken is not None:
                outbox._deliver(taken)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_workers_at_once_send_each_letter_once(listen: Callable[..., Inbox]) -> None:
    inbox = listen()
    for number in range(5):
        write(f"person{number}@example.com")
    send_at_once(8)
    assert sorted(letter["To"] for letter in inbox.letters) == [f"person{number}@example.com" for number in range(5)]


def test_negative_control_without_the_lease_letters_are_sent_twice(
    listen: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = listen()
    monkeypatch.setattr(outbox, "_take", read_without_taking)
    write()
    send_at_once(8)
    assert len(inbox.letters) > 1


def read_without_taking(key: int) -> outbox.Taken | None:
    row = stored(key)
    letter = smtp.Letter("same", row.to, row.subject, "text", "html", row.created_at)
    return outbox.Taken(key, 1, letter)


def test_a_letter_whose_sender_died_is_sent_after_its_lease(listen: Callable[..., Inbox]) -> None:
    inbox = listen()
    key = write()
    assert outbox._take(key) is not None
    clock.advance(outbox.LEASE - timedelta(seconds=1))
    assert outbox.send_due() == 0
    clock.advance(timedelta(seconds=1))
    assert outbox.send_due() == 1
    assert len(inbox.letters) == 1


def certificate(folder: Any) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=3650))
        .not_valid_after(START + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_letters_travel_encrypted_and_with_a_sign_in(
    listen: Callable[..., Inbox], tls: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    seen = []

    def sign_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append(data)
        return AuthResult(success=True)

    monkeypatch.setenv("SMTP_USERNAME", "portal")
    monkeypatch.setenv("SMTP_PASSWORD", "not-a-secret")
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: ssl_context_trusting(cert))
    options = {"ssl_context": context} if tls == "tls" else {"tls_context": context, "require_starttls": True}
    inbox = listen(tls=tls, authenticator=sign_in, auth_require_tls=tls == "starttls", **options)
    write()
    assert outbox.send_due() == 1
    assert len(inbox.letters) == len(seen) == 1


def ssl_context_trusting(cert: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cert)
    return context


def test_an_untrusted_certificate_sends_nothing(listen: Callable[..., Inbox], tmp_path: Any) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate(tmp_path))
    inbox = listen(tls="starttls", tls_context=context)
    key = write()
    assert outbox.send_due() == 0
    assert not inbox.letters
    assert "certificate" in (stored(key).error or "").lower()


def test_the_outbox_table_is_read_by_its_index(sqlite: str) -> None:
    with transaction(writes=False) as session:
        plan = session.execute(
            sa.text("EXPLAIN QUERY PLAN SELECT id FROM email WHERE sent_at IS NULL AND next_try_at <= '2026' LIMIT 20")
        ).all()
    assert "ix_email_to_send" in str(plan)
