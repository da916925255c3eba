"""The product registry's import: units and subscriptions the vendor knows, from a workbook. Doing it twice changes
nothing."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from yeastar_app.access import Actor, audit
from yeastar_app.models.products import Product, RegistryUnit
from yeastar_app.refusals import Refusal
from yeastar_app.services import identifiers, workbooks
from yeastar_app.words import t

COLUMNS = ("Product", "Product ID", "Subscribed From", "Subscribed Until")
MOST_ROWS = 200_000


@dataclass(frozen=True)
class Outcome:
    """What became of a row: `row` as the spreadsheet numbers it; `done` is added, changed, unchanged or refused."""

    row: int
    done: str
    words: str


@dataclass
class Imported:
    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, done: str) -> int:
        return sum(outcome.done == done for outcome in self.outcomes)


def import_workbook(session: Session, content: bytes) -> Imported:
    """Take the first sheet's rows into the registry. Bad rows are refused one by one, the others taken; a workbook
    that cannot be read raises a Refusal."""
    products = {word: row for row in session.exec(select(Product)) for word in (row.code, row.name.lower())}
    known = {(unit.product_id, unit.identifier): unit for unit in session.exec(select(RegistryUnit))}
    imported = Imported()
    for row in workbooks.read(content, None, COLUMNS, MOST_ROWS):
        try:
            unit = _unit(row.cells, products)
        except Refusal as refusal:
            imported.outcomes.append(Outcome(row.number, "refused", refusal.message))
            continue
        before = known.get((unit.product_id, unit.identifier))
        words = f"{row.cells['Product']} {unit.identifier}"
        if before is None:
            known[unit.product_id, unit.identifier] = unit
            session.add(unit)
            imported.outcomes.append(Outcome(row.number, "added", words))
        elif _days(before) == _days(unit):
            imported.outcomes.append(Outcome(row.number, "unchanged", words))
        else:
            _change(session, before, unit, words)
            imported.outcomes.append(Outcome(row.number, "changed", words))
    session.flush()
    return imported


def _change(session: Session, known: RegistryUnit, given: RegistryUnit, label: str) -> None:
    before = _said(known)
    known.subscribed_from, known.subscribed_until = _days(given)
    audit(session, Actor(), "registry.change", known, label=label, before=before, after=_said(given))


def _said(unit: RegistryUnit) -> dict[str, str]:
    return {"from": str(unit.subscribed_from or ""), "until": str(unit.subscribed_until or "")}


def _days(unit: RegistryUnit) -> tuple[date | None, date | None]:
    return unit.subscribed_from, unit.subscribed_until


def _unit(cells: dict[str, Any], products: dict[str, Product]) -> RegistryUnit:
    product = products.get(str(cells["Product"]).strip().lower())
    if product is None:
        raise Refusal("unknown_product", t("Product: there is no {name}.", name=cells["Product"] or t("empty name")))
    typed = cells["Product ID"]
    if not isinstance(typed, str):
        raise Refusal("numeric_id", t("Product ID: a number, so zeros may be lost. Format the cell as Text."))
    since, until = _day(cells, "Subscribed From"), _day(cells, "Subscribed Until")
    if since and until and until < since:
        raise Refusal("wrong_days", t("Subscribed Until lies before Subscribed From."))
    if until and not since:
        raise Refusal("wrong_days", t("Subscribed From is missing."))
    return RegistryUnit(
        product_id=product.key,
        identifier=identifiers.normalise(product.id_kind, typed),
        subscribed_from=since,
        subscribed_until=until,
    )


def _day(cells: dict[str, Any], column: str) -> date | None:
    value = cells[column]
    if value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise Refusal("wrong_days", t("{column}: enter a date, for example 2026-03-02.", column=column)) from None
