"""Alarms about a cloud PBX that is used up: at 80 % of its extensions, concurrent calls or recording minutes, and at
all of them in its place. One that was raised ends a little below its line, so that it does not come and go with every
call."""

from collections.abc import Mapping

from sqlmodel import Session

from yeastar_app.models.alarms import AlarmKind, AlarmLevel
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import alarm_records, pbx_alarms
from yeastar_app.services.alarm_records import Cause, reason
from yeastar_app.services.capacity_alarms import WARN_AT_PERCENT
from yeastar_app.words import t

RAISED_AT = {AlarmKind.USAGE_HIGH: WARN_AT_PERCENT, AlarmKind.USAGE_FULL: 100}
ENDS_BELOW = {AlarmKind.USAGE_HIGH: 75, AlarmKind.USAGE_FULL: 95}
"""In percent of what the PBX has."""
WORST_FIRST = (AlarmKind.USAGE_FULL, AlarmKind.USAGE_HIGH)
"""One of them at a time: of what is used up nobody needs to hear that it runs out as well."""
FIRST_PART = 5
"""Of fewer than these 80 % is all of them: that it is full is said once."""
LEVELS = {
    "extensions": {AlarmKind.USAGE_HIGH: AlarmLevel.INFORMATION, AlarmKind.USAGE_FULL: AlarmLevel.WARNING},
    "calls": {AlarmKind.USAGE_HIGH: AlarmLevel.WARNING, AlarmKind.USAGE_FULL: AlarmLevel.ALERT},
    "minutes": {AlarmKind.USAGE_HIGH: AlarmLevel.WARNING, AlarmKind.USAGE_FULL: AlarmLevel.ALERT},
}
"""Where every extension is registered nothing fails: that is less urgent."""
TITLES = {
    "extensions": {
        AlarmKind.USAGE_HIGH: t("{name}: most extensions are registered"),
        AlarmKind.USAGE_FULL: t("{name}: every extension is registered"),
    },
    "calls": {
        AlarmKind.USAGE_HIGH: t("{name}: concurrent calls run out"),
        AlarmKind.USAGE_FULL: t("{name}: all concurrent calls in use"),
    },
    "minutes": {
        AlarmKind.USAGE_HIGH: t("{name}: call recording runs out"),
        AlarmKind.USAGE_FULL: t("{name}: call recording is full"),
    },
}


def heed(session: Session, pbx: Pbx, used: Mapping[str, int]) -> None:
    """Raise and end the alarms of a PBX (locked) of which so much is in use."""
    known = {alarm.reason for alarm in alarm_records.open_of_pbx(session, pbx.key)}
    over = []
    for each, amount in used.items():
        total, of = _total(pbx, each), f"pbx:{pbx.key}:{each}"
        worst = next((kind for kind in WORST_FIRST if _lasts(kind, amount, total, reason(kind, of) in known)), None)
        over += [reason(kind, of) for kind in WORST_FIRST if kind is not worst]
        if worst and reason(worst, of) not in known:
            title = TITLES[each][worst].format(name=pbx.name)
            detail = t("{used} of {total} when it was raised.", used=f"{amount:,}", total=f"{total:,}")
            owner = pbx_alarms.owner_of(session, pbx)
            alarm_records.begin(session, Cause(owner, worst, of, title, detail, pbx.key, LEVELS[each][worst]))
    alarm_records.end(session, *[one for one in over if one in known])


def _lasts(kind: AlarmKind, amount: int, total: int, raised: bool) -> bool:
    """Whether there is a reason for an alarm, be it raised already or not."""
    if not raised and kind is AlarmKind.USAGE_HIGH and total < FIRST_PART:
        return False
    return total > 0 and amount * 100 >= total * (ENDS_BELOW if raised else RAISED_AT)[kind]


def _total(pbx: Pbx, each: str) -> int:
    """What the PBX runs with, as far as the engine has said so."""
    return int(getattr(pbx, f"said_{each}") if pbx.reported_at else getattr(pbx, each))
