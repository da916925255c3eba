"""Rewards as a partner meets them: what can be had for points, redeeming, one's own redemptions, withdrawing. A request
takes one piece of the partner's tier's stock and its points at once; both come back when it ends without the reward."""

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, StringConstraints
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.points import PointAccount, PointLot, Tier
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward, RewardStock
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import countries, mail, people, points, redemptions, tiers
from yeastar_app.services.fields import RowId, text, whole_number
from yeastar_app.services.paging import PageForm, Search
from yeastar_app.services.redemptions import Found, OneRedemption, Step
from yeastar_app.services.registration import POLICY
from yeastar_app.words import plural, t

PAGE = 24
MOST_POINTS = 10_000_000


def _page_or_first(value: Any) -> int:
    """A page's number from the address; anything else is the first."""
    text_of = str(value)
    return max(int(text_of), 1) if text_of.isascii() and text_of.isdigit() and len(text_of) < 5 else 1


PageNumber = Annotated[int, BeforeValidator(_page_or_first)]


class CatalogueFilter(BaseModel):
    """The catalogue's address. `show`: `mine` for what can be had now."""

    show: Search = ""
    page: PageNumber = 1


class MineFilter(PageForm):
    """The address of "My Redemptions". `status`: one of them, or `waiting`."""

    status: Search = ""


class OneReward(BaseModel):
    reward: RowId


class RedeemForm(BaseModel):
    """`points` is the price that was shown: nobody pays another one. `request_key` was made when the window opened."""

    reward: RowId
    points: whole_number(1, MOST_POINTS)  # type: ignore[valid-type]
    request_key: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{16,40}$")]
    deliver_to: text(500)  # type: ignore[valid-type]


@dataclass(frozen=True)
class Offer:
    """A reward in the catalogue. `stock` is that of the asker's tier; `missing` so many points; `from_tier` the lowest
    tier above the asker's that may have it, where the asker's may not."""

    id: int
    name: str
    description: str
    image_id: int | None
    points: int
    stock: int
    missing: int
    from_tier: str

    @property
    def possible(self) -> bool:
        return not self.from_tier and self.stock > 0 and self.missing == 0


@dataclass(frozen=True)
class Catalogue:
    tier: str
    balance: int
    offers: list[Offer]
    more: bool


@dataclass(frozen=True)
class Draw:
    """Points that are taken from lots with the same last day."""

    points: int
    expires_on: date


@dataclass(frozen=True)
class Prepared:
    """What the confirmation shows: which points go, the first to expire first, and what is left."""

    offer: Offer
    balance: int
    after: int
    draws: list[Draw]
    deliver_to: str
    request_key: str


@dataclass(frozen=True)
class Redeemed:
    id: int
    reward: str
    points: int
    balance: int


@action(POLICY, form=CatalogueFilter, writes=False)
def catalogue(session: Session, actor: Actor, form: CatalogueFilter) -> Catalogue:
    """What the actor's tier can have, and what higher tiers could, in the order staff gave."""
    tier, balance, above = _standing(session, actor.organisation)
    stock_of = sa.select(col(RewardStock.reward_id))
    query = select(Reward).where(col(Reward.active))
    if form.show == "mine":
        own = stock_of.where(col(RewardStock.tier_id) == tier.key, col(RewardStock.stock) > 0)
        query = query.where(col(Reward.id).in_(own), col(Reward.points) <= balance)
    else:
        query = query.where(col(Reward.id).in_(stock_of.where(col(RewardStock.tier_id).in_([tier.key, *above]))))
    ordered = query.order_by(col(Reward.position), col(Reward.id)).offset((form.page - 1) * PAGE).limit(PAGE + 1)
    found = session.exec(ordered).all()
    offers = _offers(session, found[:PAGE], tier, above, balance)
    return Catalogue(tier.name, balance, offers, len(found) > PAGE)


@action(POLICY, form=OneReward, writes=False)
def prepare(session: Session, actor: Actor, form: OneReward) -> Prepared:
    """What redeeming a reward would do. Refusals: those of `redeem`."""
    reward = session.exec(select(Reward).where(col(Reward.id) == form.reward, col(Reward.active))).first()
    if reward is None:
        raise NotFound(t("This reward"))
    tier, balance, above = _standing(session, actor.organisation)
    offer = _offers(session, [reward], tier, above, balance)[0]
    _refuse_the_impossible(offer)
    draws = _draws(session, actor.organisation, offer.points)
    address = _usual_address(session, actor)
    return Prepared(offer, balance, balance - offer.points, draws, address, secrets.token_urlsafe(18))


@action(POLICY, form=RedeemForm, audited=False)  # the second of two clicks finds everything done and writes nothing
def redeem(session: Session, actor: Actor, form: RedeemForm) -> Redeemed:
    """Request a reward: its points leave the balance, one piece the stock of the company's tier. The same request key
    again gives what came of it the first time.

    Refusals: `price_changed`, `not_for_your_tier`, `out_of_stock`, `not_enough_points`; NotFound."""
    account = points.lock(session, actor.organisation)
    earlier = _requested_before(session, actor.organisation, form.request_key)
    if earlier is not None:
        return Redeemed(earlier.key, earlier.reward_name, earlier.points, account.balance)
    tiers.review(session, account, tiers.programme(session))
    reward = _held(session, form)
    steps = tiers.ladder(session)
    tier = next(step for step in steps if step.key == account.tier_id)
    above = _above(steps, tier)
    _refuse_the_impossible(_offers(session, [reward], tier, above, account.balance)[0])
    _take_one(session, reward, tier)
    row = _request(session, actor, form, reward, tier)
    reason = t("Redeemed for {reward}", reward=reward.name)
    points.spend(session, account, reward.points, points.Cause(reason, actor.account_id, redemption_id=row.key))
    audit(session, actor, "reward.redeem", row, label=reward.name,
          after={"points": row.points, "tier": tier.name, "deliver_to": row.deliver_to})  # fmt: skip
    _announce(session, actor, row, account)
    return Redeemed(row.key, reward.name, reward.points, account.balance)


@action(POLICY, form=MineFilter, writes=False)
def mine(session: Session, actor: Actor, form: MineFilter) -> Found:
    """ "My Redemptions": those of the actor's company, newest first."""
    return redemptions.listed(session, redemptions.wishes(actor, _own(actor), form.status), form)


@action(POLICY, form=OneRedemption)
def withdraw(session: Session, actor: Actor, form: OneRedemption) -> Step:
    """Take a request back while nobody has decided about it: the points come back. Refusal `already_decided`."""
    account, row = redemptions.locked(session, _own(actor), form.redemption)
    redemptions.move(session, actor, row, RedemptionStatus.WITHDRAWN)
    why = t("{reward} withdrawn", reward=row.reward_name)
    return Step(row.reward_name, actor.organisation_name, redemptions.give_back(session, actor, account, row, why))


def _own(actor: Actor) -> Any:
    return col(Organisation.id) == actor.organisation


def _standing(session: Session, organisation_id: int) -> tuple[Tier, int, list[int]]:
    """A company's tier, what it can spend at this moment (also before the job has swept what expired), and the keys of
    the tiers above."""
    steps = tiers.ladder(session)
    account = session.exec(select(PointAccount).where(col(PointAccount.organisation_id) == organisation_id)).first()
    tier = next((step for step in steps if account and step.key == account.tier_id), steps[0])
    spendable = sa.select(sa.func.coalesce(sa.func.sum(col(PointLot.remaining)), 0)).where(
        *_alive(organisation_id),
    )
    return tier, int(session.execute(spendable).scalar_one()), _above(steps, tier)


def _above(steps: list[Tier], tier: Tier) -> list[int]:
    return [step.key for step in steps if step.threshold > tier.threshold]


def _alive(organisation_id: int) -> tuple[Any, ...]:
    """Conditions on PointLot: what the company can spend."""
    return (
        col(PointLot.organisation_id) == organisation_id,
        col(PointLot.remaining) > 0,
        col(PointLot.expires_on) >= clock.now().date(),
    )


def _offers(session: Session, found: Any, tier: Tier, above: list[int], balance: int) -> list[Offer]:
    """Rewards as they look to a tier with a balance."""
    keys = [reward.key for reward in found]
    own: dict[int, int] = {}
    higher: dict[int, str] = {}
    stocks = session.execute(
        sa.select(col(RewardStock.reward_id), col(RewardStock.tier_id), col(RewardStock.stock), col(Tier.name))
        .join(Tier, col(Tier.id) == col(RewardStock.tier_id))
        .where(col(RewardStock.reward_id).in_(keys))
        .order_by(col(Tier.threshold))
    )
    for reward_id, tier_id, stock, name in stocks:
        if tier_id == tier.key:
            own[reward_id] = stock
        elif tier_id in above:
            higher.setdefault(reward_id, name)
    return [
        Offer(
            reward.key,
            reward.name,
            reward.description,
            reward.image_id,
            reward.points,
            own.get(reward.key, 0),
            max(reward.points - balance, 0),
            "" if reward.key in own else higher.get(reward.key, t("another tier")),
        )
        for reward in found
    ]


def _refuse_the_impossible(offer: Offer) -> None:
    if offer.from_tier:
        raise Refusal("not_for_your_tier", t("{reward} is not for your tier: it can be had from {tier}.",
                                             reward=offer.name, tier=offer.from_tier))  # fmt: skip
    if offer.stock == 0:
        raise _out_of_stock(offer.name)
    if offer.missing:
        message = t("{points} more are needed for {reward}. Register products to earn them.",
                    points=plural(offer.missing, "point", "points"), reward=offer.name)  # fmt: skip
        raise Refusal("not_enough_points", message)


def _out_of_stock(name: str) -> Refusal:
    return Refusal("out_of_stock", t("The last {reward} of your tier is gone. Choose another reward.", reward=name))


def _draws(session: Session, organisation_id: int, needed: int) -> list[Draw]:
    """The points that go first, by their last day."""
    lots = session.execute(
        sa.select(col(PointLot.expires_on), sa.func.sum(col(PointLot.remaining)))
        .where(*_alive(organisation_id))
        .group_by(col(PointLot.expires_on))
        .order_by(col(PointLot.expires_on))
    )
    draws = []
    for last_day, held in lots:
        taken = min(int(held), needed)
        if taken:
            draws.append(Draw(taken, last_day))
        needed -= taken
    return draws


def _usual_address(session: Session, actor: Actor) -> str:
    """The company's address with the person's name: what most want, and can change."""
    company = session.get_one(Organisation, actor.organisation)
    city = " ".join(part for part in (company.postal_code, company.city) if part)
    lines = (actor.name, company.name, company.street, city, countries.country_name(company.country))
    return "\n".join(line for line in lines if line)[:500]


def _requested_before(session: Session, organisation_id: int, request_key: str) -> Redemption | None:
    return session.exec(
        select(Redemption).where(
            col(Redemption.organisation_id) == organisation_id, col(Redemption.request_key) == request_key
        )
    ).first()


def _held(session: Session, form: RedeemForm) -> Reward:
    """The reward, so that nobody changes it meanwhile; others may redeem it at the same time."""
    query = select(Reward).where(col(Reward.id) == form.reward, col(Reward.active)).with_for_update(read=True)
    reward = session.exec(query).first()
    if reward is None:
        raise NotFound(t("This reward"))
    if reward.points != form.points:
        message = t("{reward} costs {points} now. Close this, and redeem it again if you still want it.",
                    reward=reward.name, points=plural(reward.points, "point", "points"))  # fmt: skip
        raise Refusal("price_changed", message)
    return reward


def _take_one(session: Session, reward: Reward, tier: Tier) -> None:
    """One piece of a tier's stock, if there is one at this very moment."""
    taken = session.execute(
        sa.update(RewardStock)
        .where(
            col(RewardStock.reward_id) == reward.key,
            col(RewardStock.tier_id) == tier.key,
            col(RewardStock.stock) > 0,
        )
        .values(stock=RewardStock.stock - 1)
    )
    if not getattr(taken, "rowcount", 0):
        raise _out_of_stock(reward.name)


def _request(session: Session, actor: Actor, form: RedeemForm, reward: Reward, tier: Tier) -> Redemption:
    row = Redemption(
        organisation_id=actor.organisation,
        account_id=actor.id,
        reward_id=reward.key,
        reward_name=reward.name,
        points=reward.points,
        tier_id=tier.key,
        status=RedemptionStatus.REQUESTED,
        deliver_to=form.deliver_to,
        request_key=form.request_key,
        requested_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def _announce(session: Session, actor: Actor, row: Redemption, account: PointAccount) -> None:
    """To who redeemed, and to who looks after the partner."""
    price = plural(row.points, "point", "points")
    mail.write(
        session,
        kind="redemption_requested",
        to=session.get_one(Account, row.account_id).email,
        subject=t("Requested: {reward}", reward=row.reward_name),
        paragraphs=[
            t("You redeemed {reward} for {points}. Your account manager looks at it; you get an email at each step.",
              reward=row.reward_name, points=price),
            t("Your balance is now {balance}. Until it is approved you can withdraw the request.",
              balance=plural(account.balance, "point", "points")),
        ],
        button=(t("See your redemptions"), "/partner/rewards?tab=redemptions"),
    )  # fmt: skip
    for address in people.managers(session, row.organisation_id):
        mail.write(
            session,
            kind="redemption_to_approve",
            to=address,
            subject=t("{company} redeemed {reward}", company=actor.organisation_name, reward=row.reward_name),
            paragraphs=[
                t("{who} of {company} redeemed {reward} for {points}.", who=actor.name,
                  company=actor.organisation_name, reward=row.reward_name, points=price),
                t("Approve or decline it in the back office."),
            ],
            button=(t("Open the queue"), "/staff/redemptions"),
        )  # fmt: skip
