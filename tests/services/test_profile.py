"""One's own profile."""

import pytest

from tests.factories import account, signed_in
from tests.services.test_sessions import BAD
from yeastar_app.access import perform, who
from yeastar_app.refusals import Refusal
from yeastar_app.services import profile


def test_everybody_may_change_the_own_name_and_phone(sqlite: str) -> None:
    here = signed_in(account(phone="1"))
    perform(profile.change, {"first_name": " José ", "last_name": "", "phone": "+31 (10) 555-0142"}, here)
    mine = perform(profile.mine, None, here)
    assert (mine.first_name, mine.last_name, mine.phone) == ("José", "", "+31 (10) 555-0142")
    assert who(here).name == "José"


def test_the_yeastar_id_is_not_changed_by_a_forged_form(sqlite: str) -> None:
    person = account()
    here = signed_in(person)
    perform(profile.change, {"first_name": "A", "email": "other@example.com", "status": "frozen"}, here)
    assert perform(profile.mine, None, here).email == person.email


def test_a_first_or_a_last_name_is_needed(sqlite: str) -> None:
    here = signed_in(account())
    with pytest.raises(Refusal) as caught:
        perform(profile.change, {"first_name": " ", "last_name": "", "phone": ""}, here)
    assert caught.value.message == "Enter a first name or a last name."


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_input_is_refused_or_kept_as_it_is(sqlite: str, bad: object) -> None:
    person = account()
    here = signed_in(person)
    for name in ("first_name", "phone"):
        try:
            perform(profile.change, {"last_name": "Visser", name: bad}, here)
        except Refusal as refusal:
            assert name in refusal.fields
    mine = perform(profile.mine, None, here)
    assert mine.first_name in {"Person", "", "😀", "日本語", "<b>x</b>", "' OR 1=1 --"}
    assert mine.phone in {"", "日本語"}
