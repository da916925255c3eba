"""Customers of Central Management: contact records who receive activation and expiry emails. They are no accounts."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from yeastar_app.models.base import Table, time_column


class Contact(Table, table=True):
    """A person at an end customer, kept by one organisation."""

    __tablename__ = "contact"
    __table_args__ = (sa.Index("ix_contact_organisation_id_id", "organisation_id", "id"),)
    organisation_id: int = Field(foreign_key="organisation.id")
    first_name: str = Field(max_length=100)
    last_name: str | None = Field(default=None, max_length=100)
    company: str = Field(max_length=100)
    email: str = Field(max_length=255)
    business_number: str | None = Field(default=None, max_length=40)
    mobile: str | None = Field(default=None, max_length=40)
    home_number: str | None = Field(default=None, max_length=40)
    fax: str | None = Field(default=None, max_length=40)
    street: str | None = Field(default=None, max_length=255)
    postal_code: str | None = Field(default=None, max_length=20)
    city: str | None = Field(default=None, max_length=100)
    state: str | None = Field(default=None, max_length=100)
    country: str | None = Field(default=None, max_length=2)
    remark: str | None = Field(default=None, max_length=500)
    created_at: datetime = time_column()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name or ''}".strip()


class PbxRecipient(Table, table=True):
    """Who gets the activation and expiry emails of a PBX. Whoever stands here cannot be deleted."""

    __tablename__ = "pbx_recipient"
    __table_args__ = (sa.UniqueConstraint("pbx_id", "contact_id", name="uq_pbx_recipient_once"),)
    pbx_id: int = Field(foreign_key="pbx.id")
    contact_id: int = Field(foreign_key="contact.id", index=True)
