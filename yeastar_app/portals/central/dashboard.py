"""/central: the Dashboard. How the package stands, what needs somebody now, what comes next, what was done last; each
part for those who may see it. A customer of the Customer Portal is led on to its own PBXs."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from yeastar_app.access import Policy
from yeastar_app.components import layout
from yeastar_app.components.controls import badge, button_link, empty, link, loading
from yeastar_app.components.split_bar import Split, split, split_card, state_card
from yeastar_app.components.steps import StepRow, step_list
from yeastar_app.features import Feature, Surface
from yeastar_app.portals.central.attention import SYMBOLS, attention
from yeastar_app.portals.central.task_rows import TaskRow, task_row
from yeastar_app.portals.page import Shell, current_actor, guarded, page
from yeastar_app.services import central_dashboard, operation_logs, pbx
from yeastar_app.services.pbx import Shown
from yeastar_app.words import minute, t

POLICY = Policy(Surface.CENTRAL)
STATES = {
    Shown.RUNNING: (t("Running"), "good"),
    Shown.STOPPED: (t("Stopped"), "plain"),
    Shown.BUSY: (t("In between"), "accent"),
    Shown.DELETING: (t("Deleting"), "warn"),
}


@dataclass
class StateRow:
    """So many PBXs are in a state; `width` of the bar, as a CSS percentage."""

    name: str = ""
    count: str = ""
    kind: str = ""
    width: str = "0%"
    href: str = ""


@dataclass
class OperationRow:
    what: str = ""
    on: str = ""
    by: str = ""


@guarded(POLICY)
class CentralDashboardState(Shell):
    loaded: bool = False
    capacities: list[Split] = []
    has_resellers: bool = False
    may_add_pbx: bool = False
    may_add_reseller: bool = False
    may_add_task: bool = False
    sees_pbxs: bool = False
    pbxs: str = ""
    states: list[StateRow] = []
    sees_needs: bool = False
    """Whether anything that could need somebody is shown to this account at all."""
    needs: list[StepRow] = []
    begins: bool = False
    """No PBX is there yet, and this account may add one."""
    sees_tasks: bool = False
    tasks: list[TaskRow] = []
    sees_logs: bool = False
    recent: list[OperationRow] = []

    @rx.event
    async def load(self) -> Any:
        actor = current_actor()
        if actor.kind not in pbx.PACKAGE_SIDE:
            self.loaded = False
            return rx.redirect("/central/own", replace=True)
        self._watch(*central_dashboard.topics(actor))
        seen = await self._act(central_dashboard.view)
        if seen is not None:
            self._show(seen)
        return None

    async def _follow(self) -> None:
        self._show(await self._ask(central_dashboard.view))

    def _show(self, seen: central_dashboard.View) -> None:
        may = current_actor().may
        self.may_add_pbx, self.may_add_reseller = may(Feature.PBX_ADD), may(Feature.RESELLER_MANAGE)
        self.may_add_task = may(Feature.TASK_MANAGE)
        self.capacities = [split(each.name, each.total, each.assigned, each.used, each.free) for each in seen.gauges]
        self.has_resellers = seen.resellers is not None
        self.sees_pbxs = seen.pbxs is not None
        self.pbxs, self.states = (f"{seen.pbxs.total:,}", _states(seen.pbxs)) if seen.pbxs else ("", [])
        self.sees_needs = any(part is not None for part in (seen.pbxs, seen.alarms, seen.resellers, seen.tasks))
        self.needs = attention(seen)
        self.begins = self.may_add_pbx and seen.pbxs is not None and seen.pbxs.total == 0
        self.sees_tasks = seen.tasks is not None
        self.tasks = [task_row(row) for row in seen.tasks.next] if seen.tasks else []
        self.sees_logs = seen.recent is not None
        self.recent = [_operation(row) for row in seen.recent or []]
        if seen.alarms:
            self._count_alerts(seen.alarms.alerts)
        self.loaded = True


def _states(found: central_dashboard.Pbxs) -> list[StateRow]:
    share = 100 / found.total if found.total else 0
    return [
        StateRow(STATES[each][0], f"{count:,}", STATES[each][1], f"{count * share:.2f}%", f"/central/pbx?show={each}")
        for each, count in found.states.items()
    ]


def _operation(row: operation_logs.Row) -> OperationRow:
    return OperationRow(row.operation, row.label, f"{row.who} · {minute(row.at)} UTC")


@page("/central", t("Dashboard"), POLICY, CentralDashboardState.load)
def dashboard_page() -> rx.Component:
    state = CentralDashboardState
    return layout.shell(
        state,
        t("Central Management"),
        t("Dashboard"),
        rx.el.div(
            rx.cond(
                state.loaded,
                rx.fragment(
                    rx.foreach(
                        state.capacities, lambda row: split_card(row, resellers=state.has_resellers, brief=True)
                    ),
                    rx.cond(state.sees_pbxs, _pbxs(state)),
                ),
                rx.fragment(*[rx.el.div(loading(4), class_name="card split-place") for _ in range(4)]),
            ),
            class_name="grid-fit",
        ),
        rx.cond(
            state.loaded,
            rx.el.div(
                _needs(state),
                rx.el.div(
                    rx.cond(state.sees_tasks, _tasks(state)),
                    rx.cond(state.sees_logs, _recent(state)),
                    class_name="stack",
                ),
                class_name="glance",
            ),
            rx.el.div(layout.card(loading(8)), layout.card(loading(8)), class_name="glance"),
        ),
        actions=(
            rx.cond(state.may_add_reseller, button_link(t("Add Reseller"), "/central/resellers/new", symbol="plus")),
            rx.cond(state.may_add_pbx, button_link(t("Add PBX"), "/central/pbx?add=1", look="primary", symbol="plus")),
        ),
    )


def _pbxs(state: Any) -> rx.Component:
    return state_card(t("Cloud PBXs"), state.pbxs, t("in all"), state.states)


def _needs(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.needs.length() > 0,
            step_list(state.needs, SYMBOLS, t("Needs attention")),
            rx.cond(
                state.begins,
                empty("server", t("No cloud PBXs yet"),
                      t("Add the first one: it takes its extensions and concurrent calls from your package."),
                      button_link(t("Add PBX"), "/central/pbx?add=1", symbol="plus")),
                rx.cond(state.sees_needs,
                empty("circle-check", t("Nothing needs attention"),
                      t("Alarms, cloud PBXs in trouble, what expires and what runs out appear here.")),
                empty("lock", t("Nothing else here yet"),
                      t("Ask whoever created your account which parts of Central Management you may use.")),
                ),
            ),
        ),
        title=t("Needs attention"),
        flush=True,
    )  # fmt: skip


def _tasks(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.tasks.length() > 0,
            rx.el.ul(rx.foreach(state.tasks, _task), class_name="steps", aria_label=t("Next tasks")),
            rx.el.p(
                t("Nothing is planned. "),
                rx.cond(state.may_add_task, link(t("Plan a task"), "/central/tasks")),
                class_name="step-row muted",
            ),
        ),
        title=t("Next tasks"),
        aside=button_link(t("View all"), "/central/tasks", look="quiet", aria_label=t("View all tasks")),
        flush=True,
    )


def _task(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(link(row.name, "/central/tasks/" + row.id.to_string()), class_name="cut"),
            rx.el.p(row.kind, " · ", row.pbxs, " · ", row.when, " ", row.zone, class_name="faint num"),
            class_name="grow",
        ),
        badge(row.status, row.tone),
        class_name="step-row",
    )


def _recent(state: Any) -> rx.Component:
    return layout.card(
        rx.cond(
            state.recent.length() > 0,
            rx.el.ul(rx.foreach(state.recent, _done), class_name="steps", aria_label=t("Recent operations")),
            rx.el.p(t("What is done here appears here."), class_name="step-row muted"),
        ),
        title=t("Recent operations"),
        aside=button_link(t("View all"), "/central/logs", look="quiet", aria_label=t("View all operations")),
        flush=True,
    )


def _done(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row.what, rx.el.span(" ", row.on, class_name="muted"), class_name="wrap"),
            rx.el.p(row.by, class_name="faint num wrap"),
            class_name="grow",
        ),
        class_name="step-row",
    )
