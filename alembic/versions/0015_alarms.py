"""Alarms as records, with the people who hear of them."""

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = ("capacity_low", "capacity_full", "pbx_expiring", "pbx_expired", "pbx_trouble", "pbx_lost", "pbx_recovered",
         "pbx_deleted", "pbx_reported", "engine_lost", "engine_found")  # fmt: skip


def word(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, UTCDateTime(timezone=True), nullable=nullable)


def partial(name: str, table: str, column: str, condition: str, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], unique=unique, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("pbx_id", sa.Integer(), nullable=True),
        sa.Column("kind", word(*KINDS, name="alarmkind"), nullable=False),
        sa.Column("level", word("information", "warning", "alert", name="alarmlevel"), nullable=False),
        sa.Column("reason", sa.String(120), nullable=False),
        sa.Column("title", sa.String(160), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        time("raised_at"),
        time("ended_at", nullable=True),
        time("seen_at", nullable=True),
        sa.Column("seen_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_alarm_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["pbx_id"], ["pbx.id"], name=op.f("fk_alarm_pbx_id_pbx")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["account.id"], name=op.f("fk_alarm_seen_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    partial("uq_alarm_open_reason", "alarm", "reason", "ended_at IS NULL", unique=True)
    partial("ix_alarm_open_organisation_id", "alarm", "organisation_id", "ended_at IS NULL")
    partial("ix_alarm_open_pbx_id", "alarm", "pbx_id", "ended_at IS NULL")
    op.create_index("ix_alarm_organisation_id_id", "alarm", ["organisation_id", "id"])
    op.create_index(op.f("ix_alarm_raised_at"), "alarm", ["raised_at"])
    op.create_table(
        "alarm_contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(255), nullable=True),
        sa.Column("on_information", sa.Boolean(), nullable=False),
        sa.Column("on_warning", sa.Boolean(), nullable=False),
        sa.Column("on_alert", sa.Boolean(), nullable=False),
        time("created_at"),
        time("hour_began_at", nullable=True),
        sa.Column("hour_emails", sa.Integer(), nullable=False),
        sa.CheckConstraint("(account_id IS NULL) <> (email IS NULL)", name=op.f("ck_alarm_contact_either")),
        sa.CheckConstraint("on_information OR on_warning OR on_alert", name=op.f("ck_alarm_contact_some_level")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alarm_contact_account_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_alarm_contact_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_contact")),
        sa.UniqueConstraint("organisation_id", "account_id", name=op.f("uq_alarm_contact_account")),
        sa.UniqueConstraint("organisation_id", "email", name=op.f("uq_alarm_contact_email")),
    )
    op.create_table(
        "alarm_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        time("told_at", nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_notice_alarm_id_alarm")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["alarm_contact.id"], name=op.f("fk_alarm_notice_contact_id_alarm_contact")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_notice")),
        sa.UniqueConstraint("contact_id", "alarm_id", name=op.f("uq_alarm_notice_once")),
    )
    op.create_index(op.f("ix_alarm_notice_alarm_id"), "alarm_notice", ["alarm_id"])
    partial("ix_alarm_notice_held", "alarm_notice", "contact_id", "told_at IS NULL")


def downgrade() -> None:
    op.drop_table("alarm_notice")
    op.drop_table("alarm_contact")
    op.drop_table("alarm")
