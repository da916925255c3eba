"""A reseller's own colleagues: below what the reseller may do, at every moment."""

from typing import Any

import pytest
from sqlmodel import col, select

from tests import factories
from tests.factories import signed_in
from tests.race import at_once
from tests.services.central import activated, add_reseller, edit_form, owner
from tests.services.customers_ground import emails, row
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.refusals import NotFound, Refusal, SignInNeeded
from yeastar_app.services import checks, colleagues, pbx, resellers

FORM = {"first_name": "Rosa", "email": "rosa@example.com", "grants": ["pbx.view", "alarm.view"]}


def colleague(by: Credential, **values: Any) -> int:
    return perform(colleagues.create, {**FORM, **values}, by)


def active(reseller_id: int, *grants: str) -> Account:
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, session.get_one(Account, reseller_id).organisation_id)
    return factories.account(Kind.RESELLER_COLLEAGUE, company, grants=list(grants))


def test_a_reseller_adds_a_colleague_who_gets_an_email_for_seven_days(db: str) -> None:
    reseller = activated(add_reseller(owner()))
    created = row(colleague(reseller))
    assert (created.kind, created.status) == (Kind.RESELLER_COLLEAGUE, Status.NOT_ACTIVATED)
    assert (created.organisation_id, created.grants) == (who(reseller).organisation, ["alarm.view", "pbx.view"])
    (mail,) = emails("rosa@example.com")
    assert "7 days" in mail.text and "Central Management" in mail.text


@pytest.mark.parametrize(
    ("grants", "code"),
    [
        ([], "invalid_fields"),
        (["pbx.add"], "grant_needs_another"),
        (["reseller.manage"], "unknown_grant"),
        (["programme"], "unknown_grant"),
        (["nothing"], "invalid_fields"),
    ],
)
def test_what_cannot_be_granted_is_refused_at_the_permissions(sqlite: str, grants: list[str], code: str) -> None:
    reseller = activated(add_reseller(owner()))
    with pytest.raises(Refusal, match=code) as refused:
        colleague(reseller, grants=grants)
    assert "grants" in refused.value.fields


def test_a_colleague_grants_at_most_what_it_has_itself(db: str) -> None:
    reseller = add_reseller(owner())
    activated(reseller)
    narrow = signed_in(active(reseller, "colleague.manage", "pbx.view"))
    with pytest.raises(Refusal, match="grant_too_high"):
        colleague(narrow, grants=["pbx.view", "pbx.add"])
    assert row(colleague(narrow, grants=["pbx.view"])).grants == ["pbx.view"]


def test_what_a_reseller_loses_its_colleagues_lose_in_the_same_moment(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    activated(reseller)
    somebody = signed_in(active(reseller, "pbx.view", "alarm.view"))
    form = edit_form(partner, reseller)
    perform(resellers.edit, {**form, "features": ["pbx.view"]}, partner.credential)
    assert who(somebody).features == {"pbx.view"}
    perform(resellers.edit, edit_form(partner, reseller, features=form["features"]), partner.credential)
    assert who(somebody).features == {"pbx.view"}  # given back by the reseller, not by itself
    with transaction(writes=False) as session:
        assert checks.colleagues(session) == []


def test_a_colleague_that_could_do_more_than_its_reseller_is_reported(sqlite: str) -> None:
    reseller = add_reseller(owner(), features=["alarm.view"])
    somebody = active(reseller, "pbx.view")
    with transaction(writes=False) as session:
        assert checks.colleagues(session) == [f"account {somebody.id} may do more than its reseller"]


def test_narrowing_a_reseller_and_granting_at_the_same_moment_leaves_nobody_above_it(db: str) -> None:
    """The race: a reseller grants what its owner takes from it just then."""
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    with_alarms = sorted({*edit_form(partner, reseller)["features"]} | {"alarm.view"})
    for round_ in range(4):
        perform(resellers.edit, edit_form(partner, reseller, features=with_alarms), partner.credential)
        narrow = edit_form(partner, reseller, features=["colleague.manage", "pbx.view"])

        def do(number: int, mark: int = round_, narrow: dict[str, Any] = narrow) -> None:
            if number == 0:
                perform(resellers.edit, narrow, partner.credential)
            else:
                colleague(signed, email=f"c{mark}-{number}@example.com", grants=["alarm.view"])

        at_once(4, do)
        with transaction(writes=False) as session:
            assert checks.colleagues(session) == []


def test_without_the_cut_the_same_race_leaves_somebody_above_the_reseller(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    colleague(signed, grants=["alarm.view"])
    monkeypatch.setattr(colleagues, "cut_to", lambda *_: None)
    perform(resellers.edit, {**edit_form(partner, reseller), "features": ["pbx.view"]}, partner.credential)
    with transaction(writes=False) as session:
        assert len(checks.colleagues(session)) == 1


def test_the_owner_has_its_colleagues_in_the_partner_portal(sqlite: str) -> None:
    partner = owner().credential
    with pytest.raises(Refusal, match="unknown_grant"):
        colleague(partner)
    theirs = colleague(partner, grants=["programme"])
    assert row(theirs).kind is Kind.COLLEAGUE


def test_a_strangers_colleague_is_not_there(db: str) -> None:
    ours, theirs = activated(add_reseller(owner())), activated(add_reseller(owner()))
    other = colleague(theirs)
    for action in (
        colleagues.opened,
        colleagues.resend_activation,
        colleagues.freeze,
        colleagues.delete,
        colleagues.switch_two_factor_off,
    ):
        with pytest.raises(NotFound):
            perform(action, {"id": other}, ours)


def test_a_frozen_colleague_is_out_and_a_deleted_one_is_gone(db: str) -> None:
    reseller = add_reseller(owner())
    signed = activated(reseller)
    somebody = active(reseller, "pbx.view")
    session = signed_in(somebody)
    perform(colleagues.freeze, {"id": somebody.id}, signed)
    assert not who(session).is_signed_in
    perform(colleagues.unfreeze, {"id": somebody.id}, signed)
    again = signed_in(somebody)
    assert perform(pbx.search, {}, again).rows == []
    perform(colleagues.delete, {"id": somebody.id}, signed)
    assert not who(again).is_signed_in
    assert perform(colleagues.listed, {}, signed).rows == []


def test_a_colleague_is_not_left_behind_in_a_company_that_was_deleted_at_that_moment(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite carries out one change after the other: the race is PostgreSQL's alone."""
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    owner_of = colleagues._owner

    def after_the_deletion(*asked: Any) -> Any:
        perform(resellers.delete, {"ids": [reseller]}, partner.credential)
        return owner_of(*asked)

    if db == "postgresql":
        monkeypatch.setattr(colleagues, "_owner", after_the_deletion)
    else:
        perform(resellers.delete, {"ids": [reseller]}, partner.credential)
    with pytest.raises(NotFound if db == "postgresql" else SignInNeeded):
        colleague(signed, email="left.behind@example.com", grants=["pbx.view"])
    with transaction(writes=False) as session:
        assert session.exec(select(Account).where(col(Account.email) == "left.behind@example.com")).all() == []


def test_of_two_who_edit_a_colleague_at_once_one_is_told(db: str) -> None:
    reseller = activated(add_reseller(owner()))
    person = colleague(reseller)
    form = {**FORM, "id": person, "seen": perform(colleagues.opened, {"id": person}, reseller).seen}
    won, refused = at_once(2, lambda number: perform(colleagues.edit, {**form, "remark": f"By {number}"}, reseller))
    assert (len(won), refused) == (1, ["changed_meanwhile"])
