"""The two fields of a new password, the same wherever one is set."""

from typing import Any

import reflex as rx

from yeastar_app.components import forms
from yeastar_app.words import t


def new_password_fields(state: Any, label: str = "") -> tuple[rx.Component, rx.Component]:
    return (
        forms.field(
            state,
            "password",
            label or t("Password"),
            kind="password",
            auto_complete="new-password",
            hint=t("At least 10 characters. Three or four unrelated words work well."),
        ),
        forms.field(state, "repeat", t("Repeat the password"), kind="password", auto_complete="new-password"),
    )
