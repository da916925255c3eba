"""Task: starting, stopping and resetting cloud PBXs by the clock; the panel that adds or changes one."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import badge, button, empty, icon_button, link, submit
from yeastar_app.components.menus import more_item, more_menu
from yeastar_app.features import Feature
from yeastar_app.models.tasks import TaskStatus
from yeastar_app.portals import list_page
from yeastar_app.portals.central.task_rows import KINDS, STATUSES, TaskRow, task_row
from yeastar_app.portals.list_page import ListOf, ListPage
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.services import tasks, time_zones
from yeastar_app.services.tasks import ListForm
from yeastar_app.words import plural, t

HERE = "/central/tasks"
LIST = ListOf(HERE, tasks.listed, ListForm, {"search": None, "kind": KINDS, "status": STATUSES})
BLANK = {"name": "", "kind": "", "at": "", "time_zone": "UTC", "remark": ""}


@dataclass
class Choice:
    """A PBX that is offered, or chosen."""

    id: int = 0
    name: str = ""
    owner: str = ""
    chosen: bool = False


@guarded(tasks.VIEW)
class TasksState(ListPage, Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "asking")

    may_manage: bool = False
    rows: list[TaskRow] = []

    panel: bool = False
    panel_title: str = ""
    form_number: int = 0
    values: dict[str, str] = BLANK
    immediately: bool = False
    earliest: str = ""
    offered: list[Choice] = []
    chosen: list[Choice] = []
    chosen_words: str = ""
    asking: str = ""
    """The question whether to cancel a task; empty: none."""

    _subject: int = 0
    _request_key: str = ""
    _wanted: str = ""
    _zone: str = "UTC"
    """Where the last task was planned: the next one most likely is too."""

    def _list(self) -> ListOf:
        return LIST

    def _topics(self) -> tuple[str, ...]:
        return (tasks.topic(current_actor().organisation),)

    def _show(self, found: tasks.Found) -> None:
        self.may_manage = current_actor().may(Feature.TASK_MANAGE)
        self.rows = [task_row(row) for row in found.rows]

    @rx.event
    async def open_new(self) -> None:
        self.panel_title, self._subject = t("Add Task"), 0
        await self._open({}, [], immediately=True)

    @rx.event
    async def open_task(self, task_id: int) -> None:
        seen = await self._act(tasks.details, {"id": task_id})
        if seen is None or seen.row.status is not TaskStatus.PENDING:
            await self._fill()
            return
        row, zone = seen.row, seen.row.time_zone or "UTC"
        values = {"name": row.name, "kind": row.kind.value, "remark": seen.remark, "time_zone": zone,
                  "at": time_zones.written(row.due_at, zone)}  # fmt: skip
        self.panel_title, self._subject = t("Edit {name}", name=row.name), row.id
        await self._open(values, [Choice(one.pbx_id, one.pbx, "", True) for one in seen.log], immediately=False)

    async def _open(self, values: dict[str, str], chosen: list[Choice], *, immediately: bool) -> None:
        now = clock.now()
        soon = {"at": time_zones.written(now + timedelta(hours=1), self._zone)}
        self.values, self.immediately = {**BLANK, "time_zone": self._zone, **soon, **values}, immediately
        self.errors, self.chosen, self._request_key = {}, chosen, secrets.token_urlsafe(12)
        self.form_number += 1
        self._wanted = ""
        await self._offer()
        self.panel = True

    async def _offer(self) -> None:
        found = await self._ask(tasks.offered, {"search": self._wanted})
        picked = {one.id for one in self.chosen}
        self.offered = [Choice(one.id, one.name, one.owner, one.id in picked) for one in found]
        self.chosen_words = plural(len(self.chosen), "PBX chosen", "PBXs chosen")

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel and open_ is True

    @rx.event
    async def set_immediately(self, on: bool) -> None:
        self.immediately = on is True

    @rx.event
    async def find_pbx(self, words: str) -> None:
        if self.panel:
            self._wanted = tasks.Wanted.model_validate({"search": words}).search
            await self._offer()

    @rx.event
    async def choose(self, pbx_id: int, on: bool) -> None:
        """Tick a PBX that is offered, or take one out that is chosen."""
        kept = [one for one in self.chosen if one.id != pbx_id]
        offered = next((one for one in self.offered if one.id == pbx_id), None)
        if on is True and offered and len(kept) < tasks.MOST_PBXS:
            kept.append(Choice(offered.id, offered.name, offered.owner, True))
        self.chosen = kept
        if self.panel:
            await self._offer()

    @rx.event
    async def save(self, form: dict) -> None:
        if not self.panel:
            return  # the second half of a double click
        own = {"id": self._subject, "request_key": self._request_key, "pbxs": [one.id for one in self.chosen],
               "immediately": self.immediately}  # fmt: skip
        done = await self._act(tasks.edit if self._subject else tasks.create, with_own(form, **own))
        if done is None:
            return
        self.panel, self._zone = False, tasks.zone_or_utc(form)
        self._say(t("The task is saved.") if not self.immediately else t("The task begins now."))
        await self._fill()

    @rx.event
    async def ask_cancel(self, task_id: int) -> None:
        row = next((one for one in self.rows if one.id == task_id and one.pending), None)
        self._subject, self.asking = (row.id, row.name) if row else (0, "")

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.asking = self.asking if shown is True else ""

    @rx.event
    async def cancel(self) -> None:
        if not self.asking:
            return
        self.asking = ""
        name = await self._act(tasks.cancel, {"id": self._subject})
        if name is not None:
            self._say(t("{name} is cancelled.", name=name))
        await self._fill()


@page(HERE, t("Task"), tasks.VIEW, TasksState.load)
def tasks_page() -> rx.Component:
    state = TasksState
    add = rx.cond(state.may_manage, button(t("Add"), look="primary", symbol="plus", on_click=state.open_new))
    return layout.shell(
        state,
        t("Central Management"),
        t("Task"),
        layout.card(
            tables.toolbar(
                list_page.search(state, t("Search name or remark")),
                list_page.choice(state, "kind", {"": t("All tasks"), **KINDS}, t("Task")),
                list_page.choice(state, "status", {"": t("All statuses"), **STATUSES}, t("Status")),
            ),
            tables.table(
                [(t("Name"), ""), (t("Task"), "wide-only"), (t("Execution Time"), "date wide-only"),
                 (t("PBXs"), "wide-only"), (t("Status"), ""),
                 (t("Creator"), "wide-only"), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=rx.cond(
                    state.narrowed,
                    empty("search-x", t("Nothing matches"), t("Change the search or the filters above.")),
                    empty("calendar-clock", t("No tasks yet"),
                          t("Let cloud PBXs be started, stopped or reset at a time when nobody needs them."), add),
                ),
                label=t("Tasks"),
            ),
            list_page.pages(state),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.asking != "",
            state.show_question,
            t("Cancel") + " " + state.asking + "?",
            t("It will not be carried out. What stands in it stays in the list."),
            yes=t("Cancel the Task"),
            on_yes=state.cancel,
        ),
        note=t("Start, stop and reset cloud PBXs at once or at a time."),
        actions=(add,),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = TasksState
    key = row.id.to_string()
    return [
        tables.cell(
            rx.el.div(
                link(row.name, HERE + "/" + key),
                rx.el.span(row.company, class_name="faint wide-only"),
                rx.el.span(row.kind, ", ", row.when, class_name="narrow-only faint"),
                rx.cond(row.failed != "", rx.el.span(row.failed, class_name="narrow-only error")),
                class_name="two-lines",
            )
        ),
        tables.cell(row.kind, kind="wide-only"),
        tables.cell(
            rx.el.div(rx.el.span(row.when), rx.el.span(row.zone, class_name="faint"), class_name="two-lines"),
            kind="date wide-only",
        ),
        tables.cell(
            rx.el.div(
                rx.el.span(row.pbxs),
                rx.cond(row.failed != "", rx.el.span(row.failed, class_name="error")),
                class_name="two-lines",
            ),
            kind="wide-only",
        ),
        tables.cell(badge(row.status, row.tone)),
        tables.cell(row.creator, kind="wide-only"),
        tables.row_actions(
            rx.cond(
                row.pending & state.may_manage,
                more_menu(
                    key,
                    t("More for") + " " + row.name,
                    more_item(key, t("Edit"), "pencil", on_click=state.open_task(row.id)),
                    more_item(key, t("Cancel"), "ban", danger=True, on_click=state.ask_cancel(row.id)),
                ),
            )
        ),
    ]


def _panel(state: Any) -> rx.Component:
    return overlays.drawer(
        state.panel,
        state.close_panel,
        state.panel_title,
        forms.form(
            state,
            forms.field(state, "name", t("Name"), default_value=state.values["name"], max_length=60,
                        auto_complete="off"),
            forms.choice(state, "kind", t("Task"), KINDS, placeholder=t("Choose what is to be done"),
                         default_value=state.values["kind"],
                         hint=t("Reset takes a running PBX back to the factory's settings.")),
            forms.switch("now", t("Immediately"), default_checked=state.immediately, on_change=state.set_immediately),
            rx.cond(
                ~state.immediately,
                forms.fields(
                    forms.field(state, "at", t("Execution Time"), kind="datetime-local",
                                default_value=state.values["at"]),
                    forms.choice(state, "time_zone", t("Time Zone"), {zone: zone for zone in time_zones.names()},
                                 default_value=state.values["time_zone"],
                                 hint=t("Daylight saving time is taken into account.")),
                ),
            ),
            _pbxs(state),
            forms.text_area(state, "remark", t("Remark"), default_value=state.values["remark"], max_length=500),
            on_submit=state.save,
            id="task",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.close_panel(False)),
            submit(t("Save"), form="task"),
        ),
    )  # fmt: skip


def _pbxs(state: Any) -> rx.Component:
    """Search, what it finds to tick, and what is ticked: also what the search does not show now."""
    message = state.errors["pbxs"]
    return rx.el.fieldset(
        rx.el.legend(t("Object"), class_name="label"),
        rx.cond(message, rx.el.p(message, class_name="error", role="alert")),
        rx.el.div(
            rx.foreach(
                state.chosen,
                lambda one: rx.el.span(
                    one.name,
                    icon_button("x", t("Take out"), on_click=state.choose(one.id, False),
                                custom_attrs={"aria-label": t("Take out") + " " + one.name}),
                    class_name="chip",
                ),
            ),
            class_name="chips",
        ),
        rx.el.input(type="search", placeholder=t("Search PBX or owner"), aria_label=t("Search PBX or owner"),
                    class_name="input", on_change=state.find_pbx.debounce(250), max_length=100),
        rx.el.div(
            rx.foreach(
                state.offered,
                lambda one: rx.el.label(
                    rx.el.input(type="checkbox", checked=one.chosen,
                                on_change=lambda on: state.choose(one.id, on)),
                    rx.el.span(one.name),
                    rx.el.span(one.owner, class_name="faint"),
                    class_name="check",
                ),
            ),
            class_name="pick-list",
        ),
        rx.el.p(state.chosen_words, class_name="hint", role="status"),
        class_name="stack-s",
    )  # fmt: skip
