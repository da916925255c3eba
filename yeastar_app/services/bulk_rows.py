"""The rows of a workbook as claims, and what is wrong with the others. The dry run and the registration both judge by
`judge_all`; nothing here writes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Annotated, Any, get_type_hints

from pydantic import GetCoreSchemaHandler, StringConstraints, TypeAdapter
from pydantic_core import core_schema
from sqlmodel import Session

from yeastar_app.access import parse
from yeastar_app.refusals import Refusal
from yeastar_app.services import registration, workbooks
from yeastar_app.services.fields import plain_lines
from yeastar_app.services.registration import Catalogue, Claim, Item, Key, RegistrationForm, Said
from yeastar_app.services.template import COLUMNS, MOST_ROWS, SHEET
from yeastar_app.words import t

_FIELDS = tuple(COLUMNS.values())
_HEADING = {name: heading for heading, name in COLUMNS.items()}
_FOUND_LENGTH = 60
_MEND = {
    "already_registered": t("Leave this row out."),
    "twice_in_file": t("Leave one of the two rows out."),
    "outside_window": t("Correct the date, or leave this row out."),
    "not_eligible": t("Correct it, or leave this row out."),
    "unknown_product": t("Pick it from the list that opens in the cell."),
    "invalid_value": t("Correct the cell."),
}
"""What to do, where the words of the refusal do not say it."""

Numbered = tuple[int, Claim]
"""A row's number, as the spreadsheet shows it, and what it claims."""


@dataclass(frozen=True)
class Problem:
    """Why a row earns nothing: `row` as the spreadsheet numbers it, the heading of the column, code, what was found
    there, what was expected, how to mend it."""

    row: int
    column: str
    code: str
    found: str
    message: str
    mend: str = ""

    @property
    def reason(self) -> str:
        """All of it in a line, for the workbook of the rows to correct."""
        found = t('"{words}"', words=self.found) if self.found else t("empty")
        return " ".join(filter(None, (f"{self.column} ({found}): {self.message}", self.mend)))


@dataclass(frozen=True)
class Examined:
    """A workbook that was read: how many rows it has, the claims of its well-formed ones, what is wrong with the
    others."""

    rows: int
    claims: list[Numbered]
    problems: list[Problem]


@lru_cache(maxsize=1)
def examine(content: bytes, products: tuple[Item, ...]) -> Examined:
    """Read a workbook. Pure; kept for the registration that follows the check. Raises the Refusals of
    `workbooks.read`."""
    _, rows = workbooks.read_plain(content, SHEET, tuple(COLUMNS), MOST_ROWS)
    known = registration.by_name(products)
    claims: list[Numbered] = []
    problems: list[Problem] = []
    first: dict[Key, int] = {}
    for (number, cells), said in zip(rows, _said([cells for _, cells in rows]), strict=True):
        try:
            claim = registration.identify(said or _form(cells), known)
            earlier = first.setdefault(claim.key, number)
            if earlier != number:
                words = t("The same product is in row {row} already.", row=earlier)
                raise Refusal("twice_in_file", words, "product_id")
        except Refusal as refusal:
            problems += _problems(number, refusal, dict(zip(_FIELDS, cells, strict=True)))
        else:
            claims.append((number, claim))
    return Examined(len(rows), claims, problems)


def judge_all(
    session: Session, claims: Sequence[Numbered], rules: Catalogue
) -> tuple[list[tuple[Claim, int]], list[Problem]]:
    """Claims with what they earn, and why the others earn nothing, as the database stands in this transaction."""
    known = registration.look_up(session, [claim.key for _, claim in claims])
    accepted: list[tuple[Claim, int]] = []
    problems: list[Problem] = []
    for number, claim in claims:
        try:
            accepted.append((claim, registration.judge(claim, rules, known)))
        except Refusal as refusal:
            problems += _problems(number, refusal, claim.said._asdict())
    return accepted, problems


def bad_rows(problems: Iterable[Problem]) -> set[int]:
    """The numbers of the rows that problems speak of; a row may have several."""
    return {problem.row for problem in problems}


class _OrNone:
    """Of a type: what is none of its values is None in its place, and no error."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.with_default_schema(handler(source), default=None, on_error="default")


_COLUMN = {
    name: TypeAdapter(list[Annotated[kind, _OrNone()]])  # type: ignore[valid-type]
    for name, kind in get_type_hints(RegistrationForm, include_extras=True).items()
}
"""The fields of the form of the page, each for a whole column at once."""

_LINES = {
    name: limits.max_length or 0
    for name, field in RegistrationForm.model_fields.items()
    for limits in field.metadata
    if isinstance(limits, StringConstraints)
}
"""Those that are lines, and how long they may be."""


def _said(rows: Sequence[tuple[Any, ...]]) -> Iterator[Said | None]:
    """What each row says where it is well-formed, else None; `_form` knows why. A form for each row says the same, and
    takes four times as long."""
    columns = {name: _column(name, cells) for name, cells in zip(_FIELDS, zip(*rows, strict=True), strict=True)}
    said = zip(*(columns[name] for name in Said._fields), strict=True)
    make: Any = partial(tuple.__new__, Said)  # as Said._make does, which counts each row's fields once more
    if not any(None in column for column in columns.values()):
        return map(make, said)
    return (None if None in row else make(row) for row in said)


def _column(name: str, cells: Sequence[Any]) -> list[Any]:
    """A column's values as its field has them, None for what is not well-formed. Plain lines are seen at once; days,
    which are the same in many rows, are looked at once: what is equal is of one kind here, or good for no field."""
    if name in _LINES:
        lines = plain_lines(cells, _LINES[name])
        others = [place for place, line in enumerate(lines) if line is None]
        said = _COLUMN[name].validate_python([_value(name, cells[place]) for place in others]) if others else ()
        for place, line in zip(others, said, strict=True):
            lines[place] = line
        return lines
    different = list(dict.fromkeys(cells))
    said = _COLUMN[name].validate_python([_value(name, cell) for cell in different])
    found = dict(zip(different, said, strict=True))
    return [found[cell] for cell in cells]


def _form(cells: tuple[Any, ...]) -> Said:
    """A row's cells through the form of the page; the Refusal says what is wrong with each of them."""
    values = {name: _value(name, cell) for name, cell in zip(_FIELDS, cells, strict=True)}
    if isinstance(values["product_id"], int | float):
        words = t("The cell holds a number, so zeros may be lost. Format it as Text and retype the ID.")
        raise Refusal("numeric_id", words, "product_id")
    return Said(**parse(RegistrationForm, values).model_dump())


def _value(name: str, cell: Any) -> Any:
    """A cell as its field takes it. What a spreadsheet turned into something else is not guessed."""
    if type(cell) is str:  # nearly all of them
        return cell
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, int | float) and not isinstance(cell, bool) and name not in ("product_id", "purchase_date"):
        return f"{cell:.15g}"
    return cell


def _problems(number: int, refusal: Refusal, found: dict[str, Any]) -> list[Problem]:
    code = "invalid_value" if refusal.code == "invalid_fields" else refusal.code
    return [
        Problem(number, _HEADING[name], code, _shown(found[name]), words, _MEND.get(code, ""))
        for name, words in refusal.fields.items()
    ]


def _shown(cell: Any) -> str:
    """A cell's value for a person's eyes, on one line."""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, float):
        cell = f"{cell:.15g}"
    words = cell.isoformat() if isinstance(cell, date) else "" if cell is None else str(cell)
    line = "".join(char if char.isprintable() else " " for char in words).strip()
    return line if len(line) <= _FOUND_LENGTH else f"{line[: _FOUND_LENGTH - 1]}…"
