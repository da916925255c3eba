"""The story of a line of the points ledger, in a drawer: what it belongs to, its lots, and what became of their points.
Every line leads to its own story."""

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from yeastar_app.components import overlays
from yeastar_app.components.controls import badge, link
from yeastar_app.words import t


@dataclass
class StoryLine:
    href: str = ""
    at: str = ""
    kind: str = ""
    tone: str = ""
    reason: str = ""
    who: str = ""
    points: str = ""
    owed: str = ""
    balance: str = ""
    asked: bool = False
    """It is the line whose story this is."""


@dataclass
class LotRow:
    earned: str = ""
    expires: str = ""
    left: str = ""
    remaining: int = 0
    points: int = 0
    href: str = ""
    origin: str = ""
    shared: str = ""
    lines: list[StoryLine] = field(default_factory=list)
    more: bool = False


@dataclass
class StoryView:
    title: str = ""
    undone: bool = False
    facts: list[list[str]] = field(default_factory=list)
    """Label and words."""
    lines: list[StoryLine] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)


def story_drawer(story: Any, open_: Any, on_open_change: Any) -> rx.Component:
    """`story`: a State's StoryView."""
    return overlays.drawer(
        open_,
        on_open_change,
        story.title,
        rx.cond(story.undone, rx.el.p(badge(t("Reversed"), "bad"))),
        rx.cond(
            story.facts.length() > 0,
            rx.el.dl(rx.foreach(story.facts, _fact), class_name="facts"),
        ),
        rx.el.section(
            rx.el.h3(t("In the ledger")),
            rx.el.ol(rx.foreach(story.lines, _line), class_name="story-lines"),
            class_name="stack-s",
        ),
        rx.foreach(story.lots, _lot),
    )


def _fact(fact: Any) -> rx.Component:
    return rx.fragment(rx.el.dt(fact[0]), rx.el.dd(fact[1]))


def _line(line: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(badge(line.kind, line.tone), " ", link(line.reason, line.href), class_name="wrap"),
            rx.el.p(line.at, rx.cond(line.who != "", " · " + line.who, ""), class_name="faint"),
            class_name="grow stack-s",
        ),
        rx.el.div(
            rx.el.p(line.points, class_name="strong"),
            rx.cond(line.owed != "", rx.el.p(line.owed, class_name="faint")),
            rx.el.p(line.balance, class_name="faint"),
            class_name="num",
        ),
        class_name="story-line",
        aria_current=rx.cond(line.asked, "true", "false"),
    )


def _lot(lot: Any) -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h3(lot.earned), rx.el.p(lot.left, class_name="num strong"), class_name="row-between"),
        rx.el.div(
            rx.el.div(class_name="bar-fill", style={"width": (lot.remaining * 100 / lot.points).to_string() + "%"}),
            class_name="bar",
            aria_hidden="true",  # the words above say the same
        ),
        rx.el.p(lot.expires, class_name="faint"),
        rx.el.p(t("From"), " ", link(lot.origin, lot.href), class_name="faint wrap"),
        rx.cond(lot.shared != "", rx.el.p(lot.shared, class_name="faint")),
        rx.cond(
            lot.lines.length() > 0,
            rx.fragment(
                rx.el.h4(t("What became of these points"), class_name="strong"),
                rx.el.ol(rx.foreach(lot.lines, _line), class_name="story-lines"),
                rx.cond(lot.more, rx.el.p(t("The first 50 are shown."), class_name="faint")),
            ),
            rx.el.p(t("Nothing was taken from it yet."), class_name="faint"),
        ),
        class_name="stack-s story-lot",
    )
