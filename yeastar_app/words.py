"""Every word a person reads goes through t(), so that languages can come without touching a page or a rule."""

from datetime import date, datetime


def t(text: str, **values: object) -> str:
    """The text in the reader's language with `{name}` placeholders filled in. English today."""
    return text.format(**values) if values else text


def plural(count: int, one: str, many: str) -> str:
    """`1 point`, `2 points`: the count with thousands separators and the right form of the noun."""
    return f"{count:,} {t(one) if abs(count) == 1 else t(many)}"


def day(moment: date | None) -> str:
    """`22 Nov 2026`: a day as people read it (a time is cut to its UTC day); empty for none."""
    return f"{moment.day} {moment:%b %Y}" if moment else ""


def minute(moment: datetime) -> str:
    """`22 Nov 2026, 14:05`: a moment as people read it, UTC."""
    return f"{day(moment)}, {moment:%H:%M}"
