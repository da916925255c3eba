"""Alarms in words."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import tables
from yeastar_app.components.controls import badge
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.services import alarms
from yeastar_app.words import minute, t

LEVELS = {level.value: words for level, words in alarms.LEVELS.items()}
TONES = {AlarmLevel.ALERT: "bad", AlarmLevel.WARNING: "warn", AlarmLevel.INFORMATION: "accent"}


@dataclass
class AlarmRow:
    id: int = 0
    level: str = ""
    tone: str = ""
    type: str = ""
    title: str = ""
    detail: str = ""
    company: str = ""
    pbx_id: int = 0
    pbx: str = ""
    raised: str = ""
    active: bool = False
    state: str = ""
    ended: str = ""
    seen: str = ""
    """By whom it was acknowledged; empty: by nobody."""
    seen_at: str = ""
    to_see: bool = False
    """Of the own company, and nobody has acknowledged it."""


def alarm_row(row: alarms.Row) -> AlarmRow:
    return AlarmRow(
        row.id,
        alarms.LEVELS[row.level],
        TONES[row.level],
        alarms.TYPES[row.reported],
        row.title,
        row.detail,
        row.company,
        row.pbx_id,
        row.pbx,
        minute(row.raised_at),
        row.ended_at is None,
        t("Active") if row.ended_at is None else t("Over"),
        minute(row.ended_at) if row.ended_at else "",
        row.seen_by if row.seen_at else "",
        minute(row.seen_at) if row.seen_at else "",
        row.own and row.seen_at is None,
    )


def state_cell(row: Any) -> rx.Component:
    """Whether it still lasts, and since when not."""
    over = rx.el.div(rx.el.span(row.state), rx.el.span(row.ended, class_name="faint"), class_name="two-lines")
    return tables.cell(rx.cond(row.active, badge(row.state, "warn"), over), kind="wide-only")
