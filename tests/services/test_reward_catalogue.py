"""The rewards as administrators keep them: stock for each tier, pictures, and what was redeemed stays as it was."""

import io
from typing import Any

import pytest
from PIL import Image
from sqlmodel import col, select

from tests.factories import account, signed_in
from tests.race import at_once
from tests.services.test_rewards import PRICE, offers, partner, redeem
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind, TwoFactor
from yeastar_app.models.points import Tier
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import images, reward_catalogue, rewards, seen
from yeastar_app.services.reward_catalogue import RewardView


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "#1f5fe0").save(out, "PNG")
    return out.getvalue()


def tier(name: str) -> str:
    with transaction(writes=False) as session:
        return str(session.exec(select(Tier.id).where(col(Tier.name) == name)).one())


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "Headset", "description": "Two microphones", "points": str(PRICE), "position": "1", "active": "on",
            "stock": {tier("Registered"): "3", tier("Gold"): ""}, **changes}  # fmt: skip


def view(who: Credential, name: str = "Headset") -> RewardView:
    return next(one for one in perform(reward_catalogue.overview, {}, who).rewards if one.name == name)


def change(shown: RewardView, **changes: Any) -> dict[str, Any]:
    """The form of a reward as it was shown, with what somebody typed over it."""
    held = {str(one.tier_id): one.stock for one in shown.shelves if one.stock is not None}
    typed = {"name": shown.name, "points": str(shown.points), "position": str(shown.position), "active": "on",
             "stock": {key: str(count) for key, count in held.items()}}  # fmt: skip
    return {**typed, "reward": shown.id, "seen": shown.seen, "seen_stock": held, **changes}


def stock(who: Credential) -> dict[str, int | None]:
    return {one.tier: one.stock for one in view(who).shelves}


def test_a_reward_that_is_added_is_in_the_catalogue_of_its_tiers_with_its_picture(admin: Credential) -> None:
    perform(reward_catalogue.add, form(picture=picture()), admin)
    assert stock(admin) == {"Registered": 3, "Silver": None, "Gold": None, "Platinum": None}
    _, who = partner(PRICE)
    offer = offers(who)["Headset"]
    assert offer.possible
    assert perform(images.view, {"id": offer.image_id}, who).media_type == "image/webp"
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(col(AuditRow.action) == "reward.add")).one()
    assert row.after is not None
    assert row.after["stock"] == {"Registered": 3}


def test_its_picture_is_for_those_who_may_see_the_reward_only(here: Credential) -> None:
    perform(reward_catalogue.add, form(picture=picture()), here)
    key = view(here).image_id
    _, buyer = partner(PRICE)
    _, other = partner()
    redeem(buyer, view(here).id)
    perform(reward_catalogue.change, change(view(here), active=""), here)
    assert perform(images.view, {"id": key}, buyer), "who redeemed it still sees it"
    manager = signed_in(account(Kind.ACCOUNT_MANAGER, two_factor=TwoFactor.EMAIL))
    assert perform(images.view, {"id": key}, manager)
    outsiders = [other, *(signed_in(account(kind)) for kind in (Kind.CUSTOMER, Kind.RESELLER, Kind.COLLEAGUE))]
    for who in outsiders:
        with pytest.raises(NotFound):
            perform(images.view, {"id": key}, who)


def test_stock_moves_by_what_was_typed_and_a_redemption_meanwhile_stays(admin: Credential) -> None:
    perform(reward_catalogue.add, form(), admin)
    shown = view(admin)
    redeem(partner(PRICE)[1], shown.id)
    typed = {**change(shown)["stock"], tier("Registered"): "13", tier("Gold"): "2"}
    perform(reward_catalogue.change, change(shown, stock=typed), admin)
    assert stock(admin) == {"Registered": 12, "Silver": None, "Gold": 2, "Platinum": None}


def test_no_more_is_taken_out_than_is_left(here: Credential) -> None:
    perform(reward_catalogue.add, form(), here)
    shown = view(here)
    redeem(partner(PRICE)[1], shown.id)
    with pytest.raises(Refusal) as refused:
        perform(reward_catalogue.change, change(shown, stock={tier("Registered"): "0"}), here)
    assert (refused.value.code, refused.value.field) == ("too_few_left", f"stock_{tier('Registered')}")
    assert stock(here)["Registered"] == 2


def test_a_new_price_and_a_new_name_change_nothing_that_was_redeemed(here: Credential) -> None:
    perform(reward_catalogue.add, form(), here)
    _, who = partner(PRICE)
    redeem(who, view(here).id)
    perform(reward_catalogue.change, change(view(here), name="Headset 2", points="900"), here)
    row = perform(rewards.mine, {}, who).rows[0]
    assert (row.reward, row.points) == ("Headset", PRICE)


def test_what_was_ever_redeemed_is_taken_out_but_never_deleted(here: Credential) -> None:
    perform(reward_catalogue.add, form(picture=picture()), here)
    perform(reward_catalogue.add, form(name="Umbrella"), here)
    _, who = partner(PRICE)
    redeem(who, view(here).id)
    with pytest.raises(Refusal, match="redeemed"):
        perform(reward_catalogue.remove, {"reward": view(here).id, "seen": view(here).seen}, here)
    umbrella = view(here, "Umbrella")
    perform(reward_catalogue.remove, {"reward": umbrella.id, "seen": umbrella.seen}, here)
    perform(reward_catalogue.change, change(view(here), active=""), here)
    assert list(offers(who)) == []
    assert [one.name for one in perform(reward_catalogue.overview, {"search": "head"}, here).rewards] == ["Headset"]


def test_a_name_is_given_once_whatever_its_case(here: Credential) -> None:
    perform(reward_catalogue.add, form(), here)
    perform(reward_catalogue.add, form(name="Umbrella"), here)
    for act, given in (
        (reward_catalogue.add, form(name="HEADSET")),
        (reward_catalogue.change, change(view(here, "Umbrella"), name="headset")),
    ):
        with pytest.raises(Refusal) as refused:
            perform(act, given, here)
        assert (refused.value.code, refused.value.field) == ("taken", "name")


def everybody_edits(admin: Credential) -> tuple[int, list[str]]:
    perform(reward_catalogue.add, form(), admin)
    shown = view(admin)
    won, told = at_once(4, lambda n: perform(reward_catalogue.change, change(shown, points=str(200 + n)), admin))
    return len(won), told


def test_negative_control_without_the_comparison_the_last_overwrites(
    admin: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    assert everybody_edits(admin) == (4, [])


def test_of_four_who_edit_the_same_reward_one_saves_and_three_are_told(admin: Credential) -> None:
    assert everybody_edits(admin) == (1, ["changed_meanwhile"] * 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", " "), ("name", "x" * 101), ("name", "a\0"), ("name", {}), ("description", "x" * 501),
        ("points", 0), ("points", "-1"), ("points", "1.5"), ("points", True), ("points", 10_000_001), ("position", ""),
        ("position", "first"), ("stock", []), ("stock", "3"), ("picture", b"no picture"), ("picture", {}),
    ],
)  # fmt: skip
def test_bad_input_makes_no_reward(here: Credential, field: str, value: Any) -> None:
    with pytest.raises(Refusal):
        perform(reward_catalogue.add, form(**{field: value}), here)
    assert perform(reward_catalogue.overview, {}, here).rewards == []


@pytest.mark.parametrize("count", ["-1", "1.5", "x", "1000001", "9" * 40, True, {}, [], "\ud800", "٣"])
def test_a_wrong_stock_is_said_at_its_tier(here: Credential, count: Any) -> None:
    with pytest.raises(Refusal) as refused:
        perform(reward_catalogue.add, form(stock={tier("Gold"): count}), here)
    assert refused.value.fields.keys() == {f"stock_{tier('Gold')}"}
    assert perform(reward_catalogue.overview, {}, here).rewards == []
