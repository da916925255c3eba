"""A year of registrations for the demo's partners, and registry units to try: EXAMPLES says what each does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, select

from yeastar_app import clock
from yeastar_app.access import Actor
from yeastar_app.models.accounts import Account
from yeastar_app.models.products import Product, RegistryUnit
from yeastar_app.services import registration
from yeastar_app.services.registration import RegistrationForm
from yeastar_app.words import t

Meanwhile = Callable[[Session, Account, int], None]


@dataclass(frozen=True)
class Example:
    """Something to type into the "Get Points" panel, and what happens then."""

    product: str
    product_id: str
    outcome: str


GOOD = t("earns points")
EXAMPLES = (
    *[Example("P-Series Appliance Edition", f"3658B431119{number}", GOOD) for number in range(60, 66)],
    *[Example("P-Series Software Edition", f"PSE7004218{number}", GOOD) for number in range(30, 33)],
    *[Example("Linkus Cloud Service", f"3658B431119{number}", GOOD) for number in range(60, 63)],
    *[Example("Remote Management", f"voice{number}@lumen-dental.example", GOOD) for number in range(1, 4)],
    *[Example("P-Series Cloud Edition", f"pbx{number}@lumen-dental.example", GOOD) for number in range(1, 4)],
    *[Example("Workplace", f"WP-40271{number}", GOOD) for number in range(1, 4)],
    Example("P-Series Appliance Edition", "3631A2124001", t("refused: already registered, by another partner")),
    Example("Linkus Cloud Service", "3658B43111965", t("refused: no subscription yet for this device")),
    Example("Workplace", "WP-402719", t("refused: no subscription yet for this company")),
    Example("P-Series Appliance Edition", "3658B43110000", t("refused: incorrect ID, no such unit")),
    Example("S-Series VoIP PBX", "S300A1180042", t("refused: not eligible, the series earns no points any more")),
    Example("P-Series Appliance Edition", "NFR8B4311001", t("refused: not eligible, a not-for-resale unit")),
)
"""At least one ready example for each kind of Product ID and for each refusal."""

_UNSUBSCRIBED = {("Linkus Cloud Service", "3658B43111965"), ("Workplace", "WP-402719")}
_UNKNOWN = {"3658B43110000"}
_TAKEN = "3631A2124001"

END_USERS = (
    ("Anouk Bakker", "Bakker Logistics"),
    ("Jeroen Smit", "Smit & Zonen"),
    ("Fatima El Amrani", "Atlas Accountants"),
    ("Pieter van Dam", "Van Dam Hotels"),
    ("Sofia Rossi", "Rossi Interiors"),
    ("Tomasz Nowak", "Nowak Transport"),
    ("Emma Jansen", "Jansen Veterinary Clinic"),
    ("Lucas Meyer", "Meyer Metalworks"),
    ("Nadia Haddad", "Haddad Pharmacy"),
    ("Oscar Lind", "Lind Architects"),
)
SELLERS = ("Delta Distribution", "Maas Telecom Supply", "Erik Hoekstra")


def load(session: Session, people: dict[str, Account], meanwhile: Meanwhile) -> None:
    """Fill the registry, then register through the real rules at the moments it happened. `meanwhile` is called as a
    company's days pass, until two days ago, for what else it did."""
    products = {product.name: product for product in session.exec(select(Product))}
    _registry(session, products)
    _history(session, products, people["partner"], "31", _HARBOR, meanwhile)
    _history(session, products, people["rival"], "42", _NORTHWIND, meanwhile)
    _register(session, products, people["rival"], "P-Series Appliance Edition", _TAKEN, 20, 0, 3)
    for who in ("partner", "rival"):
        meanwhile(session, people[who], 2)  # what was done since then comes with the uploads and the back office


def _registry(session: Session, products: dict[str, Product]) -> None:
    for example in EXAMPLES:
        if example.product_id in _UNKNOWN or example.product_id == _TAKEN:
            continue
        product = products[example.product]
        known = product.needs_subscription and (example.product, example.product_id) not in _UNSUBSCRIBED
        session.add(
            RegistryUnit(
                product_id=product.key,
                identifier=example.product_id if "@" in example.product_id else example.product_id.upper(),
                subscribed_from=_ago(60).date() if known else None,
                subscribed_until=_ago(-305).date() if known else None,
                eligible=not example.product_id.startswith("NFR"),
            )
        )


_APPLIANCE, _SOFTWARE, _CLOUD = "P-Series Appliance Edition", "P-Series Software Edition", "P-Series Cloud Edition"
_LINKUS, _REMOTE, _WORKPLACE = "Linkus Cloud Service", "Remote Management", "Workplace"

_HARBOR = (
    # days ago, product, how many: about two years back, then the busy last twelve months
    (760, _APPLIANCE, 2), (755, _SOFTWARE, 1),
    (718, _APPLIANCE, 16), (712, _LINKUS, 2), (690, _CLOUD, 1), (655, _REMOTE, 2), (598, _APPLIANCE, 2),
    (541, _WORKPLACE, 1), (480, _APPLIANCE, 2), (421, _CLOUD, 1), (377, _SOFTWARE, 2),
    (352, _APPLIANCE, 3), (331, _CLOUD, 1), (318, _LINKUS, 3), (296, _SOFTWARE, 2), (271, _APPLIANCE, 4),
    (252, _WORKPLACE, 2), (233, _CLOUD, 2), (210, _APPLIANCE, 3), (188, _REMOTE, 3), (167, _SOFTWARE, 2),
    (149, _CLOUD, 2), (126, _APPLIANCE, 5), (104, _LINKUS, 3), (88, _WORKPLACE, 2), (71, _APPLIANCE, 4),
    (55, _CLOUD, 2), (41, _APPLIANCE, 4), (26, _SOFTWARE, 3), (17, _REMOTE, 2), (9, _APPLIANCE, 2), (3, _CLOUD, 1),
)  # fmt: skip
_NORTHWIND = (
    (410, _APPLIANCE, 2), (340, _CLOUD, 1), (260, _SOFTWARE, 2), (170, _APPLIANCE, 3), (95, _WORKPLACE, 1),
    (60, _LINKUS, 2), (30, _APPLIANCE, 1),
)  # fmt: skip


def _history(
    session: Session,
    products: dict[str, Product],
    who: Account,
    series: str,
    past: tuple[tuple[int, str, int], ...],
    meanwhile: Meanwhile,
) -> None:
    number = 0
    for days, product, count in past:
        meanwhile(session, who, days)
        for nth in range(count):
            number += 1
            kind = products[product].id_kind
            identifier = {
                "serial_number": f"36{series}B62{number:05d}",
                "yeastar_id": f"office{number}@client{series}.example",
                "company_id": f"WP-{series}{number:04d}",
            }[kind]
            _register(session, products, who, product, identifier, days, nth, number)


def _register(
    session: Session,
    products: dict[str, Product],
    who: Account,
    product: str,
    identifier: str,
    days: int,
    nth: int,
    number: int,
) -> None:
    """`nth`: how many were registered on that day before."""
    bought = _ago(days + 4 + number % 9).date()
    session.add(
        RegistryUnit(
            product_id=products[product].key,
            identifier=identifier,
            subscribed_from=bought if products[product].needs_subscription else None,
        )
    )
    session.flush()
    end_user, company = END_USERS[number % len(END_USERS)]
    form = RegistrationForm(
        product=product,
        product_id=identifier,
        purchase_date=bought,
        purchase_from=SELLERS[number % len(SELLERS)],
        end_user_name=end_user,
        end_user_company=company,
    )
    actor = Actor(account_id=who.key, organisation_id=who.organisation_id, email=who.email)
    with clock.frozen(_at_work(days, nth, number)):
        registration.register(session, actor, form)


def _ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _at_work(days: int, nth: int, number: int) -> datetime:
    """A moment of a working day, `days` ago; the next one is later, as the ledger's balances are."""
    morning = _ago(days).replace(hour=8, minute=0, second=0, microsecond=0)
    return morning + timedelta(minutes=30 * nth + number * 7 % 29)
