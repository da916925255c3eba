"""The "Get Points" panel: register one product, or many from a workbook, and the window that says what came of it."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx

from yeastar_app import clock
from yeastar_app.components import forms, overlays, tables
from yeastar_app.components.controls import (
    button,
    button_link,
    callout,
    download_link,
    emblem,
    icon,
    progress_bar,
    segments,
    submit,
    verdict,
)
from yeastar_app.components.uploads import file_field
from yeastar_app.jobs import bulk as jobs
from yeastar_app.models.points import UploadStatus
from yeastar_app.portals.page import Shell, guarded
from yeastar_app.refusals import Refusal
from yeastar_app.services import bulk, identifiers, programme, registration
from yeastar_app.services.registration import POLICY
from yeastar_app.settings import settings
from yeastar_app.words import plural, t


@dataclass
class EarnedRow:
    product: str = ""
    count: int = 0
    points: str = ""


@dataclass
class ProblemRow:
    row: int = 0
    column: str = ""
    found: str = ""
    reason: str = ""
    mend: str = ""


LOOK_AGAIN_SECONDS = 0.25
LOOKS = 2_400
"""After ten minutes a watcher gives up; opening the panel starts another."""


@guarded(POLICY)
class GetPoints(Shell):
    OPENS: ClassVar[tuple[str, ...]] = ("panel", "result")

    panel: bool = False
    kind: str = "normal"
    form_number: int = 0
    """Grows with every opening, so that the form starts empty."""
    products: list[dict[str, str]] = []
    id_label: str = t("Product ID")
    id_hint: str = t("Choose the product first.")
    seen: str = ""
    seen_tone: str = ""
    """What is known of the product while its ID is being typed."""
    today: str = ""
    result: bool = False
    lines: list[EarnedRow] = []
    total: str = ""
    balance: str = ""
    reached: str = ""

    stage: str = ""
    """Where the chosen workbook is: empty, or an UploadStatus."""
    file_name: str = ""
    percent: int = 0
    progress: str = ""
    so_far: str = ""
    """What of the workbook is registered already."""
    waits: bool = False
    """Some of a cancelled workbook is not registered."""
    good: int = 0
    good_words: str = ""
    register_words: str = ""
    bad: int = 0
    bad_words: str = ""
    problems: list[ProblemRow] = []
    more_problems: str = ""
    correct_href: str = ""
    refusal: str = ""
    unfinished: str = ""
    """Said on the page while a workbook waits for its owner."""

    _id_kinds: dict[str, str] = {}
    _typed: dict[str, str] = {}
    """Product, Product ID and day, as the form has them at the moment."""
    _upload: int = 0

    @rx.event
    async def open_panel(self) -> Any:
        self.errors = {}
        self.today = clock.now().date().isoformat()
        self.form_number += 1
        self._follow("")
        self._typed, self.seen = {}, ""
        self.result, self.panel, self.unfinished = False, True, ""
        if self.stage not in (UploadStatus.CHECKING, UploadStatus.CHECKED, UploadStatus.REGISTERING):
            self._forget_upload()
            return None
        self.kind = "bulk"
        return GetPoints.watch

    @rx.event
    async def pick_kind(self, kind: str) -> None:
        self.errors = {}
        self.kind = "bulk" if kind == "bulk" else "normal"

    @rx.event
    async def close_panel(self, open_: bool) -> None:
        self.panel = self.panel and open_ is True

    @rx.event
    async def close_result(self, open_: bool) -> None:
        self.result = self.result and open_ is True

    @rx.event
    async def pick_product(self, code: str) -> None:
        self._follow(code)
        await self._look_at(product=code)

    @rx.event
    async def type_id(self, typed: str) -> None:
        await self._look_at(product_id=typed)

    @rx.event
    async def pick_day(self, day: str) -> None:
        await self._look_at(purchase_date=day)

    @rx.event
    async def register(self, form: dict) -> None:
        if not self.panel:
            return  # the second half of a double click
        done = await self._act(registration.register, form)
        if done is not None:
            self._forget_upload()
            self._show(done)

    @rx.event
    async def choose_file(self, files: list[rx.UploadFile]) -> None:
        if not isinstance(files, list) or not files or not isinstance(files[0], rx.UploadFile):
            return
        content = await files[0].read(settings().upload_limit_mb * 1024 * 1024 + 1)
        taken = await self._act(bulk.choose, {"file_name": files[0].filename or "", "content": content})
        if taken is not None:
            self._show_upload(taken)

    @rx.event
    async def reject_file(self) -> None:
        """The browser turned the file away: not one .xlsx file, or too large."""
        self.errors = {
            "file": t("Choose one .xlsx file of at most {n} MB. The template has the right format.",
                      n=settings().upload_limit_mb)
        }  # fmt: skip

    @rx.event
    async def check_file(self) -> Any:
        """ "Save": the file is checked as a whole before anything is registered."""
        if self.stage != UploadStatus.CHOSEN:
            self.errors = {"file": t("Choose a file first.")}
            return None
        return await self._go_on(bulk.start_check)

    @rx.event
    async def register_good(self) -> Any:
        return await self._go_on(bulk.start_registering) if self.stage == UploadStatus.CHECKED else None

    @rx.event
    async def go_back(self) -> None:
        """Leave the check, or what was cancelled, without registering: another file may be chosen. The history of
        uploads still has it."""
        if self.stage == UploadStatus.CHECKED:
            await self._act(bulk.cancel, {"upload": self._upload})
        self._forget_upload()

    @rx.event
    async def cancel_work(self) -> None:
        """Stop the work; what is registered by then is said."""
        if self.stage in (UploadStatus.CHECKING, UploadStatus.REGISTERING):
            seen = await self._act(bulk.cancel, {"upload": self._upload})
            if seen is not None:
                self._show_upload(seen)

    @rx.event
    async def take_up(self) -> Any:
        """Go on with what was cancelled: the rest is checked again first."""
        return await self._go_on(bulk.start_check) if self.stage == UploadStatus.CANCELLED else None

    @rx.event
    async def show(self, upload_id: int) -> Any:
        """Open the panel on one of the company's workbooks; one that was cancelled shows what is registered of it."""
        seen = await self._act(bulk.status, {"upload": upload_id})
        if seen is None:
            return None
        self.kind, self.panel, self.result, self.unfinished = "bulk", True, False, ""
        self._show_upload(seen)
        return GetPoints.watch if seen.running else None

    @rx.event(background=True)
    async def watch(self) -> None:
        """Follow the work on the workbook until it is done; the work itself goes on without anybody watching."""
        await asyncio.to_thread(jobs.start_due)
        for _ in range(LOOKS):
            if not await self._look():
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _look_at(self, **typed: Any) -> None:
        """Say what is known of the product so far; what is typed stays as it is."""
        self._typed = {**self._typed, **{name: value for name, value in typed.items() if isinstance(value, str)}}
        try:
            found = await self._ask(registration.preview, self._typed)
        except Refusal:  # more was typed than any of these can hold: "Save" says so
            found = registration.Preview("", "")
        self.seen, self.seen_tone = found.words, found.tone

    async def _look(self) -> bool:
        """Whether there is more to wait for."""
        async with self:
            try:
                seen = await self._ask(bulk.status, {"upload": self._upload})
            except Refusal:  # signed out, or somebody else is here by now: nobody is left to tell
                return False
            self._show_upload(seen)
            return seen.running

    async def _go_on(self, action: Any) -> Any:
        seen = await self._act(action, {"upload": self._upload})
        if seen is None:
            return None
        self._show_upload(seen)
        return GetPoints.watch

    def _know(self, seen: programme.View, upload: bulk.UploadView | None) -> None:
        """What was read with the page: the products to choose from, and a workbook that waits for its owner."""
        self.products = [{"value": product.code, "label": product.name} for product in seen.products]
        self._id_kinds = {product.code: product.id_kind.value for product in seen.products}
        self.unfinished = ""
        if upload and upload.id == self._upload and self.stage in ("checking", "registering"):
            self._show_upload(upload)  # it went on while its owner was elsewhere
        if upload and (upload.running or upload.status is UploadStatus.CHECKED) and not self.panel:
            self._show_upload(upload)
            self.unfinished = (
                t("{file} is being worked on. You can leave the page meanwhile.", file=upload.file_name)
                if upload.running
                else t("{file} is checked: {n} can be registered.", file=upload.file_name, n=self.good_words)
            )

    def _follow(self, code: Any) -> None:
        """The Product ID's label and hint follow the product."""
        kind = self._id_kinds.get(code) if isinstance(code, str) else None
        self.id_label = identifiers.LABELS[identifiers.IdKind(kind)] if kind else t("Product ID")
        self.id_hint = identifiers.HINTS[identifiers.IdKind(kind)] if kind else t("Choose the product first.")

    def _forget_upload(self) -> None:
        self._upload, self.stage, self.file_name, self.refusal = 0, "", "", ""
        self.problems, self.good, self.bad, self.correct_href = [], 0, 0, ""

    def _show_upload(self, seen: bulk.UploadView) -> None:
        self._upload, self.stage, self.file_name = seen.id, seen.status.value, seen.file_name
        self._show_progress(seen)
        left = seen.good - seen.registered
        self.good, self.good_words = left, plural(left, "row", "rows")
        self.register_words = t("Register the {n}", n=plural(left, "good row", "good rows"))
        self.bad, self.bad_words = seen.bad, plural(seen.bad, "row", "rows")
        self.problems = [
            ProblemRow(problem.row, problem.column, problem.found or t("empty"), problem.message, problem.mend)
            for problem in seen.problems
        ]
        self.more_problems = (
            t("The first {n} are shown.", n=len(seen.problems)) if seen.bad > len(seen.problems) else ""
        )
        self.correct_href = f"/files/rows-to-correct.xlsx?upload={seen.id}" if seen.bad else ""
        self.refusal = seen.refusal
        if seen.status is UploadStatus.DONE and seen.result:
            lines = [registration.Earned(**line) for line in seen.result["lines"]]
            self._show(registration.Registered(lines, *(seen.result[key] for key in ("total", "balance", "tier"))))

    def _show_progress(self, seen: bulk.UploadView) -> None:
        """Rows that are done, of all; and what of it is registered, to the row and the point."""
        done, of = (seen.registered, seen.good) if seen.status is UploadStatus.REGISTERING else (seen.done, seen.rows)
        self.percent = done * 100 // of if of else 0
        self.progress = (
            t("{done} of {all} products are registered …", done=f"{done:,}", all=f"{of:,}")
            if seen.status is UploadStatus.REGISTERING
            else t("{done} of {rows} rows are checked …", done=f"{done:,}", rows=f"{of:,}")
            if of
            else t("Reading the workbook …")
        )
        self.waits = seen.status is UploadStatus.CANCELLED and (seen.good > seen.registered or seen.good == 0)
        self.so_far = said_so_far(seen.status, seen.registered, seen.good, seen.points)

    def _show(self, done: registration.Registered) -> None:
        self.lines = [EarnedRow(line.product, line.count, f"{line.points:,}") for line in done.lines]
        self.total = plural(done.total, "point", "points")
        self.balance = plural(done.balance, "point", "points")
        self.reached = done.tier
        self.panel, self.result = False, True


def said_so_far(status: UploadStatus, registered: int, good: int, points: int) -> str:
    """What of a workbook is registered, while that is not all of it."""
    if status is UploadStatus.CANCELLED and not registered:
        return t("Nothing of this workbook is registered.")
    if not registered or status is UploadStatus.DONE:
        return ""
    return t(
        "{done} of {all} are registered, {points}; the others are not.",
        done=f"{registered:,}",
        all=plural(good, "good row", "good rows"),
        points=plural(points, "point", "points"),
    )


def get_points_panel() -> rx.Component:
    state = GetPoints
    working = (state.stage == "checking") | (state.stage == "registering")
    resting = (state.stage == "checked") | (state.stage == "cancelled")
    return overlays.drawer(
        state.panel,
        state.close_panel,
        t("Get Points"),
        rx.cond(
            working | resting,
            rx.fragment(),
            rx.el.div(
                rx.el.p(t("Type"), class_name="label"),
                segments(
                    state.kind,
                    {"normal": t("Normal"), "bulk": t("Bulk Register")},
                    state.pick_kind,
                    label=t("Type"),
                ),
                class_name="field",
            ),
        ),
        rx.cond(
            state.kind == "normal",
            _normal(state),
            rx.cond(working, _working(state), rx.cond(resting, _checked(state), _choosing(state))),
        ),
        foot=rx.cond(
            state.kind == "normal",
            rx.fragment(
                button(t("Cancel"), on_click=state.close_panel(False)),
                submit(t("Save"), form="registration"),
            ),
            rx.cond(
                working,
                rx.fragment(
                    button(t("Cancel"), look="danger", on_click=state.cancel_work),
                    button(t("Close"), on_click=state.close_panel(False)),
                ),
                rx.cond(resting, _checked_foot(state), _choosing_foot(state)),
            ),
        ),
    )


def _choosing(state: Any) -> rx.Component:
    return rx.el.div(
        rx.cond(state.refusal != "", callout(state.refusal, tone="bad", symbol="circle-alert")),
        rx.el.section(
            rx.el.h3(t("Download Template")),
            rx.el.p(t("Fill in one row for each product. The file says how."), class_name="hint"),
            rx.el.div(download_link(t("Download Template File"), "/files/registration-template.xlsx")),
            class_name="stack-s",
        ),
        rx.el.section(
            rx.el.h3(t("Upload File")),
            file_field(
                state,
                "file",
                t("Choose a File"),
                chosen=state.file_name,
                choose=state.choose_file,
                reject=state.reject_file,
                hint=t("An .xlsx file of at most {mb} MB and {rows} rows.", mb=settings().upload_limit_mb,
                       rows=f"{bulk.MOST_ROWS:,}"),
                largest_mb=settings().upload_limit_mb,
            ),
            class_name="stack-s",
        ),
        rx.el.div(button_link(t("History of Uploads"), "/partner/program/uploads", look="quiet", symbol="history")),
        class_name="stack",
    )  # fmt: skip


def _choosing_foot(state: Any) -> rx.Component:
    return rx.fragment(
        button(t("Cancel"), on_click=state.close_panel(False)),
        button(t("Save"), look="primary", on_click=state.check_file),
    )


def _working(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(state.file_name, class_name="strong wrap"),
        progress_bar(state.percent, state.progress),
        rx.el.p(state.progress, class_name="muted num", role="status"),
        rx.el.p(
            t(
                "You may close this and leave the page: the work goes on. “Cancel” stops it and says exactly what is "
                "registered by then."
            ),
            class_name="hint",
        ),
        class_name="stack",
    )


def _checked(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(state.file_name, class_name="strong wrap"),
        rx.el.div(
            rx.cond(state.refusal != "", callout(state.refusal, tone="bad", symbol="circle-alert")),
            rx.cond(
                state.so_far != "",
                callout(
                    rx.cond(state.stage == "cancelled", rx.el.strong(t("Cancelled. "))), state.so_far,
                    rx.cond(state.waits, rx.el.span(t(" “Go On” checks the rest of it again."))),
                    tone=rx.cond(state.stage == "cancelled", "warn", ""),
                ),
            ),
            rx.cond(
                (state.stage == "checked") & (state.good > 0),
                callout(rx.el.strong(state.good_words), t(" can be registered."), tone="good", symbol="check"),
            ),
            rx.cond(
                state.bad > 0,
                callout(rx.el.strong(state.bad_words), t(" cannot. Nothing of them is saved."), tone="bad",
                        symbol="circle-alert"),
            ),
            class_name="stack-s",
            role="status",
        ),
        rx.cond(
            state.bad > 0,
            rx.el.div(
                tables.table(
                    [(t("Row"), "num"), (t("Found"), ""), (t("Reason"), "")],
                    state.problems,
                    lambda row: [
                        tables.cell(row.row, kind="num"),
                        tables.cell(
                            rx.el.span(row.column, class_name="line faint"),
                            rx.el.span(row.found, class_name="line mono"),
                        ),
                        tables.cell(row.reason, " ", rx.el.span(row.mend, class_name="strong")),
                    ],
                    ready=True,
                    empty_state=rx.fragment(),
                    label=t("Rows that cannot be registered"),
                ),
                rx.el.p(state.more_problems, class_name="hint"),
                rx.el.div(download_link(t("Download the rows to correct"), state.correct_href)),
                class_name="stack-s",
            ),
        ),
        class_name="stack",
    )  # fmt: skip


def _checked_foot(state: Any) -> rx.Component:
    return rx.fragment(
        button(t("Go Back"), on_click=state.go_back),
        rx.cond(state.waits, button(t("Go On"), look="primary", on_click=state.take_up)),
        rx.cond(
            (state.stage == "checked") & (state.good > 0),
            button(state.register_words, look="primary", on_click=state.register_good),
        ),
    )


def unfinished_work() -> rx.Component:
    """Says on the page that a workbook waits, and leads to it."""
    state = GetPoints
    return rx.cond(
        state.unfinished != "",
        callout(
            rx.el.div(
                rx.el.span(state.unfinished),
                button(t("Show"), small=True, on_click=state.open_panel),
                class_name="row-between",
            ),
            symbol="file-spreadsheet",
        ),
    )


def _normal(state: Any) -> rx.Component:
    return forms.form(
        state,
        forms.choice(
            state,
            "product",
            t("Product"),
            state.products,
            placeholder=t("Choose a product"),
            on_change=state.pick_product,
        ),
        rx.el.div(
            forms.field(
                state,
                "product_id",
                state.id_label,
                hint=state.id_hint,
                auto_complete="off",
                max_length=255,
                on_change=state.type_id.debounce(300),
            ),
            verdict(state.seen, state.seen_tone),
            class_name="field",
        ),
        forms.field(
            state,
            "purchase_date",
            t("Purchase Date"),
            kind="date",
            max=state.today,
            on_change=state.pick_day.debounce(300),
        ),
        forms.field(
            state,
            "purchase_from",
            t("Purchase From"),
            hint=t("The name of the person from whom you purchased the product."),
            auto_complete="off",
            max_length=100,
        ),
        forms.field(state, "end_user_name", t("End User Name"), auto_complete="off", max_length=100),
        forms.field(state, "end_user_company", t("End User Company Name"), auto_complete="off", max_length=100),
        on_submit=state.register,
        id="registration",
        key=state.form_number.to_string(),
    )


def result_window(on_close: Any) -> rx.Component:
    """What was earned; `on_close` refreshes the page behind it."""
    state = GetPoints
    return overlays.dialog(
        state.result,
        [state.close_result, on_close],
        t("Registered"),
        rx.el.div(
            emblem("sparkles", "good"),
            rx.el.p(t("You earned")),
            rx.el.p(state.total, class_name="figure"),
            rx.el.p(t("New balance: "), rx.el.strong(state.balance), class_name="muted num"),
            class_name="result",
        ),
        rx.cond(
            state.reached != "",
            callout(
                rx.el.strong(t("Congratulations! ")),
                t("Your company has reached the tier "),
                rx.el.strong(state.reached),
                ".",
                tone="good",
                symbol="award",
            ),
        ),
        tables.table(
            [(t("Product"), ""), (t("Registered"), "num"), (t("Points"), "num")],
            state.lines,
            lambda row: [
                tables.cell(row.product),
                tables.cell(row.count, kind="num"),
                tables.cell("+", row.points, kind="num"),
            ],
            ready=True,
            empty_state=rx.fragment(),
            label=t("Points earned by product"),
        ),
        rx.cond(
            state.correct_href != "",
            rx.el.div(
                icon("circle-alert"),
                rx.el.span(state.bad_words, t(" could not be registered."), class_name="grow"),
                download_link(t("Download the rows to correct"), state.correct_href),
                class_name="callout",
            ),
        ),
        overlays.actions(
            button(t("Register Another"), on_click=state.open_panel),
            button(t("Done"), look="primary", on_click=[state.close_result(False), on_close]),
        ),
    )
