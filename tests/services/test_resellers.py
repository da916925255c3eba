"""System > User > Reseller (Seed 002; PRODUCT 5.1 and 6)."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from sqlmodel import col, select

from tests import factories
from tests.factories import signed_in
from tests.race import at_once
from tests.services.central import (
    Owner,
    activated,
    add_pbx,
    add_reseller,
    edit_form,
    free,
    owner,
    problems,
    reseller_form,
)
from yeastar_app import clock
from yeastar_app.access import perform, who
from yeastar_app.database import transaction
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Account, Kind, Organisation, Status, TwoFactor
from yeastar_app.models.capacity import Pool
from yeastar_app.models.credentials import Link
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.refusals import NotAllowed, NotFound, Refusal, SignInNeeded
from yeastar_app.services import capacity, resellers


def counts() -> tuple[int, int, int, int]:
    """Accounts, companies, pools and emails there are."""
    with transaction(writes=False) as session:
        return tuple(len(session.exec(select(table.id)).all()) for table in (Account, Organisation, Pool, Email))  # type: ignore[return-value]


def test_saving_puts_the_reseller_on_the_list_and_deducts_the_package_at_once(db: str) -> None:
    partner = owner()
    add_reseller(partner, company="Brightline")
    (row,) = perform(resellers.search, {}, partner.credential).rows
    assert (row.company, row.status) == ("Brightline", Status.NOT_ACTIVATED)
    assert row.capacities == ((0, 200), (0, 40), (0, 10_000))
    assert free(partner) == (800, 160, 40_000)
    assert problems() == []


def test_saving_sends_no_email(sqlite: str) -> None:
    add_reseller(owner())
    assert counts()[3] == 0


def test_an_address_in_use_is_refused_at_its_field_and_nothing_is_kept(db: str) -> None:
    partner = owner()
    before = counts()
    with pytest.raises(Refusal) as refused:
        add_reseller(partner, email=partner.account.email.upper())
    assert (refused.value.code, refused.value.field) == ("email_in_use", "email")
    assert (counts(), free(partner)) == (before, (1000, 200, 50_000))


@pytest.mark.parametrize(
    ("capacity", "asked", "says"),
    [
        ("extensions", "1001", "Extensions: 1,001 more asked for, 1,000 free."),
        ("calls", "201", "Concurrent Calls: 201 more asked for, 200 free."),
        ("minutes", "50001", "Call Recording (mins): 50,001 more asked for, 50,000 free."),
    ],
)
def test_more_than_is_free_is_refused_in_words_that_name_it(sqlite: str, capacity: str, asked: str, says: str) -> None:
    partner = owner()
    before = counts()
    with pytest.raises(Refusal) as refused:
        add_reseller(partner, **{capacity: asked})
    assert refused.value.code == "capacity_exceeded"
    assert refused.value.fields == {capacity: says}
    assert (counts(), free(partner)) == (before, (1000, 200, 50_000))


def test_exactly_what_is_free_can_be_assigned(db: str) -> None:
    partner = owner()
    add_reseller(partner, extensions=1000, calls=200, minutes=50_000)
    assert free(partner) == (0, 0, 0)


def test_the_minimum_per_pbx_is_at_most_the_extensions(sqlite: str) -> None:
    with pytest.raises(Refusal, match="minimum_above_extensions"):
        add_reseller(owner(), extensions=10, min_extensions=11)


def test_high_availability_needs_the_owners_subscription(sqlite: str) -> None:
    with pytest.raises(Refusal, match="no_high_availability"):
        add_reseller(owner(high_availability=False), high_availability="on")


def test_an_empty_set_of_permissions_is_refused(sqlite: str) -> None:
    with pytest.raises(Refusal, match="no_permission"):
        add_reseller(owner(), features=[])


def test_a_grant_beyond_what_can_be_granted_is_refused(sqlite: str) -> None:
    for feature in (Feature.RESELLER_MANAGE, Feature.CENTRAL, Feature.PROGRAMME):
        with pytest.raises(Refusal, match="grant_too_wide"):
            add_reseller(owner(), features=[Feature.PBX_VIEW, feature])


def test_adding_pbxs_cannot_be_granted_without_seeing_them(sqlite: str) -> None:
    with pytest.raises(Refusal, match="grant_needs_another"):
        add_reseller(owner(), features=[Feature.PBX_ADD])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", ""), ("company", "   "), ("company", "x" * 101), ("company", None), ("company", {"a": 1}),
        ("company", "a\x00b"), ("first_name", ""), ("first_name", 7), ("email", ""), ("email", "nobody"),
        ("email", "a" * 250 + "@example.com"), ("email", ["a@example.com"]), ("phone", "<script>"),
        ("remark", "x" * 501), ("extensions", ""), ("extensions", "-1"), ("extensions", "0"), ("extensions", "2.5"),
        ("extensions", "5.0"), ("extensions", 5.0), ("extensions", True), ("extensions", "1e3"), ("extensions", "٣"),
        ("extensions", 10**30), ("extensions", str(10**30)), ("extensions", "9" * 5000), ("extensions", None),
        ("extensions", "'; DROP TABLE pool"), ("min_extensions", "0"), ("min_extensions", "501"), ("calls", "0"),
        ("calls", {}), ("minutes", "-1"), ("minutes", "NaN"), ("features", "pbx.view"), ("features", ["no.such"]),
        ("features", [["pbx.view"]]), ("features", [1]), ("features", ["pbx.view"] * 101),
        ("high_availability", "perhaps"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_at_its_field_and_nothing_is_kept(sqlite: str, field: str, value: Any) -> None:
    partner = owner()
    before = counts()
    with pytest.raises(Refusal) as refused:
        add_reseller(partner, **{field: value})
    assert set(refused.value.fields) == {field}
    assert (counts(), free(partner)) == (before, (1000, 200, 50_000))


@pytest.mark.parametrize(
    "words", ["Ünïcode Téléphonie", "華為雲端", "שלום", "📞 Calls 🎉", "<b>Bold & Co</b>", "  Trimmed "]
)
def test_other_scripts_emoji_and_markup_are_kept_as_they_were_typed(sqlite: str, words: str) -> None:
    partner = owner()
    add_reseller(partner, company=words, first_name=words, remark=words)
    (row,) = perform(resellers.search, {"company": words.strip()[:6]}, partner.credential).rows
    assert (row.company, row.name) == (words.strip(), words.strip())


def test_editing_moves_only_the_difference(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    perform(resellers.edit, edit_form(partner, reseller, extensions=250, calls=30), partner.credential)
    assert free(partner) == (750, 170, 40_000)
    assert problems() == []


def test_a_package_cannot_go_below_what_the_reseller_uses(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    add_pbx(activated(reseller), extensions=50, calls=10)
    with pytest.raises(Refusal) as refused:
        perform(resellers.edit, edit_form(partner, reseller, extensions=49, calls=9), partner.credential)
    assert set(refused.value.fields) == {"extensions", "calls"}
    assert free(partner) == (800, 160, 40_000)
    perform(resellers.edit, edit_form(partner, reseller, extensions=50, calls=10), partner.credential)
    assert free(partner) == (950, 190, 40_000)
    assert problems() == []


def test_recording_minutes_of_a_package_never_go_down(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    with pytest.raises(Refusal, match="minutes_never_down"):
        perform(resellers.edit, edit_form(partner, reseller, minutes=9_999), partner.credential)


def test_high_availability_stays_while_a_pbx_relies_on_it(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner, high_availability=True)
    add_pbx(activated(reseller), high_availability=True)
    with pytest.raises(Refusal, match="high_availability_in_use"):
        perform(resellers.edit, edit_form(partner, reseller, high_availability=False), partner.credential)


def test_a_new_email_stops_the_old_one_at_once(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    perform(resellers.send_activation, {"id": reseller}, partner.credential)
    signed = activated(reseller)
    perform(resellers.edit, edit_form(partner, reseller, email="New.Person@Example.com"), partner.credential)
    assert not who(signed).is_signed_in
    with transaction(writes=False) as session:
        assert session.get_one(Account, reseller).email == "new.person@example.com"
        assert all(link.replaced_at for link in session.exec(select(Link)).all())


def test_a_new_email_that_is_taken_is_refused(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    with pytest.raises(Refusal, match="email_in_use"):
        perform(resellers.edit, edit_form(partner, reseller, email=partner.account.email), partner.credential)


def test_a_superior_sets_a_password_that_must_be_changed(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    perform(resellers.edit, edit_form(partner, reseller, password="violet-anchor-maple-9"), partner.credential)
    assert not who(signed).is_signed_in
    with transaction(writes=False) as session:
        assert session.get_one(Account, reseller).must_change_password
        said = session.exec(select(AuditRow).where(col(AuditRow.action) == "reseller.edit")).one()
    assert "violet" not in str(said.after)


def test_a_guessable_password_is_refused(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    activated(reseller)
    with pytest.raises(Refusal) as refused:
        perform(resellers.edit, edit_form(partner, reseller, password="password1234"), partner.credential)
    assert refused.value.field == "password"


def test_the_first_password_is_the_resellers_own(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    with pytest.raises(Refusal, match="not_activated"):
        perform(resellers.edit, edit_form(partner, reseller, password="violet-anchor-maple-9"), partner.credential)


def test_a_reseller_with_pbxs_is_kept_and_so_told_the_others_go(db: str) -> None:
    partner = owner()
    reseller, other = add_reseller(partner, company="Quay"), add_reseller(partner, company="Dune")
    add_pbx(activated(reseller))
    done = perform(resellers.delete, {"ids": [other, reseller]}, partner.credential)
    assert (done.count, done.kept) == (1, ["Quay still has 1 cloud PBX. Delete them first."])
    assert [row.company for row in perform(resellers.search, {}, partner.credential).rows] == ["Quay"]
    assert free(partner) == (800, 160, 40_000)
    with pytest.raises(Refusal) as refused:
        perform(resellers.delete, {"ids": [reseller]}, partner.credential)
    assert (refused.value.code, refused.value.message) == ("reseller_has_pbxs", done.kept[0])
    assert problems() == []


def test_deleting_takes_the_colleagues_along_and_gives_the_capacity_back(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, session.get_one(Account, reseller).organisation_id)
    colleague = signed_in(factories.account(Kind.RESELLER_COLLEAGUE, company, grants=["pbx.view"]))
    assert perform(resellers.delete, {"ids": [reseller]}, partner.credential).count == 1
    assert not who(signed).is_signed_in
    assert not who(colleague).is_signed_in
    assert free(partner) == (1000, 200, 50_000)
    assert len(perform(resellers.search, {}, partner.credential).rows) == 0
    assert problems() == []


def test_a_deleted_resellers_address_can_be_used_again(db: str) -> None:
    partner = owner()
    form = reseller_form()
    perform(resellers.delete, {"ids": [perform(resellers.create, form, partner.credential)]}, partner.credential)
    perform(resellers.create, form, partner.credential)
    assert free(partner) == (800, 160, 40_000)


def test_the_activation_email_is_sent_by_hand_and_a_newer_link_ends_the_older(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    for _ in range(2):
        perform(resellers.send_activation, {"id": reseller}, partner.credential)
        clock.advance(timedelta(minutes=1))
    with transaction(writes=False) as session:
        old, new = session.exec(select(Link).order_by(col(Link.id))).all()
        emails = session.exec(select(Email)).all()
    assert old.replaced_at
    assert not new.replaced_at
    assert (new.expires_at - new.created_at).days == 7
    assert len(emails) == 2
    assert "7 days" in emails[0].text


def test_an_active_reseller_needs_no_activation_email(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    activated(reseller)
    with pytest.raises(Refusal, match="already_active"):
        perform(resellers.send_activation, {"id": reseller}, partner.credential)


def test_another_partners_reseller_is_not_there(sqlite: str) -> None:
    partner, rival = owner(), owner()
    reseller = add_reseller(partner)
    form = edit_form(partner, reseller)
    for function, payload in (
        (resellers.details, {"id": reseller}),
        (resellers.edit, form),
        (resellers.delete, {"ids": [reseller]}),
        (resellers.send_activation, {"id": reseller}),
        (resellers.switch_off_two_factor, {"id": reseller}),
    ):
        with pytest.raises(NotFound):
            perform(function, payload, rival.credential)
    assert len(perform(resellers.search, {}, rival.credential).rows) == 0
    assert [row[0] for row in exported(rival, {})] == ["Company"]


def test_only_owners_manage_resellers(sqlite: str) -> None:
    partner = owner()
    reseller = activated(add_reseller(partner))
    colleague = signed_in(factories.account(Kind.COLLEAGUE, partner.company, grants=["programme", "partners"]))
    trusted = signed_in(factories.account(Kind.COLLEAGUE, partner.company, grants=["central"]))
    customer = signed_in(factories.account(Kind.CUSTOMER))
    for credential in (reseller, colleague, customer):
        with pytest.raises(NotAllowed):
            perform(resellers.create, reseller_form(), credential)
    with pytest.raises(SignInNeeded):
        perform(resellers.create, reseller_form())
    perform(resellers.create, reseller_form(), trusted)


def test_a_permission_taken_away_acts_on_the_next_click(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    signed = activated(reseller)
    add_pbx(signed)
    perform(resellers.edit, edit_form(partner, reseller, features=["pbx.view"]), partner.credential)
    with pytest.raises(NotAllowed):
        add_pbx(signed)


def test_the_columns_filter_the_list(db: str) -> None:
    partner = owner()
    add_reseller(partner, company="Alpha 100%", first_name="Anna", last_name="Berg")
    add_reseller(partner, company="Beta", first_name="Bo")
    for wanted in ({"company": "alpha"}, {"name": "anna BERG"}, {"company": "100%"}):
        assert [row.company for row in perform(resellers.search, wanted, partner.credential).rows] == ["Alpha 100%"]
    assert len(perform(resellers.search, {"state": "active"}, partner.credential).rows) == 0
    assert len(perform(resellers.search, {"email": "_"}, partner.credential).rows) == 0


def test_what_was_done_is_audited_with_before_and_after(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    perform(resellers.edit, edit_form(partner, reseller, extensions=210), partner.credential)
    with transaction(writes=False) as session:
        created, edited = session.exec(select(AuditRow).order_by(col(AuditRow.id))).all()
    assert created.action == "reseller.create"
    assert created.after and created.after["extensions"] == 200
    assert edited.before and edited.after
    assert (edited.before["extensions"], edited.after["extensions"]) == (200, 210)


def exported(by: Owner, wanted: dict[str, str]) -> list[tuple[Any, ...]]:
    """The rows of the workbook, the header first."""
    sheet = openpyxl.load_workbook(BytesIO(perform(resellers.export, wanted, by.credential))).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


def test_the_export_holds_what_the_filters_let_through_and_no_live_formula(sqlite: str) -> None:
    partner = owner()
    add_reseller(partner, company="=1+1", high_availability=True)
    add_reseller(partner, company="Other")
    header, row = exported(partner, {"company": "=1"})
    assert header[0] == "Company"
    assert row[0] == "=1+1"
    assert row[5:] == (0, 200, 0, 40, 0, 10_000, 5, "Yes")
    content = perform(resellers.export, {}, partner.credential)
    sheet = openpyxl.load_workbook(BytesIO(content)).active
    assert sheet is not None
    assert {cell.data_type for cell in sheet["A"]} == {"s"}


def test_a_superior_switches_a_lost_second_factor_off_but_never_on(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    with pytest.raises(Refusal, match="two_factor_off"):
        perform(resellers.switch_off_two_factor, {"id": reseller}, partner.credential)
    with transaction() as session:
        session.get_one(Account, reseller).two_factor = TwoFactor.EMAIL
    perform(resellers.switch_off_two_factor, {"id": reseller}, partner.credential)
    with transaction(writes=False) as session:
        assert session.get_one(Account, reseller).two_factor is TwoFactor.OFF


def test_too_much_of_one_and_too_little_of_another_are_said_together(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    add_pbx(activated(reseller), extensions=50)
    with pytest.raises(Refusal) as refused:
        perform(resellers.edit, edit_form(partner, reseller, extensions=49, calls=900), partner.credential)
    assert refused.value.fields == {
        "extensions": "50 are in use: set at least 50.",
        "calls": "Concurrent Calls: 860 more asked for, 160 free.",
    }


def test_two_clicks_send_one_activation_email(sqlite: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    perform(resellers.send_activation, {"id": reseller}, partner.credential)
    clock.advance(timedelta(seconds=59))
    with pytest.raises(Refusal, match="resent_too_often"):
        perform(resellers.send_activation, {"id": reseller}, partner.credential)
    assert counts()[3] == 1


def test_the_list_goes_on_where_the_page_before_ended(db: str) -> None:
    partner = owner()
    for number in range(30):
        add_reseller(partner, company=f"Company {number:02}", extensions="5", calls="1", minutes="0")
    first = perform(resellers.search, {}, partner.credential)
    second = perform(resellers.search, {"before": first.older}, partner.credential)
    back = perform(resellers.search, {"after": second.newer}, partner.credential)
    names = [row.company for row in [*first.rows, *second.rows]]
    assert names == [f"Company {number:02}" for number in reversed(range(30))]
    assert (back.rows, second.older, first.newer) == (first.rows, 0, 0)


def test_the_history_of_a_package_says_who_changed_what_from_what_to_what(db: str) -> None:
    partner, rival = owner(), owner()
    reseller = add_reseller(partner)
    perform(resellers.edit, edit_form(partner, reseller, remark="no part of the package"), partner.credential)
    perform(resellers.edit, edit_form(partner, reseller, extensions="250", calls="30"), partner.credential)
    changed, made = perform(resellers.history, {"id": reseller}, partner.credential)
    assert changed.who == partner.account.email
    assert changed.parts == [("Extensions", 200, 250), ("Concurrent Calls", 40, 30)]
    assert made.parts[:2] == [("Extensions", None, 200), ("Minimum Ext. per PBX", None, 5)]
    with pytest.raises(NotFound):
        perform(resellers.history, {"id": reseller}, rival.credential)


def test_the_second_of_two_who_edit_a_reseller_is_told_and_overwrites_nothing(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    first, second = (edit_form(partner, reseller, **change) for change in ({"calls": 50}, {"company": "Other"}))
    perform(resellers.edit, first, partner.credential)
    with pytest.raises(Refusal) as refused:
        perform(resellers.edit, second, partner.credential)
    assert refused.value.code == "changed_meanwhile"
    (row,) = perform(resellers.search, {}, partner.credential).rows
    assert (row.company, row.capacities[1]) == ("Brightline Networks", (0, 50))


def test_a_reseller_that_is_deleted_while_somebody_saves_it_takes_no_capacity_with_it(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite carries out one change after the other: the race is PostgreSQL's alone."""
    partner = owner()
    reseller = add_reseller(partner)
    form, once = edit_form(partner, reseller), []
    lock = capacity.lock

    def after_the_deletion(*asked: Any) -> Any:
        if not once:
            once.append(True)
            perform(resellers.delete, {"ids": [reseller]}, partner.credential)
        return lock(*asked)

    if db == "postgresql":
        monkeypatch.setattr(capacity, "lock", after_the_deletion)
    else:
        perform(resellers.delete, {"ids": [reseller]}, partner.credential)
    with pytest.raises(NotFound):
        perform(resellers.edit, form, partner.credential)
    assert free(partner) == (1000, 200, 50_000)
    assert problems() == []


def test_one_reseller_deleted_by_many_at_once_is_deleted_once(db: str) -> None:
    partner = owner()
    reseller = add_reseller(partner)
    won, refused = at_once(6, lambda _: perform(resellers.delete, {"ids": [reseller]}, partner.credential))
    assert [one.count for one in won] == [1]
    assert set(refused) == {"not_found"}
    assert free(partner) == (1000, 200, 50_000)
