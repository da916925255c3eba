"""Staff adjust a partner's points and take back registrations: each shown first, with a reason, told to the partner."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from tests.factories import account, organisation, signed_in
from tests.race import at_once
from tests.services.test_points import earn, entries, spend
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, TwoFactor
from yeastar_app.models.points import PointAccount, Registration
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.refusals import Refusal
from yeastar_app.services import partner_points, registration, seen
from yeastar_app.services.partner_points import Effects, PartnerAccount


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def here(sqlite: str) -> Credential:
    return administrator()


def administrator() -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def owner(here: Credential) -> Account:
    return account(Kind.PARTNER)


def seen_of(who: Credential, owner: Account) -> PartnerAccount:
    return perform(partner_points.account, {"partner": owner.organisation_id}, who)


def adjustment(who: Credential, owner: Account, points: Any, reason: Any = "A campaign") -> dict[str, Any]:
    mark = seen_of(who, owner).seen
    return {"partner": owner.organisation_id, "points": points, "reason": reason, "seen": mark}


def taking(who: Credential, owner: Account, reason: Any = "Sold by another partner") -> dict[str, Any]:
    with transaction(writes=False) as session:
        first = session.exec(select(Registration.id).order_by(col(Registration.id)).limit(1)).one()
    mark = seen_of(who, owner).seen
    return {"partner": owner.organisation_id, "registration": first, "reason": reason, "seen": mark}


def without_mark(effects: Effects) -> Effects:
    return Effects(**{**vars(effects), "seen": ""})


def test_points_are_added_and_taken_out_as_the_preview_said(admin: Credential) -> None:
    owner = account(Kind.PARTNER)
    earn(owner.organisation_id, owner.key, 100)
    for points in (50, -120):
        given = adjustment(admin, owner, points)
        before = entries()
        would = perform(partner_points.preview_adjustment, given, admin)
        assert entries() == before, "looking at it changes nothing"
        assert without_mark(would) == perform(partner_points.adjust, given, admin)
    assert entries() == [("earned", 100, 100), ("adjusted", 50, 150), ("adjusted", -100, 50), ("adjusted", -20, 30)]
    assert seen_of(admin, owner).balance == 30
    with transaction(writes=False) as session:
        adjusted = select(AuditRow).where(AuditRow.action == "partner_points.adjust").order_by(col(AuditRow.id))
        row = session.exec(adjusted).first()
        told = session.exec(select(Email).where(Email.kind == "points_adjusted")).all()
    assert row is not None
    assert row.after == {"balance": 150, "debt": 0, "points": 50, "reason": "A campaign"}
    assert [email.to for email in told] == [owner.email] * 2
    assert "The reason: A campaign" in told[0].text


def test_the_same_adjustment_sent_twice_is_done_once(here: Credential, owner: Account) -> None:
    given = adjustment(here, owner, 50)
    perform(partner_points.adjust, given, here)
    with pytest.raises(Refusal, match="changed_meanwhile"):
        perform(partner_points.adjust, given, here)
    assert entries() == [("adjusted", 50, 50)]


def test_points_that_expired_since_are_neither_taken_nor_in_the_way(here: Credential, owner: Account) -> None:
    earn(owner.organisation_id, owner.key, 100)
    clock.advance(timedelta(days=800))
    who = administrator()
    perform(partner_points.adjust, adjustment(who, owner, 30), who)
    assert entries() == [("earned", 100, 100), ("expired", -100, 0), ("adjusted", 30, 30)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", 0), ("points", ""), ("points", "1.5"), ("points", "1e3"), ("points", True), ("points", 1_000_001),
        ("points", -1_000_001), ("points", -101), ("points", {}), ("reason", ""), ("reason", " "), ("reason", None),
        ("reason", "a" * 161), ("reason", "a\0b"), ("partner", 0), ("partner", 9999), ("partner", "x"), ("seen", ""),
        ("seen", None), ("seen", "x" * 33),
    ],
)  # fmt: skip
def test_bad_input_adjusts_nothing(here: Credential, owner: Account, field: str, value: Any) -> None:
    earn(owner.organisation_id, owner.key, 100)
    with pytest.raises(Refusal):
        perform(partner_points.adjust, {**adjustment(here, owner, 5), field: value}, here)
    assert entries() == [("earned", 100, 100)]


def test_a_reversal_takes_what_is_there_and_leaves_the_rest_as_a_debt(admin: Credential) -> None:
    owner = account(Kind.PARTNER)
    earn(owner.organisation_id, owner.key, 100)
    spend(owner.organisation_id, 70)
    given = taking(admin, owner)
    would = perform(partner_points.preview_reversal, given, admin)
    assert (would.balance, would.debt, [line.points for line in would.lines]) == (0, 70, [-30, 0])
    assert without_mark(would) == perform(partner_points.reverse, given, admin)
    stands = seen_of(admin, owner)
    assert (stands.balance, stands.debt, stands.accrued) == (0, 70, 0)
    shown = perform(partner_points.registered_products, {"partner": owner.organisation_id}, admin).rows
    assert [row.reversal_reason for row in shown] == ["Sold by another partner"]
    with pytest.raises(Refusal, match="reversed_already"):
        perform(partner_points.reverse, taking(admin, owner), admin)
    with transaction(writes=False) as session:
        told = session.exec(select(Email).where(Email.kind == "registration_reversed")).one()
    assert "70 points are owed" in told.text
    perform(partner_points.adjust, adjustment(admin, owner, 100), admin)
    assert (seen_of(admin, owner).balance, seen_of(admin, owner).debt) == (30, 0)


def test_a_reversed_product_stays_registered(here: Credential, owner: Account) -> None:
    """Once, by anybody, ever: who takes a registration back does not open a way to earn twice."""
    earn(owner.organisation_id, owner.key, 100)
    perform(partner_points.reverse, taking(here, owner), here)
    with transaction(writes=False) as session:
        row = session.exec(select(Registration)).one()
        known = registration.look_up(session, [(row.product_id, row.identifier)])
    assert known.registered == {(row.product_id, row.identifier)}


def test_what_had_expired_is_nobodys_debt(here: Credential, owner: Account) -> None:
    earn(owner.organisation_id, owner.key, 100)
    clock.advance(timedelta(days=800))
    who = administrator()
    done = perform(partner_points.reverse, taking(who, owner), who)
    assert (done.expired, done.debt, done.balance) == (100, 0, 0)


def test_an_account_manager_reaches_its_own_partners_only(here: Credential, owner: Account) -> None:
    other, manager = account(Kind.PARTNER), account(Kind.ACCOUNT_MANAGER, two_factor=TwoFactor.EMAIL)
    earn(other.organisation_id, other.key, 100)
    with transaction() as session:
        session.add(ManagedPartner(organisation_id=owner.organisation_id, account_id=manager.key))
    who = signed_in(manager)
    assert [row.id for row in perform(partner_points.listed, {}, who).rows] == [owner.organisation_id]
    perform(partner_points.adjust, adjustment(who, owner, 5), who)
    for action, given in (
        (partner_points.account, {"partner": other.organisation_id}),
        (partner_points.adjust, adjustment(here, other, 5)),
        (partner_points.preview_adjustment, adjustment(here, other, 5)),
        (partner_points.reverse, taking(here, other)),
        (partner_points.preview_reversal, taking(here, other)),
        (partner_points.records, {"partner": other.organisation_id}),
        (partner_points.registered_products, {"partner": other.organisation_id}),
        (partner_points.export_records, {"partner": other.organisation_id}),
        (partner_points.export_registered_products, {"partner": other.organisation_id}),
    ):
        with pytest.raises(Refusal, match="not_found"):
            perform(action, given, who)
    with pytest.raises(Refusal, match="not_found"):  # a stranger's registration under one's own partner
        own = {"partner": owner.organisation_id, "seen": seen_of(who, owner).seen}
        perform(partner_points.reverse, {**taking(here, other), **own}, who)


def test_the_list_shows_balance_debt_and_next_expiry_and_is_searched(here: Credential, owner: Account) -> None:
    earn(owner.organisation_id, owner.key, 1_200)
    account(Kind.PARTNER, organisation(name="Quiet Partner"))
    rows = perform(partner_points.listed, {}, here).rows
    assert (rows[0].name, rows[0].tier, rows[0].balance) == ("Quiet Partner", "Registered", 0)
    assert (rows[1].balance, rows[1].accrued, rows[1].debt) == (1_200, 1_200, 0)
    assert rows[1].expires == seen_of(here, owner).lots[0][0]
    assert [row.name for row in perform(partner_points.listed, {"search": "quIET"}, here).rows] == ["Quiet Partner"]
    assert perform(partner_points.listed, {"tier": "Gold"}, here).rows == []
    assert perform(partner_points.export, {"search": "quiet"}, here)[:2] == b"PK"


def four_adjust(admin: Credential) -> tuple[int, list[str], int]:
    owner = account(Kind.PARTNER)
    given = adjustment(admin, owner, 10)
    won, refused = at_once(4, lambda _: perform(partner_points.adjust, given, admin))
    with transaction(writes=False) as session:
        balance = session.exec(
            select(PointAccount.balance).where(PointAccount.organisation_id == owner.organisation_id)
        ).one()
    return len(won), refused, balance


def test_negative_control_without_the_mark_four_clicks_adjust_four_times(
    admin: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    assert four_adjust(admin) == (4, [], 40)


def test_of_four_who_adjust_at_once_one_does_and_three_are_told(admin: Credential) -> None:
    assert four_adjust(admin) == (1, ["changed_meanwhile"] * 3, 10)
