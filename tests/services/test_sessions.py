"""Signing in and out (PRODUCT 2)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.factories import PASSWORD, account, signed_in
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines import passwords as engine
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.credentials import SignInSession
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.refusals import Refusal
from yeastar_app.services import sessions

HERE = Credential(device_token="this browser", ip="192.0.2.7", user_agent="Mozilla/5.0 (Windows NT) Chrome/140.0")
ELSEWHERE = Credential(device_token="another browser", ip="192.0.2.8", user_agent="Mozilla/5.0 (X11; Linux) Firefox/1")
SECOND = timedelta(seconds=1)


def begin(email: str, credential: Credential = HERE, password: str = PASSWORD) -> Credential:
    """Sign in, all the way to the session."""
    ticket = perform(sessions.sign_in, {"email": email, "password": password}, credential)
    begun = perform(sessions.start, {"ticket": ticket.token}, credential)
    return Credential(begun.token, credential.device_token, credential.ip, credential.user_agent)


def refused(email: str, password: str = "not the password", credential: Credential = HERE) -> Refusal:
    with pytest.raises(Refusal) as caught:
        perform(sessions.sign_in, {"email": email, "password": password}, credential)
    return caught.value


def emails(kind: str) -> list[Email]:
    with transaction(writes=False) as session:
        return list(session.exec(select(Email).where(col(Email.kind) == kind).order_by(col(Email.id))))


def test_the_right_password_leads_to_a_session(db: str) -> None:
    person = account()
    ticket = perform(sessions.sign_in, {"email": f" {person.email.upper()} ", "password": PASSWORD}, HERE)
    begun = perform(sessions.start, {"ticket": ticket.token}, HERE)
    assert who(Credential(session_token=begun.token)).email == person.email
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(col(AuditRow.action) == "session.start")).one()
    assert (row.account_id, row.who, row.ip) == (person.id, person.email, HERE.ip)


def test_a_ticket_works_once_within_a_minute_and_in_its_own_browser(db: str) -> None:
    person = account()
    form = {"email": person.email, "password": PASSWORD}
    ticket = perform(sessions.sign_in, form, HERE)
    with pytest.raises(Refusal, match="ticket_ended"):
        perform(sessions.start, {"ticket": ticket.token}, ELSEWHERE)
    clock.advance(timedelta(seconds=59))
    perform(sessions.start, {"ticket": ticket.token}, HERE)
    with pytest.raises(Refusal, match="ticket_ended"):
        perform(sessions.start, {"ticket": ticket.token}, HERE)
    late = perform(sessions.sign_in, form, HERE)
    clock.advance(timedelta(seconds=60))
    with pytest.raises(Refusal, match="ticket_ended"):
        perform(sessions.start, {"ticket": late.token}, HERE)


def test_a_session_ends_after_twelve_idle_hours(db: str) -> None:
    here = signed_in(account())
    clock.advance(timedelta(hours=12) - SECOND)
    assert who(here).is_signed_in
    clock.advance(SECOND)
    assert not who(here).is_signed_in


def test_a_session_ends_after_thirty_days_however_busy(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    session_id = who(here).session_id
    assert session_id
    for _ in range(30 * 24 // 8 - 1):
        clock.advance(timedelta(hours=8))
        sessions.touch(session_id)
    clock.advance(timedelta(hours=8) - SECOND)
    assert who(here).is_signed_in
    clock.advance(SECOND)
    assert not who(here).is_signed_in


def test_being_seen_is_noted_at_most_once_a_minute(db: str) -> None:
    here = signed_in(account())
    before = who(here)
    assert before.session_id
    clock.advance(timedelta(seconds=59))
    sessions.touch(before.session_id)
    assert who(here).last_seen_at == before.last_seen_at
    clock.advance(SECOND)
    sessions.touch(before.session_id)
    assert who(here).last_seen_at == clock.now()


def test_an_ended_session_is_not_seen_again(sqlite: str) -> None:
    here = signed_in(account())
    session_id = who(here).session_id
    assert session_id
    perform(sessions.end, None, here)
    clock.advance(timedelta(minutes=5))
    sessions.touch(session_id)
    with transaction(writes=False) as session:
        row = session.get_one(SignInSession, session_id)
    assert row.last_seen_at < clock.now()


def test_signing_out_everywhere_ends_every_session_of_this_person_alone(db: str) -> None:
    person, stranger = account(), account()
    here, there, other = signed_in(person), signed_in(person), signed_in(stranger)
    perform(sessions.end_everywhere, None, here)
    assert [who(one).is_signed_in for one in (here, there, other)] == [False, False, True]


def test_the_list_of_own_sessions_shows_the_living_ones_and_ends_any_of_them(sqlite: str) -> None:
    person = account()
    here, there, gone = begin(person.email), begin(person.email, ELSEWHERE), signed_in(person)
    perform(sessions.end, None, gone)
    rows = perform(sessions.own, None, here)
    assert [(row.device, row.ip, row.is_this) for row in rows] == [
        ("Chrome on Windows", "192.0.2.7", True),
        ("Firefox on Linux", "192.0.2.8", False),
    ]
    perform(sessions.end_one, {"id": rows[1].id}, here)
    assert [who(here).is_signed_in, who(there).is_signed_in] == [True, False]


def test_a_strangers_session_is_not_there(sqlite: str) -> None:
    here, stranger = signed_in(account()), signed_in(account())
    with pytest.raises(Refusal, match="not_found"):
        perform(sessions.end_one, {"id": who(stranger).session_id}, here)
    assert who(stranger).is_signed_in


@pytest.mark.parametrize("status", [Status.NOT_ACTIVATED, Status.FROZEN, Status.REMOVED])
def test_who_is_not_active_any_more_is_out_at_once(sqlite: str, status: Status) -> None:
    person = account()
    here = signed_in(person)
    ticket = perform(sessions.sign_in, {"email": person.email, "password": PASSWORD}, HERE)
    with transaction() as session:
        session.get_one(Account, person.key).status = status
    assert not who(here).is_signed_in
    with pytest.raises(Refusal, match="ticket_ended"):
        perform(sessions.start, {"ticket": ticket.token}, HERE)


# --- what a stranger can learn: nothing


def everybody() -> dict[str, str]:
    """An address of each sort, the active one with its right password unknown to the asker."""
    made = {status: account(Kind.CUSTOMER, status=status).email for status in Status}
    return {**{str(status): email for status, email in made.items()}, "unknown": "nobody@example.com"}


def test_the_answer_to_a_wrong_sign_in_is_the_same_for_every_address(db: str) -> None:
    answers = {kind: refused(email) for kind, email in everybody().items()}
    assert len({(a.code, a.message, str(a.fields)) for a in answers.values()}) == 1
    assert answers["unknown"].code == "wrong_sign_in"


def test_the_right_password_of_who_may_not_sign_in_is_answered_like_a_wrong_one(sqlite: str) -> None:
    wrong = refused("nobody@example.com")
    for status in (Status.NOT_ACTIVATED, Status.FROZEN, Status.REMOVED):
        answer = refused(account(status=status).email, PASSWORD)
        assert (answer.code, answer.message) == (wrong.code, wrong.message)


def test_the_work_behind_a_wrong_sign_in_is_the_same_for_every_address(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, work, real = everybody(), {}, engine.verify
    count = {"hashes": 0, "statements": 0}

    def verify(password: str, hashed: str | None) -> bool:
        count["hashes"] += 1
        return real(password, hashed)

    def statement(*_: object) -> None:
        count["statements"] += 1

    monkeypatch.setattr(engine, "verify", verify)
    sa.event.listen(database.engine(), "before_cursor_execute", statement)
    refused("warm-up@example.com")  # the row of this IP is there from now on
    for kind, email in people.items():
        count.update(hashes=0, statements=0)
        refused(email)
        work[kind] = (count["hashes"], count["statements"])
    assert len(set(work.values())) == 1, work
    assert work["unknown"][0] == 1


def test_a_browser_without_cookies_is_told_so(sqlite: str) -> None:
    assert refused(account().email, PASSWORD, Credential(ip="192.0.2.1")).code == "cookies_needed"


# --- new devices


def test_a_new_browser_is_told_by_email_but_not_the_very_first(sqlite: str) -> None:
    person = account()
    begin(person.email)
    assert emails("new_device") == []
    begin(person.email)
    assert emails("new_device") == []
    begin(person.email, ELSEWHERE)
    (notice,) = emails("new_device")
    assert notice.to == person.email
    assert "Firefox on Linux" in notice.text
    assert "192.0.2.8" in notice.text
    begin(person.email, ELSEWHERE)
    assert len(emails("new_device")) == 1


BAD: list[object] = [
    *("", " ", "x" * 256, "a\x00b", "\ud800", "😀", "日本語", "<b>x</b>", "' OR 1=1 --"),
    *(7, None, True, ["a"], {"a": 1}),
]


@pytest.mark.parametrize("field", ["email", "password"])
def test_bad_input_at_the_sign_in_is_refused_and_never_breaks(sqlite: str, field: str) -> None:
    person = account()
    for bad in BAD:
        form = {"email": person.email, "password": PASSWORD, field: bad}
        with pytest.raises(Refusal) as caught:
            perform(sessions.sign_in, form, HERE)
        assert caught.value.code in {"invalid_fields", "wrong_sign_in", "slow_down"}
    for form in (None, [], "x", 5):
        with pytest.raises(Refusal, match="invalid_form"):
            perform(sessions.sign_in, form, HERE)
