"""Small charts as inline SVG, drawn in Python: no library in the browser. A chart is a picture with a spoken sentence,
and its figures stand beside it as a table that screen readers reach. Geometry is in hundredths of the picture's width
and height; style.css gives it its size and its colours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import reflex as rx

FULL = 100.0
_GAP = 0.28
"""The part of a bar's place that is left between it and the next."""


@dataclass
class Figure:
    """One value: its name, the value in words, and its bar."""

    name: str = ""
    words: str = ""
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass
class Chart:
    """What a chart component draws; make it by `bars` or `steps`. `spoken`: the sentence in place of the picture."""

    spoken: str = ""
    heading: str = ""
    unit: str = ""
    figures: list[Figure] = field(default_factory=list)
    line: str = ""
    area: str = ""
    top: str = ""
    first: str = ""
    last: str = ""


@dataclass
class Stretch:
    """A part of a ribbon: what holds for `share` (a CSS percentage) of its length. `step` picks its shade."""

    name: str = ""
    words: str = ""
    share: str = "0%"
    step: str = ""


def bars(values: Sequence[tuple[str, int]], *, spoken: str, heading: str, unit: str) -> Chart:
    """A bar for each (name, value) with value ≥ 0. `heading` and `unit` head the table of figures."""
    most = max((value for _, value in values), default=0)
    place = FULL / max(len(values), 1)
    figures = []
    for number, (name, value) in enumerate(values):
        height = _height(value, most)
        figures.append(
            Figure(
                name,
                f"{value:,}",
                round(place * (number + _GAP / 2), 2),
                round(FULL - height, 2),
                round(place * (1 - _GAP), 2),
                height,
            )
        )
    return _framed(Chart(spoken, heading, unit, figures), most)


def steps(values: Sequence[tuple[float, int | None]], names: Sequence[tuple[str, int]], *, spoken: str, heading: str,
          unit: str, scale: int = 0) -> Chart:  # fmt: skip
    """A line that keeps a value until the next: (place between 0 and 1, value from there on; None: nothing is known).
    `names` are the figures of the table, (name, value); `scale`: the picture is at least so high."""
    most = max([scale, *[value for _, value in values if value is not None]], default=0)
    line, area, piece, begun = "", "", "", ""
    for place, value in [*values, (1.0, None)]:
        x = f"{round(place * FULL, 2):g}"
        if begun:
            piece += f" H{x}"
        if value is not None:
            y = f"{round(FULL - _height(value, most), 2):g}"
            piece += f" V{y}" if begun else f" M{x} {y}"
            begun = begun or x
        elif begun:
            line, area = line + piece, area + f"{piece} V{FULL:g} H{begun} Z"
            piece, begun = "", ""
    figures = [Figure(name, f"{value:,}") for name, value in names]
    return _framed(Chart(spoken, heading, unit, figures, line.strip(), area.strip()), most)


def ribbon(parts: Sequence[tuple[str, str, float, int]]) -> list[Stretch]:
    """Parts of a whole in their order: (name, words about it, share between 0 and 1, shade from 0)."""
    return [Stretch(name, words, f"{share * 100:.2f}%", str(shade)) for name, words, share, shade in parts]


def _height(value: int, most: int) -> float:
    return round(value * FULL / most, 2) if most else 0.0


def _framed(chart: Chart, most: int) -> Chart:
    chart.top = f"{most:,}" if most else ""
    if chart.figures:
        chart.first, chart.last = chart.figures[0].name, chart.figures[-1].name
    return chart


def bar_chart(chart: Any) -> rx.Component:
    """Draws what `bars` made (a State var)."""
    drawn = rx.foreach(
        chart.figures,
        lambda each: rx.el.svg.rect(
            rx.el.svg.title(each.name + ": " + each.words),
            x=each.x.to_string(),
            y=each.y.to_string(),
            width=each.width.to_string(),
            height=each.height.to_string(),
            class_name="chart-bar",
        ),
    )
    return _figure(chart, drawn)


def step_chart(chart: Any, *, tall: bool = False) -> rx.Component:
    """Draws what `steps` made (a State var)."""
    drawn = (
        rx.el.svg.path(d=chart.area, class_name="chart-area"),
        rx.el.svg.path(d=chart.line, class_name="chart-line"),
    )
    return _figure(chart, *drawn, tall=tall)


def _figure(chart: Any, *drawn: Any, tall: bool = False) -> rx.Component:
    return rx.el.figure(
        rx.el.p(chart.top, class_name="chart-top", aria_hidden="true"),
        rx.el.svg(
            *drawn,
            view_box=f"0 0 {FULL:g} {FULL:g}",
            preserve_aspect_ratio="none",
            role="img",
            aria_label=chart.spoken,
            class_name=f"chart-picture{' chart-tall' if tall else ''}",
        ),
        rx.el.div(rx.el.span(chart.first), rx.el.span(chart.last), class_name="chart-ends", aria_hidden="true"),
        rx.el.div(
            rx.el.table(
                rx.el.caption(chart.spoken),
                rx.el.thead(
                    rx.el.tr(rx.el.th(chart.heading, scope="col"), rx.el.th(chart.unit, scope="col")),
                ),
                rx.el.tbody(
                    rx.foreach(
                        chart.figures,
                        lambda each: rx.el.tr(rx.el.th(each.name, scope="row"), rx.el.td(each.words)),
                    )
                ),
            ),
            class_name="sr",
        ),
        class_name="chart",
    )


def ribbon_chart(parts: Any, label: Any) -> rx.Component:
    """Draws what `ribbon` made (a State var): a list for screen readers, a band for the eye."""
    return rx.el.ol(
        rx.foreach(
            parts,
            lambda part: rx.el.li(
                rx.el.span(part.name, class_name="cut"),
                rx.el.span(" ", part.words, class_name="sr"),
                class_name="ribbon-part",
                data_step=part.step,
                style={"flexBasis": part.share},
                title=part.name + " " + part.words,
            ),
        ),
        class_name="ribbon",
        aria_label=label,
    )
