"""What the back office has done in the demo: points adjusted, a registration taken back, a workbook imported."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind
from yeastar_app.models.points import Registration
from yeastar_app.models.products import Product
from yeastar_app.services import partner_points, registry_imports, workbooks
from yeastar_app.services.partner_points import Adjustment, OnePartner, Taking

_BONUS, _RETURNED = "Certification course passed by two engineers", "The device went back to the distributor"


def load(session: Session, people: dict[str, Account]) -> None:
    """Yesterday, after everything the partners did themselves."""
    manager, partner = people["manager"], people["rival"].organisation_id
    actor = Actor(account_id=manager.key, kind=Kind.ACCOUNT_MANAGER, organisation_id=manager.organisation_id,
                  email=manager.email)  # fmt: skip

    def seen() -> str:
        return partner_points.account(session, actor, OnePartner(partner=partner)).seen

    with clock.frozen(clock.now() - timedelta(hours=26)):
        partner_points.adjust(session, actor, Adjustment(partner=partner, points=100, reason=_BONUS, seen=seen()))
    newest = (
        select(Registration.id)
        .join(Product, col(Product.id) == col(Registration.product_id))
        .where(col(Registration.organisation_id) == partner, col(Product.code) == "linkus-cloud-service")
        .order_by(col(Registration.id).desc())
    )
    registration = session.exec(newest.limit(1)).one()
    with clock.frozen(clock.now() - timedelta(hours=25)):
        partner_points.reverse(session, actor, Taking(partner=partner, registration=registration or 0,
                                                      reason=_RETURNED, seen=seen()))  # fmt: skip


def import_units() -> None:
    """A workbook with this month's units, a few rows of it refused."""
    columns = [(heading, 20) for heading in (*registry_imports.COLUMNS, registry_imports.ELIGIBLE)]
    appliance = "P-Series Appliance Edition"
    rows: list[list[Any]] = [[appliance, f"3659C4700{number:03}", None, None, None] for number in range(1, 41)]
    rows += [[appliance, "3659C47", None, None, None], ["P-Series Aplliance", "3659C4700041", None, None, None],
             ["Workplace", "WP-402720", None, "2027-10-31", None]]  # fmt: skip
    with clock.frozen(clock.now() - timedelta(days=3)):
        with transaction() as session:
            content = workbooks.write([("Units", columns, rows)])
            number = registry_imports.begin(session, "units-november.xlsx", content)
        registry_imports.take_in(number)
