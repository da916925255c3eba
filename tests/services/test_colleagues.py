"""Colleagues, rule by rule (PRODUCT 3.3)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import account, signed_in
from tests.services.customers_ground import audited, edit, emails, partner, row
from yeastar_app import clock
from yeastar_app.access import Credential, perform, who
from yeastar_app.features import PARTNER_FEATURES, Feature
from yeastar_app.models.accounts import Kind, Status, TwoFactor
from yeastar_app.refusals import NotAllowed, NotFound, Refusal
from yeastar_app.services import colleagues, customers

FORM = {"first_name": "Colin", "email": "colin@example.com", "grants": ["partners", "colleagues"]}


def colleague(by: Credential, **values: Any) -> int:
    return perform(colleagues.create, {**FORM, **values}, by)


def active(by: Credential, *grants: str) -> Any:
    from tests.services.test_staff import company

    return account(Kind.COLLEAGUE, company(by), grants=list(grants))


def test_saving_creates_the_colleague_with_its_permissions_and_sends_the_email(db: str) -> None:
    me = partner()
    created = row(colleague(me))
    assert (created.kind, created.status) == (Kind.COLLEAGUE, Status.NOT_ACTIVATED)
    assert (created.organisation_id, created.grants) == (who(me).organisation, ["colleagues", "partners"])
    (mail,) = emails("colin@example.com")
    assert "48 hours" in mail.text and "Partner Portal" in mail.text
    (entry,) = audited("colleague.create")
    assert entry.after and entry.after["grants"] == ["colleagues", "partners"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"grants": []}, "grants"),
        ({"grants": None}, "grants"),
        ({"grants": "partners"}, "grants"),
        ({"grants": ["pbx.add"]}, "grants"),
        ({"grants": ["everything"]}, "grants"),
        ({"grants": [{"a": 1}]}, "grants"),
        ({"email": "colin"}, "email"),
        ({"first_name": " "}, "first_name"),
        ({"phone": "!"}, "phone"),
        ({"picture": b"<svg/>"}, "picture"),
    ],
)
def test_bad_input_is_refused_at_its_field(sqlite: str, change: dict[str, Any], field: str) -> None:
    me = partner()
    with pytest.raises(Refusal) as refused:
        colleague(me, **change)
    assert field in refused.value.fields
    assert perform(colleagues.listed, {}, me).rows == []


def test_a_colleague_grants_what_it_has_and_not_more(sqlite: str) -> None:
    me = partner()
    limited = signed_in(active(me, "partners", "colleagues"))
    assert perform(colleagues.grantable, None, me) == sorted(PARTNER_FEATURES)
    assert perform(colleagues.grantable, None, limited) == ["colleagues", "partners"]
    with pytest.raises(Refusal, match="grant_too_high"):
        colleague(limited, grants=["partners", "programme"])
    assert colleague(limited)


def test_the_activation_email_of_a_colleague_with_more_rights_cannot_be_sent_to_oneself(sqlite: str) -> None:
    me = partner()
    limited = signed_in(active(me, "colleagues"))
    waiting = colleague(me, grants=["colleagues", "programme"])
    clock.advance(timedelta(minutes=2))
    changed = {**FORM, "email": "mine@example.com", "grants": ["colleagues"]}
    with pytest.raises(Refusal, match="grant_too_high"):
        edit(colleagues, limited, waiting, **changed)
    assert emails("mine@example.com") == []
    edit(colleagues, limited, waiting, **{**changed, "email": FORM["email"]})
    edit(colleagues, me, waiting, **{**changed, "grants": ["colleagues", "programme"]})
    assert len(emails("mine@example.com")) == 1


def test_what_a_colleague_had_beyond_the_editors_rights_stays(sqlite: str) -> None:
    me = partner()
    mighty = active(me, *sorted(PARTNER_FEATURES))
    limited = signed_in(active(me, "partners", "colleagues"))
    edit(colleagues, limited, mighty.key, first_name="M", grants=["partners"])
    assert row(mighty.key).grants == sorted(PARTNER_FEATURES - {Feature.COLLEAGUES})


def test_the_second_of_two_editors_is_told_and_takes_no_permission_away(db: str) -> None:
    me = partner()
    person = colleague(me)
    form = {**FORM, "id": person, "seen": perform(colleagues.opened, {"id": person}, me).seen}
    perform(colleagues.edit, {**form, "grants": ["partners", "colleagues", "programme"]}, me)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(colleagues.edit, form, me)
    assert row(person).grants == ["colleagues", "partners", "programme"]
    assert edit(colleagues, me, person, **FORM)
    assert row(person).grants == ["colleagues", "partners"]


def test_a_changed_permission_acts_on_the_next_click(sqlite: str) -> None:
    me = partner()
    person = active(me, "partners", "colleagues")
    tab = signed_in(person)
    perform(customers.listed, {}, tab)
    edit(colleagues, me, person.key, first_name="C", grants=["colleagues"])
    with pytest.raises(NotAllowed):
        perform(customers.listed, {}, tab)


def test_a_frozen_colleague_is_out_until_unfrozen(sqlite: str) -> None:
    me = partner()
    person = active(me, "partners")
    tab = signed_in(person)
    perform(colleagues.freeze, {"id": person.key}, me)
    assert not who(tab).is_signed_in
    assert perform(colleagues.listed, {"status": "frozen"}, me).rows[0].id == person.key
    perform(colleagues.unfreeze, {"id": person.key}, me)
    assert who(signed_in(person)).is_signed_in


def test_a_deleted_colleague_is_gone_and_told(sqlite: str) -> None:
    me = partner()
    person = active(me, "partners")
    tab = signed_in(person)
    perform(colleagues.delete, {"id": person.key}, me)
    assert not who(tab).is_signed_in
    assert perform(colleagues.listed, {}, me).rows == []
    assert [mail.kind for mail in emails(person.email)] == ["removal"]


def test_resending_has_the_same_limits_as_for_customers(sqlite: str) -> None:
    me = partner()
    created = colleague(me)
    with pytest.raises(Refusal, match="resent_too_often"):
        perform(colleagues.resend_activation, {"id": created}, me)
    clock.advance(timedelta(minutes=1))
    perform(colleagues.resend_activation, {"id": created}, me)
    with pytest.raises(Refusal, match="already_active"):
        perform(colleagues.resend_activation, {"id": active(me, "partners").key}, me)


def test_a_second_factor_is_switched_off_for_a_colleague(sqlite: str) -> None:
    from tests.services.test_staff import company

    me = partner()
    person = account(Kind.COLLEAGUE, company(me), two_factor=TwoFactor.EMAIL)
    perform(colleagues.switch_two_factor_off, {"id": person.key}, me)
    assert row(person.key).two_factor is TwoFactor.OFF


ON_ONE = [
    (colleagues.opened, {}),
    (colleagues.edit, {**FORM, "seen": ""}),
    (colleagues.resend_activation, {}),
    (colleagues.freeze, {}),
    (colleagues.unfreeze, {}),
    (colleagues.switch_two_factor_off, {}),
    (colleagues.delete, {}),
]


@pytest.mark.parametrize(("action", "form"), ON_ONE, ids=[action.__name__ for action, _ in ON_ONE])
def test_strangers_customers_the_owner_and_oneself_are_not_there(
    sqlite: str, action: Any, form: dict[str, Any]
) -> None:
    me = partner()
    theirs = colleague(partner())
    below = customers_account(me)
    oneself = active(me, "colleagues", "partners")
    for wrong in (theirs, below, who(me).id, 999_999, 0, "x", None, 2**70):
        with pytest.raises(NotFound):
            perform(action, {**form, "id": wrong}, me)
    with pytest.raises(NotFound):
        perform(action, {**form, "id": oneself.key}, signed_in(oneself))


def customers_account(me: Credential) -> int:
    from tests.services.customers_ground import customer

    return customer(me)


def test_the_permission_is_needed(sqlite: str) -> None:
    without = signed_in(active(partner(), "partners"))
    for action, form in [(colleagues.create, FORM), (colleagues.listed, {}), *ON_ONE]:
        with pytest.raises(NotAllowed):
            perform(action, {**form, "id": 1}, without)
