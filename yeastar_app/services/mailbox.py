"""The local mailbox: what the outbox holds, to be read. Open to anybody in demo mode, where it stands in for
everybody's mail program; elsewhere administrators see who got what and when, never a body: bodies hold links."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col

from yeastar_app.access import Actor, Policy, action
from yeastar_app.engines import mail
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Kind
from yeastar_app.models.records import Email
from yeastar_app.refusals import NotFound
from yeastar_app.services.fields import RowId
from yeastar_app.services.paging import PageForm, Search, page_of
from yeastar_app.services.word_search import EMAILS, Among, begins
from yeastar_app.settings import settings
from yeastar_app.words import t

MAILBOX = Policy(Surface.STAFF, kinds=frozenset({Kind.ADMINISTRATOR}), open_in_demo=True)
MOST = 50


class SearchForm(BaseModel):
    search: Search = ""


class LetterForm(BaseModel):
    id: RowId


@dataclass(frozen=True)
class Line:
    """An email in the list. `state`: kept, waiting, sent or given_up."""

    id: int
    to: str
    subject: str
    at: datetime
    state: str


@dataclass(frozen=True)
class Part:
    """A piece of an email's text. `kind`: words, code, button or foot."""

    kind: str
    words: str
    href: str = ""


@dataclass(frozen=True)
class Letter:
    line: Line
    parts: list[Part]
    remark: str


@action(MAILBOX, form=SearchForm, writes=False)
def emails(session: Session, actor: Actor, form: SearchForm) -> list[Line]:
    """The newest MOST emails, or those whose recipient or subject has the words that are searched for."""
    query: Any = sa.select(Email, col(Email.id).label("id"))
    filters = [begins(session, form.search, Among(EMAILS))] if form.search else []
    found = page_of(session, query, col(Email.id), PageForm(), filters=filters, limit=MOST)
    return [_line(row.Email) for row in found.rows]


@action(MAILBOX, form=LetterForm, writes=False)
def letter(session: Session, actor: Actor, form: LetterForm) -> Letter:
    """One email; its body in demo mode only."""
    row = session.get(Email, form.id)
    if row is None:
        raise NotFound(t("The email"))
    return Letter(_line(row), parts(row.text) if settings().demo_mode else [], _remark(row))


def _line(row: Email) -> Line:
    return Line(row.key, row.to, row.subject, row.created_at, _state(row))


def _state(row: Email) -> str:
    if row.sent_at:
        return "sent"
    if not mail.is_configured():
        return "kept"
    return "given_up" if row.error and not row.text else "waiting"


def _remark(row: Email) -> str:
    """Why there is nothing to read, or what went wrong."""
    if row.error:
        return t("Not delivered: {reason}", reason=row.error)
    if row.sent_at:
        return t("Delivered. Its text is not kept, because it may hold links that open an account.")
    if not settings().demo_mode:
        return t("The text is shown in demo mode only, because it may hold links that open an account.")
    return ""


_BUTTON = re.compile(r"(?P<words>[^\n]+):\n(?P<href>https?://\S+)")


def parts(text: str) -> list[Part]:
    """The text of an email (services/mail.py writes it) in its pieces."""
    found = []
    for piece in filter(None, (piece.strip() for piece in text.split("\n\n"))):
        button = _BUTTON.fullmatch(piece)
        if button:
            found.append(Part("button", button["words"], button["href"]))
        elif piece.startswith("--\n"):
            found.append(Part("foot", piece.removeprefix("--\n")))
        else:
            found.append(Part("code" if re.fullmatch(r"\d{6}", piece) else "words", piece))
    return found
