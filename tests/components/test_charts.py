"""Charts drawn in Python: their geometry, and that every figure is there in words."""

import pytest

from yeastar_app.components import charts


def bars(*values: int) -> charts.Chart:
    return charts.bars(
        [(f"month {n}", value) for n, value in enumerate(values)], spoken="S", heading="Month", unit="Points"
    )


def test_bars_stand_on_the_ground_in_proportion_and_stay_within_the_picture() -> None:
    made = bars(0, 500, 1_000)
    assert [bar.height for bar in made.figures] == [0, 50, 100]
    assert all(bar.y + bar.height == charts.FULL for bar in made.figures)
    assert all(a.x + a.width < b.x for a, b in zip(made.figures, made.figures[1:], strict=False))
    assert made.figures[0].x > 0 and made.figures[-1].x + made.figures[-1].width < charts.FULL


def test_every_figure_is_there_in_words() -> None:
    made = bars(0, 500, 1_000)
    assert [(bar.name, bar.words) for bar in made.figures] == [
        ("month 0", "0"),
        ("month 1", "500"),
        ("month 2", "1,000"),
    ]
    assert (made.top, made.first, made.last) == ("1,000", "month 0", "month 2")


@pytest.mark.parametrize("values", [(), (0,), (0, 0, 0)])
def test_nothing_is_drawn_as_nothing(values: tuple[int, ...]) -> None:
    made = bars(*values)
    assert made.top == ""
    assert all(bar.height == 0 for bar in made.figures)


def test_a_line_keeps_its_value_until_the_next() -> None:
    made = charts.steps(
        [(0, 100), (0.25, 50), (0.5, 0)], [("now", 100), ("then", 0)], spoken="S", heading="Day", unit="Points"
    )
    assert made.line == "M0 0 H25 V50 H50 V100 H100"
    assert made.area == made.line + " V100 H0 Z"


def test_a_line_stops_where_nothing_is_known_and_is_as_high_as_it_is_told() -> None:
    made = charts.steps(
        [(0, None), (0.25, 50), (0.5, None), (0.75, 100)], [("now", 100)], spoken="S", heading="Day", unit="Calls",
        scale=200,
    )  # fmt: skip
    assert (made.top, made.line) == ("200", "M25 75 H50 M75 50 H100")
    assert made.area == "M25 75 H50 V100 H25 Z M75 50 H100 V100 H75 Z"


def test_a_ribbon_shares_its_length() -> None:
    parts = charts.ribbon([("Gold", "until March", 0.25, 2), ("Silver", "from March", 0.75, 1)])
    assert [(part.name, part.share, part.step) for part in parts] == [
        ("Gold", "25.00%", "2"),
        ("Silver", "75.00%", "1"),
    ]
