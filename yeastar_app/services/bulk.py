"""Registering many products from a workbook: the whole file is checked first, then its good rows are registered in one
transaction, all or none. The work itself is done by jobs/bulk.py in another process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit, parse
from yeastar_app.database import table_of, transaction
from yeastar_app.models.accounts import Account
from yeastar_app.models.base import UTCDateTime
from yeastar_app.models.points import (
    BulkUpload,
    EntryKind,
    PointAccount,
    PointEntry,
    PointLot,
    Programme,
    Registration,
    UploadStatus,
)
from yeastar_app.models.products import Product
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import points, registration, template, tiers, workbooks
from yeastar_app.services.registration import POLICY, Catalogue, Claim, Item, Key, RegistrationForm
from yeastar_app.services.template import COLUMNS, MOST_ROWS, SHEET
from yeastar_app.settings import settings
from yeastar_app.words import t

_HEADING = {name: heading for heading, name in COLUMNS.items()}
_GIVEN = ("product_id", "identifier", "purchase_date", "purchase_from", "end_user_name", "end_user_company", "points")
_ROWS_AT_ONCE = 2_500
_SAY_AGAIN_SECONDS = 0.3
_TRIES = 3


class UploadForm(BaseModel):
    file_name: str = Field(max_length=1000)
    content: bytes


class UploadRef(BaseModel):
    upload: int = Field(ge=1, lt=2**31)


@dataclass(frozen=True)
class Problem:
    """Why a row earns nothing: `row` as the spreadsheet numbers it, the heading of the column, code and words."""

    row: int
    column: str
    code: str
    message: str


@dataclass(frozen=True)
class UploadView:
    """An upload as its owner sees it; `problems` are the first of them, `bad` counts all bad rows."""

    id: int
    file_name: str
    status: UploadStatus
    rows: int
    done: int
    good: int
    bad: int
    problems: list[Problem]
    result: dict[str, Any] | None
    refusal: str
    created_at: datetime

    @property
    def running(self) -> bool:
        return self.status in (UploadStatus.CHECKING, UploadStatus.REGISTERING)


@action(POLICY, form=UploadForm)
def choose(session: Session, actor: Actor, form: UploadForm) -> UploadView:
    """Take in a workbook; "Save" has it checked. Earlier ones of this account are done with."""
    if len(form.content) > settings().upload_limit_mb * 1024 * 1024:
        raise workbooks.refuse("file_too_large", t("At most {n} MB. Split the file.", n=settings().upload_limit_mb))
    points.lock(session, actor.organisation)  # two uploads of one company at the same moment come one after the other
    mine = col(BulkUpload.account_id) == actor.id
    running = col(BulkUpload.status).in_([UploadStatus.CHECKING, UploadStatus.REGISTERING])
    if session.execute(sa.select(col(BulkUpload.id)).where(mine, running)).first():
        raise workbooks.refuse("upload_running", t("Your last workbook is still being worked on. Wait for it first."))
    session.execute(sa.update(BulkUpload).where(mine).values(content=b""))
    row = BulkUpload(
        organisation_id=actor.organisation,
        account_id=actor.id,
        file_name="".join(char for char in form.file_name if char.isprintable()).strip()[-200:] or "workbook.xlsx",
        content=form.content,
        status=UploadStatus.CHOSEN,
        created_at=clock.now(),
    )
    session.add(row)
    audit(session, actor, "bulk.choose", row, label=row.file_name, after={"bytes": len(form.content)})
    return _view(row)


@action(POLICY, form=UploadRef)
def start_check(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Have a chosen workbook checked. Asking twice changes nothing."""
    return _move(session, actor, form.upload, UploadStatus.CHOSEN, UploadStatus.CHECKING)


@action(POLICY, form=UploadRef)
def start_registering(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Have the good rows of a checked workbook registered. Asking twice changes nothing."""
    return _move(session, actor, form.upload, UploadStatus.CHECKED, UploadStatus.REGISTERING)


@action(POLICY, form=UploadRef)
def put_aside(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Go back from a check: nothing of the workbook is registered."""
    return _move(session, actor, form.upload, UploadStatus.CHECKED, UploadStatus.CHOSEN)


@action(POLICY, form=UploadRef, writes=False)
def status(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """How far one of the account's own uploads is."""
    return _view(_own(session, actor, form.upload))


@action(POLICY, writes=False)
def latest(session: Session, actor: Actor) -> UploadView | None:
    """The account's last upload, so that one who left the page finds it again."""
    newest = select(BulkUpload.id).where(col(BulkUpload.account_id) == actor.id).order_by(col(BulkUpload.id).desc())
    found = session.exec(newest.limit(1)).first()
    return _view(_own(session, actor, found)) if found else None


@action(POLICY, form=UploadRef, writes=False)
def rows_to_correct(session: Session, actor: Actor, form: UploadRef) -> bytes:
    """The bad rows of an upload as the template has them, with a "Reason" column to be read and left as it is."""
    upload = _own(session, actor, form.upload)
    content = session.execute(sa.select(col(BulkUpload.content)).where(col(BulkUpload.id) == upload.key)).scalar_one()
    if not content or not upload.problems:
        raise NotFound(t("This workbook"))
    reasons: dict[int, str] = {}
    for problem in upload.problems:
        said = f"{problem['column']}: {problem['message']}"
        reasons[problem["row"]] = f"{reasons[problem['row']]} {said}" if problem["row"] in reasons else said
    rows = [
        [*(row.cells[heading] for heading in COLUMNS), reasons[row.number]]
        for row in workbooks.read(content, SHEET, tuple(COLUMNS), MOST_ROWS)
        if row.number in reasons
    ]
    return template.build(session, rows)


@action(POLICY, writes=False)
def empty_template(session: Session, actor: Actor) -> bytes:
    """The workbook to fill in."""
    return template.build(session, [])


def _move(session: Session, actor: Actor, upload_id: int, before: UploadStatus, after: UploadStatus) -> UploadView:
    row = _own(session, actor, upload_id)
    moved: Any = session.execute(
        sa.update(BulkUpload)
        .where(col(BulkUpload.id) == row.id, col(BulkUpload.status) == before)
        .values(status=after, claimed_until=None)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row, ["status"])
    audit(session, actor, f"bulk.{after}", row, label=row.file_name, after={"moved": bool(moved.rowcount)})
    return _view(row)


def _own(session: Session, actor: Actor, upload_id: int) -> BulkUpload:
    row = session.exec(
        select(BulkUpload)
        .where(col(BulkUpload.id) == upload_id, col(BulkUpload.account_id) == actor.id)
        .options(defer(BulkUpload.content))  # type: ignore[arg-type]
    ).first()
    if row is None:
        raise NotFound(t("This upload"))
    return row


def _view(row: BulkUpload) -> UploadView:
    return UploadView(
        row.key,
        row.file_name,
        row.status,
        row.rows,
        row.done,
        row.good,
        len({problem["row"] for problem in row.problems}),
        [Problem(**problem) for problem in row.problems[:50]],
        row.result,
        row.refusal or "",
        row.created_at,
    )


# The check


def check(upload_id: int) -> None:
    """Check a whole workbook and keep what was found. For jobs: does nothing where it is checked already."""
    with transaction(writes=False) as session:
        upload = session.get(BulkUpload, upload_id)
        rules = registration.catalogue(session, tiers.programme(session))
    if upload is None or upload.status is not UploadStatus.CHECKING:
        return
    try:
        rows, claims, unclear = examine(upload.content, rules.products)
    except Refusal as refusal:
        _conclude(upload_id, status=UploadStatus.REFUSED, refusal=refusal.message)
        return
    problems, good = list(unclear), 0
    say = _progress(upload_id, rows)
    with transaction(writes=False) as session:
        for start in range(0, len(claims), _ROWS_AT_ONCE):
            some = claims[start : start + _ROWS_AT_ONCE]
            accepted, refused = judge_all(session, some, rules)
            good += len(accepted)
            problems += refused
            say(start + len(some))
    problems.sort(key=lambda problem: problem.row)
    _conclude(
        upload_id,
        status=UploadStatus.CHECKED,
        rows=rows,
        done=rows,
        good=good,
        problems=[asdict(problem) for problem in problems],
    )


def _progress(upload_id: int, rows: int) -> Callable[[int], None]:
    """Says how many rows are done, now and then: a quick check needs none of it."""
    last = time.monotonic()

    def say(done: int) -> None:
        nonlocal last
        if time.monotonic() - last < _SAY_AGAIN_SECONDS:
            return
        last = time.monotonic()
        with transaction() as session:
            session.execute(
                sa.update(BulkUpload).where(col(BulkUpload.id) == upload_id).values(rows=rows, done=min(done, rows))
            )

    return say


def _conclude(upload_id: int, **values: Any) -> None:
    """Write what the check found, unless another worker was quicker."""
    with transaction() as session:
        session.execute(
            sa.update(BulkUpload)
            .where(col(BulkUpload.id) == upload_id, col(BulkUpload.status) == UploadStatus.CHECKING)
            .values(claimed_until=None, **values)
        )


@lru_cache(maxsize=1)
def examine(content: bytes, products: tuple[Item, ...]) -> tuple[int, list[tuple[int, Claim]], list[Problem]]:
    """How many rows a workbook has, the claims of its well-formed ones by row number, and why the others are none.
    Pure; kept for the registration that follows the check. Raises the Refusals of `workbooks.read`."""
    rows = workbooks.read(content, SHEET, tuple(COLUMNS), MOST_ROWS)
    known = registration.by_name(products)
    claims: list[tuple[int, Claim]] = []
    problems: list[Problem] = []
    first: dict[Key, int] = {}
    for row in rows:
        try:
            claim = registration.identify(_form(row), known)
        except Refusal as refusal:
            problems += _problems(row.number, refusal)
            continue
        earlier = first.setdefault(claim.key, row.number)
        if earlier != row.number:
            words = t("The same product is in row {row} already.", row=earlier)
            problems.append(Problem(row.number, _HEADING["product_id"], "twice_in_file", words))
            continue
        claims.append((row.number, claim))
    return len(rows), claims, problems


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


def _problems(number: int, refusal: Refusal) -> list[Problem]:
    code = "invalid_value" if refusal.code == "invalid_fields" else refusal.code
    return [Problem(number, _HEADING.get(name, ""), code, words) for name, words in refusal.fields.items()]


def judge_all(
    session: Session, claims: Sequence[tuple[int, Claim]], rules: Catalogue
) -> tuple[list[tuple[Claim, int]], list[Problem]]:
    """Claims with what they earn, and why the others earn nothing, as the database stands in this transaction."""
    known = registration.look_up(session, [claim.key for _, claim in claims])
    accepted: list[tuple[Claim, int]] = []
    problems: list[Problem] = []
    for number, claim in claims:
        try:
            accepted.append((claim, registration.judge(claim, rules, known)))
        except Refusal as refusal:
            problems += _problems(number, refusal)
    return accepted, problems


# The registration


def commit(upload_id: int) -> None:
    """Register the good rows of an upload in one transaction. For jobs: does nothing where it is done already.

    Where others register the same products at the same moment (PostgreSQL), the rows are judged again."""
    with transaction(writes=False) as session:
        upload = session.get(BulkUpload, upload_id)
        rules = registration.catalogue(session, tiers.programme(session))
    if upload is None or upload.status is not UploadStatus.REGISTERING:
        return
    _, claims, _ = examine(upload.content, rules.products)
    for tried in range(1, _TRIES + 1):
        try:
            with transaction() as session:
                _register(session, upload, claims)
        except IntegrityError:
            if tried == _TRIES:
                raise
        else:
            return


def _register(session: Session, upload: BulkUpload, claims: Sequence[tuple[int, Claim]]) -> None:
    account = points.lock(session, upload.organisation_id)
    taken: Any = session.execute(
        sa.update(BulkUpload)
        .where(col(BulkUpload.id) == upload.id, col(BulkUpload.status) == UploadStatus.REGISTERING)
        .values(status=UploadStatus.DONE, claimed_until=None)
    )
    if taken.rowcount != 1:
        return  # another worker was quicker
    figures = tiers.programme(session)
    accepted, refused = judge_all(session, claims, registration.catalogue(session, figures))
    if accepted:
        _insert(session, upload, accepted)
        _book(session, account, upload, accepted, figures)
    reached = tiers.lift(session, account, figures) if accepted else None
    result = {
        "lines": [asdict(line) for line in registration.by_product(accepted)],
        "total": sum(earned for _, earned in accepted),
        "balance": account.balance,
        "tier": reached.name if reached else "",
    }
    known = {problem["row"] for problem in upload.problems}
    late = [asdict(problem) for problem in refused if problem.row not in known]
    values: dict[str, Any] = {"result": result, "good": len(accepted), "problems": [*upload.problems, *late]}
    session.execute(sa.update(BulkUpload).where(col(BulkUpload.id) == upload.id).values(**values))
    who = session.get_one(Account, upload.account_id)
    actor = Actor(account_id=who.id, organisation_id=upload.organisation_id, email=who.email)
    after = {"registered": len(accepted), "points": result["total"], "balance": account.balance}
    audit(session, actor, "bulk.registered", upload, label=upload.file_name, after=after)


def _insert(session: Session, upload: BulkUpload, accepted: Sequence[tuple[Claim, int]]) -> None:
    """The registrations, in the order of their keys, so that two uploads of the same rows wait for each other instead
    of dead-locking."""
    given = table_of(
        session,
        [
            {
                "product_id": claim.product.id,
                "identifier": claim.identifier,
                "purchase_date": claim.form.purchase_date.isoformat(),
                "purchase_from": claim.form.purchase_from,
                "end_user_name": claim.form.end_user_name,
                "end_user_company": claim.form.end_user_company,
                "points": earned,
            }
            for claim, earned in accepted
        ],
        {name: Registration.__table__.c[name].type for name in _GIVEN},  # type: ignore[attr-defined]
    )
    same = {
        "organisation_id": sa.literal(upload.organisation_id),
        "account_id": sa.literal(upload.account_id),
        "upload_id": sa.literal(upload.key),
        "at": sa.literal(clock.now(), UTCDateTime),
    }
    rows = sa.select(*given.c, *same.values()).order_by(given.c.product_id, given.c.identifier)
    session.execute(sa.insert(Registration).from_select([*_GIVEN, *same], rows))


def _book(
    session: Session,
    account: PointAccount,
    upload: BulkUpload,
    accepted: Sequence[tuple[Claim, int]],
    figures: Programme,
) -> None:
    """One lot for the upload (all of it expires together) and one entry for each registration, made by the database
    from the registrations just written."""
    total = sum(earned for _, earned in accepted)
    lot: PointLot = points.new_lot(session, account, total, figures)
    running = sa.func.sum(col(Registration.points)).over(order_by=col(Registration.id))
    said = sa.func.substr(
        sa.literal(t("Registered")) + " " + col(Product.name) + " " + col(Registration.identifier), 1, 200
    )
    entries = (
        sa.select(
            col(Registration.organisation_id),
            col(Registration.at),
            sa.literal(EntryKind.EARNED, type_=PointEntry.__table__.c.kind.type),  # type: ignore[attr-defined]
            col(Registration.points),
            account.balance + running,
            sa.literal(0),
            sa.literal(account.debt),
            sa.literal(lot.key),
            col(Registration.id),
            col(Registration.account_id),
            said,
        )
        .join(Product, col(Product.id) == col(Registration.product_id))
        .where(col(Registration.upload_id) == upload.key)
        .order_by(col(Registration.id))
    )
    into = ["organisation_id", "at", "kind", "points", "balance_after", "debt", "debt_after", "lot_id",
            "registration_id", "account_id", "reason"]  # fmt: skip
    session.execute(sa.insert(PointEntry).from_select(into, entries))
    account.balance += total
    points.pay_debt(session, account, [lot])
