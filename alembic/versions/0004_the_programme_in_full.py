"""The points programme in full: debt, reviews, reversals, rewards and redemptions, account credit.

Points can be spent to the end of a day, in UTC: a lot has a last day instead of a last moment."""

from calendar import monthrange
from datetime import datetime

import sqlalchemy as sa
from alembic import op

from yeastar_app.models.base import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GUARDED = ("point_entry", "credit_entry")
CHANGES = ("update", "delete")


def upgrade() -> None:
    _rewards()
    _credit()
    _accounts()
    _lots()
    with op.batch_alter_table("registration") as table:
        table.add_column(sa.Column("reversed_at", UTCDateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("reversed_by_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("reversal_reason", sa.String(200), nullable=False, server_default=""))
        table.create_foreign_key(op.f("fk_registration_reversed_by_id_account"), "account", ["reversed_by_id"], ["id"])
        table.alter_column("reversal_reason", server_default=None)
    _unguard("point_entry")
    with op.batch_alter_table("point_entry") as table:
        table.drop_constraint(op.f("ck_point_entry_points_not_zero"), type_="check")
        table.add_column(sa.Column("debt", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("debt_after", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("redemption_id", sa.Integer(), nullable=True))
        table.create_check_constraint(op.f("ck_point_entry_something_changes"), "points != 0 OR debt != 0")
        table.create_check_constraint(op.f("ck_point_entry_debt_after_not_negative"), "debt_after >= 0")
        table.create_foreign_key(
            op.f("fk_point_entry_redemption_id_redemption"), "redemption", ["redemption_id"], ["id"]
        )
        table.create_index(op.f("ix_point_entry_lot_id"), ["lot_id"])
        table.create_index(op.f("ix_point_entry_registration_id"), ["registration_id"])
        table.create_index(op.f("ix_point_entry_redemption_id"), ["redemption_id"])
    with op.batch_alter_table("point_entry") as table:
        table.alter_column("debt", server_default=None)
        table.alter_column("debt_after", server_default=None)
    for name in GUARDED:
        _guard(name)


def downgrade() -> None:
    for name in GUARDED:
        _unguard(name)
    with op.batch_alter_table("point_entry") as table:
        for name in ("redemption_id", "registration_id", "lot_id"):
            table.drop_index(op.f(f"ix_point_entry_{name}"))
        table.drop_constraint(op.f("fk_point_entry_redemption_id_redemption"), type_="foreignkey")
        table.drop_constraint(op.f("ck_point_entry_debt_after_not_negative"), type_="check")
        table.drop_constraint(op.f("ck_point_entry_something_changes"), type_="check")
        for name in ("redemption_id", "debt_after", "debt"):
            table.drop_column(name)
    # What only changed a debt has no place in the older ledger.
    op.execute("DELETE FROM point_entry WHERE points = 0")
    with op.batch_alter_table("point_entry") as table:
        table.create_check_constraint(op.f("ck_point_entry_points_not_zero"), "points != 0")
    _guard("point_entry")
    with op.batch_alter_table("registration") as table:
        table.drop_constraint(op.f("fk_registration_reversed_by_id_account"), type_="foreignkey")
        for name in ("reversal_reason", "reversed_by_id", "reversed_at"):
            table.drop_column(name)
    _lots_as_before()
    with op.batch_alter_table("point_account") as table:
        table.drop_index(op.f("ix_point_account_review_at"))
        table.drop_constraint(op.f("ck_point_account_debt_is_paid_first"), type_="check")
        table.drop_constraint(op.f("ck_point_account_debt_not_negative"), type_="check")
        table.drop_column("review_at")
        table.drop_column("debt")
    for name in ("credit_entry", "credit_account", "sales_order", "redemption", "reward_stock", "reward"):
        op.drop_table(name)


def _rewards() -> None:
    op.create_table(
        "reward",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.String(500), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_reward_points_positive")),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_reward_image_id_image")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward")),
        sa.UniqueConstraint("name", name=op.f("uq_reward_name")),
    )
    op.create_table(
        "reward_stock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("tier_id", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_reward_stock_stock_not_negative")),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name=op.f("fk_reward_stock_reward_id_reward")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_reward_stock_tier_id_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_stock")),
        sa.UniqueConstraint("reward_id", "tier_id", name=op.f("uq_reward_stock_reward_id_tier_id")),
    )
    op.create_index(op.f("ix_reward_stock_tier_id"), "reward_stock", ["tier_id"], unique=False)
    op.create_table(
        "redemption",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("reward_name", sa.String(100), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("tier_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "approved",
                "fulfilled",
                "declined",
                "withdrawn",
                name="redemptionstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("deliver_to", sa.String(500), nullable=False),
        sa.Column("request_key", sa.String(40), nullable=False),
        sa.Column("requested_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("fulfilled_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_redemption_account_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_redemption_decided_by_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_redemption_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], name=op.f("fk_redemption_reward_id_reward")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_redemption_tier_id_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("organisation_id", "request_key", name=op.f("uq_redemption_organisation_id_request_key")),
    )
    op.create_index("ix_redemption_organisation_id_id", "redemption", ["organisation_id", "id"], unique=False)
    op.create_index(op.f("ix_redemption_reward_id"), "redemption", ["reward_id"], unique=False)
    op.create_index("ix_redemption_status_id", "redemption", ["status", "id"], unique=False)


def _credit() -> None:
    op.create_table(
        "sales_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column(
            "status",
            sa.Enum("pending", "paid", "cancelled", "refunded", name="orderstatus", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("paid_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("refunded_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_sales_order_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_sales_order_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_order")),
        sa.UniqueConstraint("number", name=op.f("uq_sales_order_number")),
    )
    op.create_index(op.f("ix_sales_order_organisation_id"), "sales_order", ["organisation_id"], unique=False)
    op.create_table(
        "credit_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_credit_account_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_account")),
        sa.UniqueConstraint("organisation_id", "currency", name=op.f("uq_credit_account_organisation_id_currency")),
    )
    op.create_table(
        "credit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("rebate", "rebate_reversed", name="creditkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_minor", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("tier_name", sa.String(40), nullable=False),
        sa.Column("rate_basis_points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.CheckConstraint("amount_minor != 0", name=op.f("ck_credit_entry_amount_not_zero")),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name=op.f("fk_credit_entry_order_id_sales_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_credit_entry_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entry")),
        sa.UniqueConstraint("order_id", "kind", name=op.f("uq_credit_entry_order_id_kind")),
    )
    op.create_index("ix_credit_entry_organisation_id_id", "credit_entry", ["organisation_id", "id"], unique=False)


def _guard(table: str) -> None:
    """As in 0002: the database itself refuses to change or delete a line."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for change in CHANGES:
        does = (
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows: correct it with a new row'); END"
            if sqlite
            else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} {does}")


def _unguard(table: str) -> None:
    on = "" if op.get_bind().dialect.name == "sqlite" else f" ON {table}"
    for change in CHANGES:
        op.execute(f"DROP TRIGGER {table}_no_{change}{on}")


def _accounts() -> None:
    with op.batch_alter_table("point_account") as table:
        table.add_column(sa.Column("debt", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("review_at", UTCDateTime(timezone=True), nullable=True))
    connection = op.get_bind()
    accounts = sa.table(
        "point_account",
        sa.column("id", sa.Integer),
        sa.column("tier_since", UTCDateTime),
        sa.column("review_at", UTCDateTime),
    )
    months = connection.execute(sa.text("SELECT tier_period_months FROM programme ORDER BY id")).scalar() or 12
    for key, since in connection.execute(sa.select(accounts.c.id, accounts.c.tier_since)).all():
        later = accounts.update().where(accounts.c.id == key).values(review_at=_later(since, months))
        connection.execute(later)
    with op.batch_alter_table("point_account") as table:
        table.alter_column("debt", server_default=None)
        table.alter_column("review_at", nullable=False)
        table.create_check_constraint(op.f("ck_point_account_debt_not_negative"), "debt >= 0")
        table.create_check_constraint(op.f("ck_point_account_debt_is_paid_first"), "debt = 0 OR balance = 0")
        table.create_index(op.f("ix_point_account_review_at"), ["review_at"])


def _later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _lots() -> None:
    with op.batch_alter_table("point_lot") as table:
        table.add_column(sa.Column("expired", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("reminded_days", sa.Integer(), nullable=True))
        table.add_column(sa.Column("expires_on", sa.Date(), nullable=True))
    op.execute("UPDATE point_lot SET expires_on = " + _day_of("expires_at"))  # noqa: S608 - our own words
    op.execute(
        "UPDATE point_lot SET expired = (SELECT COALESCE(-SUM(points), 0) FROM point_entry"
        " WHERE point_entry.lot_id = point_lot.id AND point_entry.kind = 'expired')"
    )
    with op.batch_alter_table("point_lot") as table:
        table.drop_index("ix_point_lot_open")
        table.drop_index(op.f("ix_point_lot_expires_at"))
        table.drop_column("expires_at")
        table.alter_column("expired", server_default=None)
        table.alter_column("expires_on", nullable=False)
        table.create_check_constraint(
            op.f("ck_point_lot_expired_within_points"), "expired >= 0 AND remaining + expired <= points"
        )
        table.create_index("ix_point_lot_open", ["organisation_id", "expires_on"])
        table.create_index(op.f("ix_point_lot_expires_on"), ["expires_on"])


def _lots_as_before() -> None:
    with op.batch_alter_table("point_lot") as table:
        table.add_column(sa.Column("expires_at", UTCDateTime(timezone=True), nullable=True))
    connection = op.get_bind()
    at_midnight = (
        "datetime(expires_on, '+1 day') || '.000000'"
        if connection.dialect.name == "sqlite"
        else "(expires_on + 1)::timestamp AT TIME ZONE 'UTC'"
    )
    op.execute(f"UPDATE point_lot SET expires_at = {at_midnight}")  # noqa: S608 - our own words
    with op.batch_alter_table("point_lot") as table:
        table.drop_index("ix_point_lot_open")
        table.drop_index(op.f("ix_point_lot_expires_on"))
        table.drop_constraint(op.f("ck_point_lot_expired_within_points"), type_="check")
        for name in ("expires_on", "reminded_days", "expired"):
            table.drop_column(name)
        table.alter_column("expires_at", nullable=False)
        table.create_index("ix_point_lot_open", ["organisation_id", "expires_at"])
        table.create_index(op.f("ix_point_lot_expires_at"), ["expires_at"])


def _day_of(column: str) -> str:
    return f"date({column})" if op.get_bind().dialect.name == "sqlite" else f"({column} AT TIME ZONE 'UTC')::date"
