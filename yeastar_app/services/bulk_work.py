"""The work on a workbook, for jobs/bulk.py in another process: the dry run and the registration are one way through
its rows (`_go_through`), in pieces. A piece of the registration is one transaction: rows, lot, entries, balance and
how far the upload is. So it can be cancelled, or killed, between any two pieces, and goes on where it stopped."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, audit
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account
from yeastar_app.models.base import UTCDateTime
from yeastar_app.models.points import (
    BulkFile,
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
from yeastar_app.refusals import Refusal
from yeastar_app.services import points, registration, tiers
from yeastar_app.services.bulk_rows import Numbered, Problem, bad_rows, examine, judge_all
from yeastar_app.services.registration import Catalogue, Claim, Earned, Said
from yeastar_app.statements import keep_pages, table_of
from yeastar_app.words import t

PIECE = 5_000
"""Rows in one transaction. Measured: smaller ones cost more in all, larger ones keep others waiting for the database
longer, and a person for "Cancel"."""
LEASE = timedelta(seconds=60)
"""For so long a piece of work is its worker's; every piece renews it."""
_TRIES = 5
_GIVEN = ("product_id", "identifier", *Said._fields[2:], "points")
"""Columns of a registration: the key of a claim, what else was said, what it earns."""


def check(upload_id: int) -> None:
    """Judge a whole workbook and keep what was found; nothing is registered. Does nothing where that is done."""
    with _all_alive():
        _go_through(upload_id, UploadStatus.CHECKING)


def commit(upload_id: int) -> None:
    """Register the good rows of a checked workbook. Does nothing where that is done."""
    with _all_alive():
        _go_through(upload_id, UploadStatus.REGISTERING)


@contextmanager
def _all_alive() -> Iterator[None]:
    """Ten thousand rows come to life and stay: the garbage collector would look at all of them over and over, which
    takes a third of the time, and find nothing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@dataclass(frozen=True)
class _Work:
    """An upload as this worker found it, and what is left to do."""

    upload: BulkUpload
    phase: UploadStatus
    rules: Catalogue
    rows: int
    left: list[Numbered]
    problems: list[Problem]


def _go_through(upload_id: int, phase: UploadStatus) -> None:
    try:
        work = _begin(upload_id, phase)
    except Refusal as refusal:
        _refuse(upload_id, phase, refusal.message)
        return
    if work is None:
        return
    done, reached, good = work.rows - len(work.left), work.upload.reached_row, work.upload.registered
    problems = list(work.problems)
    for claims in _pieces(work.left):
        last = len(claims) == 0 or claims[-1] is work.left[-1]
        if phase is UploadStatus.REGISTERING:
            going = _register(work, claims, reached, last)
            reached = claims[-1][0] if claims else reached
        else:
            with transaction(writes=False) as session:
                accepted, refused = judge_all(session, claims, work.rules)
            good, done, problems = good + len(accepted), done + len(claims), problems + refused
            going = _keep_verdict(work, good, problems) if last else _keep_progress(work, done)
        if not going:
            return  # cancelled meanwhile, or another worker is at it


def _pieces(left: Sequence[Numbered]) -> Iterator[Sequence[Numbered]]:
    """At least one, so that whatever ends with the last one ends with none, too."""
    for start in range(0, max(len(left), 1), PIECE):
        yield left[start : start + PIECE]


def _begin(upload_id: int, phase: UploadStatus) -> _Work | None:
    """What is left: the rows beyond the one that was reached before; for the registration without those the check
    found bad. Raises the Refusals of `examine`, and `file_gone`."""
    with transaction(writes=False) as session:
        upload = session.get(BulkUpload, upload_id)
        if upload is None or upload.status is not phase:
            return None
        file = session.exec(select(BulkFile).where(col(BulkFile.upload_id) == upload_id)).first()
        rules = registration.catalogue(session, tiers.programme(session))
    if file is None:
        raise file_gone()
    examined = examine(file.content, rules.products)
    known, reached = [Problem(**problem) for problem in file.problems], upload.reached_row
    if phase is UploadStatus.REGISTERING:
        bad = bad_rows(known)
        left = [item for item in examined.claims if item[0] > reached and item[0] not in bad]
        return _Work(upload, phase, rules, examined.rows, left, known)
    decided = [problem for problem in known if problem.row <= reached]
    decided += [problem for problem in examined.problems if problem.row > reached]
    left = [item for item in examined.claims if item[0] > reached]
    return _Work(upload, phase, rules, examined.rows, left, decided)


def file_gone() -> Refusal:
    """For an upload whose workbook is not kept any more."""
    words = t("The workbook is not kept any more. Upload it again: what is registered already will not count twice.")
    return Refusal("file_gone", words, "file")


def _still(work: _Work, reached: int) -> list[Any]:
    """Conditions: the upload is where this worker left it."""
    return [
        col(BulkUpload.id) == work.upload.id,
        col(BulkUpload.status) == work.phase,
        col(BulkUpload.reached_row) == reached,
    ]


def _change(session: Session, where: Sequence[Any], **values: Any) -> bool:
    statement = sa.update(BulkUpload).where(*where).values(**values)
    changed: Any = session.execute(statement.execution_options(synchronize_session=False))
    return bool(changed.rowcount)


def _keep_progress(work: _Work, done: int) -> bool:
    with transaction() as session:
        where = _still(work, work.upload.reached_row)
        return _change(session, where, rows=work.rows, done=done, claimed_until=clock.now() + LEASE)


def _keep_verdict(work: _Work, good: int, problems: Sequence[Problem]) -> bool:
    """The check is over."""
    with transaction() as session:
        kept = _change(
            session,
            _still(work, work.upload.reached_row),
            status=UploadStatus.CHECKED,
            claimed_until=None,
            rows=work.rows,
            done=work.rows,
            good=good,
            bad=len(bad_rows(problems)),
        )
        if kept:
            _keep_problems(session, work.upload, problems)
        return kept


def _keep_problems(session: Session, upload: BulkUpload, problems: Sequence[Problem]) -> None:
    said = [asdict(problem) for problem in sorted(problems, key=lambda problem: problem.row)]
    session.execute(sa.update(BulkFile).where(col(BulkFile.upload_id) == upload.id).values(problems=said))


def _refuse(upload_id: int, phase: UploadStatus, message: str) -> None:
    """The workbook cannot be read: that ends the upload."""
    with transaction() as session:
        where = [col(BulkUpload.id) == upload_id, col(BulkUpload.status) == phase]
        _change(session, where, status=UploadStatus.REFUSED, refusal=message[:500], claimed_until=None)


# The registration


def _register(work: _Work, claims: Sequence[Numbered], reached: int, last: bool) -> bool:
    """Register a piece; whether to go on. Where others register the same products at the same moment (PostgreSQL),
    the unique constraint decides and the piece is judged again."""
    for tried in range(1, _TRIES + 1):
        try:
            with transaction() as session:
                return _register_piece(session, work, claims, reached, last)
        except IntegrityError:
            if tried == _TRIES:
                raise
    return False


def _register_piece(session: Session, work: _Work, claims: Sequence[Numbered], reached: int, last: bool) -> bool:
    keep_pages(session)
    account = points.lock(session, work.upload.organisation_id)
    if not _change(session, _still(work, reached), claimed_until=clock.now() + LEASE):
        return False
    upload = session.exec(select(BulkUpload).where(col(BulkUpload.id) == work.upload.id)).one()
    figures = tiers.programme(session)
    accepted, refused = judge_all(session, claims, registration.catalogue(session, figures))
    if accepted:
        before = _last_registration(session, upload)
        _insert(session, upload, accepted)
        _book(session, account, upload, accepted, figures, before)
    if refused:
        known = session.execute(sa.select(col(BulkFile.problems)).where(col(BulkFile.upload_id) == upload.id))
        _keep_problems(session, upload, [*(Problem(**problem) for problem in known.scalar_one()), *refused])
    upload.registered += len(accepted)
    upload.points += sum(earned for _, earned in accepted)
    upload.good -= len(refused)
    upload.bad += len(refused)
    upload.reached_row = claims[-1][0] if claims else reached
    if last:
        who = session.get_one(Account, upload.account_id)
        actor = Actor(account_id=who.id, organisation_id=upload.organisation_id, email=who.email)
        end(session, actor, account, upload, UploadStatus.DONE)
    return True


def end(session: Session, actor: Actor, account: PointAccount, upload: BulkUpload, status: UploadStatus) -> None:
    """The registration of an upload is over, to its end or cancelled: the tier is lifted by all of it at once, and
    what came of it is said. The points account is locked by the caller."""
    upload.status, upload.claimed_until = status, None
    reached = tiers.lift(session, account, tiers.programme(session)) if upload.registered else None
    upload.result = {
        "lines": [asdict(line) for line in _by_product(session, upload)],
        "total": upload.points,
        "balance": account.balance,
        "tier": reached.name if reached else "",
    }
    session.add(upload)
    after = {"registered": upload.registered, "points": upload.points, "balance": account.balance}
    done = "bulk.registered" if status is UploadStatus.DONE else "bulk.cancelled"
    audit(session, actor, done, upload, label=upload.file_name, after=after)


def _by_product(session: Session, upload: BulkUpload) -> list[Earned]:
    """The lines of the result window, in the order of the catalogue."""
    found = session.execute(
        sa.select(col(Product.name), sa.func.count(), sa.func.sum(col(Registration.points)))
        .join(Registration, col(Registration.product_id) == col(Product.id))
        .where(col(Registration.upload_id) == upload.id)
        .group_by(col(Product.id), col(Product.name), col(Product.position))
        .order_by(col(Product.position))
    )
    return [Earned(row[0], row[1], int(row[2])) for row in found]


def _last_registration(session: Session, upload: BulkUpload) -> int:
    """The newest registration of the pieces before."""
    newest = sa.select(sa.func.max(col(Registration.id))).where(col(Registration.upload_id) == upload.id)
    return session.execute(newest).scalar_one() or 0 if upload.registered else 0


def _insert(session: Session, upload: BulkUpload, accepted: Sequence[tuple[Claim, int]]) -> None:
    """The registrations, in the order of their keys, so that two uploads of the same rows wait for each other instead
    of dead-locking."""
    given = table_of(
        session,
        [(*claim.key, *claim.said[2:], earned) for claim, earned in accepted],
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
    before: int,
) -> None:
    """One lot for the piece (all of it expires together) and one entry for each registration, made by the database
    from the registrations just written: those after `before`."""
    total = sum(earned for _, earned in accepted)
    lot: PointLot = points.new_lot(session, account, total, figures)
    running = sa.func.sum(col(Registration.points)).over(order_by=col(Registration.id), rows=(None, 0))
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
        .where(col(Registration.upload_id) == upload.key, col(Registration.id) > before)
        .order_by(col(Registration.id))
    )
    into = ["organisation_id", "at", "kind", "points", "balance_after", "debt", "debt_after", "lot_id",
            "registration_id", "account_id", "reason"]  # fmt: skip
    session.execute(sa.insert(PointEntry).from_select(into, entries))
    account.balance += total
    points.pay_debt(session, account, [lot])


def give_up(upload_id: int) -> None:
    """What no rule foresaw ended the work. What is registered stays and is said; the rest can be taken up again."""
    with transaction() as session:
        upload = session.get(BulkUpload, upload_id)
        if upload is None:
            return
        account = points.lock(session, upload.organisation_id)
        running = [UploadStatus.CHECKING, UploadStatus.REGISTERING]
        where = [col(BulkUpload.id) == upload_id, col(BulkUpload.status).in_(running)]
        if not _change(session, where, claimed_until=None):
            return
        session.refresh(upload)
        if upload.registered:
            upload.refusal = t("The work stopped because of a fault on our side. You can go on with it.")
            who = session.get_one(Account, upload.account_id)
            actor = Actor(account_id=who.id, organisation_id=upload.organisation_id, email=who.email)
            end(session, actor, account, upload, UploadStatus.CANCELLED)
        else:
            upload.status = UploadStatus.REFUSED
            upload.refusal = t(
                "The workbook could not be processed and nothing was registered. Please upload it again."
            )
        session.add(upload)
