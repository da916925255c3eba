"""Looks at what the system stands on and says what it finds in plain sentences. Changes nothing."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from yeastar_app import build, database, greeting
from yeastar_app.engines import mail
from yeastar_app.settings import ROOT, settings


@dataclass(frozen=True)
class Finding:
    fine: bool
    words: str


def findings() -> list[Finding]:
    """Everything looked at, in the order in which one would mend it. Raises where the settings cannot be read."""
    return [*_settings(), *_database(), *_node(), *_pages(), *_port(), *_mail()]


def _settings() -> Iterator[Finding]:
    mode = "demo mode: sample accounts and an open mailbox" if settings().demo_mode else "no demo mode"
    yield Finding(True, f"The settings are read: {settings().address}, {mode}.")
    if not settings().demo_mode and not settings().is_https and settings().host not in ("127.0.0.1", "::1"):
        yield Finding(False, "Sign-ins would travel unencrypted: set PUBLIC_URL to the https address people type.")


def _database() -> Iterator[Finding]:
    name = settings().database_name
    try:
        with database.engine().connect() as connection:
            connection.execute(sa.text("SELECT 1"))
            present = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        yield Finding(False, greeting.sentence_for(error) or f"The database {name} cannot be used.")
        return
    newest = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini"))).get_current_head()
    if present == newest:
        yield Finding(True, f"The database {name} answers and its tables are those of this version ({newest}).")
    else:
        yield Finding(
            False, f"The tables of {name} are of version {present or 'none'}, not {newest}: `yeastar migrate`."
        )


def _node() -> Iterator[Finding]:
    try:
        answer = subprocess.run(  # noqa: S603 - our own environment's Node
            [build.node(), "--version"], capture_output=True, text=True, check=True, env=build.tool_environment()
        )
    except (OSError, subprocess.CalledProcessError):
        yield Finding(False, "Node is not in this Python environment: run `make run`, or install requirements.lock.")
    else:
        yield Finding(True, f"Node {answer.stdout.strip()} is in this Python environment.")


def _pages() -> Iterator[Finding]:
    if build.is_built():
        yield Finding(True, "The pages are built from the present sources.")
    else:
        yield Finding(True, "The pages are built at the next start, because sources changed.")


def _port() -> Iterator[Finding]:
    try:
        greeting.refuse_a_taken_port()
    except greeting.Mendable as problem:
        yield Finding(False, f"{problem} (Or the system is running already.)")
    else:
        yield Finding(True, f"Port {settings().port} on {settings().host} is free.")


def _mail() -> Iterator[Finding]:
    if not mail.is_configured():
        yield Finding(True, "No SMTP_HOST is set: emails stay in the local mailbox.")
        return
    problem = mail.reachable()
    where = f"{settings().smtp_host}:{settings().smtp_port}"
    if problem:
        yield Finding(False, f"The mail server {where} does not take our emails: {problem}. Check the SMTP_ settings.")
    else:
        yield Finding(True, f"The mail server {where} answers.")
