"""The command line: what it does, and what it says to a person."""

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from tests.jobs.test_outbox import free_port
from yeastar_app import greeting
from yeastar_app.cli import main
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import Refusal
from yeastar_app.settings import Settings, settings

run = CliRunner()


def test_create_admin_prints_a_link_by_which_the_person_sets_a_password(db: str) -> None:
    first = run.invoke(main, ["create-admin", "Ada@Example.com"], catch_exceptions=False)
    assert "/activate?token=" in first.stdout
    again = run.invoke(main, ["create-admin", "ada@example.com"], catch_exceptions=False)
    assert again.stdout != first.stdout
    with transaction(writes=False) as session:
        (account,) = session.exec(select(Account)).all()
        (row,) = session.exec(select(AuditRow)).all()
    assert (account.email, account.kind, account.status) == (
        "ada@example.com",
        Kind.ADMINISTRATOR,
        Status.NOT_ACTIVATED,
    )
    assert (row.who, row.action, row.label) == ("command line", "administrator.create", "ada@example.com")


def test_create_admin_refuses_what_is_no_address_and_an_address_in_use(sqlite: str) -> None:
    result = run.invoke(main, ["create-admin", "not an address"])
    assert isinstance(result.exception, Refusal)
    run.invoke(main, ["create-admin", "ada@example.com"], catch_exceptions=False)
    with transaction() as session:
        session.exec(select(Account)).one().status = Status.FROZEN
    result = run.invoke(main, ["create-admin", "ada@example.com"])
    assert isinstance(result.exception, Refusal)
    assert greeting.sentence_for(result.exception) == "ada@example.com is the Yeastar ID of another account."


def test_check_says_that_everything_holds(db: str) -> None:
    result = run.invoke(main, ["check"])
    assert (result.exit_code, result.stdout) == (0, "Everything holds.\n")


def test_check_ends_with_1_and_a_list_where_something_is_broken(db: str) -> None:
    from tests import factories

    factories.account(password_hash=None)
    result = run.invoke(main, ["check"])
    assert result.exit_code == 1
    assert "active without a password" in result.stdout


def test_doctor_looks_at_what_the_system_stands_on(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    settings.cache_clear()
    result = run.invoke(main, ["doctor"])
    assert result.exit_code == 0, result.stdout
    for words in ("settings are read", "tables are those of this version", "Node v", "is free", "local mailbox"):
        assert words in result.stdout


def test_doctor_names_a_mail_server_that_does_not_answer(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_PORT", str(free_port()))
    settings.cache_clear()
    result = run.invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "PROBLEM  The mail server" in result.stdout


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"demo_mode": True, "host": "0.0.0.0"}, "DEMO_MODE listens on loopback only"),
        ({"port": "eighty"}, "The setting PORT is not right"),
        ({"allowed_origins": "*"}, "ALLOWED_ORIGINS may not be *"),
        ({"smtp_tls": "maybe"}, "The setting SMTP_TLS is not right"),
    ],
)
def test_a_wrong_setting_is_said_in_one_sentence(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        Settings(**values)  # type: ignore[arg-type]
    sentence = greeting.sentence_for(caught.value)
    assert sentence is not None and words in sentence and "\n" not in sentence


def test_a_port_in_use_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        settings.cache_clear()
        with pytest.raises(greeting.Mendable, match=f"Port {port} on 127.0.0.1 is in use"):
            greeting.refuse_a_taken_port()
    monkeypatch.undo()
    settings.cache_clear()


def test_the_welcome_names_the_address_and_the_sign_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_MODE", "true")
    monkeypatch.setenv("PORT", "8123")
    settings.cache_clear()
    words = greeting.welcome()
    monkeypatch.undo()
    settings.cache_clear()
    for expected in ("http://127.0.0.1:8123", "partner@example.com", "Harbor-Lantern-42", "/mailbox", "/demo"):
        assert expected in words


@pytest.mark.parametrize("output", ["npm error code ENOTFOUND", "request to https://registry.npmjs.org failed"])
def test_an_unreachable_npm_registry_is_said_in_one_sentence(output: str) -> None:
    assert "npm registry cannot be reached" in greeting.build_problem(output)
