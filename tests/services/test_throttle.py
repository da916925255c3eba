"""Slowing down whoever guesses (PRODUCT 2: 5 failures, a wait that doubles, at most 15 minutes)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.factories import PASSWORD, account
from tests.race import at_once
from tests.services.test_sessions import ELSEWHERE, SECOND, begin, refused
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.engines import passwords as engine
from yeastar_app.jobs import resets
from yeastar_app.models.credentials import Throttle
from yeastar_app.services import sessions, throttle


def stranger(number: int) -> Credential:
    return Credential(device_token=f"stranger {number}", ip=f"198.51.100.{number}")


@pytest.mark.parametrize("exists", [True, False])
def test_five_failures_make_one_wait_thirty_seconds_and_each_further_one_twice_as_long(db: str, exists: bool) -> None:
    email = account().email if exists else "nobody@example.com"
    for number in range(4):
        assert "try again" not in refused(email, credential=stranger(number)).message
    wait = 30
    for number in range(4, 11):
        answer = refused(email, credential=stranger(number))
        assert answer.code == "wrong_sign_in"
        assert f"try again in {throttle.in_words(timedelta(seconds=wait))}" in answer.message
        clock.advance(timedelta(seconds=wait) - SECOND)
        assert refused(email, credential=stranger(number)).code == "slow_down"
        clock.advance(SECOND)
        wait = min(wait * 2, 15 * 60)


def test_while_one_waits_even_the_right_password_is_refused_and_nothing_is_hashed(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = account().email
    for number in range(5):
        refused(email, credential=stranger(number))
    monkeypatch.setattr(engine, "verify", lambda *_: pytest.fail("the password was looked at"))
    assert refused(email, PASSWORD, stranger(9)).code == "slow_down"


def test_the_right_password_ends_the_count(sqlite: str) -> None:
    email = account().email
    for number in range(4):
        refused(email, credential=stranger(number))
    begin(email)
    for number in range(10, 14):
        assert "try again" not in refused(email, credential=stranger(number)).message


def test_a_browser_that_the_account_uses_is_not_locked_out_by_strangers(db: str) -> None:
    email = account().email
    begin(email)
    for number in range(6):
        refused(email, credential=stranger(number))
    begin(email)
    for _ in range(5):
        refused(email)
    assert refused(email, PASSWORD).code == "slow_down"


def test_one_ip_that_tries_many_addresses_is_slowed_down_after_twenty(sqlite: str) -> None:
    for number in range(20):
        assert refused(f"nobody{number}@example.com").code == "wrong_sign_in"
    assert refused("another@example.com").code == "slow_down"
    assert refused("another@example.com", credential=ELSEWHERE).code == "wrong_sign_in"
    clock.advance(timedelta(seconds=29))
    assert refused("another@example.com").code == "slow_down"
    clock.advance(SECOND)
    assert refused("another@example.com").code == "wrong_sign_in"


def test_failures_are_forgotten_after_an_hour(sqlite: str) -> None:
    email = account().email
    for number in range(4):
        refused(email, credential=stranger(number))
    clock.advance(timedelta(hours=1) - SECOND)
    assert "try again" in refused(email, credential=stranger(5)).message
    clock.advance(timedelta(hours=1))
    assert "try again" not in refused(email, credential=stranger(6)).message


def test_old_counts_are_dropped(sqlite: str) -> None:
    refused("nobody@example.com")
    clock.advance(timedelta(hours=2))
    resets.clean_up_sign_ins()
    with transaction(writes=False) as session:
        assert session.exec(select(Throttle)).first() is not None
    clock.advance(SECOND)
    resets.clean_up_sign_ins()
    with transaction(writes=False) as session:
        assert session.exec(select(Throttle)).first() is None


def test_typed_addresses_are_not_stored_in_the_counts(sqlite: str) -> None:
    refused("nobody@example.com")
    with transaction(writes=False) as session:
        assert all("nobody" not in row.subject for row in session.exec(select(Throttle)))


def guess_at_once(email: str) -> list[str]:
    """The codes that twelve wrong guesses sent at the same moment get."""
    form = {"email": email, "password": "a wrong guess"}
    won, refusals = at_once(12, lambda number: perform(sessions.sign_in, form, stranger(number)))
    assert not won
    return refusals


def test_guesses_sent_at_once_are_counted_one_by_one(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve guesses pass the first look together; only five of them may learn whether they were right."""
    email = account().email
    with monkeypatch.context() as without:  # the negative control: no second look under the lock
        without.setattr(throttle, "_refuse_until", lambda until: None)
        assert guess_at_once("control@example.com").count("wrong_sign_in") == 12
    answers = guess_at_once(email)
    assert answers.count("wrong_sign_in") == 5
    assert answers.count("slow_down") == 7


def test_waits_are_told_in_words_and_rounded_up() -> None:
    assert throttle.in_words(timedelta(seconds=1)) == "1 second"
    assert throttle.in_words(timedelta(seconds=29, milliseconds=1)) == "30 seconds"
    assert throttle.in_words(timedelta(seconds=60)) == "1 minute"
    assert throttle.in_words(timedelta(seconds=61)) == "2 minutes"
