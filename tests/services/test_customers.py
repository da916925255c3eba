"""Customers, rule by rule (Seed 001, PRODUCT 3.2)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests.factories import PASSWORD, account, signed_in
from tests.race import at_once
from tests.services.customers_ground import (
    FORM,
    audited,
    company_of,
    customer,
    customer_below,
    edit,
    emails,
    manager_of,
    partner,
    row,
)
from yeastar_app import access, clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind, Organisation, OrganisationKind, Status, TwoFactor
from yeastar_app.refusals import NotAllowed, NotFound, Refusal, SignInNeeded
from yeastar_app.services import customers, holdings, passwords, seen


def token_in(text: str) -> str:
    found = re.search(r"token=([\w-]+)", text)
    assert found
    return found[1]


def states(by: Credential) -> dict[str, str]:
    return {person.email: person.state for person in perform(customers.listed, {}, by).rows}


def test_saving_creates_the_company_the_account_and_the_activation_email(db: str) -> None:
    me = partner()
    created = customer(me, city="Groningen", tax_type="VAT_number", tax_number="NL1", phone="+31 50 555", remark="a\nb")
    who, company = row(created), company_of(created)
    assert (who.kind, who.status, who.email) == (Kind.CUSTOMER, Status.NOT_ACTIVATED, FORM["email"])
    assert (who.first_name, who.phone, who.remark) == ("Nadia", "+31 50 555", "a\nb")
    assert (company.kind, company.name, company.country) == (OrganisationKind.CUSTOMER, "Noord Hotels", "NL")
    assert (company.city, company.tax_type, company.tax_number) == ("Groningen", "VAT_number", "NL1")
    assert company.parent_id == access.who(me).organisation
    (mail,) = emails(FORM["email"])
    assert "48 hours" in mail.text and "/activate?token=" in mail.text
    (entry,) = audited("customer.create")
    assert entry.after and entry.after["company"] == "Noord Hotels"


def test_two_factor_authentication_is_off_by_default(sqlite: str) -> None:
    assert row(customer(partner())).two_factor is TwoFactor.OFF


@pytest.mark.parametrize("name", [{"first_name": "Nadia"}, {"last_name": "El Idrissi"}])
def test_a_first_or_a_last_name_is_enough(sqlite: str, name: dict[str, str]) -> None:
    assert row(customer(partner(), **{"first_name": "", "last_name": "", **name})).name in name.values()


def test_an_address_in_use_is_refused_on_its_field_and_nothing_is_kept(db: str) -> None:
    me = partner()
    taken = account(email="taken@example.com")
    with pytest.raises(Refusal) as refused:
        customer(me, email=" TAKEN@example.com ")
    assert (refused.value.code, refused.value.field) == ("email_in_use", "email")
    with transaction(writes=False) as session:
        kept = session.exec(select(Organisation.id).where(col(Organisation.name) == "Noord Hotels"))
        assert not list(kept)
    assert not emails(taken.email)


def test_the_address_of_a_removed_account_is_free_again(db: str) -> None:
    account(email=FORM["email"], status=Status.REMOVED)
    assert customer(partner())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"first_name": " ", "last_name": ""}, "first_name"),
    ({"first_name": "x" * 101}, "first_name"),
    ({"first_name": 7}, "first_name"),
    ({"first_name": ["Nadia"]}, "first_name"),
    ({"first_name": "Na\0dia"}, "first_name"),
    ({"company": ""}, "company"),
    ({"company": "   "}, "company"),
    ({"company": "x" * 101}, "company"),
    ({"company": None}, "company"),
    ({"country": ""}, "country"),
    ({"country": "Netherlands"}, "country"),
    ({"country": "XX"}, "country"),
    ({"country": 5}, "country"),
    ({"email": ""}, "email"),
    ({"email": "nadia"}, "email"),
    ({"email": "nadia@noord"}, "email"),
    ({"email": "a b@noord.example.com"}, "email"),
    ({"email": "nadia@noord.example.com\nbcc: all@example.com"}, "email"),
    ({"email": {"address": "x"}}, "email"),
    ({"email": "x" * 300 + "@example.com"}, "email"),
    ({"phone": "<script>"}, "phone"),
    ({"phone": "1" * 41}, "phone"),
    ({"postal_code": "1" * 21}, "postal_code"),
    ({"street": "s" * 201}, "street"),
    ({"tax_type": "Fiscal"}, "tax_type"),
    ({"tax_type": "VAT_number"}, "tax_number"),
    ({"tax_number": "NL1"}, "tax_number"),
    ({"remark": "r" * 501}, "remark"),
    ({"remark": "\ud800"}, "remark"),
    ({"user_type": "administrator"}, "user_type"),
    ({"user_type": ""}, "user_type"),
    ({"picture": b"no picture"}, "picture"),
]


def test_bad_input_is_refused_at_its_field_and_nothing_is_saved(sqlite: str) -> None:
    me = partner()
    for change, field in WRONG:
        with pytest.raises(Refusal) as refused:
            customer(me, **change)
        assert field in refused.value.fields, (change, refused.value)
    assert states(me) == {}


@pytest.mark.parametrize("payload", [None, 7, "text", [1], b"bytes"])
def test_a_form_that_is_no_form_is_refused(sqlite: str, payload: Any) -> None:
    with pytest.raises(Refusal):
        perform(customers.create, payload, partner())


@pytest.mark.parametrize(
    "name", ["Ω Ελλάδα", "株式会社ヤマダ", "شركة الأمل", "🎉 Party & Söhne", "<b>Bold</b> <script>alert(1)</script>"]
)
def test_any_script_emoji_and_html_are_kept_as_text(sqlite: str, name: str) -> None:
    me = partner()
    created = customer(me, company=f"  {name} ", first_name=name)
    assert company_of(created).name == name
    assert perform(customers.listed, {"search": name}, me).rows[0].company == name
    perform(customers.request_removal, {"id": created}, me)  # writes the name into an email
    (mail,) = emails(access.who(manager_of(me)).email)
    assert "<script>" not in mail.html and "\n" not in mail.subject


def test_customer_is_the_only_user_type_unless_the_account_manager_allowed_more(sqlite: str) -> None:
    assert perform(customers.user_types, None, partner()) == ["customer"]
    with pytest.raises(Refusal, match="user_type_not_allowed"):
        customer(partner(), user_type="partner")
    allowed = partner(may_create_partners=True, may_create_resellers=True)
    assert perform(customers.user_types, None, allowed) == ["customer", "partner", "reseller"]
    created = customer(allowed, user_type="partner")
    assert (row(created).kind, company_of(created).kind) == (Kind.PARTNER, OrganisationKind.PARTNER)
    assert not company_of(created).may_create_partners


def test_a_reseller_needs_a_package_and_is_sent_to_central_management(sqlite: str) -> None:
    with pytest.raises(Refusal, match="reseller_needs_package"):
        customer(partner(may_create_resellers=True), user_type="reseller")


def test_the_status_follows_the_account(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    assert states(me) == {FORM["email"]: "not_activated"}
    clock.advance(timedelta(hours=48) - timedelta(seconds=1))
    assert states(signed(me))[FORM["email"]] == "not_activated"
    clock.advance(timedelta(seconds=1))
    assert states(signed(me))[FORM["email"]] == "link_expired"
    perform(customers.resend_activation, {"id": created}, signed(me))
    assert states(signed(me))[FORM["email"]] == "not_activated"
    token = token_in(emails(FORM["email"])[-1].text)
    perform(passwords.activate, {"token": token, "password": PASSWORD, "repeat": PASSWORD}, Credential())
    assert states(signed(me))[FORM["email"]] == "active"
    perform(customers.request_removal, {"id": created}, signed(me))
    assert states(signed(me))[FORM["email"]] == "removal_requested"


def signed(old: Credential) -> Credential:
    """The same person in a new session: the clock has moved past the idle limit."""
    from yeastar_app.access import digest
    from yeastar_app.models.accounts import Account
    from yeastar_app.models.credentials import SignInSession

    with transaction(writes=False) as session:
        found = session.exec(
            select(Account).join(SignInSession).where(col(SignInSession.token_hash) == digest(old.session_token))
        ).one()
    return signed_in(found)


def test_the_list_is_searched_and_filtered(db: str) -> None:
    me = partner(may_create_partners=True)
    customer(me)
    customer(me, company="Maas 100%_Freight", first_name="Milan", last_name="Janssen", email="m@maas.example.com",
             user_type="partner")  # fmt: skip

    def found(**asked: Any) -> list[str]:
        return [person.company for person in perform(customers.listed, asked, me).rows]

    assert found() == ["Maas 100%_Freight", "Noord Hotels"]
    assert found(search="noord") == ["Noord Hotels"]
    assert found(search="MILAN JANS") == ["Maas 100%_Freight"]
    assert found(search="100%_") == ["Maas 100%_Freight"]
    assert found(search="%") == ["Maas 100%_Freight"]
    assert found(search="m@maas") == ["Maas 100%_Freight"]
    assert found(type="customer") == ["Noord Hotels"]
    assert found(type="partner") == ["Maas 100%_Freight"]
    assert found(status="active") == []
    assert found(status="not_activated", search="noord") == ["Noord Hotels"]
    assert len(found(status="nonsense", type="nonsense", before="nonsense", after={"x": 1}, search=7)) == 2


def test_the_list_is_paged_by_keys_both_ways(db: str) -> None:
    me = partner()
    within = customer_below  # made without the rules: sixty at once
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, access.who(me).organisation)
    ids = [within(company).key for _ in range(60)][::-1]
    first = perform(customers.listed, {}, me)
    second = perform(customers.listed, {"before": str(first.older)}, me)
    third = perform(customers.listed, {"before": second.older}, me)
    assert [person.id for page in (first, second, third) for person in page.rows] == ids
    assert (first.newer, third.older) == (0, 0)
    back = perform(customers.listed, {"after": third.newer}, me)
    assert back.rows == second.rows
    assert perform(customers.listed, {"after": back.newer}, me).rows == first.rows


def test_a_resent_email_ends_the_older_link(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    clock.advance(timedelta(minutes=1))
    perform(customers.resend_activation, {"id": created}, me)
    older, newer = [token_in(mail.text) for mail in emails(FORM["email"])]
    with pytest.raises(Refusal, match="link_replaced"):
        perform(passwords.activate, {"token": older, "password": PASSWORD, "repeat": PASSWORD}, Credential())
    perform(passwords.activate, {"token": newer, "password": PASSWORD, "repeat": PASSWORD}, Credential())


def test_resending_is_possible_once_a_minute(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    clock.advance(timedelta(seconds=59))
    with pytest.raises(Refusal, match="resent_too_often"):
        perform(customers.resend_activation, {"id": created}, me)
    clock.advance(timedelta(seconds=1))
    assert perform(customers.resend_activation, {"id": created}, me) == FORM["email"]


def test_resending_is_possible_five_times_a_day(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    for _ in range(5):
        clock.advance(timedelta(minutes=1))
        perform(customers.resend_activation, {"id": created}, me)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(Refusal, match="resent_too_often"):
        perform(customers.resend_activation, {"id": created}, me)
    assert len(emails(FORM["email"])) == 6
    clock.advance(timedelta(days=1) - timedelta(minutes=5))
    perform(customers.resend_activation, {"id": created}, signed(me))


def test_an_active_account_gets_no_activation_email(sqlite: str) -> None:
    me = partner()
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, access.who(me).organisation)
    with pytest.raises(Refusal, match="already_active"):
        perform(customers.resend_activation, {"id": customer_below(company).key}, me)


def test_editing_changes_what_was_typed_and_says_so_in_the_audit_log(sqlite: str) -> None:
    me = partner()
    created = customer(me, city="Groningen")
    edit(customers, me, created, **{**FORM, "company": "Noord Hotels BV", "city": ""})
    assert (company_of(created).name, company_of(created).city) == ("Noord Hotels BV", None)
    (entry,) = audited("customer.edit")
    assert entry.before == {"city": "Groningen", "company": "Noord Hotels"}
    assert entry.after == {"city": None, "company": "Noord Hotels BV"}


def test_a_new_address_before_the_activation_gets_its_own_email_and_ends_the_old_link(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    clock.advance(timedelta(minutes=2))
    edit(customers, me, created, **{**FORM, "email": "new@noord.example.com"})
    (old,), (new,) = emails(FORM["email"]), emails("new@noord.example.com")
    assert perform(passwords.open_activation, {"token": token_in(old.text)}).state == "replaced"
    assert perform(passwords.open_activation, {"token": token_in(new.text)}).email == "new@noord.example.com"


def test_the_address_of_an_activated_account_stays(sqlite: str) -> None:
    me = partner()
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, access.who(me).organisation)
    person = customer_below(company)
    with pytest.raises(Refusal) as refused:
        edit(customers, me, person.key, **{**FORM, "email": "new@example.com"})
    assert refused.value.code == "email_fixed" and "email" in refused.value.fields
    edit(customers, me, person.key, **{**FORM, "email": person.email})
    edit(customers, me, person.key, **{**FORM, "email": ""})


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(db: str) -> None:
    me = partner()
    created = customer(me)
    form = {**FORM, "id": created, "seen": perform(customers.opened, {"id": created}, me).seen}
    won, refused = at_once(2, lambda number: perform(customers.edit, {**form, "city": f"City {number}"}, me))
    assert (len(won), refused) == (1, ["changed_meanwhile"])
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(customers.edit, {**form, "company": "Other"}, me)
    assert company_of(created).name == "Noord Hotels"
    assert edit(customers, me, created, **FORM)


def test_without_the_mark_both_editors_would_have_saved(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above."""
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    me = partner()
    created = customer(me)
    form = {**FORM, "id": created, "seen": "anything"}
    won, refused = at_once(2, lambda number: perform(customers.edit, {**form, "city": f"City {number}"}, me))
    assert (len(won), refused) == (2, [])


def test_a_changed_address_in_use_is_refused(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    account(email="taken@example.com")
    clock.advance(timedelta(minutes=2))
    with pytest.raises(Refusal, match="email_in_use"):
        edit(customers, me, created, **{**FORM, "company": "Other", "email": "taken@example.com"})
    assert company_of(created).name == "Noord Hotels"


def test_the_removal_is_requested_of_the_account_manager_once(sqlite: str) -> None:
    me = partner()
    created = customer(me)
    perform(customers.request_removal, {"id": created}, me)
    (mail,) = emails(access.who(manager_of(me)).email)
    assert FORM["email"] in mail.text
    assert row(created).status is Status.NOT_ACTIVATED
    with pytest.raises(Refusal, match="already_requested"):
        perform(customers.request_removal, {"id": created}, me)


def test_without_an_account_manager_the_administrators_are_asked(sqlite: str) -> None:
    administrator = account(Kind.ADMINISTRATOR)
    me = signed_in(account())
    perform(customers.request_removal, {"id": customer(me)}, me)
    assert len(emails(administrator.email)) == 1


def test_a_partner_switches_a_customers_second_factor_off_but_never_on(sqlite: str) -> None:
    me = partner()
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, access.who(me).organisation)
    person = account(Kind.CUSTOMER, customer_company(company), two_factor=TwoFactor.APP, totp_secret="x")
    perform(customers.switch_two_factor_off, {"id": person.key}, me)
    assert row(person.key).two_factor is TwoFactor.OFF
    with pytest.raises(Refusal, match="two_factor_off"):
        perform(customers.switch_two_factor_off, {"id": person.key}, me)


def customer_company(parent: Organisation) -> Organisation:
    from tests.factories import organisation

    return organisation(OrganisationKind.CUSTOMER, parent)


ACTIONS = [
    (customers.opened, {}),
    (customers.edit, {**FORM, "seen": ""}),
    (customers.resend_activation, {}),
    (customers.switch_two_factor_off, {}),
    (customers.request_removal, {}),
    (holdings.of_customer, {}),
]


@pytest.mark.parametrize(("action", "form"), ACTIONS, ids=[action.__name__ for action, _ in ACTIONS])
def test_another_partners_customer_is_not_there(sqlite: str, action: Any, form: dict[str, Any]) -> None:
    me = partner(may_create_partners=True)
    theirs = customer(partner())
    sub_partner = customer(me, email="sub@example.com", user_type="partner")
    below_sub_partner = customer_below(company_of(sub_partner)).key
    colleague = account(Kind.COLLEAGUE, company_of_actor(me)).key
    for stranger in (theirs, below_sub_partner, colleague, access.who(me).id, 999_999, "x", None, -1, 2**70, {"a": 1}):
        with pytest.raises(NotFound):
            perform(action, {**form, "id": stranger}, me)
    assert states(me) == {"sub@example.com": "not_activated"}


def company_of_actor(who: Credential) -> Organisation:
    with transaction(writes=False) as session:
        return session.get_one(Organisation, access.who(who).organisation)


@pytest.mark.parametrize("kind", [Kind.CUSTOMER, Kind.RESELLER, Kind.ADMINISTRATOR, Kind.ACCOUNT_MANAGER])
def test_only_partners_look_after_customers(sqlite: str, kind: Kind) -> None:
    for action, form in [(customers.create, FORM), (customers.listed, {}), *ACTIONS]:
        with pytest.raises(NotAllowed):
            perform(action, {**form, "id": 1}, signed_in(account(kind)))
        with pytest.raises(SignInNeeded):
            perform(action, {**form, "id": 1}, Credential())


def test_a_colleague_needs_the_permission(sqlite: str) -> None:
    me = partner()
    company = company_of_actor(me)
    without = signed_in(account(Kind.COLLEAGUE, company, grants=["programme"]))
    with pytest.raises(NotAllowed):
        customer(without)
    with_it = signed_in(account(Kind.COLLEAGUE, company, grants=["partners"]))
    customer(with_it)
    assert states(me) == states(with_it) != {}
