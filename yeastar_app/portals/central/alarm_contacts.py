"""Alarm > Notification Contacts: who gets an email when an alarm is raised."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import badge, button, empty, icon_button, submit
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.portals.central.alarm_rows import LEVELS
from yeastar_app.portals.page import Shell, current_actor, guarded, page, with_own
from yeastar_app.services import alarm_contacts
from yeastar_app.services.alarms import MANAGE
from yeastar_app.settings import settings
from yeastar_app.words import t

HERE = "/central/alarm-contacts"
BLANK = {"name": "", "email": ""}


@dataclass
class ContactRow:
    id: int = 0
    name: str = ""
    email: str = ""
    kind: str = ""
    levels: str = ""
    reachable: bool = True


@guarded(MANAGE)
class AlarmContactsState(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("editing", "doomed")

    loaded: bool = False
    rows: list[ContactRow] = []
    choices: list[dict[str, str]] = []
    """Colleagues as `value`, `label`."""

    editing: bool = False
    heading: str = ""
    values: dict[str, str] = BLANK
    levels: dict[str, bool] = {}
    colleague: str = ""
    """The account chosen; empty: "Custom"."""
    colleague_email: str = ""
    form_number: int = 0
    doomed: str = ""
    """Whom the question is about; empty: nothing is asked."""

    _page: alarm_contacts.Page = alarm_contacts.Page([], [])
    _subject: int = 0
    _seen: str = ""

    @rx.event
    async def load(self) -> None:
        self._watch(alarm_contacts.topic(current_actor().organisation))
        await self._fill()

    async def _follow(self) -> None:
        self._show(await self._ask(alarm_contacts.listed))

    async def _fill(self) -> None:
        found = await self._act(alarm_contacts.listed)
        if found is not None:
            self._show(found)

    def _show(self, found: alarm_contacts.Page) -> None:
        self._page = found
        self.rows = [
            ContactRow(
                row.id,
                row.name,
                row.email,
                t("Colleague") if row.colleague else t("Custom"),
                ", ".join(LEVELS[level] for level in row.levels),
                row.reachable,
            )
            for row in found.rows
        ]
        self.choices = [{"value": str(one.id), "label": f"{one.name} ({one.email})"} for one in found.colleagues]
        self.loaded = True

    @rx.event
    async def open_new(self) -> None:
        self._open(0, t("Add Contact"), BLANK, "", [AlarmLevel.ALERT, AlarmLevel.WARNING], "")

    @rx.event
    async def open_row(self, number: int) -> None:
        await self._fill()
        row = next((one for one in self._page.rows if one.id == number), None)
        if row is None:
            return
        values = BLANK if row.colleague else {"name": row.name, "email": row.email}
        chosen = str(row.colleague or "")
        if chosen and all(one["value"] != chosen for one in self.choices):
            self.choices = [{"value": chosen, "label": f"{row.name} ({row.email})"}, *self.choices]
        self._open(row.id, t("Edit Contact"), values, chosen, row.levels, row.mark)

    def _open(
        self, subject: int, heading: str, values: dict[str, str], chosen: str, levels: list[AlarmLevel], mark: str
    ) -> None:
        self._subject, self.heading, self._seen = subject, heading, mark
        self.values, self.errors = dict(values), {}
        self.levels = {level.value: level in levels for level in AlarmLevel}
        self._choose(chosen)
        self.form_number += 1
        self.editing = True

    def _choose(self, chosen: str) -> None:
        known = [one for one in self._page.colleagues if str(one.id) == chosen]
        self.colleague = chosen if any(one["value"] == chosen for one in self.choices) else ""
        self.colleague_email = known[0].email if known else ""

    @rx.event
    async def choose(self, chosen: str) -> None:
        self._choose(chosen if isinstance(chosen, str) else "")

    @rx.event
    async def show_panel(self, shown: bool) -> None:
        self.editing = self.editing and shown is True

    @rx.event
    async def save(self, form: dict) -> None:
        """A second click finds the panel closed."""
        if not self.editing:
            return
        own = {"colleague": self.colleague}
        if self._subject:
            name = await self._act(alarm_contacts.edit, with_own(form, id=self._subject, seen=self._seen, **own))
        else:
            name = await self._act(alarm_contacts.create, with_own(form, **own))
        if name is not None:
            self.editing = False
            self._say(t("{name} hears of alarms from now on.", name=name))
            await self._fill()

    @rx.event
    async def ask_delete(self, number: int) -> None:
        self._subject = number
        self.doomed = next((row.name for row in self.rows if row.id == number), "")

    @rx.event
    async def show_question(self, shown: bool) -> None:
        self.doomed = self.doomed if shown is True else ""

    @rx.event
    async def delete(self) -> None:
        if not self.doomed:
            return
        name, self.doomed = self.doomed, ""
        if await self._act(alarm_contacts.delete, {"ids": [self._subject]}) is not None:
            self._say(t("{name} gets no more emails about alarms.", name=name))
        errors = self.errors
        await self._fill()
        self.errors = errors


@page(HERE, t("Notification Contacts"), MANAGE, AlarmContactsState.load)
def alarm_contacts_page() -> rx.Component:
    state = AlarmContactsState
    add = button(t("Add"), look="primary", symbol="plus", on_click=state.open_new)
    return layout.shell(
        state,
        t("Central Management"),
        t("Notification Contacts"),
        layout.card(
            tables.table(
                [(t("Name"), ""), (t("Email"), "wide-only"), (t("Levels"), ""), ("", "")],
                state.rows,
                _row,
                ready=state.loaded,
                empty_state=empty("bell-ring", t("Nobody hears of alarms yet"),
                                  t("Add who is to get an email when something needs attention."), add),
                label=t("Notification contacts"),
            ),
            flush=True,
        ),
        _panel(state),
        overlays.confirm(
            state.doomed != "",
            state.show_question,
            t("Delete") + " " + state.doomed + "?",
            t("Alarms are raised as before; no emails about them go there any more."),
            yes=t("Delete"),
            on_yes=state.delete,
        ),
        note=t("They get an email when an alarm about your own package or your own cloud PBXs is raised: at most {n} "
               "an hour, what comes on top in one summary.", n=settings().alarm_emails_per_hour),
        actions=(rx.cond(state.loaded, add),),
    )  # fmt: skip


def _row(row: Any) -> list[rx.Component]:
    state = AlarmContactsState
    return [
        tables.cell(
            rx.el.div(
                rx.el.span(row.name, class_name="strong"),
                rx.el.span(row.kind, class_name="faint"),
                rx.el.span(row.email, class_name="narrow-only faint cut"),
                class_name="two-lines",
            )
        ),
        tables.cell(
            rx.el.div(
                rx.el.span(row.email),
                rx.cond(row.reachable, rx.fragment(), badge(t("No emails: the account is not active"), "warn")),
                class_name="two-lines",
            ),
            kind="wide-only",
        ),
        tables.cell(row.levels),
        tables.row_actions(
            icon_button("pencil", t("Edit") + " " + row.name, on_click=state.open_row(row.id)),
            icon_button("trash-2", t("Delete") + " " + row.name, on_click=state.ask_delete(row.id)),
        ),
    ]


def _panel(state: Any) -> rx.Component:
    problem = state.errors["levels"]
    return overlays.drawer(
        state.editing,
        state.show_panel,
        state.heading,
        forms.form(
            state,
            forms.choice(state, "colleague", t("Contact"), state.choices, placeholder=t("Custom"),
                         value=state.colleague, on_change=state.choose,
                         hint=t("A colleague of yours, or anybody else by name and address.")),
            rx.cond(
                state.colleague == "",
                forms.fields(
                    forms.field(state, "name", t("Name"), default_value=state.values["name"], max_length=100,
                                auto_complete="off"),
                    forms.field(state, "email", t("Email"), kind="email", default_value=state.values["email"],
                                max_length=255, auto_complete="off"),
                ),
                forms.facts((t("Email"), state.colleague_email)),
            ),
            rx.el.fieldset(
                rx.el.legend(t("The Alarm Levels to Notify"), class_name="label"),
                *[
                    forms.check(level, words, default_checked=state.levels[level],
                                key=level + state.form_number.to_string())
                    for level, words in LEVELS.items()
                ],
                rx.cond(problem, rx.el.p(problem, class_name="error", role="alert")),
                class_name="stack-s alarm-levels",
            ),
            on_submit=state.save,
            id="alarm-contact",
            key=state.form_number.to_string(),
        ),
        foot=rx.fragment(
            button(t("Cancel"), on_click=state.show_panel(False)),
            submit(t("Save"), form="alarm-contact"),
        ),
    )  # fmt: skip
