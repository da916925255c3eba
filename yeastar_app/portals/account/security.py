"""Account > Security: two-factor authentication, its recovery codes, and the "Trusted Device List"."""

from dataclasses import dataclass
from typing import Any, ClassVar

import reflex as rx
import segno

from yeastar_app.access import OWN_ACCOUNT
from yeastar_app.components import forms, layout, overlays, tables
from yeastar_app.components.controls import badge, button, button_link, callout, empty, loading, submit
from yeastar_app.portals.account.frame import AccountState, when
from yeastar_app.portals.page import current_actor, guarded, with_own
from yeastar_app.services import devices, two_factor
from yeastar_app.words import t


@dataclass
class DeviceRow:
    id: int
    name: str
    until: str
    is_this: bool


@guarded(OWN_ACCOUNT)
class SecurityState(AccountState):
    OPENS: ClassVar[tuple[str, ...]] = (
        "setting_up",
        "qr",
        "key_to_type",
        "email_sent",
        "fresh_codes",
        "asking_for",
        "changing",
        "_secret",
    )

    loaded: bool = False
    method: str = "off"
    codes_left: int = 0
    trusted: list[DeviceRow] = []

    changing: bool = False
    """Whether the two methods are offered although one is on."""
    setting_up: str = ""
    """The method whose steps are open: app or email."""
    qr: str = ""
    key_to_type: str = ""
    email_sent: bool = False

    fresh_codes: list[str] = []
    """Recovery codes, from the moment they are made until their owner says that they are kept."""
    asking_for: str = ""
    """What the password is asked for: off or codes."""

    _secret: str = ""

    @rx.event
    async def read(self) -> None:
        await self._read()

    @rx.event
    async def begin(self, method: str) -> None:
        self._close()
        if method == "app":
            made = await self._ask(two_factor.begin_app)
            self._secret = made.secret
            self.key_to_type = " ".join(made.secret[start : start + 4] for start in range(0, len(made.secret), 4))
            self.qr = segno.make(made.address, error="m").svg_data_uri(scale=4, border=2)
        self.setting_up = method if method in ("app", "email") else ""

    @rx.event
    async def cancel(self) -> None:
        self._close()

    @rx.event
    async def change_method(self) -> None:
        self._close()
        self.changing = True

    @rx.event
    async def send_email(self) -> None:
        if self.setting_up == "email" and await self._did(two_factor.send_setup_code):
            self.email_sent = True

    @rx.event
    async def save_app(self, form: dict[str, Any]) -> None:
        if self.setting_up == "app":
            await self._turned_on(await self._act(two_factor.confirm_app, with_own(form, secret=self._secret)))

    @rx.event
    async def save_email(self, form: dict[str, Any]) -> None:
        if self.setting_up == "email":
            await self._turned_on(await self._act(two_factor.confirm_email, form))

    @rx.event
    async def ask_password(self, purpose: str) -> None:
        self._close()
        self.asking_for = purpose if purpose in ("off", "codes") else ""

    @rx.event
    async def close_question(self, opened: bool) -> None:
        if opened is not True:
            self.errors, self.asking_for = {}, ""

    @rx.event
    async def answer(self, form: dict[str, Any]) -> None:
        """The password was given for what it was asked for."""
        if self.asking_for == "off" and await self._did(two_factor.switch_off, form):
            self._close()
            self._say(t("2FA has been disabled."))
        elif self.asking_for == "codes":
            made = await self._act(two_factor.renew_codes, form)
            if made is None:
                return
            self._close()
            self.fresh_codes = made
        else:
            return
        await self._read()

    @rx.event
    async def codes_kept(self) -> None:
        self.fresh_codes = []

    @rx.event
    async def delete_device(self, device_id: int) -> None:
        if device_id not in [row.id for row in self.trusted]:
            return  # the second of two clicks
        if await self._did(devices.distrust, {"id": device_id}):
            self._say(t("This device is asked for a code again."))
        await self._read()

    def _close(self) -> None:
        super()._close()
        self.errors = {}

    async def _turned_on(self, made: list[str] | None) -> None:
        if made is None:
            return
        self._close()
        self.fresh_codes = made
        self.demanded = False
        self._say(t("2FA has been enabled successfully."))
        await self._read()

    async def _read(self) -> None:
        state = await self._ask(two_factor.overview)
        self.method, self.codes_left = state.method.value, state.recovery_codes_left
        self.trusted = [
            DeviceRow(row.id, row.name, when(row.trusted_until), row.is_this)
            for row in await self._ask(devices.trusted)
        ]
        self.email = current_actor().email
        self.loaded = True


def section() -> rx.Component:
    state = SecurityState
    return rx.fragment(
        layout.card(
            rx.cond(state.loaded, _two_factor(), loading(4)),
            title=t("Two-factor Authentication"),
            aside=rx.cond(
                state.loaded, rx.cond(state.method == "off", badge(t("Off")), badge(t("On"), "good")), rx.fragment()
            ),
        ),
        layout.card(
            tables.table(
                [(t("Device"), ""), (t("Trusted until"), "date"), ("", "")],
                state.trusted,
                _device_cells,
                ready=state.loaded,
                empty_state=empty(
                    "monitor-check",
                    t("No trusted devices"),
                    t("Tick “Trust this device” when you enter a code, and this browser is not asked for 30 days."),
                ),
                label=t("Trusted Device List"),
            ),
            title=t("Trusted Device List"),
            flush=True,
        ),
        _question(),
    )


def _two_factor() -> rx.Component:
    state = SecurityState
    return rx.cond(
        state.fresh_codes.length() > 0,
        _recovery_codes(),
        rx.match(
            state.setting_up,
            ("app", _app_steps()),
            ("email", _email_steps()),
            rx.cond((state.method == "off") | state.changing, _methods(), _is_on()),
        ),
    )


def _methods() -> rx.Component:
    state = SecurityState
    return rx.el.div(
        rx.el.p(
            t("After your password, a code that only you can get is asked for. Choose how you want to get it."),
            class_name="muted",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.h3(t("Security App")),
                rx.el.p(t("An authenticator app on your phone shows a code that changes every 30 seconds."),
                        class_name="muted"),
                button(t("Set up"), look="primary", on_click=state.begin("app"),
                       aria_label=t("Set up Security App")),
                class_name="choice",
            ),
            rx.el.div(
                rx.el.h3(t("Email Authentication")),
                rx.el.p(t("We send a code to your Yeastar ID each time it is asked for."), class_name="muted"),
                button(t("Set up"), on_click=state.begin("email"), aria_label=t("Set up Email Authentication")),
                class_name="choice",
            ),
            class_name="choices",
        ),
        rx.cond(state.changing, rx.el.div(button(t("Cancel"), look="quiet", on_click=state.cancel), class_name="row")),
        class_name="stack",
    )  # fmt: skip


def _is_on() -> rx.Component:
    state = SecurityState
    return rx.el.div(
        forms.facts(
            (t("Method"), rx.cond(state.method == "app", t("Security App"), t("Email Authentication"))),
            (t("Recovery codes"), state.codes_left.to_string() + t(" of 10 left")),
        ),
        rx.el.div(
            button(t("Change method"), on_click=state.change_method),
            button(t("New recovery codes"), on_click=state.ask_password("codes")),
            button(t("Turn off"), look="danger", on_click=state.ask_password("off")),
            class_name="row",
        ),
        class_name="stack",
    )


def _step(number: str, *content: Any) -> rx.Component:
    return rx.el.div(rx.el.p(number, class_name="step-label"), *content, class_name="step")


def _app_steps() -> rx.Component:
    state = SecurityState
    return rx.el.div(
        _step(
            t("Step 01"),
            rx.el.p(t("Scan this code with your authenticator app, or type the key into it.")),
            rx.el.img(src=state.qr, alt=t("QR code with the key below"), class_name="qr"),
            rx.el.div(
                rx.el.code(state.key_to_type, id="key-to-type", class_name="key"),
                button(
                    t("Copy"),
                    small=True,
                    symbol="copy",
                    on_click=rx.call_function(
                        "() => navigator.clipboard?.writeText("
                        "document.getElementById('key-to-type').textContent.replaceAll(' ', ''))"
                    ),
                ),
                class_name="row",
            ),
        ),
        _step(t("Step 02"), rx.el.p(t("Enter the code that the app shows now.")), _code_form(state.save_app)),
        class_name="stack-l",
    )


def _email_steps() -> rx.Component:
    state = SecurityState
    return rx.el.div(
        _step(
            t("Step 01"),
            rx.el.p(t("We send a code to "), rx.el.strong(state.email), t(". It is valid for 5 minutes.")),
            rx.el.div(
                button(
                    rx.cond(state.email_sent, t("Send again"), t("Send Email")),
                    symbol="mail",
                    on_click=state.send_email,
                ),
                rx.cond(state.email_sent, rx.el.span(t("Sent. Look into your mailbox."), role="status")),
                class_name="row",
            ),
        ),
        _step(t("Step 02"), rx.el.p(t("Enter the code from the email.")), _code_form(state.save_email)),
        class_name="stack-l",
    )


def _code_form(on_submit: Any) -> rx.Component:
    state = SecurityState
    return forms.form(
        state,
        forms.field(
            state,
            "code",
            t("Authentication Code"),
            input_mode="numeric",
            auto_complete="one-time-code",
            max_length=12,
        ),
        rx.cond(
            state.method != "off",
            forms.field(state, "password", t("Password"), kind="password", auto_complete="current-password",
                        hint=t("Changing the method asks for your password.")),
        ),
        rx.el.div(
            submit(t("Save")), button(t("Cancel"), look="quiet", on_click=state.cancel), class_name="row"
        ),
        on_submit=on_submit,
    )  # fmt: skip


def _recovery_codes() -> rx.Component:
    state = SecurityState
    return rx.el.div(
        callout(
            rx.el.p(t("Keep these recovery codes in a safe place"), class_name="strong"),
            rx.el.p(
                t("Each of them signs you in once when you cannot get a code. They are not shown again, and older "
                  "ones do not work any more.")
            ),
            tone="warn",
            symbol="key-round",
        ),
        rx.el.ul(
            rx.foreach(state.fresh_codes, rx.el.li),
            id="recovery-codes",
            class_name="codes",
            aria_label=t("Recovery codes"),
        ),
        rx.el.div(
            button(
                t("Copy"),
                symbol="copy",
                on_click=rx.call_function(
                    "() => navigator.clipboard?.writeText([...document.querySelectorAll('#recovery-codes li')]"
                    ".map((line) => line.textContent).join('\\n'))"
                ),
            ),
            button(t("I have kept them"), look="primary", on_click=state.codes_kept),
            button_link(t("Go on to the portal"), "/", look="quiet"),
            class_name="row",
        ),
        class_name="stack",
    )  # fmt: skip


def _device_cells(row: Any) -> list[rx.Component]:
    return [
        tables.cell(
            rx.el.span(
                rx.el.span(row.name, class_name="strong nowrap"),
                rx.cond(row.is_this, badge(t("This browser"), "accent")),
                class_name="row",
            )
        ),
        tables.cell(row.until, kind="date"),
        tables.row_actions(
            button(
                t("Delete"),
                small=True,
                on_click=SecurityState.delete_device(row.id),
                aria_label=t("Delete: ") + row.name,
            )
        ),
    ]


def _question() -> rx.Component:
    state = SecurityState
    return overlays.dialog(
        state.asking_for != "",
        state.close_question,
        rx.cond(state.asking_for == "off", t("Turn off two-factor authentication?"), t("New recovery codes?")),
        rx.el.p(
            rx.cond(
                state.asking_for == "off",
                t("Only your password will protect your account then. Trusted devices and recovery codes are dropped."),
                t("Ten new codes take the place of the old ones."),
            ),
            class_name="muted",
        ),
        forms.form(
            state,
            forms.field(state, "password", t("Password"), kind="password", auto_complete="current-password"),
            overlays.actions(button(t("Cancel"), on_click=state.close_question(False)), submit(t("Confirm"))),
            on_submit=state.answer,
        ),
    )
