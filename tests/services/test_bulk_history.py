"""The history of uploads: a company's own workbooks, with their files for as long as they are kept."""

import io
from datetime import timedelta

import openpyxl
import pytest

from tests.factories import account, organisation, registry_unit, signed_in
from tests.services.test_bulk import APPLIANCE, checked, registered, row, workbook
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.jobs import bulk as jobs
from yeastar_app.models.accounts import Kind, Organisation
from yeastar_app.models.points import UploadStatus
from yeastar_app.refusals import Refusal
from yeastar_app.services import bulk
from yeastar_app.settings import settings


@pytest.fixture
def company(db: str) -> Organisation:
    return organisation()


@pytest.fixture
def here(company: Organisation) -> Credential:
    return signed_in(account(Kind.PARTNER, company, first_name="Paula", last_name="de Wit"))


def lines(here: Credential, **page: int) -> list[bulk.UploadLine]:
    return perform(bulk.history, page, here).rows


def test_an_upload_stands_in_the_history_of_its_company_with_its_files(here: Credential, company: Organisation) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    content = workbook(row("3658B4311190"), row("WRONG"))
    upload = registered(checked(content, here), here)
    colleague = signed_in(account(Kind.COLLEAGUE, company, grants=["programme"]))
    for who in (here, colleague):
        (line,) = lines(who)
        assert (line.file_name, line.who, line.status) == ("products.xlsx", "Paula de Wit", UploadStatus.DONE)
        assert (line.rows, line.registered, line.bad, line.points, line.can_go_on) == (2, 1, 1, 150, False)
        assert perform(bulk.original, {"upload": upload.id}, who) == content
        sheet = openpyxl.load_workbook(io.BytesIO(perform(bulk.result, {"upload": upload.id}, who))).worksheets[0]
        assert [sheet["B2"].value, sheet["G2"].value, sheet.max_row] == ["3658B4311190", 150, 2]
    assert lines(signed_in(account(Kind.PARTNER))) == []


def test_what_was_only_chosen_is_no_upload_yet_and_gives_way_to_the_next(here: Credential) -> None:
    first = perform(bulk.choose, {"file_name": "a.xlsx", "content": b"x"}, here)
    assert lines(here) == []
    perform(bulk.choose, {"file_name": "b.xlsx", "content": b"x"}, here)
    with pytest.raises(Refusal, match="file_gone"):
        perform(bulk.start_check, {"upload": first.id}, here)


def test_a_file_that_was_refused_is_not_handed_out_again(here: Credential) -> None:
    upload = checked(b"no workbook", here)
    assert [line.status for line in lines(here)] == [UploadStatus.REFUSED]
    with pytest.raises(Refusal, match="not_found"):
        perform(bulk.original, {"upload": upload.id}, here)


def test_workbooks_are_kept_for_ninety_days_and_their_lines_for_ever(here: Credential, company: Organisation) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    upload = checked(workbook(row("3658B4311190"), row("WRONG")), here)
    clock.advance(timedelta(days=settings().workbooks_kept_days))
    assert jobs.forget_old() == 0
    clock.advance(timedelta(seconds=1))
    assert (jobs.forget_old(), jobs.forget_old()) == (1, 0)
    signed = signed_in(account(Kind.PARTNER, company))
    (line,) = lines(signed)
    assert (line.rows, line.bad, line.kept, line.can_go_on) == (2, 1, False, False)
    for file in (bulk.original, bulk.rows_to_correct):
        with pytest.raises(Refusal, match="not_found"):
            perform(file, {"upload": upload.id}, signed)
    with pytest.raises(Refusal, match="not kept any more"):
        perform(bulk.start_registering, {"upload": upload.id}, signed)


def limit(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), str(value))
    settings.cache_clear()


def kept(here: Credential) -> list[int]:
    return [line.id for line in lines(here) if line.kept]


def test_the_oldest_finished_workbook_makes_room_and_its_result_stays(
    here: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry_unit(APPLIANCE, "3658B4311190")
    limit(monkeypatch, workbooks_kept=3)
    waits = checked(workbook(row("WRONG")), here).id
    cancelled = perform(bulk.cancel, {"upload": checked(workbook(row("WRONG")), here).id}, here).id
    done = registered(checked(workbook(row("3658B4311190")), here), here).id
    assert kept(here) == [done, cancelled, waits]
    fourth = checked(workbook(row("WRONG")), here).id
    assert kept(here) == [fourth, cancelled, waits], "what is over goes before what can be taken up again"
    assert perform(bulk.result, {"upload": done}, here)[:2] == b"PK"
    fifth = checked(workbook(row("WRONG")), here).id
    assert kept(here) == [fifth, fourth, waits]
    with pytest.raises(Refusal, match="at most 3 workbooks and 200 MB, and 3 of them are not finished") as problem:
        checked(workbook(row("WRONG")), here)
    assert (problem.value.code, problem.value.field) == ("too_many_uploads", "file")
    assert kept(here) == [fifth, fourth, waits], "a refusal deletes nothing"
    perform(bulk.cancel, {"upload": waits}, here)
    sixth = checked(workbook(row("WRONG")), here).id
    assert kept(here) == [sixth, fifth, fourth]


def test_a_company_keeps_so_many_bytes_and_not_those_of_another(
    here: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, workbooks_kept_mb=1)
    other = signed_in(account(Kind.PARTNER))
    theirs, first = (checked(b"x" * 600_000, who).id for who in (other, here))
    small = checked(b"x" * 400_000, here).id
    assert kept(here) == [small, first]
    large = checked(b"x" * 700_000, here).id
    assert (kept(here), kept(other)) == ([large], [theirs]), "the smaller one would not have been enough"


def test_lowered_limits_hold_for_what_is_there(here: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = [checked(b"no workbook", here).id for _ in range(4)]
    waits = checked(workbook(row("WRONG")), here).id
    limit(monkeypatch, workbooks_kept=2)
    assert (jobs.forget_old(), jobs.forget_old()) == (3, 0)
    assert kept(here) == [waits, uploads[-1]]


def test_the_history_is_paged_newest_first(here: Credential) -> None:
    for number in range(27):
        checked(workbook(row(f"WRONG{number}")), here)
    first = perform(bulk.history, {}, here)
    assert (len(first.rows), first.newer) == (25, 0)
    second = perform(bulk.history, {"before": first.older}, here)
    assert (len(second.rows), second.older) == (2, 0)
    assert perform(bulk.history, {"after": second.newer}, here).rows == first.rows
