"""Every word a person reads goes through t(), so that languages can come without touching a page or a rule."""

from datetime import date, datetime
from decimal import Decimal


def t(text: str, **values: object) -> str:
    """The text in the reader's language with `{name}` placeholders filled in. English today."""
    return text.format(**values) if values else text


def storable(text: str) -> str:
    """A text from outside without what no database keeps: zero characters, halves of characters."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def plural(count: int, one: str, many: str) -> str:
    """`1 point`, `2 points`: the count with thousands separators and the right form of the noun."""
    return f"{count:,} {t(one) if abs(count) == 1 else t(many)}"


_DECIMALS = {"BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "PYG": 0,
             "TND": 3, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0}  # fmt: skip
"""Currencies whose smallest unit is not a hundredth (ISO 4217)."""


def amount(minor: int, currency: str) -> Decimal:
    """So much money, counted in a currency's smallest unit, as a decimal number: 1234 cents are 12.34."""
    return Decimal(minor).scaleb(-_DECIMALS.get(currency, 2))


def money(minor: int, currency: str, *, signed: bool = False) -> str:
    """`EUR 1,234.50`: money as people read it; `signed` shows the plus too. A minus is a real one."""
    sign = "\N{MINUS SIGN}" if minor < 0 else "+" if signed else ""
    return f"{sign}{currency} {amount(abs(minor), currency):,f}"


def percent(basis_points: int) -> str:
    """`2.5%`: a rate in hundredths of a percent as people read it."""
    return f"{Decimal(basis_points).scaleb(-2).normalize():f}%"


def day(moment: date | None) -> str:
    """`22 Nov 2026`: a day as people read it (a time is cut to its UTC day); empty for none."""
    return f"{moment.day} {moment:%b %Y}" if moment else ""


def minute(moment: datetime) -> str:
    """`22 Nov 2026, 14:05`: a moment as people read it, UTC."""
    return f"{day(moment)}, {moment:%H:%M}"
