"""Choosing a file from one's computer, by button, keyboard or by dropping it."""

from typing import Any

import reflex as rx

from yeastar_app.components.controls import avatar, button
from yeastar_app.words import t

PICTURES = {"image/png": [".png"], "image/jpeg": [".jpg", ".jpeg"], "image/webp": [".webp"]}
TWO_MEGABYTES = 2 * 1024 * 1024


def _picker(label: str, *shown: Any, **props: Any) -> rx.Component:
    """The place a file is dropped on, with its hidden file input named for screen readers: the framework gives no way
    to say it."""
    zone = rx.upload.root(*shown, multiple=False, no_keyboard=True, **props)
    zone.children[0].children[0].custom_attrs["aria-label"] = label
    return zone


def picture_field(
    state: Any, label: str, *, name: Any, shown: Any, choose: Any, reject: Any, clear: Any, preview: Any = None
) -> Any:
    """A picture: what is shown now (`preview`; a person's, unless told), "Upload", "Remove". `choose` receives the
    files, `reject` what the browser turned away already; errors stand at field `picture`."""
    message = state.errors["picture"]
    return rx.el.div(
        rx.el.p(label, rx.el.span(f" ({t('optional')})", class_name="label-mark"), class_name="label"),
        rx.el.div(
            avatar(rx.cond(name != "", name, "?"), shown, big=True) if preview is None else preview,
            rx.el.div(
                rx.el.div(
                    _picker(
                        label,
                        button(t("Upload"), symbol="upload", aria_describedby="picture-hint picture-error"),
                        id="picture",
                        accept=PICTURES,
                        max_size=TWO_MEGABYTES,
                        on_drop=choose(rx.upload_files(upload_id="picture")),
                        on_drop_rejected=reject,
                    ),
                    rx.cond(shown != "", button(t("Remove"), look="quiet", on_click=clear)),
                    class_name="row",
                ),
                rx.el.p(t("PNG, JPEG or WebP, at most 2 MB."), id="picture-hint", class_name="hint"),
                rx.cond(
                    message,
                    rx.el.p(message, id="picture-error", role="alert", class_name="error"),
                ),
                class_name="stack-s",
            ),
            class_name="picture",
        ),
        class_name="field field-wide",
    )


WORKBOOKS = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": [".xlsx"]}


def file_field(
    state: Any, name: str, label: str, *, chosen: Any, choose: Any, reject: Any, hint: str, largest_mb: int
) -> rx.Component:
    """A workbook to upload: button or drop, the name of what was chosen, the error of field `name`."""
    message = state.errors[name]
    return rx.el.div(
        _picker(
            label,
            rx.el.div(
                button(label, symbol="upload", aria_describedby=f"{name}-hint {name}-error"),
                rx.el.span(
                    rx.cond(chosen != "", chosen, t("or drop it here")),
                    class_name=rx.cond(chosen != "", "strong wrap", "faint"),
                    role="status",
                ),
                class_name="row",
            ),
            id=name,
            accept=WORKBOOKS,
            max_size=largest_mb * 1024 * 1024,
            class_name="drop",
            on_drop=choose(rx.upload_files(upload_id=name)),
            on_drop_rejected=reject,
        ),
        rx.el.p(hint, id=f"{name}-hint", class_name="hint"),
        rx.cond(message, rx.el.p(message, id=f"{name}-error", role="alert", class_name="error")),
        class_name="field",
    )
