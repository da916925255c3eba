"""The rows of a workbook as claims, and what is wrong with the others. The dry run and the registration both judge by
`judge_all`; nothing here writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from yeastar_app.access import parse
from yeastar_app.refusals import Refusal
from yeastar_app.services import registration, workbooks
from yeastar_app.services.registration import Catalogue, Claim, Item, Key, RegistrationForm
from yeastar_app.services.template import COLUMNS, MOST_ROWS, SHEET
from yeastar_app.words import t

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
    rows = workbooks.read(content, SHEET, tuple(COLUMNS), MOST_ROWS)
    known = registration.by_name(products)
    claims: list[Numbered] = []
    problems: list[Problem] = []
    first: dict[Key, int] = {}
    for row in rows:
        try:
            claim = registration.identify(_form(row), known)
            earlier = first.setdefault(claim.key, row.number)
            if earlier != row.number:
                words = t("The same product is in row {row} already.", row=earlier)
                raise Refusal("twice_in_file", words, "product_id")
        except Refusal as refusal:
            problems += _problems(row.number, refusal, {name: row.cells[_HEADING[name]] for name in refusal.fields})
        else:
            claims.append((row.number, claim))
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
            problems += _problems(number, refusal, {name: getattr(claim.form, name) for name in refusal.fields})
    return accepted, problems


def bad_rows(problems: Iterable[Problem]) -> set[int]:
    """The numbers of the rows that problems speak of; a row may have several."""
    return {problem.row for problem in problems}


def _form(row: workbooks.Row) -> RegistrationForm:
    """A row's cells through the form of the page. What a spreadsheet turned into something else is not guessed."""
    values: dict[str, Any] = {}
    for heading, name in COLUMNS.items():
        cell = row.cells[heading]
        if type(cell) is str:  # nearly all of them
            values[name] = cell
        elif isinstance(cell, datetime):
            values[name] = cell.date()
        elif isinstance(cell, int | float) and name == "product_id":
            words = t("The cell holds a number, so zeros may be lost. Format it as Text and retype the ID.")
            raise Refusal("numeric_id", words, fields={name: words})
        elif isinstance(cell, int | float) and not isinstance(cell, bool) and name != "purchase_date":
            values[name] = f"{cell:.15g}"
        else:
            values[name] = cell
    try:
        return RegistrationForm.model_validate(values)
    except ValidationError:
        parse(RegistrationForm, values)  # says it in the words of the page
        raise


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
