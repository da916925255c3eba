"""Two-factor authentication: set-up, the second step of the sign-in, recovery codes, trusted devices (PRODUCT 2)."""

from datetime import timedelta

import pyotp
import pytest
from sqlmodel import col, select

from tests.factories import PASSWORD, account, signed_in
from tests.race import at_once
from tests.services.test_passwords import code_of
from tests.services.test_sessions import BAD, ELSEWHERE, HERE, SECOND, begin, emails
from yeastar_app import clock
from yeastar_app.access import Actor, Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines.secrets import seal, unseal
from yeastar_app.models.accounts import Account, Kind, Status, TwoFactor
from yeastar_app.models.credentials import Device, EmailCode, RecoveryCode
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import Refusal
from yeastar_app.services import codes, devices, passwords, sessions, two_factor

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = timedelta(seconds=30)


def app_code(ahead: timedelta = timedelta(0), secret: str = SECRET) -> str:
    """What the app on a phone shows `ahead` of now."""
    return pyotp.TOTP(secret).at(clock.now() + ahead)


def with_app(**values: object) -> Account:
    return account(two_factor=TwoFactor.APP, totp_secret=seal(SECRET), **values)


def half(person: Account, credential: Credential = HERE) -> str:
    """The ticket after the right password, waiting for the second factor."""
    ticket = perform(sessions.sign_in, {"email": person.email, "password": PASSWORD}, credential)
    assert ticket.second == person.two_factor
    return ticket.token


def enter(ticket: str, code: str, credential: Credential = HERE, **more: object) -> str:
    return perform(two_factor.enter_code, {"ticket": ticket, "code": code, **more}, credential).token


def emailed_code(person: Account) -> str:
    text = [row for row in emails("code") if row.to == person.email][-1].text
    return next(line for line in text.splitlines() if len(line) == 6 and line.isdigit())


def wrong(right: str) -> str:
    return f"{(int(right) + 1) % 1_000_000:06d}"


def set_up_app(here: Credential) -> list[str]:
    """Turn on "Security App" with SECRET."""
    return perform(two_factor.confirm_app, {"secret": SECRET, "code": app_code()}, here)


# --- "Security App" at the sign-in


def test_the_ticket_is_worth_nothing_before_the_code(db: str) -> None:
    ticket = half(with_app())
    assert code_of(perform, sessions.start, {"ticket": ticket}, HERE) == "ticket_ended"
    enter(ticket, app_code())
    assert perform(sessions.start, {"ticket": ticket}, HERE).token


def test_a_code_is_right_one_step_early_and_one_step_late_and_no_further(sqlite: str) -> None:
    for off in (-STEP, timedelta(0), STEP):
        enter(half(with_app()), app_code(off))
    for off in (-2 * STEP, 2 * STEP):
        assert code_of(enter, half(with_app()), app_code(off)) == "wrong_code"


def test_a_code_may_be_typed_with_a_space_or_in_full_width_digits(sqlite: str) -> None:
    code = app_code()
    enter(half(with_app()), f" {code[:3]} {code[3:]} ")
    enter(half(with_app()), "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in code))


def test_a_code_is_accepted_once_and_no_older_one_after_it(db: str) -> None:
    person = with_app()
    code = app_code()
    enter(half(person), code)
    assert code_of(enter, half(person), code) == "wrong_code"
    assert code_of(enter, half(person), app_code(-STEP)) == "wrong_code"
    clock.advance(STEP)
    enter(half(person), app_code())


def test_one_totp_code_used_twenty_times_at_once_has_one_winner(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def race() -> tuple[list[str], list[str]]:
        person = with_app()
        browsers = [Credential(device_token=f"browser {number}", ip="192.0.2.9") for number in range(20)]
        tickets = [half(person, browser) for browser in browsers]
        code = app_code()
        return at_once(20, lambda number: enter(tickets[number], code, browsers[number]))

    with monkeypatch.context() as without:  # the negative control: the step is looked at, but not taken
        without.setattr(codes, "_take_step", lambda *_: True)
        assert len(race()[0]) == 20
    won, refused = race()
    assert len(won) == 1
    assert set(refused) <= {"wrong_code", "slow_down"}


def test_wrong_codes_slow_down_after_five(sqlite: str) -> None:
    ticket = half(with_app())
    for number in range(5):
        with pytest.raises(Refusal, match="wrong_code") as caught:
            enter(ticket, wrong(app_code()))
        assert ("30 seconds" in caught.value.message) == (number == 4)
    clock.advance(timedelta(seconds=29))
    assert code_of(enter, ticket, app_code()) == "slow_down"
    clock.advance(SECOND)
    enter(ticket, app_code())


def test_signing_in_afresh_does_not_start_the_count_again(sqlite: str) -> None:
    person = with_app()
    for _ in range(5):
        assert code_of(enter, half(person), wrong(app_code())) == "wrong_code"
    assert code_of(enter, half(person), app_code()) == "slow_down"


def test_the_second_step_has_ten_minutes_and_belongs_to_its_browser(sqlite: str) -> None:
    ticket = half(with_app())
    assert code_of(enter, ticket, app_code(), ELSEWHERE) == "ticket_ended"
    clock.advance(timedelta(minutes=10) - SECOND)
    enter(ticket, app_code())
    late = half(with_app())
    clock.advance(timedelta(minutes=10))
    assert code_of(enter, late, app_code()) == "ticket_ended"


def test_the_second_step_ends_with_the_account_and_with_a_new_password(db: str) -> None:
    frozen, changed = with_app(), with_app()
    tickets = half(frozen), half(changed)
    with transaction() as session:
        session.get_one(Account, frozen.key).status = Status.FROZEN
    new = {"current": PASSWORD, "password": "Quiet-Meadow-Engine-77", "repeat": "Quiet-Meadow-Engine-77"}
    perform(passwords.change, new, signed_in(changed))
    assert [code_of(enter, ticket, app_code()) for ticket in tickets] == ["ticket_ended", "ticket_ended"]


# --- "Email Authentication" at the sign-in


def test_an_emailed_code_is_right_for_five_minutes_and_once(db: str) -> None:
    person = account(two_factor=TwoFactor.EMAIL)
    ticket, code = half(person), emailed_code(person)
    clock.advance(timedelta(minutes=5) - SECOND)
    enter(ticket, code)
    assert code_of(enter, half(person), code) == "wrong_code"

    other = account(two_factor=TwoFactor.EMAIL)
    ticket, code = half(other), emailed_code(other)
    clock.advance(timedelta(minutes=5))
    assert code_of(enter, ticket, code) == "code_ended"


def test_an_emailed_code_bears_five_tries(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(two_factor.throttle.LIMITS, "code", 100)  # type: ignore[attr-defined]
    person = account(two_factor=TwoFactor.EMAIL)
    ticket = half(person)
    code = emailed_code(person)
    for _ in range(5):
        assert code_of(enter, ticket, wrong(code)) == "wrong_code"
    assert code_of(enter, ticket, code) == "code_ended"


def test_another_code_can_be_sent_after_a_minute_and_ends_the_first(db: str) -> None:
    person = account(two_factor=TwoFactor.EMAIL)
    ticket = half(person)
    first = emailed_code(person)
    clock.advance(timedelta(seconds=59))
    assert code_of(perform, two_factor.send_again, {"ticket": ticket}, HERE) == "code_sent_lately"
    clock.advance(SECOND)
    perform(two_factor.send_again, {"ticket": ticket}, HERE)
    second = emailed_code(person)
    assert len(emails("code")) == 2
    if first != second:
        assert code_of(enter, ticket, first) == "wrong_code"
    enter(ticket, second)


def test_at_most_ten_codes_an_hour_are_sent(sqlite: str) -> None:
    person = account(two_factor=TwoFactor.EMAIL)
    ticket = half(person)
    for _ in range(9):
        clock.advance(timedelta(minutes=1))
        perform(two_factor.send_again, {"ticket": ticket}, HERE)
    clock.advance(timedelta(seconds=50))
    ticket = half(person)
    clock.advance(timedelta(minutes=1))
    assert code_of(perform, two_factor.send_again, {"ticket": ticket}, HERE) == "code_sent_lately"


def test_the_page_learns_only_the_beginning_of_the_address(sqlite: str) -> None:
    person = account(two_factor=TwoFactor.EMAIL, email="carla@example.com")
    ticket = perform(sessions.sign_in, {"email": person.email, "password": PASSWORD}, HERE)
    assert ticket.sent_to == "c•••@example.com"


def test_one_emailed_code_used_many_times_at_once_has_one_winner(db: str) -> None:
    person = account(two_factor=TwoFactor.EMAIL)
    ticket = half(person)
    code = emailed_code(person)
    won, _ = at_once(8, lambda number: enter(ticket, code))
    assert len(won) == 1


# --- recovery codes


def test_a_recovery_code_passes_once_whatever_the_method(db: str) -> None:
    person = account()
    codes_given = set_up_app(signed_in(person))
    assert len(set(codes_given)) == 10
    with transaction(writes=False) as session:
        person = session.get_one(Account, person.key)
        stored = {row.code_hash for row in session.exec(select(RecoveryCode))}
    assert not stored & {code.replace("-", "") for code in codes_given}
    enter(half(person), codes_given[0].upper().replace("-", " "), recovery=True)
    assert code_of(enter, half(person), codes_given[0], HERE) == "wrong_code"
    with pytest.raises(Refusal, match="wrong_code"):
        enter(half(person), codes_given[0], recovery=True)
    enter(half(person), codes_given[1], recovery=True)


def test_somebody_elses_recovery_code_is_wrong(sqlite: str) -> None:
    theirs = set_up_app(signed_in(account()))
    with pytest.raises(Refusal, match="wrong_code"):
        enter(half(with_app()), theirs[0], recovery=True)


def test_new_recovery_codes_ask_for_the_password_and_end_the_old(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    old = set_up_app(here)
    assert code_of(perform, two_factor.renew_codes, {"password": "wrong"}, here) == "wrong_password"
    new = perform(two_factor.renew_codes, {"password": PASSWORD}, here)
    assert not set(new) & set(old)
    assert perform(two_factor.overview, None, here).recovery_codes_left == 10
    with transaction(writes=False) as session:
        person = session.get_one(Account, person.key)
    with pytest.raises(Refusal, match="wrong_code"):
        enter(half(person), old[0], recovery=True)
    enter(half(person), new[0], recovery=True)
    assert perform(two_factor.overview, None, here).recovery_codes_left == 9


# --- trusted devices


def test_a_trusted_device_is_asked_for_no_code_for_thirty_days(db: str) -> None:
    person = with_app()
    enter(half(person), app_code(), trust=True)
    clock.advance(timedelta(days=30) - SECOND)
    begin(person.email)
    half(person, ELSEWHERE)
    clock.advance(SECOND)
    half(person)


def test_a_device_is_not_trusted_unless_asked_for(sqlite: str) -> None:
    person = with_app()
    enter(half(person), app_code())
    half(person)


def test_the_list_of_trusted_devices_takes_trust_away_again(sqlite: str) -> None:
    person = with_app()
    enter(half(person), app_code(), trust=True)
    here = begin(person.email)
    (row,) = perform(devices.trusted, None, here)
    assert (row.name, row.is_this, row.trusted_until) == (
        "Chrome on Windows",
        True,
        clock.now() + timedelta(days=30),
    )
    stranger = signed_in(account())
    assert code_of(perform, devices.distrust, {"id": row.id}, stranger) == "not_found"
    perform(devices.distrust, {"id": row.id}, here)
    assert perform(devices.trusted, None, here) == []
    half(person)


def test_a_reset_password_and_switching_off_end_all_trust(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    for _ in range(2):
        with transaction() as session:
            devices.trust(session, session.get_one(Account, person.key), here)
        assert len(perform(devices.trusted, None, here)) == 1
        set_up_app(here)
        perform(two_factor.switch_off, {"password": PASSWORD}, here)
        assert perform(devices.trusted, None, here) == []


# --- set-up and turning off


def test_the_key_fits_any_security_app(sqlite: str) -> None:
    person = account(email="carla@example.com")
    made = perform(two_factor.begin_app, None, signed_in(person))
    read = pyotp.parse_uri(made.address)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.digits, read.interval, read.issuer, read.name) == (
        made.secret,
        6,
        30,
        "Yeastar",
        "carla@example.com",
    )
    assert read.digest().name == "sha1"


def test_setting_up_an_app_is_confirmed_by_a_code_that_counts_as_used(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    form = {"secret": SECRET, "code": wrong(app_code())}
    assert code_of(perform, two_factor.confirm_app, form, here) == "wrong_code"
    assert perform(two_factor.overview, None, here).method is TwoFactor.OFF
    set_up_app(here)
    with transaction(writes=False) as session:
        person = session.get_one(Account, person.key)
    assert person.two_factor is TwoFactor.APP
    assert SECRET not in (person.totp_secret or "")
    assert unseal(person.totp_secret or "") == SECRET
    assert code_of(enter, half(person), app_code()) == "wrong_code"
    clock.advance(STEP)
    enter(half(person), app_code())


def test_setting_up_email_is_confirmed_by_the_code_that_was_sent(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    assert code_of(perform, two_factor.confirm_email, {"code": "123456"}, here) == "code_ended"
    perform(two_factor.send_setup_code, None, here)
    assert code_of(perform, two_factor.send_setup_code, None, here) == "code_sent_lately"
    code = emailed_code(person)
    assert code_of(perform, two_factor.confirm_email, {"code": wrong(code)}, here) == "wrong_code"
    assert len(perform(two_factor.confirm_email, {"code": code}, here)) == 10
    with transaction(writes=False) as session:
        assert session.get_one(Account, person.key).two_factor is TwoFactor.EMAIL


def test_changing_the_method_asks_for_the_password(sqlite: str) -> None:
    here = signed_in(account())
    set_up_app(here)
    clock.advance(STEP)
    form = {"secret": SECRET, "code": app_code()}
    assert code_of(perform, two_factor.confirm_app, form, here) == "wrong_password"
    assert code_of(perform, two_factor.confirm_app, {**form, "password": "wrong"}, here) == "wrong_password"
    perform(two_factor.confirm_app, {**form, "password": PASSWORD}, here)


def test_turning_off_asks_for_the_password_and_leaves_nothing_behind(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    set_up_app(here)
    assert code_of(perform, two_factor.switch_off, {"password": "wrong"}, here) == "wrong_password"
    perform(two_factor.switch_off, {"password": PASSWORD}, here)
    with transaction(writes=False) as session:
        now = session.get_one(Account, person.key)
        assert (now.two_factor, now.totp_secret) == (TwoFactor.OFF, None)
        assert session.exec(select(RecoveryCode)).first() is None
        row = session.exec(select(AuditRow).where(col(AuditRow.action) == "two_factor.off")).one()
    assert (row.before, row.after) == ({"two_factor": "app"}, {"two_factor": "off"})
    begin(person.email, ELSEWHERE)
    assert code_of(perform, two_factor.renew_codes, {"password": PASSWORD}, here) == "two_factor_off"


def test_a_superior_may_switch_it_off_and_never_on(sqlite: str) -> None:
    person, superior = with_app(), account(Kind.PARTNER)
    actor = Actor(account_id=superior.key, kind=superior.kind, email=superior.email)
    ticket = half(person)
    with transaction() as session:
        two_factor.switch_off_for(session, actor, session.get_one(Account, person.key))
    enter(ticket, "000000")  # who stood before the code is through
    begin(person.email, ELSEWHERE)
    with transaction() as session, pytest.raises(Refusal, match="two_factor_off"):
        two_factor.switch_off_for(session, actor, session.get_one(Account, person.key))
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(col(AuditRow.action) == "two_factor.off")).one()
    assert row.who == superior.email


def test_staff_must_set_it_up_before_anything_else_outside_demo_mode(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = signed_in(account(Kind.ADMINISTRATOR))
    assert who(here).must_set_up_two_factor
    set_up_app(here)
    assert not who(here).must_set_up_two_factor
    assert not who(signed_in(account(Kind.CUSTOMER))).must_set_up_two_factor


# --- bad input


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_input_is_refused_and_changes_nothing(sqlite: str, bad: object) -> None:
    person = with_app()
    here, ticket = signed_in(account()), half(person)
    perform(two_factor.send_setup_code, None, here)
    for action, good, name in (
        (two_factor.enter_code, {"ticket": ticket, "code": app_code()}, "code"),
        (two_factor.enter_code, {"ticket": ticket, "code": app_code()}, "ticket"),
        (two_factor.confirm_app, {"secret": SECRET, "code": app_code()}, "code"),
        (two_factor.confirm_app, {"secret": SECRET, "code": app_code()}, "secret"),
        (two_factor.confirm_email, {"code": "1"}, "code"),
        (two_factor.switch_off, {"password": PASSWORD}, "password"),
        (devices.distrust, {}, "id"),
        (sessions.end_one, {}, "id"),
    ):
        credential = HERE if action is two_factor.enter_code else here
        try:
            perform(action, {**good, name: bad}, credential)
        except Refusal:
            continue
        pytest.fail(f"{action.__name__} took {bad!r} as {name}")
    with transaction(writes=False) as session:
        assert session.exec(select(Device)).first() is None
        assert session.exec(select(EmailCode)).one().used_at is None
    enter(ticket, app_code())
