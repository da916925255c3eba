"""The local mailbox: who may read it, and what of it."""

import pytest

from tests import factories
from yeastar_app import access
from yeastar_app.database import transaction
from yeastar_app.jobs.outbox import NEVER
from yeastar_app.models.accounts import Kind
from yeastar_app.models.records import Email
from yeastar_app.refusals import NotAllowed, NotFound, SignInNeeded
from yeastar_app.services import mail, mailbox
from yeastar_app.settings import settings

pytestmark = pytest.mark.usefixtures("sqlite")


@pytest.fixture
def demo(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_MODE", "true")
    settings.cache_clear()


def write(to: str = "paula@example.com", **values: object) -> int:
    with transaction() as session:
        row = mail.write(session, kind="code", to=to, subject="Your code", paragraphs=["Hello", "Bye"], code="482913",
                         button=("Open it", "/somewhere?token=secret"))  # fmt: skip
        session.flush()
        for name, value in values.items():
            setattr(row, name, value)
        return row.key


def test_in_demo_mode_anybody_reads_it(demo: None) -> None:
    key = write()
    assert [line.to for line in access.perform(mailbox.emails, {})] == ["paula@example.com"]
    kinds = [part.kind for part in access.perform(mailbox.letter, {"id": key}).parts]
    assert kinds == ["words", "code", "button", "words", "foot"]


def test_outside_demo_mode_only_administrators_see_it_and_never_a_body() -> None:
    key = write()
    with pytest.raises(SignInNeeded):
        access.perform(mailbox.emails, {})
    for kind in set(Kind) - {Kind.ADMINISTRATOR}:
        with pytest.raises(NotAllowed):
            access.perform(mailbox.emails, {}, factories.signed_in(factories.account(kind, two_factor="app")))
    admin = factories.signed_in(factories.account(Kind.ADMINISTRATOR, two_factor="app"))
    letter = access.perform(mailbox.letter, {"id": key}, admin)
    assert (letter.line.subject, letter.parts) == ("Your code", [])
    assert "demo mode only" in letter.remark


def test_the_search_takes_its_words_literally(demo: None) -> None:
    write("under_score@example.com")
    write("underXscore@example.com")
    assert [line.to for line in access.perform(mailbox.emails, {"search": " UNDER_score "})] == [
        "under_score@example.com"
    ]
    assert access.perform(mailbox.emails, {"search": "%"}) == []


def test_an_email_that_was_given_up_says_why(demo: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.com")
    settings.cache_clear()
    key = write(error="550 no such mailbox", text="", html="", next_try_at=NEVER)
    letter = access.perform(mailbox.letter, {"id": key})
    assert letter.line.state == "given_up"
    assert "550 no such mailbox" in letter.remark


def test_an_email_that_does_not_exist_is_not_found(demo: None) -> None:
    with pytest.raises(NotFound):
        access.perform(mailbox.letter, {"id": 7})


def test_the_newest_fifty_are_listed(demo: None) -> None:
    with transaction() as session:
        first = None
        for number in range(mailbox.MOST + 1):
            row = mail.write(session, kind="x", to=f"p{number}@example.com", subject="S", paragraphs=["P"])
            first = first or row
        session.flush()
    lines = access.perform(mailbox.emails, {})
    assert len(lines) == mailbox.MOST
    assert lines[0].to == f"p{mailbox.MOST}@example.com"
    with transaction(writes=False) as session:
        assert session.get(Email, lines[-1].id) is not None
