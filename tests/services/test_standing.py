"""Freezing an account and letting it go on."""

import pytest

from tests.factories import PASSWORD, account, signed_in
from tests.services.test_sessions import begin, refused
from yeastar_app.access import Actor, who
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Status
from yeastar_app.refusals import Refusal
from yeastar_app.services import standing


def actor_of(person: Account) -> Actor:
    return Actor(account_id=person.key, kind=person.kind, email=person.email)


def test_a_frozen_account_is_out_at_once_and_stays_out_until_it_is_let_go_on(db: str) -> None:
    owner = actor_of(account(Kind.PARTNER))
    person = account(Kind.COLLEAGUE)
    here = signed_in(person)
    with transaction() as session:
        standing.freeze(session, owner, session.get_one(Account, person.key))
    assert not who(here).is_signed_in
    assert refused(person.email, PASSWORD).code == "wrong_sign_in"
    with transaction() as session:
        standing.unfreeze(session, owner, session.get_one(Account, person.key))
    assert not who(here).is_signed_in
    assert who(begin(person.email)).is_signed_in


def test_only_an_active_account_is_frozen_only_a_frozen_one_let_go_on_and_nobody_freezes_the_own(db: str) -> None:
    owner, waiting = account(Kind.PARTNER), account(status=Status.NOT_ACTIVATED)
    with transaction() as session:
        mine, other = session.get_one(Account, owner.key), session.get_one(Account, waiting.key)
        for code, do, row in (
            ("own_account", standing.freeze, mine),
            ("not_active", standing.freeze, other),
            ("not_frozen", standing.unfreeze, other),
        ):
            with pytest.raises(Refusal, match=code):
                do(session, actor_of(owner), row)
