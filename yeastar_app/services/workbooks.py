"""Reading and writing .xlsx files. A workbook from outside is hostile until its container has been looked at; nothing
here knows what its rows mean."""

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineError, CalamineWorkbook

from yeastar_app.refusals import Refusal
from yeastar_app.settings import settings
from yeastar_app.words import t

MAX_ENTRIES = 500
MAX_RATIO = 250
"""A sheet of 100,000 equal rows inflates some 60 times; a bomb a thousand times."""
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PLAIN_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_MACROS = "vbaproject.bin"


@dataclass(frozen=True)
class Row:
    """A filled row: its number as the spreadsheet shows it, and its cells by the wanted column."""

    number: int
    cells: dict[str, Any]


Numbered = tuple[int, tuple[Any, ...]]
"""The same as a plain value: the row's number and its cells."""


def refuse(code: str, message: str) -> Refusal:
    return Refusal(code, message, "file")


def check_container(content: bytes) -> None:
    """Refuse what is no plain .xlsx before anything parses it. Every entry is inflated once within the limit, so that
    a directory that lies about sizes is found out too."""
    if not content:
        raise refuse("empty_file", t("The file is empty. Fill in the template and upload it."))
    if content.startswith(_COMPOUND):
        raise refuse(
            "protected_workbook",
            t("The file is protected by a password or has the old .xls format. Save it as .xlsx without a password."),
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as container:
            _check_directory(container)
            if container.testzip() is not None:
                raise _broken()
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        raise _broken() from None


def _check_directory(container: zipfile.ZipFile) -> None:
    entries = container.infolist()
    inflated = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    limit = settings().workbook_inflated_limit_mb * 1024 * 1024
    if len(entries) > MAX_ENTRIES or inflated > limit or inflated > MAX_RATIO * max(packed, 1024):
        raise refuse("workbook_too_large", t("The workbook is too large inside. Copy the rows into a fresh template."))
    names = {entry.filename.lower() for entry in entries}
    if any(name.endswith(_MACROS) for name in names):
        raise refuse("macros", t("Workbooks with macros are not accepted. Save it as .xlsx."))
    if "xl/workbook.xml" not in names:
        raise _broken()


def _broken() -> Refusal:
    return refuse("not_a_workbook", t("This is no .xlsx workbook. Fill in the template and save it as .xlsx."))


def read(
    content: bytes, sheet: str | None, columns: Sequence[str], most: int, optional: Sequence[str] = ()
) -> list[Row]:
    """The filled rows below the header of a sheet, columns found by their headings in any order; others are ignored.
    Without a sheet's name the first one is read. `optional` columns are read where they are there.

    Refusals (field `file`): `wrong_sheet`, `wrong_headers`, `no_rows`, `too_many_rows`, and those of `check_container`.
    """
    found, rows = read_plain(content, sheet, columns, most, optional)
    return [Row(number, dict(zip(found, cells, strict=True))) for number, cells in rows]


def read_plain(
    content: bytes, sheet: str | None, columns: Sequence[str], most: int, optional: Sequence[str] = ()
) -> tuple[list[str], list[Numbered]]:
    """`read` for thousands of rows: the columns that are there, `columns` first, and the cells in their order."""
    check_container(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = [name for name in workbook.sheet_names if sheet in (None, name) or name.strip() == sheet]
        if not names:
            raise refuse("wrong_sheet", t("The workbook has no sheet called {sheet}. Use the template.", sheet=sheet))
        lines = workbook.get_sheet_by_name(names[0]).to_python(skip_empty_area=False)
    except CalamineError:
        raise _broken() from None
    return _rows(lines, columns, most, optional)


def _rows(
    lines: list[list[Any]], columns: Sequence[str], most: int, optional: Sequence[str]
) -> tuple[list[str], list[Numbered]]:
    numbered = enumerate(lines, 1)
    places: dict[str, int] = {}
    for _, line in numbered:
        if any(cell != "" for cell in line):
            places = _places(line, columns, optional)
            break
    else:
        raise refuse("no_rows", t("The sheet is empty. Fill in the template and upload it."))
    # Always a tuple, even of one column.
    pick = itemgetter(*places.values()) if len(places) > 1 else lambda line: tuple(line[at] for at in places.values())
    picked = ((number, pick(line)) for number, line in numbered)
    rows = [row for row in picked if any(row[1]) or any(cell != "" for cell in row[1])]
    if not rows:
        raise refuse("no_rows", t("There are no rows below the header. Fill in at least one."))
    if len(rows) > most:
        raise refuse(
            "too_many_rows",
            t("{count} rows are too many: at most {most} at once. Split the file.",
              count=f"{len(rows):,}", most=f"{most:,}"),
        )  # fmt: skip
    return list(places), rows


def _places(header: list[Any], columns: Sequence[str], optional: Sequence[str]) -> dict[str, int]:
    headings = [str(cell).strip().lower() for cell in header]
    missing = [column for column in columns if column.lower() not in headings]
    if missing:
        raise refuse(
            "wrong_headers",
            t("The header row lacks: {names}. Use the headings of the template.", names=", ".join(missing)),
        )
    columns = [*columns, *(column for column in optional if column.lower() in headings)]
    double = [column for column in columns if headings.count(column.lower()) > 1]
    if double:
        raise refuse(
            "wrong_headers", t("The header row has twice: {names}. Keep one of each.", names=", ".join(double))
        )
    return {column: headings.index(column.lower()) for column in columns}


def write(sheets: Iterable[tuple[str, Sequence[tuple[str, int]], Iterable[Sequence[Any]]]]) -> bytes:
    """A workbook of plain tables: (sheet, [(heading, width)], rows). Text is never taken for a formula or a link."""
    target = io.BytesIO()
    with new_workbook(target) as workbook:
        look = looks(workbook)
        for name, columns, rows in sheets:
            sheet = workbook.add_worksheet(name)
            put_header(sheet, look, columns)
            for number, row in enumerate(rows, 1):
                put_row(sheet, look, number, row)
    return target.getvalue()


ROWS_OF_A_SHEET = 1_000_000
"""A sheet holds 1,048,576 rows; what is more goes on in the next."""


def write_long(name: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]]) -> Path:
    """A workbook of one table of any length, written row by row into a file of its own, which the caller deletes. More
    than a sheet holds goes on in a second one, a third, …"""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as target:
        file = Path(target.name)
    try:
        with xlsxwriter.Workbook(str(file), {**_PLAIN_TEXT, "constant_memory": True}) as workbook:
            look, left, part = looks(workbook), iter(rows), 1
            more: Sequence[Any] | None = next(left, None)
            while part == 1 or more is not None:
                sheet = workbook.add_worksheet(name if part == 1 else f"{name} ({part})")
                put_header(sheet, look, columns)
                number = 0
                while more is not None and number < ROWS_OF_A_SHEET:
                    number += 1
                    put_row(sheet, look, number, more)
                    more = next(left, None)
                part += 1
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file


def new_workbook(target: io.BytesIO) -> Any:
    """An empty workbook that writes into `target` when it is closed."""
    return xlsxwriter.Workbook(target, {**_PLAIN_TEXT, "in_memory": True})


def looks(workbook: Any) -> dict[str, Any]:
    """The cell formats of all our workbooks."""
    return {
        "header": workbook.add_format({"bold": True, "bg_color": "#E8EFFD", "bottom": 1, "valign": "vcenter"}),
        "text": workbook.add_format({"num_format": "@"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        "time": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
        "number": workbook.add_format({"num_format": "#,##0"}),
        "money": workbook.add_format({"num_format": "#,##0.00"}),
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "wrap": workbook.add_format({"text_wrap": True, "valign": "top"}),
    }


def put_header(sheet: Any, look: dict[str, Any], columns: Sequence[tuple[str, int]]) -> None:
    for place, (heading, width) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, heading, look["header"])
    sheet.freeze_panes(1, 0)


def put_row(sheet: Any, look: dict[str, Any], number: int, row: Sequence[Any]) -> None:
    """Write a row by the kinds of its values; whatever is neither number nor time is text."""
    for place, value in enumerate(row):
        if isinstance(value, datetime):
            sheet.write_datetime(number, place, value.replace(tzinfo=None), look["time"])
        elif isinstance(value, date):
            sheet.write_datetime(number, place, value, look["date"])
        elif isinstance(value, Decimal):
            sheet.write_number(number, place, value, look["money" if value.as_tuple().exponent else "number"])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(number, place, value, look["number"])
        elif value not in (None, ""):
            sheet.write_string(number, place, str(value), look["text"])
