"""The history of uploads: every workbook the company had checked, what came of it, and its files to download again."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import back_link, badge, button, empty, file_link
from yeastar_app.models.points import UploadStatus
from yeastar_app.portals import list_page
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.portals.partner.get_points import GetPoints, get_points_panel, result_window
from yeastar_app.services import bulk, programme
from yeastar_app.services.paging import PageForm
from yeastar_app.services.registration import POLICY
from yeastar_app.settings import settings
from yeastar_app.words import minute, t

PATH = "/partner/program/uploads"
LIST = ListOf(PATH, bulk.history, PageForm, {})
STATES = {
    UploadStatus.CHOSEN: (t("Chosen"), ""),
    UploadStatus.CHECKING: (t("Checking"), "accent"),
    UploadStatus.CHECKED: (t("Waits for you"), "warn"),
    UploadStatus.REGISTERING: (t("Registering"), "accent"),
    UploadStatus.DONE: (t("Registered"), "good"),
    UploadStatus.REFUSED: (t("Refused"), "bad"),
    UploadStatus.CANCELLED: (t("Cancelled"), ""),
}


@dataclass
class UploadRow:
    id: int = 0
    at: str = ""
    file_name: str = ""
    who: str = ""
    state: str = ""
    tone: str = ""
    rows: str = ""
    registered: str = ""
    bad: str = ""
    points: str = ""
    original: str = ""
    correct: str = ""
    result: str = ""
    can_go_on: bool = False


@guarded(POLICY)
class UploadsState(ListPage, Shell):
    uploads: list[UploadRow] = []

    def _list(self) -> ListOf:
        return LIST

    async def _prepare(self) -> None:
        panel = await self.get_state(GetPoints)
        if not panel.products and (seen := await self._act(programme.view)):
            panel._know(seen, None)

    def _show(self, found: bulk.History) -> None:
        self.uploads = [_row(line) for line in found.rows]


def _row(line: bulk.UploadLine) -> UploadRow:
    state, tone = STATES[line.status]
    files = line.kept and line.status is not UploadStatus.REFUSED
    return UploadRow(
        line.id,
        minute(line.at),
        line.file_name,
        line.who,
        state,
        tone,
        f"{line.rows:,}",
        f"{line.registered:,}",
        f"{line.bad:,}",
        f"{line.points:,}",
        f"/files/uploaded-workbook.xlsx?upload={line.id}" if files else "",
        f"/files/rows-to-correct.xlsx?upload={line.id}" if files and line.bad else "",
        f"/files/registered-from-workbook.xlsx?upload={line.id}" if line.registered else "",
        line.can_go_on,
    )


@page(PATH, t("History of Uploads"), POLICY, UploadsState.load, (GetPoints,))
def uploads_page() -> rx.Component:
    state = UploadsState
    return layout.shell(
        state,
        t("Partner Portal"),
        t("History of Uploads"),
        layout.card(
            tables.table(
                [(t("Date"), "date wide-only"), (t("File"), ""), (t("State"), "wide-only"),
                 (t("Rows"), "num wide-only"), (t("Registered"), "num wide-only"), (t("Bad rows"), "num wide-only"),
                 (t("Points"), "num wide-only"), (t("Download"), "wide-only"), ("", "")],
                state.uploads,
                _upload,
                ready=state.loaded,
                empty_state=empty(
                    "file-spreadsheet",
                    t("No workbook yet"),
                    t("Register many products at once: “Get Points”, then “Bulk Register”."),
                ),
                label=t("History of Uploads"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        get_points_panel(),
        result_window(UploadsState.load),
        back=back_link(t("Partner Program"), "/partner/program"),
        note=t("Workbooks and their rows to correct are kept for {n} days, at most {count} of them and {mb} MB: the "
               "oldest finished ones make room. Results stay.", n=settings().workbooks_kept_days,
               count=settings().workbooks_kept, mb=settings().workbooks_kept_mb),
    )  # fmt: skip


def _upload(row: Any) -> list[rx.Component]:
    return [
        tables.cell(row.at, kind="date wide-only"),
        tables.cell(
            rx.el.span(row.file_name, class_name="line strong cut"),
            rx.el.span(row.who, class_name="line faint"),
            tables.on_phone(row.state, " · ", row.at),
            tables.on_phone(row.registered, t(" of "), row.rows, t(" rows registered, "), row.points, t(" points")),
            rx.el.div(_files(row), class_name="narrow-only"),
        ),
        tables.cell(badge(row.state, row.tone), kind="wide-only"),
        tables.cell(row.rows, kind="num wide-only"),
        tables.cell(row.registered, kind="num wide-only"),
        tables.cell(row.bad, kind="num wide-only"),
        tables.cell(row.points, kind="num wide-only"),
        tables.cell(_files(row), kind="wide-only"),
        tables.row_actions(
            rx.cond(row.can_go_on, button(t("Show"), small=True, on_click=GetPoints.show(row.id))),
        ),
    ]


def _files(row: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(row.original != "", file_link(t("Workbook"), row.original)),
        rx.cond(row.correct != "", file_link(t("Rows to correct"), row.correct)),
        rx.cond(row.result != "", file_link(t("Result"), row.result)),
        class_name="file-links",
    )
