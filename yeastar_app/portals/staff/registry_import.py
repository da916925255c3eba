"""The part of Product Registry that takes in workbooks: choose, import, follow, find again, correct refused rows."""

import asyncio
from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.components import layout, tables
from yeastar_app.components.controls import badge, button, callout, download_link, progress_bar
from yeastar_app.components.uploads import file_field
from yeastar_app.jobs import registry as jobs
from yeastar_app.models.accounts import Kind
from yeastar_app.models.registry import ImportStatus
from yeastar_app.portals.page import Shell, current_actor, guarded
from yeastar_app.portals.staff.registry_units import RegistryState
from yeastar_app.refusals import Refusal
from yeastar_app.services import registry_imports
from yeastar_app.services.registry import VIEW
from yeastar_app.services.registry_imports import MOST_ROWS, ImportView
from yeastar_app.settings import settings
from yeastar_app.words import minute, plural, t

LOOK_AGAIN_SECONDS = 0.25
LOOKS = 7_200
"""After half an hour a watcher gives up; loading the page starts another."""
WORDS = {
    ImportStatus.CHOSEN: (t("Chosen"), ""),
    ImportStatus.RUNNING: (t("Running"), "accent"),
    ImportStatus.DONE: (t("Done"), "good"),
    ImportStatus.REFUSED: (t("Refused"), "bad"),
}


@dataclass
class ImportRow:
    id: int = 0
    at: str = ""
    file_name: str = ""
    who: str = ""
    status: str = ""
    tone: str = ""
    result: str = ""
    correct_href: str = ""


@dataclass
class ProblemRow:
    row: int = 0
    column: str = ""
    reason: str = ""


@guarded(VIEW)  # account managers load the page too; the actions are the administrators'
class RegistryImportState(Shell):
    file_name: str = ""
    stage: str = ""
    """Where the workbook that is shown is: empty, or an ImportStatus."""
    percent: int = 0
    progress: str = ""
    result: str = ""
    refusal: str = ""
    problems: list[ProblemRow] = []
    more_problems: str = ""
    correct_href: str = ""
    history: list[ImportRow] = []
    showing_history: bool = False

    _import: int = 0

    @rx.event
    async def look_in(self) -> Any:
        """With the page: an import that goes on is found again, whoever started it."""
        if current_actor().kind is not Kind.ADMINISTRATOR:
            return None
        seen = await self._act(registry_imports.history) or []
        self.history = [_import_row(one) for one in seen]
        running = next((one for one in seen if one.status is ImportStatus.RUNNING), None)
        if running:
            self._show(running)
            return RegistryImportState.watch
        if self.stage == ImportStatus.RUNNING:
            self._forget()
        return None

    @rx.event
    async def choose_file(self, files: list[rx.UploadFile]) -> None:
        if not isinstance(files, list) or not files or not isinstance(files[0], rx.UploadFile):
            return
        content = await files[0].read(settings().upload_limit_mb * 1024 * 1024 + 1)
        taken = await self._act(registry_imports.choose, {"file_name": files[0].filename or "", "content": content})
        if taken is not None:
            self._show(taken)

    @rx.event
    async def reject_file(self) -> None:
        """The browser turned the file away: not one .xlsx file, or too large."""
        self.errors = {"file": t("Choose one .xlsx file of at most {n} MB.", n=settings().upload_limit_mb)}

    @rx.event
    async def begin(self) -> Any:
        if self.stage != ImportStatus.CHOSEN:
            return None  # the second half of a double click, or nothing is chosen
        seen = await self._act(registry_imports.start, {"id": self._import})
        if seen is None:
            return None
        self._show(seen)
        return RegistryImportState.watch

    @rx.event
    async def put_aside(self) -> None:
        """Make room for another workbook."""
        if self.stage != ImportStatus.RUNNING:
            self._forget()

    @rx.event
    async def toggle_history(self) -> None:
        self.showing_history = not self.showing_history

    @rx.event(background=True)
    async def watch(self) -> None:
        """Follow the work until it is done; it goes on without anybody watching."""
        await asyncio.to_thread(jobs.start_due)
        for _ in range(LOOKS):
            if not await self._look():
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _look(self) -> bool:
        """Whether there is more to wait for."""
        async with self:
            try:
                seen = await self._ask(registry_imports.status, {"id": self._import})
                self._show(seen)
                if seen.status is not ImportStatus.RUNNING:
                    self.history = [_import_row(one) for one in await self._ask(registry_imports.history)]
                    units = await self.get_state(RegistryState)
                    await units._fill()
            except Refusal:  # signed out, or somebody else is here by now: nobody is left to tell
                return False
            return seen.status is ImportStatus.RUNNING

    def _forget(self) -> None:
        self._import, self.stage, self.file_name, self.refusal, self.result = 0, "", "", "", ""
        self.problems, self.more_problems, self.correct_href, self.errors = [], "", "", {}

    def _show(self, seen: ImportView) -> None:
        self._import, self.stage, self.file_name = seen.id, seen.status.value, seen.file_name
        self.percent = seen.done * 100 // seen.rows if seen.rows else 0
        self.progress = (
            t("Row {done} of {rows} …", done=f"{seen.done:,}", rows=f"{seen.rows:,}")
            if seen.rows
            else t("Reading the workbook …")
        )
        self.refusal, self.result = seen.refusal, _result(seen)
        self.problems = [ProblemRow(row, column, words) for row, column, words in seen.problems]
        hidden = seen.refused > len(seen.problems)
        self.more_problems = t("The first {n} are shown.", n=len(seen.problems)) if hidden else ""
        self.correct_href = _correct_href(seen)


def _result(seen: ImportView) -> str:
    return t("{added} added, {changed} changed, {unchanged} unchanged, {refused} refused",
             **{name: f"{getattr(seen, name):,}" for name in ("added", "changed", "unchanged", "refused")})  # fmt: skip


def _correct_href(seen: ImportView) -> str:
    return f"/files/registry-rows-to-correct.xlsx?id={seen.id}" if seen.refused else ""


def _import_row(seen: ImportView) -> ImportRow:
    label, tone = WORDS[seen.status]
    return ImportRow(seen.id, minute(seen.created_at), seen.file_name, seen.who, label, tone,
                     seen.refusal or _result(seen), _correct_href(seen))  # fmt: skip


def import_card() -> rx.Component:
    """Above the list, for administrators."""
    state = RegistryImportState
    return layout.card(
        rx.match(
            state.stage,
            ("running", _working(state)),
            ("done", _done(state)),
            ("refused", _done(state)),
            _choosing(state),
        ),
        rx.cond(state.showing_history, _history(state)),
        title=t("Import from a Workbook"),
        aside=rx.el.div(
            download_link(t("Download Template"), "/files/registry-template.xlsx", look="quiet"),
            rx.cond(
                state.history.length() > 0,
                button(t("History"), look="quiet", symbol="history", on_click=state.toggle_history,
                       aria_expanded=rx.cond(state.showing_history, "true", "false")),
            ),
            class_name="row",
        ),
    )  # fmt: skip


def _choosing(state: Any) -> rx.Component:
    limit = settings().upload_limit_mb
    return rx.el.div(
        file_field(
            state,
            "file",
            t("Choose a Workbook"),
            chosen=state.file_name,
            choose=state.choose_file,
            reject=state.reject_file,
            hint=t("An .xlsx file with Product, Product ID, Subscribed From, Subscribed Until and perhaps Eligible. "
                   "At most {mb} MB and {rows}.", mb=limit, rows=plural(MOST_ROWS, "row", "rows")),
            largest_mb=limit,
        ),
        rx.cond(
            state.stage == "chosen",
            rx.el.div(button(t("Import"), look="primary", on_click=state.begin),
                      button(t("Cancel"), on_click=state.put_aside), class_name="row"),
        ),
        class_name="stack-s",
    )  # fmt: skip


def _working(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(state.file_name, class_name="strong wrap"),
        progress_bar(state.percent, state.progress),
        rx.el.p(state.progress, class_name="muted num", role="status"),
        rx.el.p(t("You may leave the page: the work goes on, and what is done is kept."), class_name="hint"),
        class_name="stack-s",
    )


def _done(state: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(
            state.refusal != "",
            callout(rx.el.strong(state.file_name), ": ", state.refusal, tone="bad", symbol="circle-alert"),
            callout(rx.el.strong(state.file_name), ": ", state.result, tone="good", symbol="check"),
        ),
        rx.cond(
            state.problems.length() > 0,
            rx.fragment(
                tables.table(
                    [(t("Row"), "num"), (t("Column"), ""), (t("Reason"), "")],
                    state.problems,
                    lambda row: [
                        tables.cell(row.row, kind="num"),
                        tables.cell(row.column),
                        tables.cell(rx.el.span(row.reason, class_name="wrap")),
                    ],
                    ready=True,
                    empty_state=rx.fragment(),
                    label=t("Refused rows"),
                ),
                rx.el.p(state.more_problems, class_name="hint"),
            ),
        ),
        rx.el.div(
            rx.cond(state.correct_href != "", download_link(t("Download Refused Rows"), state.correct_href)),
            button(t("Import Another"), on_click=state.put_aside),
            class_name="row",
        ),
        class_name="stack-s",
    )


def _history(state: Any) -> rx.Component:
    return tables.table(
        [(t("When"), "date"), (t("File"), ""), (t("By"), ""), (t("State"), ""), (t("Result"), "")],
        state.history,
        lambda row: [
            tables.cell(row.at, kind="date"),
            tables.cell(row.file_name),
            tables.cell(row.who),
            tables.cell(badge(row.status, row.tone)),
            tables.cell(
                rx.el.p(row.result, class_name="num"),
                rx.cond(row.correct_href != "", download_link(t("Refused Rows"), row.correct_href, look="quiet")),
            ),
        ],
        ready=True,
        empty_state=rx.fragment(),
        label=t("Imports"),
    )
