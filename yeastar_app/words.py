"""Every word a person reads goes through t(), so that languages can come without touching a page or a rule."""


def t(text: str, **values: object) -> str:
    """The text in the reader's language with `{name}` placeholders filled in. English today."""
    return text.format(**values) if values else text


def plural(count: int, one: str, many: str) -> str:
    """`1 point`, `2 points`: the count with thousands separators and the right form of the noun."""
    return f"{count:,} {t(one) if abs(count) == 1 else t(many)}"
