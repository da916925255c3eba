"""The rewards as administrators keep them: name, picture, price, place, and how many there are for each tier. What was
redeemed keeps the name and the price of its day; a reward that was ever redeemed is taken out of the catalogue, never
deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app.access import Actor, Policy, action, audit
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import Tier
from yeastar_app.models.records import Image
from yeastar_app.models.rewards import Redemption, Reward, RewardStock
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import images, redemptions, seen, tiers
from yeastar_app.services.fields import Line, OptionalText, RowId, at_most, whole_number
from yeastar_app.services.images import Picture
from yeastar_app.services.paging import Search, contains
from yeastar_app.services.point_rules import Position, Tick
from yeastar_app.services.rewards import MOST_POINTS, PAGE, PageNumber
from yeastar_app.words import t

POLICY = Policy(Surface.STAFF, kinds=frozenset({Kind.ADMINISTRATOR}))
MOST_STOCK = 1_000_000


class Find(BaseModel):
    search: Search = ""
    page: PageNumber = 1


class RewardForm(BaseModel):
    """`stock`: how many there are, by the tier's id; a tier that is empty or missing cannot have the reward."""

    name: Line
    description: Annotated[OptionalText, at_most(500)] = None
    points: whole_number(1, MOST_POINTS)  # type: ignore[valid-type]
    position: Position
    active: Tick = False
    stock: dict[str, Any] = {}
    picture: bytes | None = None
    without_picture: bool = False


class RewardChange(RewardForm):
    reward: RowId
    seen: seen.Mark
    seen_stock: dict[str, int] = {}
    """What was on stock when the page showed it: what was redeemed since stays redeemed."""


class OneReward(BaseModel):
    reward: RowId
    seen: seen.Mark


@dataclass(frozen=True)
class Shelf:
    """How many are left for a tier; None: the reward is not for it."""

    tier_id: int
    tier: str
    stock: int | None


@dataclass(frozen=True)
class RewardView:
    id: int
    name: str
    description: str
    image_id: int | None
    points: int
    position: int
    active: bool
    shelves: list[Shelf]
    redeemed: int
    """How often it was redeemed, whatever came of it."""
    seen: str


@dataclass(frozen=True)
class Listing:
    rewards: list[RewardView]
    tiers: list[Shelf]
    """All tiers, without stock: what the form of a new reward shows."""
    more: bool
    next_position: int


@action(POLICY, form=Find, writes=False)
def overview(session: Session, actor: Actor, form: Find) -> Listing:
    """One page of the rewards whose name or description contains what is searched for."""
    query = select(Reward)
    if form.search:
        query = query.where(contains(form.search, col(Reward.name), col(Reward.description)))
    ordered = query.order_by(col(Reward.position), col(Reward.id)).offset((form.page - 1) * PAGE).limit(PAGE + 1)
    found = list(session.exec(ordered))
    steps = tiers.ladder(session)
    last = session.execute(sa.select(sa.func.max(col(Reward.position)))).scalar_one()
    return Listing(
        _views(session, found[:PAGE], steps),
        [Shelf(step.key, step.name, None) for step in steps],
        len(found) > PAGE,
        (last or 0) + 1,
    )


@action(POLICY, form=RewardForm, prepare=images.prepared_picture)
def add(session: Session, actor: Actor, form: RewardForm, *, prepared: Picture | None) -> str:
    """A new reward; gives its name. Refusal `taken` (field `name`), and fields `stock_<tier>`."""
    stock = _counted(session, form.stock)
    _refuse_a_taken_name(session, form.name, None)
    reward = Reward(name=form.name, points=form.points)
    if prepared:
        reward.image_id = images.store(session, actor.organisation, prepared)
    _save(session, reward, form)
    session.add_all(RewardStock(reward_id=reward.key, tier_id=tier, stock=count) for tier, count in stock.items())
    session.flush()
    audit(session, actor, "reward.add", reward, label=reward.name, after=_facts(session, reward))
    return reward.name


@action(POLICY, form=RewardChange, prepare=images.prepared_picture)
def change(session: Session, actor: Actor, form: RewardChange, *, prepared: Picture | None) -> str:
    """Change a reward; gives its name. Stock moves by the difference to what was shown, so that a redemption meanwhile
    is not undone. Refusals: `changed_meanwhile`, `taken`, `too_few_left` (field `stock_<tier>`)."""
    stock = _counted(session, form.stock)
    reward = _locked(session, form.reward, form.seen)
    _refuse_a_taken_name(session, form.name, reward.key)
    before = _facts(session, reward)
    _save(session, reward, form)
    _restock(session, reward, stock, form.seen_stock)
    if prepared or form.without_picture:
        _replace_picture(session, actor, reward, prepared)
    audit(session, actor, "reward.change", reward, label=reward.name, before=before, after=_facts(session, reward))
    return reward.name


@action(POLICY, form=OneReward)
def remove(session: Session, actor: Actor, form: OneReward) -> str:
    """Delete a reward nobody ever redeemed; gives its name. Refusal `redeemed`."""
    reward = _locked(session, form.reward, form.seen)
    if session.exec(select(Redemption.id).where(col(Redemption.reward_id) == reward.key).limit(1)).first():
        message = t("{reward} was redeemed, so its record stays. Take it out of the catalogue instead.",
                    reward=reward.name)  # fmt: skip
        raise Refusal("redeemed", message)
    before = _facts(session, reward)
    session.execute(sa.delete(RewardStock).where(col(RewardStock.reward_id) == reward.key))
    picture = session.get(Image, reward.image_id) if reward.image_id else None
    audit(session, actor, "reward.remove", reward, label=reward.name, before=before)
    session.delete(reward)
    session.flush()
    if picture is not None:
        session.delete(picture)
    return reward.name


def shelves_below_zero(session: Session, most: int) -> list[str]:
    """For `yeastar check`: no stock is negative."""
    wrong = select(RewardStock).where(col(RewardStock.stock) < 0).limit(most)
    return [f"reward {row.reward_id}: {row.stock} on stock for tier {row.tier_id}" for row in session.exec(wrong)]


def _write(reward: Reward, form: RewardForm) -> None:
    reward.name, reward.description, reward.points = form.name, form.description or "", form.points
    reward.position, reward.active = form.position, form.active


def _counted(session: Session, typed: Mapping[str, Any]) -> dict[int, int]:
    """What was typed for each tier, as numbers. A Refusal names the fields that are none."""
    counts: dict[int, int] = {}
    problems: dict[str, str] = {}
    for step in tiers.ladder(session):
        value = typed.get(str(step.key))
        line = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else value
        if line in (None, ""):
            continue
        if isinstance(line, str) and line.isascii() and line.isdigit() and len(line) < 9 and int(line) <= MOST_STOCK:
            counts[step.key] = int(line)
        else:
            problems[f"stock_{step.key}"] = t("A whole number from 0 to {most}, or empty.", most=f"{MOST_STOCK:,}")
    if problems:
        raise Refusal("invalid_fields", t("Check the marked fields."), fields=problems)
    return counts


def _restock(session: Session, reward: Reward, wanted: dict[int, int], shown: Mapping[str, int]) -> None:
    for step in tiers.ladder(session):
        was, now = shown.get(str(step.key)), wanted.get(step.key)
        shelf = (col(RewardStock.reward_id) == reward.key, col(RewardStock.tier_id) == step.key)
        if now is None:
            session.execute(sa.delete(RewardStock).where(*shelf))
        elif was is None:
            session.add(RewardStock(reward_id=reward.key, tier_id=step.key, stock=now))
        elif now != was:
            moved = session.execute(
                sa.update(RewardStock)
                .where(*shelf, col(RewardStock.stock) + (now - was) >= 0)
                .values(stock=RewardStock.stock + (now - was))
            )
            if not getattr(moved, "rowcount", 0):
                raise Refusal("too_few_left", t("Fewer are left by now: some were redeemed since you opened this. "
                                                "Close it and look again."), f"stock_{step.key}")  # fmt: skip


def _replace_picture(session: Session, actor: Actor, reward: Reward, picture: Picture | None) -> None:
    old = session.get(Image, reward.image_id) if reward.image_id else None
    reward.image_id = images.store(session, actor.organisation, picture) if picture else None
    session.flush()
    if old is not None:
        session.delete(old)


def _refuse_a_taken_name(session: Session, name: str, reward_id: int | None) -> None:
    query = select(Reward.id).where(sa.func.lower(col(Reward.name)) == name.lower())
    if any(key != reward_id for key in session.exec(query)):
        raise _taken()


def _taken() -> Refusal:
    return Refusal("taken", t("There is a reward with this name already."), "name")


def _save(session: Session, reward: Reward, form: RewardForm) -> None:
    """The table's own UNIQUE decides where two people choose the same name at the same moment."""
    try:
        with session.begin_nested():
            _write(reward, form)
            session.add(reward)
    except IntegrityError:
        raise _taken() from None


def _locked(session: Session, reward_id: int, seen_mark: str) -> Reward:
    """The reward, held against redemptions and other editors. Refusal `changed_meanwhile`."""
    session.expire_all()
    reward = session.exec(select(Reward).where(col(Reward.id) == reward_id).with_for_update()).first()
    if reward is None:
        raise NotFound(t("This reward"))
    view = _views(session, [reward], tiers.ladder(session))[0]
    seen.compare(seen_mark, view.seen, t("this reward"))
    return reward


def _views(session: Session, found: list[Reward], steps: list[Tier]) -> list[RewardView]:
    keys = [reward.key for reward in found]
    stock = {
        (row.reward_id, row.tier_id): row.stock
        for row in session.exec(select(RewardStock).where(col(RewardStock.reward_id).in_(keys)))
    }
    given, counts = _redeemed(session, keys)
    views = []
    for reward in found:
        shelves = [Shelf(step.key, step.name, stock.get((reward.key, step.key))) for step in steps]
        provided = [
            (one.tier_id, one.stock + given.get((reward.key, one.tier_id), 0))
            for one in shelves
            if one.stock is not None
        ]
        facts = (reward.name, reward.description, reward.points, reward.position, reward.active, reward.image_id)
        views.append(
            RewardView(
                reward.key,
                reward.name,
                reward.description,
                reward.image_id,
                reward.points,
                reward.position,
                reward.active,
                shelves,
                counts.get(reward.key, 0),
                seen.mark(facts, provided),
            )
        )
    return views


def _redeemed(session: Session, keys: list[int]) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """How many pieces of each tier's stock are given or promised, and how many redemptions there are in all. Stock and
    what is given make the same sum before and after a redemption, so only an editor's change alters the mark."""
    given: dict[tuple[int, int], int] = {}
    counts: dict[int, int] = {}
    found = session.execute(
        sa.select(col(Redemption.reward_id), col(Redemption.tier_id), col(Redemption.status), sa.func.count())
        .where(col(Redemption.reward_id).in_(keys))
        .group_by(col(Redemption.reward_id), col(Redemption.tier_id), col(Redemption.status))
    )
    for reward_id, tier_id, status, count in found:
        counts[reward_id] = counts.get(reward_id, 0) + count
        if status not in redemptions.ENDED_WITHOUT:
            given[reward_id, tier_id] = given.get((reward_id, tier_id), 0) + count
    return given, counts


def _facts(session: Session, reward: Reward) -> dict[str, Any]:
    shelves = session.execute(
        sa.select(col(Tier.name), col(RewardStock.stock))
        .join(Tier, col(Tier.id) == col(RewardStock.tier_id))
        .where(col(RewardStock.reward_id) == reward.key)
        .order_by(col(Tier.threshold))
    )
    return {
        "name": reward.name,
        "description": reward.description,
        "points": reward.points,
        "position": reward.position,
        "active": reward.active,
        "stock": {row.name: row.stock for row in shelves},
    }
