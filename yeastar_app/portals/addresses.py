"""Addresses with filters in them, so that a list can be shared, reloaded and gone back to."""

from urllib.parse import urlencode


def with_query(path: str, **values: object) -> str:
    """`path` with the values that are not empty as its query. Half a character, which only a forged event can hold,
    becomes a question mark."""
    said = {name: str(value) for name, value in values.items() if value}
    return f"{path}?{urlencode(said, errors='replace')}" if said else path


def caught_up(typed: str, asked: str, typing: bool) -> str:
    """What a list is searched for, where an address asks for `asked` and `typed` stands in the field: what was typed,
    as long as the address is behind somebody who is typing; otherwise what the address says."""
    return typed if typing and typed != asked else asked
