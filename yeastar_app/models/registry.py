"""Workbooks on their way into the product registry, and the rows of them that were refused."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, enum_column, time_column


class ImportStatus(StrEnum):
    CHOSEN = "chosen"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class RegistryImport(Table, table=True):
    """A workbook and how far it is. Its rows are taken in pieces: counts and rows are committed together, so that a
    restart goes on where it stopped."""

    __tablename__ = "registry_import"
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    """Empty where it came by the command line."""
    file_name: str = Field(max_length=200)
    content: bytes = Field(sa_type=sa.LargeBinary)
    """Empty once it is done."""
    status: ImportStatus = enum_column(ImportStatus)
    rows: int = 0
    done: int = 0
    """Filled rows that are dealt with, counted from the top."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    refusal: str = Field(default="", max_length=500)
    """Why the whole workbook was refused."""
    created_at: datetime = time_column()
    finished_at: datetime | None = time_column(nullable=True)
    claimed_until: datetime | None = time_column(nullable=True)


class RegistryProblem(Table, table=True):
    """A refused row: its number as the spreadsheet shows it, its cells as text, and why."""

    __tablename__ = "registry_problem"
    import_id: int = Field(foreign_key="registry_import.id", index=True)
    row: int
    cells: list[str] = Field(sa_type=sa.JSON)
    column: str = Field(max_length=40)
    message: str = Field(max_length=300)
