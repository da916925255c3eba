"""The story of a line of the ledger: what was registered or redeemed, the lots its points came into or were taken from,
and what became of those, so that every number can be followed from line to line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from yeastar_app.access import Actor, action
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import BulkUpload, EntryKind, PointEntry, PointLot, Registration
from yeastar_app.models.products import Product
from yeastar_app.models.rewards import Redemption, RedemptionStatus
from yeastar_app.refusals import NotFound
from yeastar_app.services import people
from yeastar_app.services.paging import Key
from yeastar_app.services.registration import POLICY
from yeastar_app.words import day, minute, plural, t

MOST = 50
"""Lines shown of one lot or one subject; lots shown of one story."""
STATUSES = {
    RedemptionStatus.REQUESTED: t("Requested"),
    RedemptionStatus.APPROVED: t("Approved"),
    RedemptionStatus.FULFILLED: t("Fulfilled"),
    RedemptionStatus.DECLINED: t("Declined"),
    RedemptionStatus.WITHDRAWN: t("Withdrawn"),
}


class StoryForm(BaseModel):
    """Which line of the ledger, or which registration."""

    entry: Key = None
    registration: Key = None


@dataclass(frozen=True)
class Line:
    """A line of the ledger within a story."""

    id: int
    at: datetime
    kind: EntryKind
    reason: str
    who: str
    points: int
    debt: int
    balance: int
    lot: int | None


@dataclass(frozen=True)
class Lot:
    """A lot, the line it began with, and what was taken from it or came back. `products`: how many registrations it
    holds (an upload's have one together); `more`: there are more lines than are shown."""

    id: int
    points: int
    remaining: int
    earned_at: datetime
    expires: date
    origin: int
    origin_reason: str
    products: int
    lines: list[Line]
    more: bool


@dataclass(frozen=True)
class Fact:
    label: str
    words: str


@dataclass(frozen=True)
class Story:
    """`of`: what it is about ("registration", "redemption", "entry"); `line`: the one that was asked about, if any;
    `lines`: all that belong to the same registration or redemption; `undone`: the registration was reversed."""

    of: str
    title: str
    facts: list[Fact]
    line: int | None
    lines: list[Line]
    lots: list[Lot]
    undone: bool = False
    reversal: list[Fact] = field(default_factory=list)


@action(POLICY, form=StoryForm, writes=False)
def story(session: Session, actor: Actor, form: StoryForm) -> Story:
    """The story of a line or a registration of the actor's company; NotFound where it has no such."""
    entry = None
    if form.entry:
        entry = _one(session, PointEntry, actor.organisation, form.entry)
        registration_id, redemption_id = entry.registration_id, entry.redemption_id
    else:
        registration_id, redemption_id = form.registration, None
    line = entry.key if entry else None
    if registration_id:
        registration = _one(session, Registration, actor.organisation, registration_id)
        lines = _lines(session, actor, col(PointEntry.registration_id) == registration.key)
        reversal = _reversal(session, actor, registration)
        return Story(
            "registration",
            registration.identifier,
            _registered(session, actor, registration),
            line,
            lines,
            _lots(session, actor, lines),
            bool(reversal),
            reversal,
        )
    if redemption_id:
        redemption = _one(session, Redemption, actor.organisation, redemption_id)
        lines = _lines(session, actor, col(PointEntry.redemption_id) == redemption.key)
        facts = _redeemed(session, actor, redemption)
        return Story("redemption", redemption.reward_name, facts, line, lines, _lots(session, actor, lines))
    if entry is None:
        raise NotFound(t("This entry"))
    lines = _lines(session, actor, col(PointEntry.id) == entry.key)
    return Story("entry", entry.reason, [], line, lines, _lots(session, actor, lines))


def _one(session: Session, table: Any, organisation_id: int, key: int) -> Any:
    """A row of the company; a stranger's is not found."""
    query = sa.select(table).where(table.id == key, table.organisation_id == organisation_id)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound(t("This entry"))
    return found


def _lines(session: Session, actor: Actor, *conditions: Any, most: int = MOST) -> list[Line]:
    """Lines in the order they were written."""
    query = (
        sa.select(
            col(PointEntry.id),
            col(PointEntry.at),
            col(PointEntry.kind),
            col(PointEntry.reason),
            people.name_shown_to(actor).label("who"),
            col(PointEntry.points),
            col(PointEntry.debt),
            col(PointEntry.balance_after),
            col(PointEntry.lot_id),
        )
        .outerjoin(Account, col(Account.id) == col(PointEntry.account_id))
        .where(*conditions)
        .order_by(col(PointEntry.id))
        .limit(most)
    )
    return [
        Line(row.id, row.at, row.kind, row.reason, row.who, row.points, row.debt, row.balance_after, row.lot_id)
        for row in session.execute(query)
    ]


def _lots(session: Session, actor: Actor, lines: Sequence[Line]) -> list[Lot]:
    """The lots these lines touch, in the order they do."""
    keys = list(dict.fromkeys(line.lot for line in lines if line.lot))[:MOST]
    return [_lot(session, actor, session.get_one(PointLot, key)) for key in keys]


def _lot(session: Session, actor: Actor, lot: PointLot) -> Lot:
    within = col(PointEntry.lot_id) == lot.key
    origin = _lines(session, actor, within, most=1)[0]
    earned = col(PointEntry.kind) == EntryKind.EARNED
    products = session.execute(sa.select(sa.func.count()).where(within, earned)).scalar_one()
    later = _lines(session, actor, within, ~earned, col(PointEntry.id) != origin.id, most=MOST + 1)
    return Lot(
        lot.key,
        lot.points,
        lot.remaining,
        lot.earned_at,
        lot.expires_on,
        origin.id,
        origin.reason,
        products,
        later[:MOST],
        len(later) > MOST,
    )


def _registered(session: Session, actor: Actor, registration: Registration) -> list[Fact]:
    product = session.get_one(Product, registration.product_id)
    facts = [
        Fact(t("Product"), product.name),
        Fact(t("Product ID"), registration.identifier),
        Fact(t("Purchase Date"), day(registration.purchase_date)),
        Fact(t("Purchase From"), registration.purchase_from),
        Fact(t("End User"), f"{registration.end_user_name}, {registration.end_user_company}"),
        Fact(t("Registered"), _when_and_who(session, actor, registration.at, registration.account_id)),
    ]
    if registration.upload_id:
        name = session.execute(
            sa.select(col(BulkUpload.file_name)).where(col(BulkUpload.id) == registration.upload_id)
        ).scalar_one()
        facts.append(Fact(t("From Workbook"), name))
    return facts


def _reversal(session: Session, actor: Actor, registration: Registration) -> list[Fact]:
    if registration.reversed_at is None:
        return []
    return [
        Fact(t("Reversed"), _when_and_who(session, actor, registration.reversed_at, registration.reversed_by_id)),
        Fact(t("Why"), registration.reversal_reason),
    ]


def _redeemed(session: Session, actor: Actor, redemption: Redemption) -> list[Fact]:
    facts = [
        Fact(t("Reward"), redemption.reward_name),
        Fact(t("Points"), plural(redemption.points, "point", "points")),
        Fact(t("Status"), STATUSES[redemption.status]),
        Fact(t("Requested"), _when_and_who(session, actor, redemption.requested_at, redemption.account_id)),
    ]
    if redemption.decided_at:
        facts.append(Fact(t("Decided"), _when_and_who(session, actor, redemption.decided_at, redemption.decided_by_id)))
    if redemption.fulfilled_at:
        facts.append(Fact(t("Fulfilled"), minute(redemption.fulfilled_at)))
    if redemption.note:
        facts.append(Fact(t("Note"), redemption.note))
    return facts


def _when_and_who(session: Session, actor: Actor, moment: datetime, account_id: int | None) -> str:
    name = sa.select(people.name_shown_to(actor)).where(col(Account.id) == account_id)
    who = session.execute(name).scalar() if account_id else None
    return t("{when} by {who}", when=minute(moment), who=who) if who else minute(moment)
