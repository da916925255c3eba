"""The ledger's pages with 10,000, 100,000 and 1,000,000 entries of one company: what a page costs must not depend on
how long the ledger is."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import factories
from tests.bench.workbook import fresh
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.services import point_details

RUNS = 15
COLOURS = "Amber Birch Cedar Delta Ember Fjord Grove Harbor Indigo Juniper"
TRADES = "Logistics Hotels Architects Clinic Metalworks Pharmacy Interiors Transport Dental Orchards"

_COUNTED = "WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})"
_WORD = "trim(substr('{words}', 1 + 10 * ({which} % 10), 10))"
_AT = "strftime('%Y-%m-%d %H:%M:%S.000000', 1700000000 + n * 60, 'unixepoch')"


def grow(organisation: int, person: int, first: int, last: int) -> None:
    """Add registrations `first` to `last` of a company with their lots and entries, as bulk SQL."""
    padded = {name: "".join(word.ljust(10) for word in words.split()) for name, words in
              (("colour", COLOURS), ("trade", TRADES))}  # fmt: skip
    company = (
        _WORD.format(words=padded["colour"], which="n / 13")
        + " || ' ' || (n % 9973) || ' ' || "
        + _WORD.format(words=padded["trade"], which="n")
    )
    counted = _COUNTED.format(first=first, last=last)
    statements = [
        "INSERT INTO point_lot (id, organisation_id, points, remaining, expired, earned_at, expires_on)"
        f" {counted} SELECT n, {organisation}, 100, 100, 0, {_AT}, '2030-01-01' FROM counted",
        "INSERT INTO registration (id, organisation_id, account_id, product_id, identifier, purchase_date,"
        " purchase_from, end_user_name, end_user_company, points, at, reversal_reason)"
        f" {counted} SELECT n, {organisation}, {person}, 1 + n % 3, printf('3658B%08d', n * 7919 % 99999989),"
        f" date(1690000000 + n * 60 % 30000000, 'unixepoch'), 'Delta Distribution', 'Person ' || (n % 5003),"
        f" {company}, 100, {_AT}, '' FROM counted",
        "INSERT INTO point_entry (id, organisation_id, at, kind, points, balance_after, debt, debt_after, lot_id,"
        " registration_id, account_id, reason)"
        f" {counted} SELECT n, {organisation}, {_AT}, 'earned', 50 + n * 31 % 97, n * 100, 0, 0, n, n, {person},"
        " 'Registered P-Series' FROM counted",
    ]
    with transaction() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


QUESTIONS: dict[str, tuple[Any, dict[str, str]]] = {
    "first page": (point_details.records, {}),
    "a page after a deep key": (point_details.records, {"before": "deep"}),
    "sorted by points": (point_details.records, {"sort": "-points"}),
    "sorted by points, deep": (point_details.records, {"sort": "-points", "before": "deep"}),
    "searched: one Product ID": (point_details.records, {"search": "id"}),
    "products: first page": (point_details.registered_products, {}),
    "products: sorted by company, deep": (point_details.registered_products, {"sort": "company", "before": "deep"}),
    "products: searched, an ID": (point_details.registered_products, {"search": "id"}),
    "products: searched, a common word": (point_details.registered_products, {"search": "harb"}),
    "products: searched, a rare word": (point_details.registered_products, {"search": "harbor 4711"}),
    "products: searched, nothing there": (point_details.registered_products, {"search": "zeppelin"}),
    "products: searched, sorted by company": (
        point_details.registered_products,
        {"search": "logistics", "sort": "-company"},
    ),
}


def asked(question: dict[str, str], length: int) -> dict[str, str]:
    """The question with its places filled in for a ledger of this length."""
    deep = length // 2
    places = {"deep": str(deep), "id": f"3658b{deep * 7919 % 99999989:08d}"}
    return {name: places.get(value, value) for name, value in question.items()}


def seconds(here: Credential, action: Any, question: dict[str, str]) -> float:
    """The median of some runs, the first one aside."""
    times = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        perform(action, question, here)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


@contextmanager
def company(folder: Path) -> Iterator[tuple[int, int, Credential]]:
    with fresh(folder, "ledger"):
        person = factories.account()
        yield person.organisation_id, person.key, factories.signed_in(person)


def pages(folder: Path, lengths: tuple[int, ...] = (10_000, 100_000, 1_000_000)) -> None:
    """Milliseconds of a page by the length of the ledger; the last over the first."""
    print(
        f"\n{'ledger page, ms':<40} " + " ".join(f"{length:>10,}" for length in lengths) + "  last/first  aim 1.5",
        flush=True,
    )
    measured: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    with company(folder) as (organisation, person, here):
        there = 0
        for length in lengths:
            grow(organisation, person, there + 1, length)
            there = length
            for name, (action, question) in QUESTIONS.items():
                measured[name].append(seconds(here, action, asked(question, length)))
    for name, series in measured.items():
        figures = " ".join(f"{one * 1000:>10.2f}" for one in series)
        print(f"{name:<40} {figures} {series[-1] / series[0]:>11.2f}", flush=True)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        pages(Path(place))
