"""One task: what it says, and its execution log, PBX by PBX, as it happens."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms, layout, tables
from yeastar_app.components.controls import back_link, badge, loading
from yeastar_app.portals.central.task_rows import LogRow, TaskRow, log_row, task_row
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.refusals import Refusal
from yeastar_app.services import tasks
from yeastar_app.words import minute, t

LIST = "/central/tasks"


@guarded(tasks.VIEW)
class TaskState(Shell):
    loaded: bool = False
    row: TaskRow = TaskRow()
    remark: str = ""
    created: str = ""
    started: str = ""
    finished: str = ""
    log: list[LogRow] = []

    @rx.event
    async def load(self) -> Any:
        self.loaded = False
        self._watch(tasks.topic(current_actor().organisation))
        try:
            await self._follow()
        except Refusal:
            return rx.redirect("/not-found")
        return None

    async def _follow(self) -> None:
        asked = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        seen = await self._ask(tasks.details, {"id": asked})
        self.row, self.remark = task_row(seen.row), seen.remark or t("None")
        moments = (seen.created_at, seen.started_at, seen.finished_at)
        self.created, self.started, self.finished = (f"{minute(at)} UTC" if at else t("Not yet") for at in moments)
        self.log, self.loaded = [log_row(line) for line in seen.log], True


@page(f"{LIST}/[task_id]", t("Task"), tasks.VIEW, TaskState.load)
def task_page() -> rx.Component:
    state = TaskState
    row = state.row
    return layout.shell(
        state,
        t("Central Management"),
        rx.cond(state.loaded, row.name, t("Task")),
        layout.card(
            rx.cond(
                state.loaded,
                forms.facts(
                    (t("Task"), row.kind),
                    (t("Execution Time"), row.when + " (" + row.zone + ")"),
                    (t("Creator"), row.creator + ", " + row.company),
                    (t("Remark"), state.remark),
                    (t("Created"), state.created),
                    (t("Started"), state.started),
                    (t("Finished"), state.finished),
                ),
                loading(7),
            ),
        ),
        layout.card(
            tables.table(
                [(t("PBX"), ""), (t("Result"), ""), (t("Details"), "wide-only"), (t("When (UTC)"), "date wide-only")],
                state.log,
                lambda line: [
                    tables.cell(
                        rx.el.div(
                            line.pbx,
                            tables.on_phone(line.at),
                            tables.on_phone(rx.el.span(line.words, class_name="wrap-narrow")),
                            class_name="two-lines",
                        )
                    ),
                    tables.cell(badge(line.status, line.tone)),
                    tables.cell(line.words, kind="wide-only"),
                    tables.cell(line.at, kind="date wide-only"),
                ],
                ready=state.loaded,
                empty_state=rx.fragment(),
                label=t("Execution Log"),
            ),
            title=t("Execution Log"),
            flush=True,
        ),
        back=back_link(t("Task"), LIST),
        actions=(rx.cond(state.loaded, badge(row.status, row.tone)),),
    )
