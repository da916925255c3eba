"""Registering many products from a workbook (Seed 000): what its owner does with it, from choosing the file to the
history of all of them. The whole file is checked first, then its good rows are registered; both by bulk_work.py."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit
from yeastar_app.models.accounts import Account
from yeastar_app.models.points import BulkFile, BulkUpload, Registration, UploadStatus
from yeastar_app.models.products import Product
from yeastar_app.refusals import NotFound
from yeastar_app.services import bulk_room, bulk_work, points, template, workbooks
from yeastar_app.services.bulk_rows import Problem
from yeastar_app.services.paging import PageForm, page_of
from yeastar_app.services.registration import POLICY
from yeastar_app.services.template import COLUMNS, MOST_ROWS, SHEET
from yeastar_app.settings import settings
from yeastar_app.words import t

RUNNING = (UploadStatus.CHECKING, UploadStatus.REGISTERING)
_SHOWN = 50


class UploadForm(BaseModel):
    file_name: str = Field(max_length=1000)
    content: bytes


class UploadRef(BaseModel):
    upload: int = Field(ge=1, lt=2**31)


@dataclass(frozen=True)
class UploadView:
    """An upload of the actor's company; `problems` are the first of them and said once the work rests, `bad` counts
    all bad rows. `done`: rows of `rows` that are checked, while it is being checked."""

    id: int
    file_name: str
    status: UploadStatus
    rows: int
    done: int
    good: int
    bad: int
    registered: int
    points: int
    problems: list[Problem]
    result: dict[str, Any] | None
    refusal: str
    created_at: datetime

    @property
    def running(self) -> bool:
        return self.status in RUNNING


@dataclass(frozen=True)
class UploadLine:
    """An upload in the history; `kept`: its workbook and what was wrong in it can still be had."""

    id: int
    at: datetime
    file_name: str
    who: str
    status: UploadStatus
    rows: int
    good: int
    bad: int
    registered: int
    points: int
    kept: bool

    @property
    def can_go_on(self) -> bool:
        """Whether there is something its owner can do: look at the check, or take up what was cancelled."""
        waits = self.status in (*RUNNING, UploadStatus.CHECKED, UploadStatus.CANCELLED)
        return self.kept and waits


@dataclass(frozen=True)
class History:
    """One page of a company's uploads, newest first, and the keys of its neighbours (0: there is none)."""

    rows: list[UploadLine]
    newer: int
    older: int


# What the owner does


@action(POLICY, form=UploadForm)
def choose(session: Session, actor: Actor, form: UploadForm) -> UploadView:
    """Take in a workbook; "Save" has it checked. The file of one that was chosen and never checked goes, and those of
    finished uploads where the company keeps too much. Refusals: `file_too_large`, `upload_running`,
    `too_many_uploads`."""
    if len(form.content) > settings().upload_limit_mb * 1024 * 1024:
        raise workbooks.refuse("file_too_large", t("At most {n} MB. Split the file.", n=settings().upload_limit_mb))
    points.lock(session, actor.organisation)  # two uploads of one company at the same moment come one after the other
    _refuse_a_second(session, actor)
    never_checked = [col(BulkUpload.account_id) == actor.id, col(BulkUpload.status) == UploadStatus.CHOSEN]
    left = sa.select(col(BulkUpload.id)).where(*never_checked)
    session.execute(sa.delete(BulkFile).where(col(BulkFile.upload_id).in_(left)))
    bulk_room.make_room(session, actor.organisation, len(form.content))
    row = BulkUpload(
        organisation_id=actor.organisation,
        account_id=actor.id,
        file_name="".join(char for char in form.file_name if char.isprintable()).strip()[-200:] or "workbook.xlsx",
        status=UploadStatus.CHOSEN,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    session.add(BulkFile(upload_id=row.key, content=form.content))
    audit(session, actor, "bulk.choose", row, label=row.file_name, after={"bytes": len(form.content)})
    return _view(session, row)


@action(POLICY, form=UploadRef)
def start_check(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Have a chosen workbook checked, or the rest of a cancelled one: what it registered already stays as it is.
    Asking twice changes nothing. Refusals: `upload_running`, `file_gone`."""
    row = _own(session, actor, form.upload)
    if row.status in (UploadStatus.CHOSEN, UploadStatus.CANCELLED):
        points.lock(session, actor.organisation)
        _refuse_a_second(session, actor)
        if not _is_kept(session, row):
            raise bulk_work.file_gone()
    before = (UploadStatus.CHOSEN, UploadStatus.CANCELLED)
    return _move(session, actor, row, before, UploadStatus.CHECKING, done=0, result=None, refusal=None)


@action(POLICY, form=UploadRef)
def start_registering(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Have the good rows of a checked workbook registered. Asking twice changes nothing. Refusal: `file_gone`."""
    row = _own(session, actor, form.upload)
    if row.status is UploadStatus.CHECKED and not _is_kept(session, row):
        raise bulk_work.file_gone()
    return _move(session, actor, row, (UploadStatus.CHECKED,), UploadStatus.REGISTERING)


@action(POLICY, form=UploadRef)
def cancel(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """Stop the work, or go back from a check. What is registered by then stays, and the answer says how much; nothing
    is half done, and `start_check` takes the rest up again. Asking twice, or too late, changes nothing."""
    account = points.lock(session, actor.organisation)  # as each piece does: either it is over, or it does not begin
    row = session.exec(_own_query(actor, form.upload).with_for_update()).first()
    if row is None:
        raise NotFound(t("This upload"))
    if row.status in (*RUNNING, UploadStatus.CHECKED):
        bulk_work.end(session, actor, account, row, UploadStatus.CANCELLED)
    else:
        audit(session, actor, "bulk.cancelled", row, label=row.file_name, after={"moved": False})
    return _view(session, row)


def _move(
    session: Session,
    actor: Actor,
    row: BulkUpload,
    before: tuple[UploadStatus, ...],
    after: UploadStatus,
    **values: Any,
) -> UploadView:
    moved: Any = session.execute(
        sa.update(BulkUpload)
        .where(col(BulkUpload.id) == row.id, col(BulkUpload.status).in_(before))
        .values(status=after, claimed_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    audit(session, actor, f"bulk.{after}", row, label=row.file_name, after={"moved": bool(moved.rowcount)})
    return _view(session, row)


def _refuse_a_second(session: Session, actor: Actor) -> None:
    mine = sa.select(col(BulkUpload.id)).where(
        col(BulkUpload.account_id) == actor.id, col(BulkUpload.status).in_(RUNNING)
    )
    if session.execute(mine.limit(1)).first():
        words = t("Your last workbook is still being worked on. Wait for it, or cancel it first.")
        raise workbooks.refuse("upload_running", words)


# What the owner sees


@action(POLICY, form=UploadRef, writes=False)
def status(session: Session, actor: Actor, form: UploadRef) -> UploadView:
    """How far an upload of the company is."""
    return _view(session, _own(session, actor, form.upload))


@action(POLICY, writes=False)
def latest(session: Session, actor: Actor) -> UploadView | None:
    """The account's last upload, so that one who left the page finds it again."""
    newest = select(BulkUpload).where(col(BulkUpload.account_id) == actor.id).order_by(col(BulkUpload.id).desc())
    found = session.exec(newest.limit(1)).first()
    return _view(session, found) if found else None


@action(POLICY, form=PageForm, writes=False)
def history(session: Session, actor: Actor, form: PageForm) -> History:
    """The workbooks the actor's company had checked, newest first."""
    kept = sa.exists().where(col(BulkFile.upload_id) == col(BulkUpload.id))
    counts = ("rows", "good", "bad", "registered", "points")
    query = (
        sa.select(
            col(BulkUpload.id),
            col(BulkUpload.created_at),
            col(BulkUpload.file_name),
            col(Account.first_name),
            col(Account.last_name),
            col(Account.email),
            col(BulkUpload.status),
            *[col(getattr(BulkUpload, name)) for name in counts],
            kept.label("kept"),
        )
        .join(Account, col(Account.id) == col(BulkUpload.account_id))
        .where(col(BulkUpload.organisation_id) == actor.organisation, col(BulkUpload.status) != UploadStatus.CHOSEN)
    )
    found = page_of(session, query, col(BulkUpload.id), form)
    return History([_line(row) for row in found.rows], found.newer, found.older)


def _line(row: Any) -> UploadLine:
    key, at, file_name, first_name, last_name, email, *rest = row
    return UploadLine(key, at, file_name, f"{first_name} {last_name}".strip() or email, *rest)


@action(POLICY, form=UploadRef, writes=False)
def rows_to_correct(session: Session, actor: Actor, form: UploadRef) -> bytes:
    """The bad rows of an upload as the template has them, with a "Reason" column to be read and left as it is."""
    file = _file(session, _own(session, actor, form.upload))
    if not file.problems:
        raise NotFound(t("This workbook"))
    reasons: dict[int, list[str]] = {}
    for problem in file.problems:
        reasons.setdefault(problem["row"], []).append(Problem(**problem).reason)
    rows = [
        [*(row.cells[heading] for heading in COLUMNS), " ".join(reasons[row.number])]
        for row in workbooks.read(file.content, SHEET, tuple(COLUMNS), MOST_ROWS)
        if row.number in reasons
    ]
    return template.build(session, rows)


@action(POLICY, form=UploadRef, writes=False)
def original(session: Session, actor: Actor, form: UploadRef) -> bytes:
    """The workbook as it was uploaded. What was no workbook is not handed out again."""
    upload = _own(session, actor, form.upload)
    if upload.status is UploadStatus.REFUSED:
        raise NotFound(t("This workbook"))
    return _file(session, upload).content


@action(POLICY, form=UploadRef, writes=False)
def result(session: Session, actor: Actor, form: UploadRef) -> bytes:
    """What was registered from an upload, as a workbook."""
    upload = _own(session, actor, form.upload)
    columns = [("Product", 30), ("Product ID", 30), ("Purchase Date", 14), ("Purchase From", 26),
               ("End User Name", 26), ("End User Company Name", 32), ("Points", 12), ("Registered", 18)]  # fmt: skip
    fields = (Registration.identifier, Registration.purchase_date, Registration.purchase_from,
              Registration.end_user_name, Registration.end_user_company, Registration.points,
              Registration.at)  # fmt: skip
    rows = session.execute(
        sa.select(col(Product.name), *map(col, fields))
        .join(Product, col(Product.id) == col(Registration.product_id))
        .where(col(Registration.upload_id) == upload.id)
        .order_by(col(Registration.id))
    )
    return workbooks.write([("Registered", columns, (tuple(row) for row in rows))])


@action(POLICY, writes=False)
def empty_template(session: Session, actor: Actor) -> bytes:
    """The workbook to fill in."""
    return template.build(session, [])


def forget_old(session: Session) -> int:
    """Delete the workbooks whose time is over (setting WORKBOOKS_KEPT_DAYS) or that are too many, and what was found
    wrong in them; the lines of the history stay. How many. For jobs."""
    over = clock.now() - timedelta(days=settings().workbooks_kept_days)
    old = sa.select(col(BulkUpload.id)).where(col(BulkUpload.created_at) < over, col(BulkUpload.status).not_in(RUNNING))
    gone: Any = session.execute(sa.delete(BulkFile).where(col(BulkFile.upload_id).in_(old)))
    return int(gone.rowcount) + bulk_room.thin_out(session)


def _own_query(actor: Actor, upload_id: int) -> Any:
    return select(BulkUpload).where(
        col(BulkUpload.id) == upload_id, col(BulkUpload.organisation_id) == actor.organisation
    )


def _own(session: Session, actor: Actor, upload_id: int) -> BulkUpload:
    row: BulkUpload | None = session.exec(_own_query(actor, upload_id)).first()
    if row is None:
        raise NotFound(t("This upload"))
    return row


def _file(session: Session, upload: BulkUpload) -> BulkFile:
    file = session.exec(select(BulkFile).where(col(BulkFile.upload_id) == upload.id)).first()
    if file is None:
        raise NotFound(t("This workbook"))
    return file


def _is_kept(session: Session, upload: BulkUpload) -> bool:
    found = session.execute(sa.select(col(BulkFile.id)).where(col(BulkFile.upload_id) == upload.id)).first()
    return found is not None


def _view(session: Session, row: BulkUpload) -> UploadView:
    problems: list[dict[str, Any]] = []
    if row.bad and row.status not in RUNNING:
        found = session.execute(sa.select(col(BulkFile.problems)).where(col(BulkFile.upload_id) == row.id))
        problems = found.scalar_one_or_none() or []
    return UploadView(
        row.key,
        row.file_name,
        row.status,
        row.rows,
        row.done,
        row.good,
        row.bad,
        row.registered,
        row.points,
        [Problem(**problem) for problem in problems[:_SHOWN]],
        row.result,
        row.refusal or "",
        row.created_at,
    )
