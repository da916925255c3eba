"""Redemptions after they were requested: approved, fulfilled, declined by staff, or withdrawn by the partner. Each step
is taken once, under the lock of the partner's points account, and told by email. A redemption that ends without its
reward gives its points back into the lots they came from, and its piece back to the stock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from yeastar_app import clock, words
from yeastar_app.access import Actor, Policy, action, audit, visible_organisations
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Organisation, Status
from yeastar_app.models.points import PointAccount, PointEntry, Tier
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward, RewardStock
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import mail, people, points, workbooks
from yeastar_app.services.fields import OptionalText, RowId, at_most, text
from yeastar_app.services.paging import AddressDay, Order, PageForm, Search, between, contains, page_of
from yeastar_app.words import plural, t

POLICY = Policy(Surface.STAFF)

LABELS = {
    RedemptionStatus.REQUESTED: t("Requested"),
    RedemptionStatus.APPROVED: t("Approved"),
    RedemptionStatus.FULFILLED: t("Fulfilled"),
    RedemptionStatus.DECLINED: t("Declined"),
    RedemptionStatus.WITHDRAWN: t("Withdrawn"),
}
WAITING = (RedemptionStatus.REQUESTED, RedemptionStatus.APPROVED)
ENDED_WITHOUT = (RedemptionStatus.DECLINED, RedemptionStatus.WITHDRAWN)
_FROM = {
    RedemptionStatus.APPROVED: (RedemptionStatus.REQUESTED,),
    RedemptionStatus.FULFILLED: (RedemptionStatus.APPROVED,),
    RedemptionStatus.DECLINED: WAITING,
    RedemptionStatus.WITHDRAWN: (RedemptionStatus.REQUESTED,),
}
"""Which step may follow which."""


class QueueFilter(PageForm):
    """The queue's address. `status`: empty for what waits for staff, `all`, or one status. Days are inclusive."""

    search: Search = ""
    status: Search = ""
    since: AddressDay = None
    until: AddressDay = None


class OneRedemption(BaseModel):
    redemption: RowId


class Fulfilment(OneRedemption):
    note: Annotated[OptionalText, at_most(500)] = None
    """How it was sent, a tracking number for example; told to who redeemed."""


class Decline(OneRedemption):
    reason: text(500)  # type: ignore[valid-type]


class Wish(NamedTuple):
    """A redemption as lists show it; `decided_by` is who took the last decision."""

    id: int
    at: datetime
    company: str
    who: str
    email: str
    reward: str
    image_id: int | None
    points: int
    tier: str
    status: RedemptionStatus
    deliver_to: str
    note: str
    decided_at: datetime | None
    decided_by: str
    fulfilled_at: datetime | None


@dataclass(frozen=True)
class Found:
    """One page of redemptions, and the keys of its neighbours (0: there is none)."""

    rows: list[Wish]
    newer: int
    older: int


@dataclass(frozen=True)
class Step:
    """What was done: the reward's name, the company that redeemed it, and what became of the points, in words."""

    reward: str
    company: str
    points: str = ""


@action(POLICY, form=QueueFilter, writes=False)
def queue(session: Session, actor: Actor, form: QueueFilter) -> Found:
    """The redemptions of the partners the actor looks after, in the order of `oldest_first`."""
    order = Order((col(Redemption.id),), descending=not oldest_first(form.status))
    return listed(session, _asked(actor, form), form, order)


def oldest_first(status: str) -> bool:
    """What waits is a queue: who has waited longest is served first. What is over is a history: newest first."""
    return (status or "waiting") in ("waiting", *WAITING)


@action(POLICY, writes=False)
def waiting(session: Session, actor: Actor) -> tuple[int, int]:
    """How many redemptions wait for an approval, and how many for their fulfilment."""
    found = session.execute(
        sa.select(col(Redemption.status), sa.func.count())
        .join(Organisation, col(Organisation.id) == col(Redemption.organisation_id))
        .where(visible_organisations(actor), col(Redemption.status).in_(WAITING))
        .group_by(col(Redemption.status))
    )
    counts = {row[0]: int(row[1]) for row in found}
    return counts.get(RedemptionStatus.REQUESTED, 0), counts.get(RedemptionStatus.APPROVED, 0)


@action(POLICY, form=QueueFilter, writes=False)
def export(session: Session, actor: Actor, form: QueueFilter) -> bytes:
    """All redemptions the filter lets through, in the order of the queue, as a workbook."""
    columns = [("Requested", 18), ("Company", 30), ("By", 26), ("Email", 30), ("Reward", 32), ("Points", 10),
               ("Tier", 12), ("Status", 12), ("Deliver To", 44), ("Decided", 18), ("Decided By", 26),
               ("Fulfilled", 18), ("Note", 44)]  # fmt: skip
    key = col(Redemption.id)
    found = session.execute(_asked(actor, form).order_by(key if oldest_first(form.status) else key.desc()))
    rows = (
        (one.at, one.company, one.who, one.email, one.reward, one.points, one.tier, LABELS[one.status], one.deliver_to,
         one.decided_at, one.decided_by, one.fulfilled_at, one.note)
        for one in map(_wish, found)
    )  # fmt: skip
    return workbooks.write([("Redemptions", columns, rows)])


@action(POLICY, form=OneRedemption)
def approve(session: Session, actor: Actor, form: OneRedemption) -> Step:
    """Promise the reward. Refusal `already_decided` where somebody was faster."""
    _, row = locked(session, visible_organisations(actor), form.redemption)
    move(session, actor, row, RedemptionStatus.APPROVED)
    _tell(session, row, "redemption_approved", t("Approved: {reward}", reward=row.reward_name),
          t("Your redemption of {reward} is approved. You get another email when it is on its way.",
            reward=row.reward_name))  # fmt: skip
    return _step(session, row)


@action(POLICY, form=Fulfilment)
def fulfil(session: Session, actor: Actor, form: Fulfilment) -> Step:
    """The reward is on its way; who redeemed it gets the note. Refusals: `not_approved`, `already_decided`."""
    _, row = locked(session, visible_organisations(actor), form.redemption)
    if row.status is RedemptionStatus.REQUESTED:
        raise Refusal("not_approved", t("This redemption is not approved yet. Approve it first."))
    row.note = form.note or ""
    move(session, actor, row, RedemptionStatus.FULFILLED)
    _tell(session, row, "redemption_fulfilled", t("On its way: {reward}", reward=row.reward_name),
          t("{reward} is on its way to you.", reward=row.reward_name), *([row.note] if row.note else []),
          t("Delivered to: {address}", address=" · ".join(row.deliver_to.split("\n"))))  # fmt: skip
    return _step(session, row)


@action(POLICY, form=Decline)
def decline(session: Session, actor: Actor, form: Decline) -> Step:
    """Say no, for a reason that is told: points and stock come back. Refusal `already_decided`."""
    account, row = locked(session, visible_organisations(actor), form.redemption)
    row.note = form.reason
    move(session, actor, row, RedemptionStatus.DECLINED)
    back = give_back(session, actor, account, row, t("{reward} declined", reward=row.reward_name))
    _tell(session, row, "redemption_declined", t("Declined: {reward}", reward=row.reward_name),
          t("Your redemption of {reward} was declined.", reward=row.reward_name),
          t("The reason: {reason}", reason=row.note), back)  # fmt: skip
    return _step(session, row, back)


# What both sides share


def locked(session: Session, whose: Any, redemption_id: int) -> tuple[PointAccount, Redemption]:
    """A redemption as it is now, with the points account of its company, both held to the end of the transaction.
    `whose` is a condition on Organisation; NotFound for everything else."""
    company = session.execute(
        sa.select(col(Redemption.organisation_id))
        .join(Organisation, col(Organisation.id) == col(Redemption.organisation_id))
        .where(whose, col(Redemption.id) == redemption_id)
    ).scalar_one_or_none()
    if company is None:
        raise NotFound(t("This redemption"))
    account = points.lock(session, company)
    return account, session.get_one(Redemption, redemption_id, populate_existing=True, with_for_update=True)


def move(session: Session, actor: Actor, row: Redemption, to: RedemptionStatus) -> None:
    """Take a step with a locked redemption, once. Refusal `already_decided` where another step came first."""
    before = row.status
    if before not in _FROM[to]:
        raise _came_first(session, actor, row)
    row.status = to
    if to is RedemptionStatus.FULFILLED:
        row.fulfilled_at = clock.now()
    else:
        row.decided_at, row.decided_by_id = clock.now(), actor.account_id
    audit(
        session,
        actor,
        f"redemption.{to.value}",
        row,
        label=row.reward_name,
        before={"status": before.value},
        after={"status": to.value, "note": row.note},
    )


def give_back(session: Session, actor: Actor, account: PointAccount, row: Redemption, why: str) -> str:
    """The points of a redemption back into their lots and the piece back on stock; what became of the points, in
    words: some may have expired meanwhile, or pay what is owed."""
    before = account.balance
    points.give_back(session, account, row, points.Cause(why[:200], actor.account_id, redemption_id=row.id))
    session.execute(
        sa.update(RewardStock)
        .where(col(RewardStock.reward_id) == row.reward_id, col(RewardStock.tier_id) == row.tier_id)
        .values(stock=RewardStock.stock + 1)
    )
    back = account.balance - before
    if back == row.points:
        return t("{points} are back in the balance, with their old expiry.", points=plural(back, "point", "points"))
    return t("Of the {points}, {back} are back in the balance; the others have expired or paid what was owed.",
             points=plural(row.points, "point", "points"), back=f"{back:,}")  # fmt: skip


def listed(session: Session, query: Any, form: PageForm, order: Order | None = None) -> Found:
    """A page of redemptions, newest first unless `order` says otherwise."""
    found = page_of(session, query, col(Redemption.id), form, order=order)
    return Found([_wish(row) for row in found.rows], found.newer, found.older)


def wishes(reader: Actor, whose: Any, status: str) -> Any:
    """The query behind all lists of redemptions, in the words for `reader`; an unknown status filters nothing."""
    decider = aliased(Account)
    query: Any = (
        sa.select(
            col(Redemption.id),
            col(Redemption.requested_at),
            col(Organisation.name).label("company"),
            people.name_shown_to(reader).label("who"),
            col(Account.email),
            col(Redemption.reward_name),
            col(Reward.image_id),
            col(Redemption.points),
            col(Tier.name).label("tier"),
            col(Redemption.status),
            col(Redemption.deliver_to),
            col(Redemption.note),
            col(Redemption.decided_at),
            people.name_shown_to(reader, decider).label("decided_by"),
            col(Redemption.fulfilled_at),
        )
        .join(Organisation, col(Organisation.id) == col(Redemption.organisation_id))
        .join(Account, col(Account.id) == col(Redemption.account_id))
        .join(Reward, col(Reward.id) == col(Redemption.reward_id))
        .join(Tier, col(Tier.id) == col(Redemption.tier_id))
        .outerjoin(decider, col(decider.id) == col(Redemption.decided_by_id))
        .where(whose)
    )
    if status == "waiting":
        return query.where(col(Redemption.status).in_(WAITING))
    return query.where(col(Redemption.status) == status) if status in set(RedemptionStatus) else query


def unbalanced(session: Session, most: int) -> list[str]:
    """For `yeastar check`: the ledger's lines of a redemption make its points, or nothing where it ended without its
    reward."""
    booked = (
        sa.select(col(PointEntry.redemption_id), sa.func.sum(col(PointEntry.points)).label("points"))
        .where(col(PointEntry.redemption_id).is_not(None))
        .group_by(col(PointEntry.redemption_id))
        .subquery()
    )
    due = sa.case((col(Redemption.status).in_(ENDED_WITHOUT), 0), else_=-col(Redemption.points))
    said = sa.func.coalesce(booked.c.points, 0)
    wrong = (
        sa.select(col(Redemption.id), col(Redemption.status), due.label("due"), said.label("said"))
        .outerjoin(booked, booked.c.redemption_id == col(Redemption.id))
        .where(said != due)
        .limit(most)
    )
    return [
        f"redemption {row.id} ({row.status}): its entries make {row.said} points, {row.due} are due"
        for row in session.execute(wrong)
    ]


def _asked(actor: Actor, form: QueueFilter) -> Any:
    query = wishes(actor, visible_organisations(actor), form.status or "waiting")
    if form.search:
        searched = (Redemption.reward_name, Organisation.name, Account.email, Account.first_name, Account.last_name)
        query = query.where(contains(form.search, *map(col, searched)))
    return query.where(*between(col(Redemption.requested_at), form.since, form.until))


def _wish(row: Any) -> Wish:
    return Wish(
        row.id,
        row.requested_at,
        row.company,
        row.who,
        row.email,
        row.reward_name,
        row.image_id,
        row.points,
        row.tier,
        row.status,
        row.deliver_to,
        row.note,
        row.decided_at,
        row.decided_by,
        row.fulfilled_at,
    )


def _step(session: Session, row: Redemption, back: str = "") -> Step:
    return Step(row.reward_name, session.get_one(Organisation, row.organisation_id).name, back)


def _came_first(session: Session, actor: Actor, row: Redemption) -> Refusal:
    """Staff are told who was faster; partners what came of it."""
    at = row.fulfilled_at or row.decided_at or row.requested_at
    facts = {"status": LABELS[row.status].lower(), "when": words.minute(at)}
    decider = session.get(Account, row.decided_by_id) if row.decided_by_id else None
    if decider is not None and Surface.STAFF in actor.surfaces and row.status is not RedemptionStatus.FULFILLED:
        said = t("This redemption is {status} already, by {who} on {when} UTC. Nothing was changed.",
                 who=decider.name, **facts)  # fmt: skip
    else:
        said = t("This redemption is {status} already, since {when} UTC. Nothing was changed.", **facts)
    return Refusal("already_decided", said)


def _tell(session: Session, row: Redemption, kind: str, subject: str, *paragraphs: str) -> None:
    """To who redeemed; where that account is gone, to the company's owners."""
    redeemer = session.get_one(Account, row.account_id)
    active = redeemer.status is Status.ACTIVE
    for address in [redeemer.email] if active else people.owners(session, row.organisation_id):
        mail.write(
            session,
            kind=kind,
            to=address,
            subject=subject,
            paragraphs=list(paragraphs),
            button=(t("See your redemptions"), "/partner/rewards?tab=redemptions"),
        )
