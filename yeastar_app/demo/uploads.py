"""Workbooks that were uploaded: one that is registered, with rows to correct, and one that was put aside. Made by the
real rules at the moments it happened."""

from datetime import date, timedelta

from sqlmodel import col, select

from yeastar_app import clock
from yeastar_app.access import Actor
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account
from yeastar_app.models.products import Product, RegistryUnit
from yeastar_app.services import bulk, bulk_work, workbooks
from yeastar_app.services.bulk import UploadForm, UploadRef
from yeastar_app.services.template import COLUMNS, SHEET

_APPLIANCE = "P-Series Appliance Edition"
_SPRING = ("3631D5100201", "3631D5100202", "3631D5100203", "3631D5100204", "3631D51OO2O5", "3631D51")
"""The last two are no serial numbers: the letter O for a zero, and half of one."""
_HOTELS = ("3631D5100211", "3631D5100212", "3631D5100213")


def load(people: dict[str, Account]) -> None:
    """After the other sample data is committed: the work on a workbook has transactions of its own."""
    with transaction() as session:
        product = session.exec(select(Product).where(col(Product.name) == _APPLIANCE)).one()
        for identifier in (*_SPRING[:4], *_HOTELS):
            session.add(RegistryUnit(product_id=product.key, identifier=identifier))
    with clock.frozen(clock.now() - timedelta(days=2, hours=3)):
        upload = _checked(people["colleague"], "spring-deliveries.xlsx", _SPRING)
        with transaction() as session:
            bulk.start_registering(session, _actor(people["colleague"]), UploadRef(upload=upload))
        bulk_work.commit(upload)
    with clock.frozen(clock.now() - timedelta(days=1, hours=5)):
        upload = _checked(people["partner"], "van-dam-hotels.xlsx", _HOTELS)
        with transaction() as session:
            bulk.cancel(session, _actor(people["partner"]), UploadRef(upload=upload))


def _checked(who: Account, file_name: str, serials: tuple[str, ...]) -> int:
    bought: date = clock.now().date() - timedelta(days=6)
    rows = [
        [_APPLIANCE, serial, bought, "Maas Telecom Supply", "Pieter van Dam", "Van Dam Hotels"] for serial in serials
    ]
    content = workbooks.write([(SHEET, [(heading, 24) for heading in COLUMNS], rows)])
    with transaction() as session:
        chosen = bulk.choose(session, _actor(who), UploadForm(file_name=file_name, content=content))
        bulk.start_check(session, _actor(who), UploadRef(upload=chosen.id))
    bulk_work.check(chosen.id)
    return chosen.id


def _actor(who: Account) -> Actor:
    return Actor(account_id=who.key, organisation_id=who.organisation_id, email=who.email)
