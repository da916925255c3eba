"""Bulk Register: the check of a whole workbook, its registration, and the workbooks that are refused (Seed 000)."""

import io
import time
import zipfile
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlmodel import select

from tests.factories import account, registry_unit, signed_in
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.jobs import bulk as jobs
from yeastar_app.models.accounts import Kind
from yeastar_app.models.points import PointAccount, PointEntry, PointLot, Registration, UploadStatus
from yeastar_app.models.records import Email
from yeastar_app.refusals import Refusal
from yeastar_app.services import bulk, bulk_work, programme, registration, template
from yeastar_app.services.bulk import UploadView

APPLIANCE = "P-Series Appliance Edition"
HEADINGS = list(template.COLUMNS)


def row(product_id: Any, product: str = APPLIANCE, day: Any = None, **values: Any) -> list[Any]:
    cells = {
        "Product": product,
        "Product ID": product_id,
        "Purchase Date": clock.now().date() if day is None else day,
        "Purchase From": "Erik Hoekstra",
        "End User Name": "Anouk Bakker",
        "End User Company Name": "Bakker Logistics",
        **values,
    }
    return list(cells.values())


def workbook(*rows: list[Any], headings: list[str] = HEADINGS, sheet: str = "Products", above: int = 0) -> bytes:
    """A workbook as a spreadsheet program would save it."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for place, line in enumerate([headings, *rows], above + 1):
        for column, value in enumerate(line, 1):
            page.cell(place, column, value)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.PARTNER))


def checked(content: bytes, here: Credential) -> UploadView:
    chosen = perform(bulk.choose, {"file_name": "products.xlsx", "content": content}, here)
    perform(bulk.start_check, {"upload": chosen.id}, here)
    work()
    return perform(bulk.status, {"upload": chosen.id}, here)


def registered(upload: UploadView, here: Credential) -> UploadView:
    perform(bulk.start_registering, {"upload": upload.id}, here)
    work()
    return perform(bulk.status, {"upload": upload.id}, here)


def work() -> None:
    """What the job does, in this process."""
    for upload_id, status in jobs.claim_due():
        jobs.work(upload_id, status)


def problems(upload: UploadView) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in upload.problems]


def test_the_good_rows_of_a_workbook_are_registered_and_earn_their_points(db: str) -> None:
    owner = account(Kind.PARTNER)
    here = signed_in(owner)
    for number in range(7):
        registry_unit(APPLIANCE, f"3658B431119{number}")
    registry_unit("Workplace", "WP-402711", subscribed_from=date(2026, 1, 1))
    rows = [row(f"3658b431119{number} ") for number in range(7)]
    upload = checked(workbook(*rows, row("wp-402711", "Workplace"), row("3658B4311190")), here)
    assert (upload.status, upload.rows, upload.good, upload.bad) == (UploadStatus.CHECKED, 9, 8, 1)
    assert problems(upload) == [(10, "Product ID", "twice_in_file")]
    with transaction(writes=False) as session:
        assert session.exec(select(Registration)).all() == []
    done = registered(upload, here)
    assert done.status is UploadStatus.DONE
    assert done.result == {
        "lines": [
            {"product": APPLIANCE, "count": 7, "points": 1050},
            {"product": "Workplace", "count": 1, "points": 100},
        ],
        "total": 1150,
        "balance": 1150,
        "tier": "Silver",
    }
    with transaction(writes=False) as session:
        entries = session.exec(select(PointEntry).order_by(PointEntry.id)).all()  # type: ignore[arg-type]
        lot = session.exec(select(PointLot)).one()
        assert session.exec(select(Email.subject)).one() == "You have reached Silver"
        assert session.exec(select(PointAccount)).one().balance == 1150
    assert (lot.points, lot.remaining) == (1150, 1150)
    assert [entry.balance_after for entry in entries] == [150, 300, 450, 600, 750, 900, 1050, 1150]
    assert {(entry.lot_id, entry.account_id) for entry in entries} == {(lot.id, owner.id)}
    assert len({entry.registration_id for entry in entries}) == 8
    assert entries[0].reason == f"Registered {APPLIANCE} 3658B4311190"


def test_the_same_file_twice_gives_no_second_points(here: Credential) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    content = workbook(row("3658B4311190"))
    registered(checked(content, here), here)
    again = checked(content, here)
    assert (again.good, problems(again)) == (0, [(2, "Product ID", "already_registered")])
    nothing = registered(again, here).result
    assert nothing
    assert (nothing["total"], nothing["lines"]) == (0, [])
    assert perform(programme.view, None, here).standing.balance(clock.now()) == 150


def test_what_somebody_else_registers_between_check_and_registration_is_left_out(db: str) -> None:
    here = signed_in(account(Kind.PARTNER))
    registry_unit(APPLIANCE, "3658B4311190")
    registry_unit(APPLIANCE, "3658B4311191")
    upload = checked(workbook(row("3658B4311190"), row("3658B4311191")), here)
    assert upload.good == 2
    names = dict(zip(template.COLUMNS.values(), row("3658B4311191"), strict=True))
    perform(registration.register, names, signed_in(account(Kind.PARTNER)))
    done = registered(upload, here)
    assert (done.good, problems(done)) == (1, [(3, "Product ID", "already_registered")])
    assert done.result
    assert done.result["total"] == 150


def test_each_bad_row_says_its_number_column_and_reason(here: Credential) -> None:
    for number in range(4):
        registry_unit(APPLIANCE, f"3658B431119{number}")
    registry_unit("Linkus Cloud Service", "3658B4311190")
    registry_unit("S-Series VoIP PBX", "S300A1180042")
    today = clock.now().date()
    upload = checked(
        workbook(
            row("3658B4311190", "Linkus Cloud Service"),
            row("S300A1180042", "S-Series VoIP PBX"),
            row("9999B4311190"),
            row("SHORT"),
            row(365843111901),
            row("3658B4311190", "No such product"),
            row("3658B4311190", day=today + timedelta(days=1)),
            row("3658B4311191", day=today - timedelta(days=366)),
            row("3658B4311192", day=46023),
            row("3658B4311192", day="yesterday"),
            row("3658B4311193", **{"Purchase From": None, "End User Name": "x" * 101}),
            row("=1+1"),
        ),
        here,
    )
    assert problems(upload) == [
        (2, "Product ID", "no_subscription"),
        (3, "Product", "not_eligible"),
        (4, "Product ID", "incorrect_id"),
        (5, "Product ID", "incorrect_id"),
        (6, "Product ID", "numeric_id"),
        (7, "Product", "unknown_product"),
        (8, "Purchase Date", "date_in_future"),
        (9, "Purchase Date", "outside_window"),
        (10, "Purchase Date", "invalid_value"),
        (11, "Purchase Date", "invalid_value"),
        (12, "Purchase From", "invalid_value"),
        (12, "End User Name", "invalid_value"),
        (13, "Product ID", "invalid_value"),
    ]
    assert (upload.good, upload.bad) == (0, 12)


def test_shuffled_columns_leading_empty_rows_and_gaps_keep_the_spreadsheets_row_numbers(here: Credential) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    shuffled = HEADINGS[::-1]
    upload = checked(
        workbook(row("3658B4311190")[::-1], [None] * 6, row("WRONG")[::-1], headings=["Note", *shuffled][1:], above=4),
        here,
    )
    assert (upload.good, problems(upload)) == (1, [(8, "Product ID", "incorrect_id")])


def test_times_and_iso_text_are_dates_and_numbers_in_names_are_text(here: Credential) -> None:
    for number in range(3):
        registry_unit(APPLIANCE, f"3658B431119{number}")
    upload = checked(
        workbook(
            row("3658B4311190", day=datetime(2026, 2, 1, 10, 30)),  # noqa: DTZ001 - as a spreadsheet has it
            row("3658B4311191", day="2026-02-01"),
            row("3658B4311192", **{"End User Company Name": 360}),
        ),
        here,
    )
    assert (upload.good, upload.bad) == (3, 0)
    registered(upload, here)
    with transaction(writes=False) as session:
        rows = session.exec(select(Registration).order_by(Registration.id)).all()  # type: ignore[arg-type]
    assert [row.purchase_date for row in rows[:2]] == [date(2026, 2, 1)] * 2
    assert rows[2].end_user_company == "360"


def test_the_rows_to_correct_come_with_their_reason_which_is_not_read_again(here: Credential) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    upload = checked(workbook(row("3658B4311190"), row("WRONG", **{"Purchase From": "+1 cmd"})), here)
    book = openpyxl.load_workbook(io.BytesIO(perform(bulk.rows_to_correct, {"upload": upload.id}, here)))
    page = book["Products"]
    assert [cell.value for cell in page[1]] == [*HEADINGS, "Reason"]
    assert page.max_row == 2
    assert str(page["G2"].value).startswith('Product ID ("WRONG"): A Serial Number has 8 to 20')
    registry_unit(APPLIANCE, "3658B4311199")
    page["B2"], page["D2"] = "3658B4311199", "Erik"
    saved = io.BytesIO()
    book.save(saved)
    assert checked(saved.getvalue(), here).good == 1


def test_the_template_is_ready_to_be_filled_in(here: Credential) -> None:
    book = openpyxl.load_workbook(io.BytesIO(perform(bulk.empty_template, None, here)))
    page = book["Products"]
    assert [cell.value for cell in page[1]] == HEADINGS
    assert page.freeze_panes == "A2"
    assert page.column_dimensions["A"].max == 2  # Product and Product ID look the same
    assert page.column_dimensions["A"].number_format == "@"
    listed, dated = page.data_validations.dataValidation
    assert (listed.type, str(listed.sqref), dated.type) == ("list", "A2:A10001", "date")
    area = listed.formula1.split("!")[1].replace("$", "")
    names = [cell.value for line in book["Instructions"][area] for cell in line]
    assert names[0] == APPLIANCE
    assert len(names) == 7
    registry_unit(APPLIANCE, "3658B4311190")
    page.append(row("3658B4311190"))
    saved = io.BytesIO()
    book.save(saved)
    assert checked(saved.getvalue(), here).good == 1


def zipped(**files: bytes) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in files.items():
            container.writestr(name.replace("__", "/"), content)
    return saved.getvalue()


def with_many_rows(count: int) -> bytes:
    """A sheet of so many rows, written as text: no library does it in the time of a test."""
    cells = "".join(f'<c r="{column}{{n}}" t="inlineStr"><is><t>x</t></is></c>' for column in "ABCDEF")
    source = zipfile.ZipFile(io.BytesIO(workbook(row("x"))))
    files = {name: source.read(name) for name in source.namelist()}
    sheet = files["xl/worksheets/sheet1.xml"].decode()
    more = "".join(f'<row r="{n}">{cells.replace("{n}", str(n))}</row>' for n in range(3, count + 2))
    files["xl/worksheets/sheet1.xml"] = sheet.replace("</sheetData>", more + "</sheetData>").encode()
    return zipped(**files)


def with_macros() -> bytes:
    saved = io.BytesIO(workbook(row("3658B4311190")))
    with zipfile.ZipFile(saved, "a") as container:
        container.writestr("xl/vbaProject.bin", b"macro")
    return saved.getvalue()


def with_a_lying_directory() -> bytes:
    """The sheet says that it is small, and is not."""
    content = bytearray(zipped(**{"xl__workbook.xml": b"<x/>", "xl__sheet.xml": b" " * 5_000_000}))
    size = (5_000_000).to_bytes(4, "little")
    return bytes(content).replace(size, (1_000).to_bytes(4, "little"))


BAD_FILES = {
    "nothing at all": (lambda: b"", "file is empty"),
    "a .csv renamed": (lambda: b"Product,Product ID\nP-Series,3658B4311190\n", "no .xlsx workbook"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "no .xlsx workbook"),
    "half a file": (lambda: workbook(row("3658B4311190"))[:2000], "no .xlsx workbook"),
    "another zip": (lambda: zipped(a=b"b"), "no .xlsx workbook"),
    "a zip with a broken workbook": (lambda: zipped(**{"xl__workbook.xml": b"<broken"}), "no .xlsx workbook"),
    "protected by a password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "protected by a password"),
    "with macros": (with_macros, "macros"),
    "a zip bomb": (lambda: zipped(**{"xl__workbook.xml": b"\0" * 30_000_000}), "too large inside"),
    "a bomb of many files": (lambda: zipped(**{f"xl__{n}": b"" for n in range(501)}), "too large inside"),
    "a bomb that lies about its size": (with_a_lying_directory, "no .xlsx workbook"),
    "another sheet": (lambda: workbook(row("3658B4311190"), sheet="Sheet1"), "no sheet called Products"),
    "other headers": (lambda: workbook(["x"], headings=["Product", "Serial"]), "lacks: Product ID, Purchase Date"),
    "a header twice": (lambda: workbook(row("x"), headings=[*HEADINGS, "Product"]), "has twice: Product"),
    "no rows": (workbook, "no rows below the header"),
    "an empty sheet": (lambda: workbook(headings=[]), "sheet is empty"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_filled_template_is_refused_in_words(here: Credential, kind: str) -> None:
    make, words = BAD_FILES[kind]
    upload = checked(make(), here)
    assert upload.status is UploadStatus.REFUSED
    assert words in upload.refusal


def test_a_bomb_larger_than_the_limit_inside_is_refused_before_it_is_inflated(here: Credential) -> None:
    stored = zipped(**{"xl__workbook.xml": bytes(201 * 1024 * 1024)})
    began = time.process_time()  # work, not waiting for the processor
    assert "too large inside" in checked(stored, here).refusal
    assert time.process_time() - began < 1


def test_a_hundred_thousand_rows_are_too_many_and_it_is_said_quickly(here: Credential) -> None:
    content = with_many_rows(100_000)
    began = time.process_time()  # work, not waiting for the processor
    upload = checked(content, here)
    assert "100,000 rows are too many: at most 10,000" in upload.refusal
    assert time.process_time() - began < 5


def test_a_file_over_the_limit_is_refused(here: Credential) -> None:
    with pytest.raises(Refusal, match="file_too_large"):
        perform(bulk.choose, {"file_name": "x.xlsx", "content": b"x" * (10 * 1024 * 1024 + 1)}, here)


def test_one_workbook_at_a_time(here: Credential) -> None:
    chosen = perform(bulk.choose, {"file_name": "a.xlsx", "content": b"x"}, here)
    perform(bulk.start_check, {"upload": chosen.id}, here)
    with pytest.raises(Refusal, match="upload_running"):
        perform(bulk.choose, {"file_name": "b.xlsx", "content": b"x"}, here)


def test_saving_and_registering_twice_changes_nothing(here: Credential) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    upload = checked(workbook(row("3658B4311190")), here)
    perform(bulk.start_check, {"upload": upload.id}, here)
    perform(bulk.start_registering, {"upload": upload.id}, here)
    perform(bulk.start_registering, {"upload": upload.id}, here)
    assert len(jobs.claim_due()) == 1
    assert jobs.claim_due() == []
    bulk_work.commit(upload.id)
    bulk_work.commit(upload.id)
    assert perform(programme.view, None, here).standing.balance(clock.now()) == 150


def test_an_upload_whose_worker_was_killed_is_picked_up_when_its_lease_is_over(here: Credential) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    chosen = perform(bulk.choose, {"file_name": "a.xlsx", "content": workbook(row("3658B4311190"))}, here)
    perform(bulk.start_check, {"upload": chosen.id}, here)
    assert jobs.claim_due() == [(chosen.id, UploadStatus.CHECKING)]
    clock.advance(jobs.LEASE - timedelta(seconds=1))
    assert jobs.claim_due() == []
    clock.advance(timedelta(seconds=1))
    work()
    assert perform(bulk.status, {"upload": chosen.id}, here).status is UploadStatus.CHECKED


def test_what_no_rule_foresaw_ends_the_upload_and_registers_nothing(
    here: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    upload = checked(workbook(row("3658B4311190")), here)
    monkeypatch.setattr(bulk_work, "_book", lambda *_: 1 / 0)
    done = registered(upload, here)
    assert (done.status, "nothing was registered" in done.refusal) == (UploadStatus.REFUSED, True)
    with transaction(writes=False) as session:
        assert session.exec(select(Registration)).all() == []


@pytest.mark.parametrize("function", [bulk.status, bulk.rows_to_correct, bulk.start_check, bulk.start_registering,
                                      bulk.cancel, bulk.original, bulk.result])  # fmt: skip
def test_somebody_elses_upload_is_not_found(here: Credential, function: Any) -> None:
    upload = checked(workbook(row("WRONG")), here)
    for payload in ({"upload": upload.id}, {"upload": 999_999}):
        with pytest.raises(Refusal, match="not_found"):
            perform(function, payload, signed_in(account(Kind.PARTNER)))
    assert perform(bulk.latest, None, signed_in(account(Kind.PARTNER))) is None


def test_a_colleague_without_the_permission_can_do_nothing_with_workbooks(sqlite: str) -> None:
    stranger = signed_in(account(Kind.COLLEAGUE, grants=["partners"]))
    for function in (bulk.empty_template, bulk.latest):
        with pytest.raises(Refusal, match="not_allowed"):
            perform(function, None, stranger)
    with pytest.raises(Refusal, match="not_allowed"):
        perform(bulk.choose, {"file_name": "a.xlsx", "content": b""}, stranger)
