"""The Dashboard of the Partner Portal: where the company stands, what it earned and held over the last year, what to
do next and what happened last. Six queries, however long the history is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app import clock
from yeastar_app.access import Actor, action
from yeastar_app.models.base import UTCDateTime
from yeastar_app.models.points import BulkUpload, EntryKind, PointEntry, UploadStatus
from yeastar_app.models.products import PointRule, Product
from yeastar_app.models.rewards import Redemption, RedemptionStatus, Reward, RewardStock
from yeastar_app.services import forecast, programme
from yeastar_app.services.calendar import add_months
from yeastar_app.services.forecast import Standing
from yeastar_app.services.next_steps import Offer, Step, Waiting, next_steps
from yeastar_app.services.registration import POLICY

MONTHS = 12
RECENT = 6
"""Lines under "Recent activity": what happened at one moment for one reason is one, from however many lots it took."""
READ_BACK = 200
"""Lines of the ledger that are read for them."""
LATELY = timedelta(days=30)
"""For so long a declined redemption is a matter for the dashboard."""


@dataclass(frozen=True)
class Line:
    """Lines of the ledger that belong together."""

    at: datetime
    kind: EntryKind
    reason: str
    points: int
    debt: int


@dataclass(frozen=True)
class View:
    """`earned`: (first moment of a month, points earned in it); `balances`: (first moment of a month, balance then);
    both for the last twelve calendar months, the oldest first, this month last."""

    standing: Standing
    debt: int
    balance: int
    steps: list[Step]
    earned: list[tuple[datetime, int]]
    balances: list[tuple[datetime, int]]
    recent: list[Line]


@action(POLICY, writes=False)
def view(session: Session, actor: Actor) -> View:
    """Read the dashboard of the actor's company."""
    months = _months(clock.now())
    # A period begins just after a moment: what was earned in the first instant of a month belongs to that month.
    found = programme.company(session, actor.organisation, [month - timedelta.resolution for month in months])
    standing = forecast.caught_up(found.standing)
    recent, balances = _ledger(session, actor.organisation, months)
    waiting, offers = _hints(session, actor, standing)
    return View(
        standing=standing,
        debt=found.debt,
        balance=standing.balance(standing.moment),
        steps=next_steps(standing, found.debt, waiting, offers),
        earned=_by_month(standing.earned, months),
        balances=balances,
        recent=recent,
    )


def _months(now: datetime) -> list[datetime]:
    """The first moments of the last twelve calendar months, this one last."""
    this = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return [add_months(this, -back) for back in range(MONTHS - 1, -1, -1)]


def _by_month(earned: Sequence[tuple[datetime, int]], months: list[datetime]) -> list[tuple[datetime, int]]:
    ends = [*months[1:], datetime.max.replace(tzinfo=months[0].tzinfo)]
    return [
        (month, sum(points for at, points in earned if month <= at < end))
        for month, end in zip(months, ends, strict=True)
    ]


def _ledger(
    session: Session, organisation_id: int, months: list[datetime]
) -> tuple[list[Line], list[tuple[datetime, int]]]:
    """What happened last, and what the balance was at each of these moments (0 before the first line)."""
    columns = (PointEntry.at, PointEntry.kind, PointEntry.reason, PointEntry.points, PointEntry.debt,
               PointEntry.balance_after, PointEntry.id)  # fmt: skip

    def some(number: int, *conditions: Any, order: tuple[Any, ...], many: int) -> Any:
        picked = (
            sa.select(sa.literal(number).label("part"), *map(col, columns))
            .where(col(PointEntry.organisation_id) == organisation_id, *conditions)
            .order_by(*order)
            .limit(many)
        )
        return sa.select(picked.subquery())

    latest = (col(PointEntry.at).desc(), col(PointEntry.id).desc())
    parts = [some(0, order=latest, many=READ_BACK)]
    parts += [some(n, col(PointEntry.at) < month, order=latest, many=1) for n, month in enumerate(months, 1)]
    rows = session.execute(sa.union_all(*parts)).all()
    recent = sorted((row for row in rows if row.part == 0), key=lambda row: (row.at, row.id), reverse=True)
    held = {row.part: row.balance_after for row in rows if row.part}
    lines = _together(recent)
    if len(recent) == READ_BACK and len(lines) > 1:
        lines.pop()  # read in part only
    elif len(recent) == READ_BACK:
        lines = [_whole(session, organisation_id, lines[0])]
    return lines[:RECENT], [(month, held.get(number, 0)) for number, month in enumerate(months, 1)]


def _together(rows: list[Any]) -> list[Line]:
    """What happened, the latest first. Each earning stands alone."""
    lines = []
    for (at, kind, reason, _), group in groupby(rows, key=_happening):
        parts = list(group)
        lines.append(Line(at, kind, reason, sum(row.points for row in parts), sum(row.debt for row in parts)))
    return lines


def _happening(row: Any) -> tuple[Any, ...]:
    return row.at, row.kind, row.reason, row.id if row.kind == EntryKind.EARNED else 0


def _whole(session: Session, organisation_id: int, line: Line) -> Line:
    """The same line of something that took more lots than were read."""
    points, debt = session.execute(
        sa.select(sa.func.sum(col(PointEntry.points)), sa.func.sum(col(PointEntry.debt))).where(
            col(PointEntry.organisation_id) == organisation_id,
            col(PointEntry.at) == line.at,
            col(PointEntry.kind) == line.kind,
            col(PointEntry.reason) == line.reason,
        )
    ).one()
    return Line(line.at, line.kind, line.reason, int(points), int(debt))


def _hints(session: Session, actor: Actor, standing: Standing) -> tuple[Waiting, list[Offer]]:
    """What waits for the actor, and what earns points today."""
    rows = session.execute(
        sa.union_all(
            _workbook(actor), _declined(actor), _rewards(standing), _offers(standing)
        )
    ).all()  # fmt: skip
    by_kind = {row.kind: row for row in rows if row.kind != "offer"}
    workbook, declined, rewards = (by_kind.get(kind) for kind in ("workbook", "declined", "rewards"))
    waiting = Waiting(
        workbook=(workbook.name, workbook.amount) if workbook else None,
        declined=(declined.name, declined.amount, declined.at) if declined else None,
        rewards=rewards.amount if rewards else 0,
    )
    return waiting, [Offer(row.name, row.amount) for row in rows if row.kind == "offer"]


def _hint(kind: str, name: Any, amount: Any, at: Any = None) -> Any:
    return sa.select(
        sa.literal(kind).label("kind"),
        name.label("name"),
        amount.label("amount"),
        (sa.cast(sa.null(), UTCDateTime()) if at is None else at).label("at"),
    )


def _workbook(actor: Actor) -> Any:
    """The account's last workbook, if it is checked and waits."""
    last = sa.select(sa.func.max(col(BulkUpload.id))).where(col(BulkUpload.account_id) == actor.id).scalar_subquery()
    return _hint("workbook", col(BulkUpload.file_name), col(BulkUpload.good), col(BulkUpload.created_at)).where(
        col(BulkUpload.id) == last, col(BulkUpload.status) == UploadStatus.CHECKED
    )


def _declined(actor: Actor) -> Any:
    last = (
        sa.select(sa.func.max(col(Redemption.id)))
        .where(
            col(Redemption.organisation_id) == actor.organisation,
            col(Redemption.status) == RedemptionStatus.DECLINED,
            col(Redemption.decided_at) > clock.now() - LATELY,
        )
        .scalar_subquery()
    )
    return _hint("declined", col(Redemption.reward_name), col(Redemption.points), col(Redemption.decided_at)).where(
        col(Redemption.id) == last
    )


def _rewards(standing: Standing) -> Any:
    """How many rewards of the tier are in stock and not dearer than the balance."""
    return (
        _hint("rewards", sa.literal(""), sa.func.count())
        .select_from(RewardStock)
        .join(Reward, col(Reward.id) == col(RewardStock.reward_id))
        .where(
            col(Reward.active),
            col(RewardStock.tier_id) == standing.tier.key,
            col(RewardStock.stock) > 0,
            col(Reward.points) <= standing.balance(standing.moment),
        )
    )


def _offers(standing: Standing) -> Any:
    """What a product bought today brings."""
    today = standing.moment.date()
    return (
        _hint("offer", col(Product.name), col(PointRule.points))
        .select_from(PointRule)
        .join(Product, col(Product.id) == col(PointRule.product_id))
        .where(
            sa.or_(col(PointRule.valid_from).is_(None), col(PointRule.valid_from) <= today),
            sa.or_(col(PointRule.valid_until).is_(None), col(PointRule.valid_until) >= today),
        )
    )
