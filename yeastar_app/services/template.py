"""The workbook of the bulk registration: its sheet, its headings, and how it is made for filling in (Seed 000)."""

import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.models.products import Product
from yeastar_app.services import identifiers, tiers, workbooks
from yeastar_app.words import t

SHEET = "Products"
INSTRUCTIONS = "Instructions"
MOST_ROWS = 10_000
COLUMNS = {
    "Product": "product",
    "Product ID": "product_id",
    "Purchase Date": "purchase_date",
    "Purchase From": "purchase_from",
    "End User Name": "end_user_name",
    "End User Company Name": "end_user_company",
}
"""The headings, and the field of the form each fills."""
REASON = "Reason"
"""The column of a workbook of bad rows that says what is wrong; it is not read again."""
_WIDTHS = (30, 30, 16, 26, 26, 32)
_FIRST_PRODUCT = 14
"""The row of the instructions, counted from 0, below the heading of the list of products."""


def build(session: Session, rows: Sequence[Sequence[Any]]) -> bytes:
    """The template; with `rows` (values of COLUMNS and a reason) it is the workbook of the rows to correct."""
    products = list(session.exec(select(Product).order_by(col(Product.position))))
    window = tiers.programme(session).registration_window_days
    target = io.BytesIO()
    with workbooks.new_workbook(target) as workbook:
        look = workbooks.looks(workbook)
        sheet = workbook.add_worksheet(SHEET)
        columns = list(zip(COLUMNS, _WIDTHS, strict=True)) + ([(REASON, 70)] if rows else [])
        workbooks.put_header(sheet, look, columns)
        for place, width in enumerate(_WIDTHS):
            sheet.set_column(place, place, width, look["date" if place == 2 else "text"])
        for number, row in enumerate(rows, 1):
            workbooks.put_row(sheet, look, number, row)
        _help_with_typing(sheet, len(products), window)
        _instructions(workbook.add_worksheet(INSTRUCTIONS), look, products, window)
    return target.getvalue()


def _help_with_typing(sheet: Any, products: int, window: int) -> None:
    """A drop-down list of the products and a check of the date, on every row that may be filled."""
    last = _FIRST_PRODUCT + products
    listed = f"={INSTRUCTIONS}!$A${_FIRST_PRODUCT + 1}:$A${last}"
    sheet.data_validation(1, 0, MOST_ROWS, 0, {"validate": "list", "source": listed})
    today = clock.now().date()
    sheet.data_validation(
        1,
        2,
        MOST_ROWS,
        2,
        {
            "validate": "date",
            "criteria": "between",
            "minimum": today - timedelta(days=window),
            "maximum": today,
            "error_type": "warning",
            "error_title": t("Purchase Date"),
            "error_message": t("Enter the day of purchase, within the last {n} days.", n=window),
        },
    )


def _instructions(sheet: Any, look: dict[str, Any], products: Sequence[Product], window: int) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, t("Bulk Register"), look["title"])
    lines = (
        (t("How"), t("Fill in the sheet {sheet}, one row for each product, and upload the file.", sheet=SHEET)),
        (t("How many"), t("At most {n} rows in one file.", n=f"{MOST_ROWS:,}")),
        ("Product", t("Choose one from the list.")),
        ("Product ID", t("Which one it is says the table below. The column is formatted as Text: keep it so.")),
        ("Purchase Date", t("The day of purchase, at most {n} days ago.", n=window)),
        ("Purchase From", t("The name of the person from whom you purchased the product.")),
        ("End User Name", t("The end user's name.")),
        ("End User Company Name", t("The company where the end user works.")),
        (REASON, t("Only in a file of rows to correct: says what is wrong. It is not read when you upload.")),
    )
    for number, (name, words) in enumerate(lines, 2):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, words, look["wrap"])
    sheet.write_string(_FIRST_PRODUCT - 1, 0, t("Product"), look["header"])
    sheet.write_string(_FIRST_PRODUCT - 1, 1, t("Product ID"), look["header"])
    for number, product in enumerate(products, _FIRST_PRODUCT):
        label, hint = identifiers.LABELS[product.id_kind], identifiers.HINTS[product.id_kind]
        sheet.write_string(number, 0, product.name)
        sheet.write_string(number, 1, f"{label}. {hint}")
