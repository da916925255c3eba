"""The one door: every action has a policy, is parsed, authorised, audited and committed, or nothing of it."""

from datetime import timedelta

import pytest
from pydantic import BaseModel
from sqlmodel import Session, select

from tests.factories import account, organisation, pool, signed_in
from yeastar_app import access, clock
from yeastar_app.access import ACTIONS, SIGNED_IN, Action, Actor, Credential, Policy, perform, who
from yeastar_app.database import transaction
from yeastar_app.features import Feature, Surface
from yeastar_app.models.accounts import Kind, Organisation, Status
from yeastar_app.refusals import NotAllowed, Refusal, SignInNeeded


class NameForm(BaseModel):
    name: str


def as_action(function: object, policy: Policy, *, audited: bool = True, form: type[BaseModel] | None = None) -> object:
    """An action for this test alone, not registered."""
    function.action = Action(function, policy, form, True, None, audited)  # type: ignore[attr-defined]
    return function


def found(session: Session, actor: Actor, form: NameForm) -> None:
    session.add(Organisation(kind="partner", name=form.name, created_at=clock.now()))


def companies() -> list[str]:
    with transaction(writes=False) as session:
        return list(session.exec(select(Organisation.name).where(Organisation.name.startswith("New"))))


def test_every_action_has_a_policy() -> None:
    import yeastar_app.yeastar_app  # noqa: F401 - registers them all

    assert ACTIONS
    assert all(isinstance(entry.policy, Policy) for entry in ACTIONS.values())


def test_a_write_without_an_audit_row_is_rolled_back(db: str) -> None:
    person = signed_in(account())
    with pytest.raises(RuntimeError, match="without an audit row"):
        perform(as_action(found, SIGNED_IN, form=NameForm), {"name": "New"}, person)
    assert companies() == []


def test_nobody_gets_nothing(db: str) -> None:
    with pytest.raises(SignInNeeded):
        perform(as_action(found, SIGNED_IN, form=NameForm), {"name": "New"}, Credential())
    assert companies() == []


@pytest.mark.parametrize("payload", [None, "x", 7, [], {"name": {}}, {"name": None}, {}])
def test_a_payload_of_the_wrong_shape_is_refused(sqlite: str, payload: object) -> None:
    person = signed_in(account())
    with pytest.raises(Refusal, match="invalid_f"):
        perform(as_action(found, SIGNED_IN, form=NameForm), payload, person)


@pytest.mark.parametrize("status", [Status.NOT_ACTIVATED, Status.FROZEN, Status.REMOVED])
def test_only_an_active_account_is_somebody(sqlite: str, status: Status) -> None:
    person = account()
    credential = signed_in(person)
    assert who(credential).is_signed_in
    with transaction() as session:
        session.merge(person).status = status
    assert not who(credential).is_signed_in


def test_a_session_ends_after_12_idle_hours(sqlite: str) -> None:
    credential = signed_in(account())
    clock.advance(timedelta(hours=12) - timedelta(seconds=1))
    assert who(credential).is_signed_in
    clock.advance(timedelta(seconds=1))
    assert not who(credential).is_signed_in


def test_a_partner_with_a_hosting_package_reaches_central_management(sqlite: str) -> None:
    home = organisation()
    credential = signed_in(account(Kind.PARTNER, home))
    assert who(credential).surfaces == {Surface.PARTNER}
    pool(home)
    assert who(credential).surfaces == {Surface.PARTNER, Surface.CENTRAL}


def test_a_colleague_has_exactly_what_was_granted(sqlite: str) -> None:
    home = organisation()
    pool(home)
    without = who(signed_in(account(Kind.COLLEAGUE, home, grants=[Feature.PROGRAMME.value])))
    assert (without.features, without.surfaces) == ({Feature.PROGRAMME}, {Surface.PARTNER})
    with_it = who(signed_in(account(Kind.COLLEAGUE, home, grants=[Feature.CENTRAL.value])))
    assert Surface.CENTRAL in with_it.surfaces


def test_a_policy_holds_back_who_must_change_the_password_first(sqlite: str) -> None:
    actor = who(signed_in(account(must_change_password=True)))
    with pytest.raises(NotAllowed):
        SIGNED_IN.check(actor)
    access.OWN_ACCOUNT.check(actor)
