"""Choosing a profile image in a form: the chosen file is checked and shown before anything is saved. For the States of
pages that have such a form."""

from typing import Any

import reflex as rx

from yeastar_app.services import images
from yeastar_app.words import t


class PictureChoice(rx.State, mixin=True):
    """What a form's State (a Shell) needs for `uploads.picture_field`; hand `_picture_payload()` in with the form."""

    picture_shown: str = ""
    """The address of what is shown: the stored picture, or a small copy of the chosen one."""

    _picture: bytes = b""
    _without_picture: bool = False

    def _start_picture(self, stored: str) -> None:
        self.picture_shown, self._picture, self._without_picture = stored, b"", False

    def _picture_payload(self) -> dict[str, Any]:
        return {"picture": self._picture or None, "without_picture": self._without_picture}

    @rx.event
    async def choose_picture(self, files: list[rx.UploadFile]) -> None:
        if not isinstance(files, list) or not files or not isinstance(files[0], rx.UploadFile):
            return
        content = await files[0].read(images.MAX_BYTES + 1)
        found = await self._act(images.preview, {"picture": content})
        if found is not None:
            self.picture_shown, self._picture = found.address, found.content
            self._without_picture = False

    @rx.event
    async def reject_picture(self) -> None:
        """The browser turned the file away: wrong type or larger than 2 MB. Takes no argument, because the argument
        on offer holds the file itself, and the socket would carry it here."""
        self.errors = {"picture": t("Choose a PNG, JPEG or WebP file of at most 2 MB.")}

    @rx.event
    async def clear_picture(self) -> None:
        self.picture_shown, self._picture, self._without_picture = "", b"", True
