"""A worker killed with -9 in the middle of registering 10,000 rows: whole pieces are there and nothing of the one it
was at, and when the lease is over the job is picked up where it stopped, until all of it is there once."""

from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from tests.factories import account, signed_in
from tests.faults.killed import die, in_a_process
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.jobs import bulk as jobs
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import BulkUpload, PointAccount, PointEntry, PointLot, Registration, UploadStatus
from yeastar_app.models.products import Product, RegistryUnit
from yeastar_app.models.records import Email
from yeastar_app.services import bulk, bulk_work, checks, template, workbooks

ROWS = 10_000
APPLIANCE = "P-Series Appliance Edition"


@cache
def workbook() -> bytes:
    columns = [(heading, 20) for heading in template.COLUMNS]
    rows = ([APPLIANCE, f"3658B4{n:06}", date(2026, 2, 1), "Erik", "Ann", "Ann BV"] for n in range(ROWS))
    return workbooks.write([("Products", columns, rows)])


def ten_thousand_known() -> None:
    with transaction() as session:
        product_id = session.exec(select(Product.id).where(Product.name == APPLIANCE)).one()
        units = [{"product_id": product_id, "identifier": f"3658B4{n:06}", "eligible": True} for n in range(ROWS)]
        session.connection().execute(sa.insert(RegistryUnit), units)


def die_in_the_middle(upload_id: int, before: str, times: int) -> None:
    """Register, and die just before `before` is done for the nth time, the transaction open."""
    does = getattr(bulk_work, before)
    left = iter(range(1, times))

    def once_more(*arguments: Any, **named: Any) -> Any:
        return does(*arguments, **named) if next(left, None) else die()

    setattr(bulk_work, before, once_more)
    jobs.work(upload_id, UploadStatus.REGISTERING)


def counted(session: Session, table: Any) -> int:
    number: int = session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    return number


def there() -> tuple[int, int, int, int, int]:
    """Registrations, entries, lots, balance, emails."""
    with transaction(writes=False) as session:
        balance = session.exec(select(PointAccount.balance)).first() or 0
        return (
            counted(session, Registration),
            counted(session, PointEntry),
            counted(session, PointLot),
            balance,
            counted(session, Email),
        )


def test_a_killed_registration_of_10_000_rows_keeps_whole_pieces_and_goes_on_where_it_stopped(db: str) -> None:
    ten_thousand_known()
    here = signed_in(account(Kind.PARTNER))
    chosen = perform(bulk.choose, {"file_name": "many.xlsx", "content": workbook()}, here)
    perform(bulk.start_check, {"upload": chosen.id}, here)
    for upload_id, status in jobs.claim_due():
        jobs.work(upload_id, status)
    perform(bulk.start_registering, {"upload": chosen.id}, here)
    # Before anything is booked; before the second piece of those left is; when all but the commit of the last is done.
    for before, times, pieces in (("_book", 1, 0), ("_book", 2, 1), ("audit", 1, ROWS // bulk_work.PIECE - 1)):
        assert jobs.claim_due() == [(chosen.id, UploadStatus.REGISTERING)]
        assert in_a_process(die_in_the_middle, chosen.id, before, times) is None
        rows = pieces * bulk_work.PIECE
        assert there() == (rows, rows, pieces, rows * 150, 0)
        seen = perform(bulk.status, {"upload": chosen.id}, here)
        assert (seen.registered, seen.points, seen.good) == (rows, rows * 150, ROWS)
        clock.advance(bulk_work.LEASE)
    for upload_id, status in jobs.claim_due():
        jobs.work(upload_id, status)
    assert there() == (ROWS, ROWS, ROWS // bulk_work.PIECE, ROWS * 150, 1)
    with transaction(writes=False) as session:
        assert session.exec(select(BulkUpload.status)).one() is UploadStatus.DONE
        assert checks.broken(session) == []
