"""Workbooks on their way into the product registry. Their rows are taken in pieces: a piece's units, refused rows and
counts are committed together, so that a restart goes on where it stopped. The same file again changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account
from yeastar_app.models.products import Product, RegistryUnit
from yeastar_app.models.registry import ImportStatus, RegistryImport, RegistryProblem
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import identifiers, workbooks
from yeastar_app.services.fields import RowId
from yeastar_app.services.registry import CHANGE, facts
from yeastar_app.settings import settings
from yeastar_app.statements import among
from yeastar_app.words import storable, t

COLUMNS = ("Product", "Product ID", "Subscribed From", "Subscribed Until")
ELIGIBLE = "Eligible"
"""May be left out: then new units are eligible and known ones stay as they are."""
MOST_ROWS = 200_000
PIECE = 2_000
LEASE = timedelta(seconds=60)
_TRIES = 3
_YES, _NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")
_COUNTS = ("added", "changed", "unchanged", "refused")


class UploadForm(BaseModel):
    file_name: str = Field(max_length=1000)
    content: bytes


class ImportRef(BaseModel):
    id: RowId


@dataclass(frozen=True)
class ImportView:
    """A workbook as staff see it; `problems` are the first of its refused rows: number, column, words."""

    id: int
    file_name: str
    who: str
    status: ImportStatus
    rows: int
    done: int
    added: int
    changed: int
    unchanged: int
    refused: int
    refusal: str
    created_at: datetime
    problems: list[tuple[int, str, str]]


@dataclass(frozen=True)
class Given:
    """A well-formed row. `eligible` None: the workbook does not say."""

    product: Product
    identifier: str
    since: date | None
    until: date | None
    eligible: bool | None

    @property
    def label(self) -> str:
        return f"{self.product.name} {self.identifier}"


@action(CHANGE, form=UploadForm)
def choose(session: Session, actor: Actor, form: UploadForm) -> ImportView:
    """Take in a workbook; `start` has its rows taken into the registry. Refusals: `file_too_large`, and those of its
    container."""
    limit = settings().upload_limit_mb
    if len(form.content) > limit * 1024 * 1024:
        raise workbooks.refuse("file_too_large", t("At most {n} MB. Split the file.", n=limit))
    workbooks.check_container(form.content)
    session.execute(
        sa.delete(RegistryImport).where(
            col(RegistryImport.account_id) == actor.id, col(RegistryImport.status) == ImportStatus.CHOSEN
        )
    )
    row = _new(session, form.file_name, form.content, ImportStatus.CHOSEN, actor.id)
    audit(session, actor, "registry_imports.choose", row, label=row.file_name, after={"bytes": len(form.content)})
    return _view(session, row)


@action(CHANGE, form=ImportRef)
def start(session: Session, actor: Actor, form: ImportRef) -> ImportView:
    """Have a chosen workbook taken in. Asking twice changes nothing."""
    row = _row(session, form.id)
    moved: Any = session.execute(
        sa.update(RegistryImport)
        .where(col(RegistryImport.id) == row.id, col(RegistryImport.status) == ImportStatus.CHOSEN)
        .values(status=ImportStatus.RUNNING)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row, ["status"])
    audit(session, actor, "registry_imports.start", row, label=row.file_name, after={"started": bool(moved.rowcount)})
    return _view(session, row)


@action(CHANGE, form=ImportRef, writes=False)
def status(session: Session, actor: Actor, form: ImportRef) -> ImportView:
    """How far a workbook is."""
    return _view(session, _row(session, form.id))


@action(CHANGE, writes=False)
def history(session: Session, actor: Actor) -> list[ImportView]:
    """The last workbooks, whoever brought them, the newest first."""
    started = select(RegistryImport).where(col(RegistryImport.status) != ImportStatus.CHOSEN)
    found = session.exec(_light(started).order_by(col(RegistryImport.id).desc()).limit(20)).all()
    return [_view(session, row, problems=0) for row in found]


@action(CHANGE, form=ImportRef, writes=False)
def refused_rows(session: Session, actor: Actor, form: ImportRef) -> bytes:
    """The refused rows of a workbook with a "Reason" column: to be corrected and uploaded as it is."""
    columns = [("Product", 32), ("Product ID", 30), ("Subscribed From", 18), ("Subscribed Until", 18), (ELIGIBLE, 12),
               ("Reason", 70)]  # fmt: skip
    found = session.execute(
        sa.select(col(RegistryProblem.cells), col(RegistryProblem.column), col(RegistryProblem.message))
        .where(col(RegistryProblem.import_id) == _row(session, form.id).key)
        .order_by(col(RegistryProblem.row))
    )
    return workbooks.write([("Refused Rows", columns, ([*row[0], _reason(row[1], row[2])] for row in found))])


@action(CHANGE, writes=False)
def template(session: Session, actor: Actor) -> bytes:
    """An empty workbook with the right headings."""
    columns = [(heading, 24) for heading in (*COLUMNS, ELIGIBLE)]
    products = session.exec(select(Product).order_by(col(Product.position)))
    help_columns = [("Product", 34), ("Product ID", 90)]
    kinds = ((one.name, f"{identifiers.LABELS[one.id_kind]}. {identifiers.HINTS[one.id_kind]}") for one in products)
    return workbooks.write([("Units", columns, ()), ("Products", help_columns, kinds)])


def begin(session: Session, file_name: str, content: bytes) -> int:
    """A workbook that the command line brings, ready to be taken in; gives its number."""
    return _new(session, file_name, content, ImportStatus.RUNNING, None).key


def outcome(session: Session, import_id: int) -> ImportView:
    """What became of a workbook, all its refused rows included."""
    return _view(session, _row(session, import_id), problems=MOST_ROWS)


def _new(session: Session, name: str, content: bytes, status: ImportStatus, account_id: int | None) -> RegistryImport:
    row = RegistryImport(
        account_id=account_id,
        file_name="".join(char for char in name if char.isprintable()).strip()[-200:] or "workbook.xlsx",
        content=content,
        status=status,
        claimed_until=clock.now() + LEASE if status is ImportStatus.RUNNING else None,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def _light(query: Any) -> Any:
    """Without the workbook itself: it may have megabytes."""
    return query.options(defer(RegistryImport.content))  # type: ignore[arg-type]


def _row(session: Session, key: int) -> RegistryImport:
    row: RegistryImport | None = session.exec(
        _light(select(RegistryImport).where(col(RegistryImport.id) == key))
    ).first()
    if row is None:
        raise NotFound(t("This import"))
    return row


def _view(session: Session, row: RegistryImport, problems: int = 50) -> ImportView:
    first = session.execute(
        sa.select(col(RegistryProblem.row), col(RegistryProblem.column), col(RegistryProblem.message))
        .where(col(RegistryProblem.import_id) == row.key)
        .order_by(col(RegistryProblem.row))
        .limit(problems)
    )
    who = session.get(Account, row.account_id) if row.account_id else None
    return ImportView(
        row.key, row.file_name, who.email if who else t("command line"), row.status, row.rows, row.done, row.added,
        row.changed, row.unchanged, row.refused, row.refusal, row.created_at,
        [tuple(one) for one in first] if problems else [],
    )  # fmt: skip


def _reason(column: str, message: str) -> str:
    return f"{column}: {message}" if column else message


# Taking the rows in


def take_in(import_id: int, report: Callable[[int, int], None] = lambda done, rows: None) -> None:
    """Take a running workbook's rows into the registry, from where it stopped. For jobs and the command line: does
    nothing where it is done. `report` hears of each piece: rows done, rows in all."""
    with transaction(writes=False) as session:
        row = session.get(RegistryImport, import_id)
    if row is None or row.status is not ImportStatus.RUNNING:
        return
    try:
        rows = workbooks.read(row.content, None, COLUMNS, MOST_ROWS, (ELIGIBLE,))
    except Refusal as refusal:
        _conclude(import_id, ImportStatus.REFUSED, refusal.message)
        return
    for begun in range(row.done, len(rows), PIECE):
        if not _take_piece(import_id, rows[begun : begun + PIECE], begun, len(rows)):
            return  # somebody else is at it
        report(min(begun + PIECE, len(rows)), len(rows))
    _conclude(import_id, ImportStatus.DONE)


def give_up(import_id: int) -> None:
    """End an import that failed for a reason no rule foresaw; what is committed stays, and is said."""
    message = t("The work on this workbook broke off. What is counted here is in the registry; import the file again "
                "for the rest: rows that are there already do not change.")  # fmt: skip
    _conclude(import_id, ImportStatus.REFUSED, message)


def _conclude(import_id: int, status: ImportStatus, refusal: str = "") -> None:
    with transaction() as session:
        session.execute(
            sa.update(RegistryImport)
            .where(col(RegistryImport.id) == import_id, col(RegistryImport.status) == ImportStatus.RUNNING)
            .values(status=status, refusal=refusal, content=b"", finished_at=clock.now(), claimed_until=None)
        )


def _take_piece(import_id: int, rows: Sequence[workbooks.Row], begun: int, total: int) -> bool:
    """Take a piece's rows, all of it or nothing; whether it was ours to take. Where others bring the same units at the
    same moment (PostgreSQL), it is tried again."""
    for tried in range(1, _TRIES + 1):
        try:
            with transaction() as session:
                return _piece(session, import_id, rows, begun, total)
        except IntegrityError:
            if tried == _TRIES:
                raise
    return False


def _piece(session: Session, import_id: int, rows: Sequence[workbooks.Row], begun: int, total: int) -> bool:
    mine: Any = session.execute(
        sa.update(RegistryImport)
        .where(
            col(RegistryImport.id) == import_id,
            col(RegistryImport.status) == ImportStatus.RUNNING,
            col(RegistryImport.done) == begun,
        )
        .values(done=begun + len(rows), rows=total, claimed_until=clock.now() + LEASE)
    )
    if mine.rowcount != 1:
        return False
    actor = _who(session, import_id)
    products = {word: row for row in session.exec(select(Product)) for word in (row.code, row.name.lower())}
    given: list[Given] = []
    refused: list[dict[str, Any]] = []
    for row in rows:
        try:
            given.append(_given(row.cells, products))
        except Refusal as refusal:
            refused.append({"import_id": import_id, "row": row.number, "cells": _cells(row.cells),
                            "column": refusal.field or "", "message": refusal.message[:300]})  # fmt: skip
    counts = _store(session, actor, given)
    if refused:
        session.connection().execute(sa.insert(RegistryProblem), refused)
    counts["refused"] = len(refused)
    grown = {name: RegistryImport.__table__.c[name] + counts[name] for name in _COUNTS}  # type: ignore[attr-defined]
    session.execute(sa.update(RegistryImport).where(col(RegistryImport.id) == import_id).values(**grown))
    if begun + len(rows) == total:
        imported = session.get_one(RegistryImport, import_id, populate_existing=True)
        audit(session, actor, "registry_imports.done", imported, label=imported.file_name,
              after={name: getattr(imported, name) for name in _COUNTS})  # fmt: skip
    return True


def _who(session: Session, import_id: int) -> Actor:
    found = session.execute(
        sa.select(col(Account.id), col(Account.email), col(Account.organisation_id))
        .join(RegistryImport, col(RegistryImport.account_id) == col(Account.id))
        .where(col(RegistryImport.id) == import_id)
    ).first()
    return Actor(account_id=found[0], email=found[1], organisation_id=found[2]) if found else Actor()


def _store(session: Session, actor: Actor, given: Sequence[Given]) -> dict[str, int]:
    """Add what is new, change what is known, in the order of the rows; how many of each."""
    known = {(unit.product_id, unit.identifier): unit for unit in _known(session, given)}
    counts = dict.fromkeys(_COUNTS, 0)
    fresh: list[RegistryUnit] = []
    for one in given:
        unit = known.get((one.product.key, one.identifier))
        if unit is None:
            unit = RegistryUnit(product_id=one.product.key, identifier=one.identifier, subscribed_from=one.since,
                                subscribed_until=one.until, eligible=one.eligible is not False)  # fmt: skip
            known[one.product.key, one.identifier] = unit
            fresh.append(unit)
            counts["added"] += 1
            continue
        before = facts(unit)
        unit.subscribed_from, unit.subscribed_until = one.since, one.until
        unit.eligible = unit.eligible if one.eligible is None else one.eligible
        after = facts(unit)
        counts["changed" if before != after else "unchanged"] += 1
        if before != after and unit.id is not None:
            audit(session, actor, "registry.change", unit, label=one.label, before=before, after=after)
    if fresh:
        names = ("product_id", "identifier", "subscribed_from", "subscribed_until", "eligible")
        ordered = sorted(fresh, key=lambda unit: (unit.product_id, unit.identifier))
        added = [{name: getattr(unit, name) for name in names} for unit in ordered]
        session.connection().execute(sa.insert(RegistryUnit), added)
    return counts


def _known(session: Session, given: Iterable[Given]) -> Iterable[RegistryUnit]:
    """The units that are there already, locked in one order, so that two workbooks of the same wait for each other."""
    asked: dict[int, list[str]] = {}
    for one in given:
        asked.setdefault(one.product.key, []).append(one.identifier)
    for product_id, some in sorted(asked.items()):
        yield from session.exec(
            select(RegistryUnit)
            .where(col(RegistryUnit.product_id) == product_id, among(session, col(RegistryUnit.identifier), some))
            .order_by(col(RegistryUnit.id))
            .with_for_update()
        )


# A row


def _given(cells: dict[str, Any], products: dict[str, Product]) -> Given:
    """A row's cells as what they say; a Refusal (its field is the column's heading) where they cannot be read."""
    product = products.get(str(cells["Product"]).strip().lower())
    if product is None:
        name = cells["Product"] or t("empty name")
        raise Refusal("unknown_product", t("There is no product {name}.", name=str(name)[:100]), "Product")
    typed = cells["Product ID"]
    if not isinstance(typed, str):
        words = t("This is a number, so zeros may be lost. Format the cell as Text and retype the ID.")
        raise Refusal("numeric_id", words, "Product ID")
    try:
        identifier = identifiers.normalise(product.id_kind, typed)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, "Product ID") from None
    since, until = _day(cells, "Subscribed From"), _day(cells, "Subscribed Until")
    if until and not since:
        raise Refusal("wrong_days", t("Fill this in where there is an end."), "Subscribed From")
    if since and until and until < since:
        raise Refusal("wrong_days", t("This day lies before Subscribed From."), "Subscribed Until")
    return Given(product, identifier, since, until, _eligible(cells.get(ELIGIBLE, "")))


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
        raise Refusal("wrong_days", t("Enter a date, for example 2026-03-02."), column) from None


def _eligible(value: Any) -> bool | None:
    said = f"{value:.15g}" if isinstance(value, float) else str(value).strip().lower()
    if not said:
        return None
    if said not in _YES + _NO:
        raise Refusal("wrong_answer", t("Enter yes or no, or leave it empty."), ELIGIBLE)
    return said in _YES


def _cells(cells: dict[str, Any]) -> list[str]:
    """A refused row as text, to be corrected; characters that cannot be stored are left out."""
    return [_text(cells.get(column, ""))[:500] for column in (*COLUMNS, ELIGIBLE)]


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date().isoformat() if value.tzinfo else value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return storable(str(value))
