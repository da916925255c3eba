"""What a slider says of a value, before the browser says the same while it moves."""

import pytest

from yeastar_app.components.capacity_slider import bounds, limits
from yeastar_app.portals.central.pbx_rows import MOST_EXTENSIONS
from yeastar_app.portals.central.reseller import ABOVE_EXTENSIONS


@pytest.mark.parametrize(
    ("value", "fits", "words"),
    [
        (4, False, "At least 5"),
        (5, True, "Deducts 5 · 795 of 1,000 left after this"),
        (500, True, "Deducts 500 · 300 of 1,000 left after this"),
        (501, False, "At most 500: no PBX can have more"),
        (801, False, "1 more than is free: at most 500"),
    ],
)
def test_extensions_of_a_pbx_are_told_what_would_fit(value: int, fits: bool, words: str) -> None:
    found = bounds(value, least=5, held=0, free=800, total=1_000, cap=500, above=MOST_EXTENSIONS)
    assert (found.fits, found.live, found.most) == (fits, words, 500)


def test_where_less_is_free_than_a_pbx_may_have_the_free_is_the_end() -> None:
    found = bounds(60, least=5, held=20, free=30, total=1_000, cap=500, above=MOST_EXTENSIONS)
    assert (found.most, found.live) == (50, "10 more than is free: at most 50")


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "At least 1"), (1, ""), (20, ""), (30, "At most 20, the extensions of the package")],
)
def test_a_minimum_says_nothing_but_what_would_fit(value: int, words: str) -> None:
    found = limits(value, least=1, most=20, above=ABOVE_EXTENSIONS)
    assert (found.live, found.fits, found.high) == (words, words == "", "20 at most")
