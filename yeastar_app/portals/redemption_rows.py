"""A redemption as pages of both sides show it: typed words, and its steps."""

from dataclasses import dataclass, field

from yeastar_app.models.rewards import RedemptionStatus
from yeastar_app.services import images, redemptions
from yeastar_app.services.redemptions import Wish
from yeastar_app.words import day, minute, plural, t

TONES = {"requested": "warn", "approved": "accent", "fulfilled": "good", "declined": "bad", "withdrawn": ""}


@dataclass
class StepRow:
    """`state`: done, next or bad."""

    words: str = ""
    when: str = ""
    state: str = ""


@dataclass
class RedemptionRow:
    id: int = 0
    at: str = ""
    company: str = ""
    who: str = ""
    email: str = ""
    reward: str = ""
    picture: str = ""
    points: str = ""
    tier: str = ""
    status: str = ""
    status_words: str = ""
    tone: str = ""
    deliver_to: str = ""
    note: str = ""
    note_label: str = ""
    decided_by: str = ""
    steps: list[StepRow] = field(default_factory=list)


def row_of(wish: Wish) -> RedemptionRow:
    return RedemptionRow(
        wish.id,
        minute(wish.at),
        wish.company,
        wish.who,
        wish.email,
        wish.reward,
        images.address(wish.image_id),
        plural(wish.points, "point", "points"),
        wish.tier,
        wish.status.value,
        redemptions.LABELS[wish.status],
        TONES[wish.status.value],
        wish.deliver_to,
        wish.note,
        t("Reason") if wish.status is RedemptionStatus.DECLINED else t("Note"),
        wish.decided_by,
        _steps(wish),
    )


def _steps(wish: Wish) -> list[StepRow]:
    first = StepRow(t("Requested"), day(wish.at), "done")
    if wish.status in redemptions.ENDED_WITHOUT:
        return [first, StepRow(redemptions.LABELS[wish.status], day(wish.decided_at), "bad")]
    approved = wish.status is not RedemptionStatus.REQUESTED
    return [
        first,
        StepRow(t("Approved"), day(wish.decided_at) if approved else "", "done" if approved else "next"),
        StepRow(t("Fulfilled"), day(wish.fulfilled_at), "done" if wish.fulfilled_at else "next"),
    ]
