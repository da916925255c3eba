"""Bulk registration against its floor: parsing the same workbook with calamine and one bulk insert of the same rows."""

import gc
import io
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import xlsxwriter
from alembic import command
from alembic.config import Config
from python_calamine import CalamineWorkbook
from sqlmodel import col, select

from tests import factories
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.models.points import BulkFile, BulkUpload, UploadStatus
from yeastar_app.models.products import IdKind, Product, RegistryUnit
from yeastar_app.services import bulk_rows, bulk_work
from yeastar_app.services.template import COLUMNS, SHEET
from yeastar_app.settings import ROOT, settings


def serials(count: int, series: str = "BENCH") -> list[str]:
    return [f"{series}{number:08d}" for number in range(count)]


def make(count: int, product: str, series: str = "BENCH") -> bytes:
    """A workbook of `count` good rows."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet(SHEET)
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, list(COLUMNS))
        bought = clock.now().replace(tzinfo=None) - timedelta(days=30)
        for number, serial in enumerate(serials(count, series), 1):
            sheet.write_row(number, 0, [product, serial])
            sheet.write_datetime(number, 2, bought, day)
            sheet.write_row(number, 3, ["Harbor Telecom", f"Person {number}", f"Company {number}"])
    return target.getvalue()


def stock(count: int, series: str = "BENCH") -> str:
    """Put the units into the registry; gives the name of their product."""
    with transaction() as session:
        product = session.exec(
            select(Product).where(Product.id_kind == IdKind.SERIAL_NUMBER, ~Product.needs_subscription)
        ).first()
        assert product is not None
        rows = [
            {"product_id": product.key, "identifier": serial, "eligible": True} for serial in serials(count, series)
        ]
        session.connection().execute(sa.insert(RegistryUnit), rows)
        return product.name


@contextmanager
def fresh(folder: Path, name: str) -> Iterator[None]:
    """A new migrated SQLite database behind `yeastar_app.database`."""
    engine = database.make_engine(f"sqlite:///{folder / name}.db")
    config = Config(str(ROOT / "alembic.ini"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with behind(engine):
        yield


@contextmanager
def behind(engine: sa.Engine) -> Iterator[None]:
    """This engine is the one of `yeastar_app.database`."""
    before = database.engine
    database.engine = lambda: engine  # type: ignore[assignment]
    settings.cache_clear()
    try:
        yield
    finally:
        database.engine = before
        engine.dispose()


def floor(content: bytes, folder: Path, name: str) -> float:
    """Seconds to parse the workbook and write its rows to a bare table with one insert and one commit. Without the
    garbage collector, as the work is done: it comes by in some runs and doubles them."""
    engine = database.make_engine(f"sqlite:///{folder / f'floor-{name}'}.db")
    columns = [sa.Column(name, sa.String) for name in COLUMNS.values()]
    bare = sa.Table("bare", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns)
    bare.metadata.create_all(engine)
    gc.collect()
    gc.disable()
    begun = time.perf_counter()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(SHEET).to_python()[1:]
    with engine.begin() as connection:
        connection.execute(sa.insert(bare), [dict(zip(COLUMNS.values(), map(str, row), strict=True)) for row in rows])
    spent = time.perf_counter() - begun
    gc.enable()
    engine.dispose()
    return spent


def uploaded(content: bytes) -> BulkUpload:
    """A workbook that waits for its check."""
    person = factories.account()
    with transaction() as session:
        row = BulkUpload(
            organisation_id=person.organisation_id,
            account_id=person.key,
            file_name="bench.xlsx",
            status=UploadStatus.CHECKING,
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
        session.add(BulkFile(upload_id=row.key, content=content))
    return row


def memory(count: int, folder: Path) -> tuple[int, int]:
    """MB that a worker of its own holds before `count` rows, and at most while it checks and registers them."""
    with fresh(folder, f"memory{count}"):
        row = uploaded(make(count, stock(count)))
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker:
            return worker.submit(_work_and_measure, f"sqlite:///{folder / f'memory{count}'}.db", row.key).result()


def _work_and_measure(url: str, upload_id: int) -> tuple[int, int]:
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    database.engine.cache_clear()
    idle = _held("VmRSS")
    bulk_work.check(upload_id)
    with transaction() as session:
        session.execute(sa.update(BulkUpload).values(status=UploadStatus.REGISTERING))
    bulk_work.commit(upload_id)
    with transaction(writes=False) as session:
        assert session.get_one(BulkUpload, upload_id).status is UploadStatus.DONE
    return idle, _held("VmHWM")


def _held(figure: str) -> int:
    """MB, as the system counts for this process: now (VmRSS) or at most so far (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(f"{figure}:"))
    return int(line.split()[1]) // 1024


def registration(count: int, folder: Path, attempt: int, *, first: bool = False) -> tuple[float, float, float]:
    """Seconds of the floor, of the check and of the registration of `count` rows, by a worker that has done a workbook
    of one row before (a worker lives as long as its server), or by one whose `first` it is: its statements are
    compiled on the way."""
    with fresh(folder, f"bulk{count}-{attempt}-{first}"):
        name = stock(count)
        content = make(count, name)
        if not first:
            stock(1, "BEFORE")
            _carried_out(make(1, name, "BEFORE"), rows=1)
        bare = floor(content, folder, f"{count}-{attempt}-{first}")
        return bare, *_carried_out(content, rows=count)


def _carried_out(content: bytes, rows: int) -> tuple[float, float]:
    """Seconds of the check and of the registration of a workbook of good rows."""
    upload = uploaded(content)
    bulk_rows.examine.cache_clear()
    begun = time.perf_counter()
    bulk_work.check(upload.key)
    checked = time.perf_counter()
    with transaction() as session:
        going = sa.update(BulkUpload).where(col(BulkUpload.id) == upload.key)
        session.execute(going.values(status=UploadStatus.REGISTERING))
    going_on = time.perf_counter()
    bulk_work.commit(upload.key)
    done = time.perf_counter()
    with transaction(writes=False) as session:
        kept = session.get_one(BulkUpload, upload.key)
    assert (kept.status, kept.good) == (UploadStatus.DONE, rows), (kept.status, kept.refusal, kept.bad)
    return checked - begun, done - going_on
