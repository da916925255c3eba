"""Lists whose search lives in the address: an address that comes late never undoes what is being typed."""

import pytest

from yeastar_app.portals.addresses import caught_up


@pytest.mark.parametrize(
    ("typed", "asked", "typing", "searched"),
    [
        ("abc", "ab", True, "abc"),
        ("abc", "abc", True, "abc"),
        ("abc", "", False, ""),
        ("", "", False, ""),
        ("", "from a link", False, "from a link"),
    ],
)
def test_a_late_address_does_not_undo_what_is_typed(typed: str, asked: str, typing: bool, searched: str) -> None:
    assert caught_up(typed, asked, typing) == searched
