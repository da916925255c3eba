"""Rewards: what a partner can have for its points, redeeming, withdrawing, and what staff do with it (PRODUCT 3.1)."""

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.conftest import START
from tests.databases import drop_constraint
from tests.factories import account, organisation, signed_in
from tests.race import at_once
from tests.services.test_points import earn
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import expiry
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, TwoFactor
from yeastar_app.models.points import PointAccount, PointEntry, PointLot, Tier
from yeastar_app.models.records import AuditRow, Email
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward, RewardStock
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import checks, points, redemptions, rewards, tiers
from yeastar_app.services.rewards import Offer, Redeemed

_keys = itertools.count(1)
PRICE = 100


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


def reward(name: str = "Headset", price: int = PRICE, active: bool = True, **stock: int) -> int:
    """A reward with so many on stock by the tier's name."""
    with transaction() as session:
        row = Reward(name=name, points=price, active=active, position=next(_keys))
        session.add(row)
        session.flush()
        for tier, count in stock.items():
            key = session.exec(select(Tier.id).where(col(Tier.name) == tier)).one()
            assert key is not None
            session.add(RewardStock(reward_id=row.key, tier_id=key, stock=count))
    return row.key


def partner(held: int = 0) -> tuple[Account, Credential]:
    """Somebody of a company of its own, which has earned so many points."""
    owner = account(Kind.PARTNER)
    if held:
        earn(owner.organisation_id, owner.key, held)
    return owner, signed_in(owner)


def manager_of(owner: Account) -> Credential:
    manager = account(Kind.ACCOUNT_MANAGER, two_factor=TwoFactor.EMAIL)
    with transaction() as session:
        session.add(ManagedPartner(organisation_id=owner.organisation_id, account_id=manager.key))
    return signed_in(manager)


def form(key: int, **changes: Any) -> dict[str, Any]:
    return {"reward": key, "points": PRICE, "request_key": f"request-key-{next(_keys):06}", "deliver_to": "Dock 4",
            **changes}  # fmt: skip


def redeem(who: Credential, key: int, **changes: Any) -> Redeemed:
    return perform(rewards.redeem, form(key, **changes), who)


def refused(action: Any, payload: dict[str, Any], who: Credential) -> str:
    with pytest.raises(Refusal) as problem:
        perform(action, payload, who)
    return problem.value.code


def stock(key: int) -> list[int]:
    with transaction(writes=False) as session:
        found = session.exec(select(RewardStock.stock).where(col(RewardStock.reward_id) == key))
        return list(found)


def balance(owner: Account) -> int:
    with transaction(writes=False) as session:
        query = select(PointAccount.balance).where(col(PointAccount.organisation_id) == owner.organisation_id)
        return session.exec(query).one()


def lots(owner: Account) -> list[int]:
    with transaction(writes=False) as session:
        query = select(PointLot.remaining).where(col(PointLot.organisation_id) == owner.organisation_id)
        return list(session.exec(query.order_by(col(PointLot.expires_on))))


def statuses() -> list[str]:
    with transaction(writes=False) as session:
        return [row.status.value for row in session.exec(select(Redemption).order_by(col(Redemption.id)))]


def emails() -> list[tuple[str, str]]:
    with transaction(writes=False) as session:
        return [(row.kind, row.to) for row in session.exec(select(Email).order_by(col(Email.id)))]


def everything_holds() -> bool:
    with transaction(writes=False) as session:
        return checks.broken(session) == []


def offers(who: Credential, **asked: Any) -> dict[str, Offer]:
    return {offer.name: offer for offer in perform(rewards.catalogue, asked, who).offers}


# The catalogue


def test_the_catalogue_says_of_each_reward_whether_it_can_be_had_and_why_not(sqlite: str) -> None:
    reward("Cap", Registered=5)
    reward("Travel Kit", 400, Registered=5)
    reward("Gone", Registered=0, Silver=3)
    reward("Desk Phone", Silver=2, Gold=1)
    reward("Off", active=False, Registered=5)
    _, who = partner(150)
    seen = offers(who)
    assert list(seen) == ["Cap", "Travel Kit", "Gone", "Desk Phone"], "what is taken out is not there"
    assert [offer.possible for offer in seen.values()] == [True, False, False, False]
    assert (seen["Travel Kit"].missing, seen["Gone"].stock, seen["Desk Phone"].from_tier) == (250, 0, "Silver")
    assert list(offers(who, show="mine")) == ["Cap"]


def test_a_tier_sees_what_higher_tiers_could_have_and_nothing_meant_for_lower_ones_only(sqlite: str) -> None:
    reward("Cap", Registered=5)
    reward("Trip", Gold=1)
    owner, who = partner(1200)
    with transaction() as session:
        held = points.lock(session, owner.organisation_id)
        assert tiers.lift(session, held, tiers.programme(session))
    assert list(offers(who)) == ["Trip"]
    cap = 1
    assert refused(rewards.redeem, form(cap), who) == "not_for_your_tier"


def test_the_catalogue_is_paged(sqlite: str) -> None:
    for number in range(rewards.PAGE + 1):
        reward(f"Reward {number}", Registered=1)
    _, who = partner()
    first, second = (perform(rewards.catalogue, {"page": page}, who) for page in ("1", "2"))
    assert (len(first.offers), first.more, len(second.offers), second.more) == (rewards.PAGE, True, 1, False)
    assert perform(rewards.catalogue, {"page": "-1", "show": "x"}, who).offers == first.offers


def test_the_confirmation_shows_which_points_go_first(sqlite: str) -> None:
    owner, _ = partner(70)
    clock.advance(timedelta(days=10))
    earn(owner.organisation_id, owner.key, 200)
    who = signed_in(owner)
    seen = perform(rewards.prepare, {"reward": reward(Registered=1)}, who)
    assert [(draw.points, draw.expires_on.isoformat()) for draw in seen.draws] == [
        (70, "2028-03-02"), (30, "2028-03-12")
    ]  # fmt: skip
    assert (seen.balance, seen.after) == (270, 170)
    assert seen.deliver_to.startswith("Person")
    assert lots(owner) == [70, 200], "looking changes nothing"


# Redeeming


def test_redeeming_holds_the_points_and_a_piece_and_tells_both_sides(db: str) -> None:
    key = reward(Registered=3)
    owner, who = partner(250)
    manager_of(owner)
    done = redeem(who, key)
    assert (done.reward, done.points, done.balance) == ("Headset", 100, 150)
    assert (stock(key), balance(owner), statuses()) == ([2], 150, ["requested"])
    assert [kind for kind, _ in emails()] == ["redemption_requested", "redemption_to_approve"]
    assert emails()[0][1] == owner.email
    with transaction(writes=False) as session:
        entry = session.exec(select(PointEntry).order_by(col(PointEntry.id).desc())).first()
        assert entry is not None
        assert (entry.points, entry.redemption_id, entry.reason) == (-100, done.id, "Redeemed for Headset")
        assert session.exec(select(AuditRow).where(col(AuditRow.action) == "reward.redeem")).one().label == "Headset"
    assert everything_holds()


def test_what_cannot_be_had_is_refused_in_words_and_nothing_is_kept(sqlite: str) -> None:
    owner, who = partner(150)
    for key, changes, code in (
        (reward("Dear", 151, Registered=1), {"points": 151}, "not_enough_points"),
        (reward("Gone", Registered=0), {}, "out_of_stock"),
        (reward("Gold only", Gold=1), {}, "not_for_your_tier"),
        (reward("No shelf"), {}, "not_for_your_tier"),
        (reward("Off", active=False, Registered=1), {}, "not_found"),
        (reward("Dearer", 120, Registered=1), {}, "price_changed"),
        (999_999, {}, "not_found"),
    ):
        assert refused(rewards.redeem, form(key, **changes), who) == code
        if code != "price_changed":
            assert refused(rewards.prepare, {"reward": key}, who) == code
    assert (balance(owner), statuses(), emails()) == (150, [], [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reward", 0), ("reward", "x"), ("reward", None), ("reward", 10**30), ("points", 0), ("points", "1e2"),
        ("points", True), ("request_key", ""), ("request_key", "short"), ("request_key", "x" * 41), ("request_key", {}),
        ("request_key", "spaces are not one"), ("deliver_to", ""), ("deliver_to", "  "), ("deliver_to", "x" * 501),
        ("deliver_to", "a\0b"), ("deliver_to", "\ud800"), ("deliver_to", []),
    ],
)  # fmt: skip
def test_bad_input_redeems_nothing(sqlite: str, field: str, value: Any) -> None:
    owner, who = partner(PRICE)
    with pytest.raises(Refusal):
        redeem(who, reward(Registered=1), **{field: value})
    assert (balance(owner), statuses()) == (PRICE, [])


def test_a_price_that_rises_does_not_change_what_was_redeemed(sqlite: str) -> None:
    key = reward(Registered=2)
    owner, who = partner(500)
    redeem(who, key)
    with transaction() as session:
        session.get_one(Reward, key).points = 400
    perform(rewards.withdraw, {"redemption": 1}, who)
    assert balance(owner) == 500
    assert perform(rewards.mine, {}, who).rows[0].points == PRICE


# What comes of it


def test_approved_then_fulfilled_each_told_by_email(admin: Credential) -> None:
    owner, who = partner(PRICE)
    done = redeem(who, reward(Registered=1))
    assert refused(redemptions.fulfil, {"redemption": done.id}, admin) == "not_approved"
    perform(redemptions.approve, {"redemption": done.id}, admin)
    perform(redemptions.fulfil, {"redemption": done.id, "note": "Parcel 3SABC"}, admin)
    assert [kind for kind, to in emails() if to == owner.email] == [
        "redemption_requested", "redemption_approved", "redemption_fulfilled"
    ]  # fmt: skip
    row = perform(rewards.mine, {}, who).rows[0]
    assert (row.status, row.note, row.fulfilled_at) == (RedemptionStatus.FULFILLED, "Parcel 3SABC", START)
    with transaction(writes=False) as session:
        assert "Parcel 3SABC" in session.exec(select(Email).order_by(col(Email.id).desc())).first().text  # type: ignore[union-attr]
    for late in (redemptions.approve, redemptions.decline):
        assert refused(late, {"redemption": done.id, "reason": "late"}, admin) == "already_decided"
    assert refused(rewards.withdraw, {"redemption": done.id}, who) == "already_decided"
    assert everything_holds()


def test_a_decline_gives_points_and_stock_back_with_the_old_expiry_and_says_why(db: str) -> None:
    key = reward(Registered=1)
    owner, _ = partner(60)
    clock.advance(timedelta(days=10))
    earn(owner.organisation_id, owner.key, 60)
    done = redeem(signed_in(owner), key)
    assert lots(owner) == [0, 20]
    admin = manager_of(owner)
    step = perform(redemptions.decline, {"redemption": done.id, "reason": "Discontinued"}, admin)
    assert step.points == "100 points are back in the balance, with their old expiry."
    assert (lots(owner), balance(owner), stock(key)) == ([60, 60], 120, [1])
    with transaction(writes=False) as session:
        told = session.exec(select(Email).where(col(Email.kind) == "redemption_declined")).one()
    assert "Discontinued" in told.text
    assert everything_holds()


def test_points_whose_time_is_over_when_they_come_back_expire_and_the_answer_says_so(db: str) -> None:
    owner, _ = partner(60)
    clock.advance(timedelta(days=100))
    earn(owner.organisation_id, owner.key, 60)
    done = redeem(signed_in(owner), reward(Registered=1))
    clock.advance(datetime(2028, 3, 10, tzinfo=UTC) - clock.now())
    step = perform(redemptions.decline, {"redemption": done.id, "reason": "Sorry"}, manager_of(owner))
    assert step.points.startswith("Of the 100 points, 40 are back")
    assert (lots(owner), balance(owner)) == ([0, 60], 60)
    assert everything_holds()


def test_a_partner_withdraws_while_nobody_has_decided_and_has_its_points_back(db: str) -> None:
    key = reward(Registered=1)
    owner, who = partner(PRICE)
    done = redeem(who, key)
    perform(rewards.withdraw, {"redemption": done.id}, who)
    assert (balance(owner), stock(key), statuses()) == (PRICE, [1], ["withdrawn"])
    assert refused(rewards.withdraw, {"redemption": done.id}, who) == "already_decided"
    assert balance(owner) == PRICE
    assert everything_holds()


def test_the_second_of_two_staff_is_told_who_was_faster(admin: Credential) -> None:
    owner, who = partner(PRICE)
    done = redeem(who, reward(Registered=1))
    perform(redemptions.approve, {"redemption": done.id}, manager_of(owner))
    with pytest.raises(Refusal, match=r"approved already, by Person \d+ on 2 Mar 2026, 09:00 UTC"):
        perform(redemptions.approve, {"redemption": done.id}, admin)


def test_the_queue_holds_what_waits_and_finds_the_rest(sqlite: str) -> None:
    admin = signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))
    key = reward(Registered=9)
    _, who = partner(1000)
    first, second, third = (redeem(who, key).id for _ in range(3))
    perform(redemptions.approve, {"redemption": second}, admin)
    perform(redemptions.decline, {"redemption": first, "reason": "No"}, admin)

    def found(**asked: str) -> list[int]:
        return [row.id for row in perform(redemptions.queue, asked, admin).rows]

    assert found() == [second, third], "who waits longest is served first"
    assert (found(status="requested"), found(status="approved")) == ([third], [second])
    assert found(status="all") == [third, second, first]
    assert found(status="declined") == [first]
    assert found(status="all", search="headSET") == [third, second, first]
    assert found(status="all", search="%") == []
    assert found(since="2026-03-03") == []
    assert perform(redemptions.waiting, None, admin) == (1, 1)
    assert perform(redemptions.export, {"status": "all"}, admin)[:2] == b"PK"


def test_an_account_manager_sees_and_decides_for_its_own_partners_only(sqlite: str) -> None:
    key = reward(Registered=9)
    (ours, our), (_, their) = partner(PRICE), partner(PRICE)
    mine, foreign = redeem(our, key), redeem(their, key)
    manager = manager_of(ours)
    assert [row.id for row in perform(redemptions.queue, {}, manager).rows] == [mine.id]
    for act in (redemptions.approve, redemptions.fulfil, redemptions.decline):
        with pytest.raises(NotFound):
            perform(act, {"redemption": foreign.id, "reason": "x"}, manager)
    with pytest.raises(NotFound):
        perform(rewards.withdraw, {"redemption": foreign.id}, our)
    assert [row.id for row in perform(rewards.mine, {}, our).rows] == [mine.id]


@pytest.mark.parametrize("reason", ["", " ", None, "x" * 501, "\0", {}, 5])
def test_a_decline_needs_a_reason(sqlite: str, reason: Any) -> None:
    admin = signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))
    _, who = partner(PRICE)
    done = redeem(who, reward(Registered=1))
    with pytest.raises(Refusal):
        perform(redemptions.decline, {"redemption": done.id, "reason": reason}, admin)
    assert statuses() == ["requested"]


def test_where_who_redeemed_has_left_the_owners_are_told(sqlite: str) -> None:
    admin = signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))
    home = organisation()
    owner = account(Kind.PARTNER, home)
    leaver = account(Kind.COLLEAGUE, home, grants=["programme"])
    earn(home.key, owner.key, PRICE)
    done = redeem(signed_in(leaver), reward(Registered=1))
    with transaction() as session:
        session.execute(sa.update(Account).where(col(Account.id) == leaver.key).values(status="removed"))
    perform(redemptions.approve, {"redemption": done.id}, admin)
    assert emails()[-1] == ("redemption_approved", owner.email)


# At the same moment


def without_the_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: everybody looked before anybody took, and the table lets it happen."""

    def take(session: Any, row: Reward, tier: Tier) -> None:
        shelf = (col(RewardStock.reward_id) == row.key, col(RewardStock.tier_id) == tier.key)
        session.execute(sa.update(RewardStock).where(*shelf).values(stock=RewardStock.stock - 1))

    monkeypatch.setattr(rewards, "_take_one", take)
    monkeypatch.setattr(rewards, "_refuse_the_impossible", lambda _offer: None)
    drop_constraint("reward_stock", "ck_reward_stock_stock_not_negative", "check")


def fifty_want_ten() -> tuple[int, list[str], int]:
    key = reward(Registered=10)
    crowd = [partner(PRICE)[1] for _ in range(50)]
    won, told = at_once(50, lambda n: redeem(crowd[n], key))
    return len(won), told, stock(key)[0]


def test_negative_control_without_the_condition_fifty_get_what_ten_can_have(
    own_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_the_guards(monkeypatch)
    assert fifty_want_ten() == (50, [], -40)


def test_of_fifty_partners_who_want_one_of_ten_at_once_ten_have_it(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewards, "_refuse_the_impossible", lambda _offer: None)  # all of them looked in time
    assert fifty_want_ten() == (10, ["out_of_stock"] * 40, 0)
    assert everything_holds()


def test_of_fifty_requests_of_one_company_as_many_win_as_its_points_reach(db: str) -> None:
    key = reward(Registered=50)
    owner, who = partner(7 * PRICE + 50)
    won, told = at_once(50, lambda _n: redeem(who, key))
    assert (len(won), set(told), balance(owner)) == (7, {"not_enough_points"}, 50)
    assert statuses() == ["requested"] * 7
    assert everything_holds()


def test_negative_control_with_a_key_of_its_own_every_click_redeems(sqlite: str) -> None:
    key = reward(Registered=9)
    owner, who = partner(5 * PRICE)
    won, _ = at_once(4, lambda _n: redeem(who, key))
    assert (len({done.id for done in won}), balance(owner)) == (4, PRICE)


def test_two_clicks_redeem_once_and_both_are_told_the_same(db: str) -> None:
    key = reward(Registered=9)
    owner, who = partner(5 * PRICE)
    wish = form(key)
    won, told = at_once(8, lambda _n: perform(rewards.redeem, wish, who))
    assert (set(won), told) == ({Redeemed(1, "Headset", PRICE, 4 * PRICE)}, [])
    assert (statuses(), stock(key), balance(owner), len(emails())) == (["requested"], [8], 4 * PRICE, 1)


@pytest.fixture
def declined_and_withdrawn(admin: Credential) -> Iterator[Any]:
    """Both at once; what came of it."""
    key = reward(Registered=2)
    owner, who = partner(2 * PRICE)
    done, _ = (redeem(who, key) for _ in range(2))

    def both() -> tuple[int, list[str], int, int]:
        def one(number: int) -> Any:
            if number % 2:
                return perform(rewards.withdraw, {"redemption": done.id}, who)
            return perform(redemptions.decline, {"redemption": done.id, "reason": "No"}, admin)

        won, told = at_once(2, one)
        return len(won), told, balance(owner), stock(key)[0]

    yield both


def test_negative_control_without_the_table_of_steps_points_come_back_twice(
    declined_and_withdrawn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redemptions, "_FROM", dict.fromkeys(RedemptionStatus, tuple(RedemptionStatus)))
    assert declined_and_withdrawn() == (2, [], 2 * PRICE, 2)


def test_of_a_decline_and_a_withdrawal_at_once_one_holds_and_points_come_back_once(declined_and_withdrawn: Any) -> None:
    assert declined_and_withdrawn() == (1, ["already_decided"], PRICE, 1)
    assert everything_holds()


@pytest.fixture
def at_the_days_end(db: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Points in the last second of their last day, for one thread; for another the day is over."""
    key = reward(Registered=1)
    owner, _ = partner(PRICE)
    with transaction(writes=False) as session:
        last_day = session.exec(select(PointLot.expires_on)).one()
    midnight = datetime.combine(last_day + timedelta(days=1), time(), UTC)
    clock.advance(midnight - clock.now())
    who = signed_in(owner)
    mine = threading.local()
    monkeypatch.setattr(clock, "now", lambda: midnight - timedelta(seconds=getattr(mine, "early", 0)))

    def one(number: int, early: int) -> Any:
        if number == 0:
            mine.early = early
            return redeem(who, key)
        return expiry.run_due()

    def race(early: int) -> tuple[list[str], list[int], list[str]]:
        _, told = at_once(2, lambda number: one(number, early))
        with transaction(writes=False) as session:
            kinds = [entry.kind.value for entry in session.exec(select(PointEntry).order_by(col(PointEntry.id)))]
        return told, lots(owner), kinds

    return race


def test_negative_control_where_nothing_expired_before_spending_dead_points_would_be_spent(
    at_the_days_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "_expire", lambda *_: None)
    monkeypatch.setattr(rewards, "_refuse_the_impossible", lambda _offer: None)
    assert at_the_days_end(0) == ([], [0], ["earned", "redeemed"])


def test_in_the_last_second_points_are_spent_or_expire_never_both(at_the_days_end: Any) -> None:
    told, left, kinds = at_the_days_end(1)
    assert (told, left, kinds) in (
        ([], [0], ["earned", "redeemed"]),
        (["not_enough_points"], [0], ["earned", "expired"]),
    )
    assert everything_holds()


def test_after_midnight_they_only_expire(at_the_days_end: Any) -> None:
    assert at_the_days_end(0) == (["not_enough_points"], [0], ["earned", "expired"])
