"""What all tables share: constraint names, UTC times, enums as short strings."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on both databases. A naive value is a programming error and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def time_column(**options: Any) -> Any:
    """A UTC time column; pass `nullable=True` where it may be empty."""
    nullable = bool(options.pop("nullable", False))
    return Field(default=None if nullable else ..., sa_type=UTCDateTime, nullable=nullable, **options)


def enum_column(kind: type[StrEnum], **options: Any) -> Any:
    """A column holding the value of a StrEnum as a short string."""
    stored = sa.Enum(kind, native_enum=False, create_constraint=False, length=32, values_callable=_values)
    return Field(sa_type=stored, **options)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


class Table(SQLModel):
    """A table with an integer key. Reading an unsaved row's `key` is an error rather than None."""

    id: int | None = Field(default=None, primary_key=True)

    @property
    def key(self) -> int:
        if self.id is None:
            raise RuntimeError(f"{type(self).__name__} is not saved yet")
        return self.id
