"""Cloud PBXs are run by a hosting engine: what was asked for and what the engine reported stand apart, commands to it
and reports of it are kept, customers get their emails. PBXs that are there already are made known to the engine."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = ("stopped", "starting", "running", "upgrading", "restoring", "provisioning", "deleted")
KINDS = ("create", "start", "stop", "resize", "upgrade", "reset", "invite", "delete")


def word(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=32)


def time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, UTCDateTime(timezone=True), nullable=nullable)


def number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def key(table: str) -> tuple[sa.Column, sa.PrimaryKeyConstraint]:
    return sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def pbx_columns() -> list[sa.Column]:
    return [
        sa.Column("type", word("commercial", "trial", name="pbxtype"), nullable=False, server_default="commercial"),
        sa.Column("run_after_expiry", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("region", sa.String(60), nullable=False, server_default=""),
        sa.Column("subdomain", sa.String(63), nullable=True),
        sa.Column("domain", sa.String(190), nullable=False, server_default=""),
        sa.Column("desired", word("stopped", "running", "deleted", name="desired"), nullable=False,
                  server_default="stopped"),
        number("held_extensions"),
        number("held_calls"),
        number("held_minutes"),
        number("report_sequence"),
        time("reported_at", nullable=True),
        sa.Column("trouble", sa.String(300), nullable=False, server_default=""),
    ]  # fmt: skip


def upgrade() -> None:
    for column in pbx_columns():
        op.add_column("pbx", column)
    op.execute("UPDATE pbx SET subdomain = 'pbx-' || id, domain = 'pbx.example.com'")
    living = {"sqlite_where": sa.text("deleted_at IS NULL"), "postgresql_where": sa.text("deleted_at IS NULL")}
    op.create_index("uq_pbx_living_subdomain_domain", "pbx", ["subdomain", "domain"], unique=True, **living)
    _engine()
    _people()
    _make_known()


def _engine() -> None:
    op.create_table(
        "engine_command",
        *key("engine_command"),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("kind", word(*KINDS, name="commandkind"), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("ordered_by", sa.String(255), nullable=False),
        time("created_at"),
        time("next_try_at"),
        number("tries"),
        time("sent_at", nullable=True),
        sa.Column("outcome", word("done", "failed", name="outcome"), nullable=True),
        sa.Column("error", sa.String(300), nullable=False),
        time("ended_at", nullable=True),
        refers("engine_command", "pbx_id", "pbx"),
        sa.UniqueConstraint("message_id", name=op.f("uq_engine_command_message_id")),
    )
    op.create_index(op.f("ix_engine_command_pbx_id"), "engine_command", ["pbx_id"])
    unsent, open_ = sa.text("sent_at IS NULL"), sa.text("outcome IS NULL")
    op.create_index("ix_engine_command_to_send", "engine_command", ["next_try_at"],
                    sqlite_where=unsent, postgresql_where=unsent)  # fmt: skip
    op.create_index("ix_engine_command_unanswered", "engine_command", ["pbx_id"],
                    sqlite_where=open_, postgresql_where=open_)  # fmt: skip
    op.create_table(
        "engine_report",
        *key("engine_report"),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        number("sequence"),
        time("at"),
        time("received_at"),
        sa.Column("state", word(*STATES, name="runstate"), nullable=False),
        sa.Column("activated", sa.Boolean(), nullable=False),
        sa.Column("command_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        refers("engine_report", "pbx_id", "pbx"),
        refers("engine_report", "command_id", "engine_command"),
        sa.UniqueConstraint("message_id", name=op.f("uq_engine_report_message_id")),
    )
    op.create_index("ix_engine_report_pbx_id_id", "engine_report", ["pbx_id", "id"])
    op.create_table(
        "engine_health",
        *key("engine_health"),
        time("lost_since", nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
    )
    op.create_table(
        "simulated_pbx",
        *key("simulated_pbx"),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("state", word(*STATES, name="runstate"), nullable=False),
        sa.Column("activated", sa.Boolean(), nullable=False),
        *[number(name) for name in ("extensions", "calls", "minutes", "sequence")],
        sa.Column("queue", sa.JSON(), nullable=False),
        time("due_at", nullable=True),
        sa.Column("unsent", sa.JSON(), nullable=False),
        sa.Column("has_unsent", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.UniqueConstraint("reference", name=op.f("uq_simulated_pbx_reference")),
    )
    op.create_index(op.f("ix_simulated_pbx_due_at"), "simulated_pbx", ["due_at"])
    op.create_index(op.f("ix_simulated_pbx_has_unsent"), "simulated_pbx", ["has_unsent"])


def _people() -> None:
    lengths = {"business_number": 40, "mobile": 40, "home_number": 40, "fax": 40, "street": 255, "postal_code": 20,
               "city": 100, "state": 100, "country": 2, "remark": 500}  # fmt: skip
    op.create_table(
        "contact",
        *key("contact"),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(100), nullable=False),
        sa.Column("last_name", sa.String(100), nullable=True),
        sa.Column("company", sa.String(100), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        *[sa.Column(name, sa.String(length), nullable=True) for name, length in lengths.items()],
        time("created_at"),
        refers("contact", "organisation_id", "organisation"),
    )
    op.create_index("ix_contact_organisation_id_id", "contact", ["organisation_id", "id"])
    op.create_table(
        "pbx_recipient",
        *key("pbx_recipient"),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        refers("pbx_recipient", "pbx_id", "pbx"),
        refers("pbx_recipient", "contact_id", "contact"),
        sa.UniqueConstraint("pbx_id", "contact_id", name="uq_pbx_recipient_once"),
    )
    op.create_index(op.f("ix_pbx_recipient_contact_id"), "pbx_recipient", ["contact_id"])
    op.create_table(
        "pbx_reminder",
        *key("pbx_reminder"),
        sa.Column("pbx_id", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        number("days"),
        time("at"),
        refers("pbx_reminder", "pbx_id", "pbx"),
        sa.UniqueConstraint("pbx_id", "expires_on", "days", name="uq_pbx_reminder_once"),
    )


def _make_known() -> None:
    """A command to create each PBX that was there before the engine."""
    connection, now = op.get_bind(), datetime.now(UTC)
    names = ("id", "name", "plan", "extensions", "calls", "recording", "minutes", "high_availability", "subdomain",
             "domain")  # fmt: skip
    pbx = sa.table("pbx", *map(sa.column, (*names, "deleted_at")))
    command = sa.table(
        "engine_command",
        *map(sa.column, ("pbx_id", "message_id", "kind", "ordered_by", "tries", "error")),
        sa.column("body", sa.JSON()),
        sa.column("created_at", UTCDateTime(timezone=True)),
        sa.column("next_try_at", UTCDateTime(timezone=True)),
    )
    living = sa.select(*[pbx.c[name] for name in names]).where(pbx.c.deleted_at.is_(None))
    for row in connection.execute(living).mappings().all():
        spec = {name: row[name] for name in names if name != "id"}
        body = json.loads(json.dumps({**spec, "region": "", "recording": bool(row["recording"]),
                                      "high_availability": bool(row["high_availability"])}))  # fmt: skip
        values = {"pbx_id": row["id"], "message_id": f"cmd-first-{row['id']}", "kind": "create", "body": body}
        more = {"ordered_by": "system", "created_at": now, "next_try_at": now, "tries": 0, "error": ""}
        connection.execute(sa.insert(command).values(**values, **more))


def downgrade() -> None:
    for table in ("pbx_reminder", "pbx_recipient", "contact", "simulated_pbx", "engine_health", "engine_report",
                  "engine_command"):  # fmt: skip
        op.drop_table(table)
    op.drop_index("uq_pbx_living_subdomain_domain", "pbx")
    with op.batch_alter_table("pbx") as batch:
        for column in pbx_columns():
            batch.drop_column(column.name)
