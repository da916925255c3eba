"""Passwords and the links that set them: activation, forgotten, changed, set by a superior (PRODUCT 2)."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.factories import PASSWORD, account, organisation, signed_in
from tests.race import at_once
from tests.services.test_sessions import BAD, ELSEWHERE, HERE, SECOND, begin, emails, refused
from yeastar_app import clock, database
from yeastar_app.access import Actor, Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines.passwords import hash_password
from yeastar_app.jobs import resets
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.models.credentials import Link, LinkPurpose, ResetRequest
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.refusals import Refusal
from yeastar_app.services import links, passwords, people, sessions
from yeastar_app.services.links import LinkState

NEW = "Quiet-Meadow-Engine-77"


def invited(kind: Kind = Kind.CUSTOMER) -> tuple[Account, str]:
    """Somebody with an activation email on its way, and the token in it."""
    person = account(kind, status=Status.NOT_ACTIVATED, password_hash=None)
    with transaction() as session:
        people.send_activation(session, person, "Harbor Telecom")
    return person, token_of("activation", person.email)


def token_of(kind: str, email: str) -> str:
    """The token in the latest email of a kind."""
    latest = [row for row in emails(kind) if row.to == email][-1]
    return latest.text.split("token=")[1].split()[0]


def activate(token: str, password: str = NEW, repeat: str | None = None, credential: Credential = HERE) -> str:
    form = {"token": token, "password": password, "repeat": password if repeat is None else repeat}
    return perform(passwords.activate, form, credential).token


def state_of(token: str) -> LinkState:
    return perform(passwords.open_activation, {"token": token}).state


def code_of(do: object, *arguments: object) -> str:
    with pytest.raises(Refusal) as caught:
        do(*arguments)  # type: ignore[operator]
    return caught.value.code


def row_of(person: Account) -> Account:
    with transaction(writes=False) as session:
        return session.get_one(Account, person.key)


# --- activation


def test_an_activation_sets_the_first_password_and_signs_in(db: str) -> None:
    person, token = invited()
    begun = perform(sessions.start, {"ticket": activate(token)}, HERE)
    assert who(Credential(session_token=begun.token)).email == person.email
    assert row_of(person).status is Status.ACTIVE
    assert row_of(person).activated_at == clock.now()
    begin(person.email, ELSEWHERE, NEW)
    with transaction(writes=False) as session:
        assert (
            session.exec(select(AuditRow).where(col(AuditRow.action) == "account.activate")).one().who == person.email
        )


def test_opening_an_activation_link_shows_who_and_for_what_and_uses_nothing_up(sqlite: str) -> None:
    creator = account(Kind.PARTNER, organisation(name="Harbor Telecom"), first_name="Paula", last_name="de Wit")
    person, token = invited()
    with transaction() as session:
        session.get_one(Account, person.key).created_by_id = creator.key
    for _ in range(3):
        opened = perform(passwords.open_activation, {"token": token})
    assert (opened.state, opened.email, opened.portal) == ("good", person.email, "Yeastar Customer Portal")
    assert opened.invited_by == "Paula de Wit, Harbor Telecom"
    activate(token)


@pytest.mark.parametrize(
    ("kind", "life"),
    [
        (Kind.CUSTOMER, timedelta(hours=48)),
        (Kind.COLLEAGUE, timedelta(hours=48)),
        (Kind.RESELLER, timedelta(days=7)),
        (Kind.RESELLER_COLLEAGUE, timedelta(days=7)),
    ],
)
def test_an_activation_link_is_valid_for_48_hours_and_a_resellers_for_7_days(
    sqlite: str, kind: Kind, life: timedelta
) -> None:
    _, token = invited(kind)
    clock.advance(life - SECOND)
    assert state_of(token) is LinkState.GOOD
    clock.advance(SECOND)
    assert state_of(token) is LinkState.EXPIRED
    assert code_of(activate, token) == "link_expired"


def test_an_activation_link_works_in_its_last_second(sqlite: str) -> None:
    _, token = invited()
    clock.advance(timedelta(hours=48) - SECOND)
    activate(token)


def test_a_used_a_replaced_and_an_unknown_link_each_say_so(sqlite: str) -> None:
    person, old = invited()
    with transaction() as session:
        people.send_activation(session, session.get_one(Account, person.key), "Harbor Telecom")
    new = token_of("activation", person.email)
    assert state_of(old) is LinkState.REPLACED
    assert code_of(activate, old) == "link_replaced"
    activate(new)
    assert state_of(new) is LinkState.USED
    assert code_of(activate, new) == "link_used"
    assert state_of("never-made") is LinkState.UNKNOWN
    assert code_of(activate, "never-made") == "link_unknown"


def test_an_activation_link_is_no_reset_link_and_the_other_way_round(sqlite: str) -> None:
    person, token = invited()
    assert perform(passwords.open_reset, {"token": token}).state is LinkState.UNKNOWN
    form = {"token": token, "password": NEW, "repeat": NEW}
    assert code_of(perform, passwords.reset, form, HERE) == "link_unknown"
    assert row_of(person).status is Status.NOT_ACTIVATED


def test_a_removed_account_cannot_be_activated(sqlite: str) -> None:
    person, token = invited()
    with transaction() as session:
        session.get_one(Account, person.key).status = Status.REMOVED
    assert state_of(token) is LinkState.UNKNOWN
    assert code_of(activate, token) == "link_unknown"


def test_one_activation_link_opened_twenty_times_at_once_has_one_winner(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unguarded(session: object, token: str, purpose: LinkPurpose) -> int | None:
        with transaction(writes=False) as other:  # the negative control: look first, then use
            return links.look(other, token, purpose)[1].key  # type: ignore[union-attr]

    looked = threading.Barrier(20, timeout=60)

    def hash_when_all_have_looked(password: str) -> str:
        looked.wait()  # the worst moment: everybody found the link good before anybody used it
        return hash_password(password)

    with monkeypatch.context() as without:
        without.setattr("yeastar_app.engines.passwords.hash_password", hash_when_all_have_looked)
        without.setattr(links, "_take", unguarded)
        without.setattr(links, "_SERVES", dict.fromkeys(LinkPurpose, Status.ACTIVE))
        person, token = invited()
        with transaction() as session:
            session.get_one(Account, person.key).status = Status.ACTIVE
        won, _ = at_once(20, lambda number: activate(token))
        assert len(won) == 20

    _, token = invited()
    won, refusals = at_once(20, lambda number: activate(token))
    assert len(won) == 1
    assert set(refusals) == {"link_used"}


# --- what makes a password good


@pytest.mark.parametrize(
    ("password", "repeat", "field"),
    [
        ("short-9ch", None, "password"),
        ("", "", "password"),
        ("x" * 129, None, "password"),
        ("1234567890", None, "password"),
        ("passwordpassword", None, "password"),
        (NEW, NEW + "x", "repeat"),
        (NEW, NEW.lower(), "repeat"),
        (NEW, "", "repeat"),
    ],
)
def test_a_password_that_is_too_easy_or_typed_differently_is_refused_at_its_field(
    sqlite: str, password: str, repeat: str | None, field: str
) -> None:
    person, token = invited()
    with pytest.raises(Refusal) as caught:
        activate(token, password, repeat)
    assert field in caught.value.fields
    assert row_of(person).password_hash is None
    assert state_of(token) is LinkState.GOOD


def test_ones_own_address_is_no_password(sqlite: str) -> None:
    person, token = invited()
    assert code_of(activate, token, person.email) == "password_guessable"


@pytest.mark.parametrize(
    "password", ["ten chars!", "x" * 40 + " 8 Möwen fliegen", "хороший пароль 9", "🦊🌲🚲⚓🎈 and more"]
)
def test_any_script_and_spaces_are_welcome_in_a_password(sqlite: str, password: str) -> None:
    person, token = invited()
    activate(token, password)
    begin(person.email, HERE, password)


def test_an_accented_letter_is_the_same_however_the_keyboard_sends_it(sqlite: str) -> None:
    person, token = invited()
    activate(token, "Caf\u00e9-lantern-harbor")
    begin(person.email, HERE, "Cafe\u0301-lantern-harbor")


# --- forgotten


def ask(email: str, credential: Credential = HERE) -> None:
    perform(passwords.forgot, {"email": email}, credential)


def reset(token: str, password: str = NEW) -> None:
    perform(passwords.reset, {"token": token, "password": password, "repeat": password}, HERE)


def asked(email: str) -> str:
    """Ask, let the job run, give the token of the email."""
    ask(email)
    assert resets.process_reset_requests() == 1
    return token_of("password_reset", email.strip().lower())


def test_a_forgotten_password_is_replaced_by_an_emailed_link(db: str) -> None:
    person = account()
    here = begin(person.email)
    token = asked(f" {person.email.upper()} ")
    reset(token)
    assert not who(here).is_signed_in
    assert refused(person.email).code == "wrong_sign_in"
    assert refused(person.email, PASSWORD).code == "wrong_sign_in"
    begin(person.email, HERE, NEW)
    assert [row.to for row in emails("password_changed")] == [person.email]


def test_a_reset_link_is_valid_for_an_hour_and_works_once(db: str) -> None:
    token = asked(account().email)
    clock.advance(timedelta(hours=1) - SECOND)
    assert perform(passwords.open_reset, {"token": token}).state is LinkState.GOOD
    reset(token)
    assert code_of(reset, token) == "link_used"
    late = asked(account().email)
    clock.advance(timedelta(hours=1))
    assert perform(passwords.open_reset, {"token": late}).state is LinkState.EXPIRED
    assert code_of(reset, late) == "link_expired"


def test_a_newer_reset_link_ends_the_older(db: str) -> None:
    email = account().email
    old = asked(email)
    clock.advance(timedelta(minutes=1))
    asked(email)
    assert code_of(reset, old) == "link_replaced"


def test_a_reset_email_goes_out_at_most_once_a_minute_and_five_times_a_day(db: str) -> None:
    email = account().email
    asked(email)
    clock.advance(timedelta(seconds=59))
    ask(email)
    assert resets.process_reset_requests() == 0
    clock.advance(SECOND)
    for _ in range(4):
        ask(email)
        assert resets.process_reset_requests() == 1
        clock.advance(timedelta(minutes=1))
    ask(email)
    assert resets.process_reset_requests() == 0
    clock.advance(timedelta(days=1))
    ask(email)
    assert resets.process_reset_requests() == 1


def test_asking_for_a_reset_does_the_same_for_every_address(db: str) -> None:
    """The answer, the statements and the row are the same; only the job, later, tells them apart."""
    addresses = {status: account(status=status).email for status in Status} | {"unknown": "nobody@example.com"}
    work, count = {}, [0]
    ask("warm-up@example.com")

    def statement(*_: object) -> None:
        count[0] += 1

    sa.event.listen(database.engine(), "before_cursor_execute", statement)
    for kind, email in addresses.items():
        count[0] = 0
        work[kind] = (perform(passwords.forgot, {"email": email}, HERE), count[0])
    assert len(set(work.values())) == 1, work
    with transaction(writes=False) as session:
        assert {row.email for row in session.exec(select(ResetRequest))} >= set(addresses.values())
    assert resets.process_reset_requests() == 1
    assert [row.to for row in emails("password_reset")] == [addresses[Status.ACTIVE]]


def test_asking_from_one_ip_is_slowed_down_after_twenty(sqlite: str) -> None:
    for number in range(20):
        ask(f"somebody{number}@example.com")
    assert code_of(ask, "more@example.com") == "slow_down"
    ask("more@example.com", ELSEWHERE)


def test_requests_are_dealt_with_once_by_however_many_processes(db: str) -> None:
    for _ in range(5):
        ask(account().email)
    sent, _ = at_once(4, lambda number: resets.process_reset_requests())
    assert sum(sent) == 5
    assert len(emails("password_reset")) == 5


def test_old_requests_are_dropped_a_day_after(sqlite: str) -> None:
    ask("nobody@example.com")
    resets.process_reset_requests()
    clock.advance(timedelta(days=1))
    resets.clean_up_sign_ins()
    with transaction(writes=False) as session:
        assert session.exec(select(ResetRequest)).first() is not None
    clock.advance(SECOND)
    resets.clean_up_sign_ins()
    with transaction(writes=False) as session:
        assert session.exec(select(ResetRequest)).first() is None


# --- changed


def change(here: Credential, current: str = PASSWORD, password: str = NEW, repeat: str = NEW) -> None:
    perform(passwords.change, {"current": current, "password": password, "repeat": repeat}, here)


def test_a_changed_password_ends_all_other_sessions(db: str) -> None:
    person = account()
    here, there = begin(person.email), begin(person.email, ELSEWHERE)
    change(here)
    assert [who(here).is_signed_in, who(there).is_signed_in] == [True, False]
    begin(person.email, ELSEWHERE, NEW)


def test_a_changed_password_ends_a_reset_link_and_a_sign_in_on_their_way(db: str) -> None:
    person = account()
    here, token = signed_in(person), asked(person.email)
    ticket = perform(sessions.sign_in, {"email": person.email, "password": PASSWORD}, ELSEWHERE)
    change(here)
    assert code_of(reset, token) == "link_replaced"
    assert code_of(perform, sessions.start, {"ticket": ticket.token}, ELSEWHERE) == "ticket_ended"


def test_changing_asks_for_the_present_password_and_slows_down_who_guesses_it(sqlite: str) -> None:
    here = signed_in(account())
    for _ in range(5):
        with pytest.raises(Refusal, match="wrong_password") as caught:
            change(here, "not the password")
        assert "current" in caught.value.fields
    assert code_of(change, here) == "slow_down"
    clock.advance(timedelta(seconds=29))
    assert code_of(change, here) == "slow_down"
    clock.advance(SECOND)
    change(here)


def test_the_same_password_again_is_no_change(sqlite: str) -> None:
    here = signed_in(account())
    assert code_of(change, here, PASSWORD, PASSWORD, PASSWORD) == "password_same"


def test_who_signs_in_with_a_password_set_by_somebody_else_must_replace_it_first(sqlite: str) -> None:
    person = account(must_change_password=True)
    here = begin(person.email)
    assert who(here).must_change_password
    form = {"password": PASSWORD, "repeat": PASSWORD}
    assert code_of(perform, passwords.replace, form, here) == "password_same"
    perform(passwords.replace, {"password": NEW, "repeat": NEW}, here)
    assert who(here).is_signed_in
    assert not who(here).must_change_password
    assert code_of(perform, passwords.replace, {"password": PASSWORD, "repeat": PASSWORD}, here) == "not_allowed"


def test_a_password_set_by_a_superior_ends_every_session_and_must_be_replaced(db: str) -> None:
    superior, person = account(Kind.PARTNER), account(Kind.RESELLER)
    here = signed_in(person)
    with transaction() as session:
        actor = Actor(account_id=superior.key, email=superior.email)
        passwords.set_for(session, actor, session.get_one(Account, person.key), hash_password(NEW))
    assert not who(here).is_signed_in
    assert who(begin(person.email, HERE, NEW)).must_change_password


# --- bad input


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_input_is_refused_and_changes_nothing(sqlite: str, bad: object) -> None:
    person, token = invited()
    here = signed_in(account())
    good = {"token": token, "password": NEW, "repeat": NEW, "current": PASSWORD, "email": "nobody@example.com"}
    for action, names in (
        (passwords.activate, ("token", "password", "repeat")),
        (passwords.reset, ("token",)),
        (passwords.change, ("current", "password", "repeat")),
        (passwords.forgot, ("email",)),
        (passwords.open_activation, ("token",)),
    ):
        for name in names:
            if action is passwords.open_activation and bad == "":
                continue  # an address without a token: the page says that the link is not known
            try:
                perform(action, {**good, name: bad}, here)
            except Refusal:
                continue
            pytest.fail(f"{action.__name__} took {bad!r} as {name}")
    assert row_of(person).status is Status.NOT_ACTIVATED


def test_links_and_tokens_are_stored_as_hashes_only(sqlite: str) -> None:
    _, token = invited()
    with transaction(writes=False) as session:
        assert all(token not in row.token_hash for row in session.exec(select(Link)))
        assert token in session.exec(select(Email)).one().text
