"""Field types shared by all forms: what a person may type into a name, an address, a phone number, a Yeastar ID.

In each of them the limits stand before what cleans: pydantic runs a BeforeValidator first wherever it stands, and keeps
limits that come right after `str` in its own quick code.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from yeastar_app.words import t


def _clean(value: Any) -> Any:
    """Trims, composes accents (NFC) and refuses control characters; other types are left for pydantic to refuse."""
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isprintable():
        return value.strip()  # most text by far; 10,000 rows of a workbook need not look at every letter
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in value):
        raise ValueError(t("This contains characters that cannot be stored."))
    return value


def _empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _yeastar_id(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError(t("Enter an email address, for example name@company.com.")) from None


def _phone(value: str) -> str:
    if not all(char.isdigit() or char.isalpha() or char in " ().-+*#" for char in value):
        raise ValueError(t("Digits, letters, spaces and ( ) . - + * # only."))
    return value


def text(limit: int) -> Any:
    """A required line of 1 to `limit` characters, trimmed."""
    return Annotated[str, StringConstraints(min_length=1, max_length=limit), BeforeValidator(_clean)]


def plain_lines(values: Sequence[Any], limit: int) -> list[str | None]:
    """What `text(limit)` makes of each of many values, where that is seen at once, as of nearly all there are; None
    where it has to look at every letter, or refuses it."""
    try:
        whole = "".join(values)
        plain = whole.isascii() and whole.isprintable()
    except TypeError:  # not all of them are texts
        plain = False
    if plain:
        lines = [value.strip() for value in values]
    else:
        lines = [value.strip() if type(value) is str and value.isascii() and value.isprintable() else ""
                 for value in values]  # fmt: skip
    fit = set(map(len, lines)).issubset(range(1, limit + 1))
    return lines if fit else [line if 1 <= len(line) <= limit else None for line in lines]


def optional_text(limit: int) -> Any:
    """A line of at most `limit` characters, trimmed; empty becomes None. Give the field the default None."""
    line = Annotated[str, StringConstraints(max_length=limit), BeforeValidator(_clean)]
    return Annotated[line | None, BeforeValidator(_empty_is_none)]


def _whole(value: Any) -> Any:
    """An integer, or a line of ASCII digits as browsers send it; nothing else (no 5.0, no 1e3, no True)."""
    if isinstance(value, str):
        value = value.strip()
        if not value:
            raise PydanticCustomError("none_required", "required")
        if re.fullmatch(r"-?[0-9]{1,40}", value):
            return int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("int_type", "not a whole number")


def whole_number(least: int, most: int) -> Any:
    """A required whole number between `least` and `most`, both included."""
    return Annotated[int, BeforeValidator(_whole), Field(ge=least, le=most)]


LARGEST_KEY = 2**31 - 1
"""What a row's key can hold: PostgreSQL refuses to compare one with more."""


def nobodys_if_larger(key: int) -> int:
    """A key that can be asked for; none that a row has where the number is larger than keys can be."""
    return min(key, LARGEST_KEY)


RowId = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2**62), AfterValidator(nobodys_if_larger)]
"""Which row of a list is meant. Whether it is there for the asker is for the query to find out."""

YeastarId = Annotated[str, StringConstraints(min_length=1, max_length=255), BeforeValidator(_clean),
                      AfterValidator(_yeastar_id)]  # fmt: skip
"""An email address, checked with email-validator (no look-up) and kept in lower case."""

Phone = Annotated[str, StringConstraints(max_length=40), BeforeValidator(_clean), AfterValidator(_phone)]
OptionalPhone = Annotated[Phone | None, BeforeValidator(_empty_is_none)]

Line = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(_clean)]
"""A required line of at most 100 characters."""

LongLine = Annotated[str, StringConstraints(min_length=1, max_length=255), BeforeValidator(_clean)]
"""A required line of at most 255 characters."""


def _day(value: Any) -> Any:
    """Only a date or its ISO text: pydantic itself would take a number for seconds since 1970."""
    if isinstance(value, str) and not value.strip():
        raise ValueError(t("This field is required."))
    if isinstance(value, str) or type(value) is date:
        return value
    raise ValueError(t("Enter a date, for example 2026-03-02."))


Day = Annotated[date, BeforeValidator(_day)]
"""A calendar day, as a date or as YYYY-MM-DD."""

OptionalDay = Annotated[Day | None, BeforeValidator(_empty_is_none)]
"""A calendar day; empty becomes None. Give the field the default None."""

TypedAddress = Annotated[str, StringConstraints(min_length=1, max_length=255, to_lower=True), BeforeValidator(_clean)]
"""What was typed as a Yeastar ID at the sign-in; whether it is an address does not matter there."""


def _encodable(value: Any) -> Any:
    """Passwords keep every character and space, but half a character cannot be hashed."""
    if isinstance(value, str) and any(unicodedata.category(char) == "Cs" for char in value):
        raise ValueError(t("This contains characters that cannot be stored."))
    return value


Secret = Annotated[str, StringConstraints(min_length=1, max_length=128), BeforeValidator(_encodable)]
"""A password as typed: nothing is trimmed or changed."""


def _none_is_empty(value: Any) -> Any:
    return "" if value is None else _encodable(value)


OptionalSecret = Annotated[str, StringConstraints(max_length=128), BeforeValidator(_none_is_empty)]
"""A password that is asked for only sometimes; a page without the field sends None."""
Token = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{0,100}$")]
"""A random token as services/tokens.py makes them."""


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def at_most(limit: int) -> AfterValidator:
    """A limit on the length of an OptionalLine or OptionalText: `Annotated[OptionalLine, at_most(100)]`."""

    def check(value: str | None) -> str | None:
        if value is not None and len(value) > limit:
            raise ValueError(t("At most {limit} characters.", limit=limit))
        return value

    return AfterValidator(check)


OptionalText = Annotated[Annotated[str, BeforeValidator(_clean)] | None, BeforeValidator(_empty_is_none)]
"""Text that may be empty (None) and may have several lines."""

OptionalLine = Annotated[OptionalText, AfterValidator(_one_line)]
