"""The sample programme: products, what each earns, tiers and the programme's figures. Data from here on, for staff to
change; no figure of it stands in the code."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PRODUCTS = [
    # code, name, identified by, needs a subscription, points
    ("p-series-appliance", "P-Series Appliance Edition", "serial_number", False, 150),
    ("p-series-software", "P-Series Software Edition", "serial_number", False, 120),
    ("p-series-cloud", "P-Series Cloud Edition", "yeastar_id", True, 200),
    ("linkus-cloud-service", "Linkus Cloud Service", "serial_number", True, 60),
    ("remote-management", "Remote Management", "yeastar_id", True, 50),
    ("workplace", "Workplace", "company_id", True, 100),
    ("s-series-pbx", "S-Series VoIP PBX", "serial_number", False, None),
]
TIERS = [
    ("Registered", 0, 0, [
        "Points for every product you register",
        "Partner Portal, product training and sales material",
        "Technical support by ticket",
    ]),
    ("Silver", 1_000, 200, [
        "Everything in Registered",
        "2% rebate on paid orders",
        "Rewards of the Silver catalogue",
        "One not-for-resale P-Series appliance a year",
    ]),
    ("Gold", 5_000, 500, [
        "Everything in Silver",
        "5% rebate on paid orders",
        "Rewards of the Gold catalogue",
        "A named account manager",
        "Priority technical support within 4 working hours",
        "Co-marketing budget for one event a year",
    ]),
    ("Platinum", 20_000, 800, [
        "Everything in Gold",
        "8% rebate on paid orders",
        "The whole rewards catalogue",
        "A named support engineer",
        "Early access to beta firmware",
        "Two seats at the yearly partner summit",
    ]),
]  # fmt: skip


def upgrade() -> None:
    product = sa.table(
        "product",
        sa.column("id", sa.Integer),
        sa.column("code", sa.String),
        sa.column("name", sa.String),
        sa.column("id_kind", sa.String),
        sa.column("needs_subscription", sa.Boolean),
        sa.column("position", sa.Integer),
    )
    rule = sa.table("point_rule", sa.column("product_id", sa.Integer), sa.column("points", sa.Integer))
    tier = sa.table(
        "tier",
        sa.column("name", sa.String),
        sa.column("threshold", sa.Integer),
        sa.column("rebate_basis_points", sa.Integer),
        sa.column("benefits", sa.JSON),
    )
    programme = sa.table(
        "programme",
        sa.column("tier_period_months", sa.Integer),
        sa.column("lot_validity_months", sa.Integer),
        sa.column("registration_window_days", sa.Integer),
    )
    for position, (code, name, id_kind, needs_subscription, points) in enumerate(PRODUCTS, 1):
        op.execute(
            product.insert().values(
                code=code, name=name, id_kind=id_kind, needs_subscription=needs_subscription, position=position
            )
        )
        if points:
            found = sa.select(product.c.id, sa.literal(points)).where(product.c.code == code)
            op.execute(rule.insert().from_select(["product_id", "points"], found))
    for name, threshold, rebate, benefits in TIERS:
        op.execute(tier.insert().values(name=name, threshold=threshold, rebate_basis_points=rebate, benefits=benefits))
    op.execute(programme.insert().values(tier_period_months=12, lot_validity_months=24, registration_window_days=365))


def downgrade() -> None:
    for table in ("programme", "tier", "point_rule", "product"):
        op.execute(sa.table(table).delete())
