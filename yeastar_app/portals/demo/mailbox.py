"""/mailbox: everybody's mail program while trying things out; elsewhere the administrator's view of the outbox."""

from dataclasses import asdict, dataclass

import reflex as rx

from yeastar_app.components import layout, mailbox
from yeastar_app.portals.page import Shell, guarded, page
from yeastar_app.services import mailbox as service
from yeastar_app.words import minute, t

REFRESH_SECONDS = 3
_STATES = {
    "kept": ("", ""),
    "waiting": (t("Waiting"), "warn"),
    "sent": (t("Delivered"), "good"),
    "given_up": (t("Given up"), "bad"),
}


@dataclass
class Row:
    id: int
    recipient: str
    subject: str
    at: str
    state: str
    tone: str


@dataclass
class Piece:
    kind: str
    words: str
    href: str


def _row(line: service.Line) -> Row:
    words, tone = _STATES[line.state]
    return Row(line.id, line.to, line.subject, minute(line.at), words, tone)


@guarded(service.MAILBOX)
class MailboxState(Shell):
    rows: list[Row] = []
    search: str = ""
    shown: Row = Row(0, "", "", "", "", "")
    """The email being read; id 0: none."""
    pieces: list[Piece] = []
    remark: str = ""

    @rx.event
    async def load(self) -> None:
        self.shown, self.pieces, self.remark = Row(0, "", "", "", "", ""), [], ""
        self.search = self.router.url.query_parameters.get("to", "")[:255]
        await self._fetch()
        if self.rows:
            await self._open(self.rows[0].id)

    @rx.event
    async def refresh(self) -> None:
        """Asked every few seconds by the open page: shows what has arrived, leaves what is being read."""
        await self._fetch()
        if not self.shown.id and self.rows:
            await self._open(self.rows[0].id)

    @rx.event
    async def find(self, form: dict) -> None:
        lines = await self._act(service.emails, form)
        if lines is not None:
            self.search = str(form.get("search", ""))
            self.rows = [_row(line) for line in lines]

    @rx.event
    async def read(self, number: int) -> None:
        await self._open(number)

    async def _fetch(self) -> None:
        lines = await self._act(service.emails, {"search": self.search})
        rows = [_row(line) for line in lines or []]
        if rows != self.rows:
            self.rows = rows

    async def _open(self, number: int) -> None:
        letter = await self._act(service.letter, {"id": number})
        if letter is not None:
            self.shown, self.remark = _row(letter.line), letter.remark
            self.pieces = [Piece(**asdict(part)) for part in letter.parts]


@page("/mailbox", t("Mailbox"), service.MAILBOX, MailboxState.load)
def mailbox_page() -> rx.Component:
    state = MailboxState
    return layout.open_page(
        state,
        t("Mailbox"),
        mailbox.panes(
            mailbox.letters(state.rows, state.shown.id, state.read, ready=state.ready, search=mailbox.search(state)),
            mailbox.reading(state.shown, state.pieces, state.remark),
        ),
        mailbox.keep_asking(state.refresh, REFRESH_SECONDS),
        note=t("Every email this system has written, newest first. New ones appear by themselves."),
    )
