"""The account statement: one's own company's, by currency and day, paged and exported; staff see their partners'."""

import io
from datetime import timedelta

import pytest
from python_calamine import CalamineWorkbook

from tests.factories import account, signed_in
from tests.services.test_rebates import SILVER, credit, order, partner, rate_of, refund
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Kind, ManagedPartner, TwoFactor
from yeastar_app.refusals import NotFound
from yeastar_app.services import statement
from yeastar_app.services.paging import PAGE
from yeastar_app.words import money, percent


def bought(owner: Account, amount: int, currency: str = "EUR") -> int:
    number = order(owner, amount, currency)
    credit(number)
    return number


def owner_with_lines() -> Account:
    """300 on 2 March, 600 dollars on 3 March, the 300 taken back on 4 March."""
    rate_of("Silver", SILVER)
    owner = partner(1_000)
    first = bought(owner, 10_000)
    clock.advance(timedelta(days=1))
    bought(owner, 20_000, "USD")
    clock.advance(timedelta(days=1))
    refund(first)
    return owner


def seen(owner: Account, **asked: object) -> list[tuple[str, int, int, str]]:
    found = perform(statement.view, asked, signed_in(owner))
    return [(line.currency, line.change, line.balance, line.order) for line in found.rows]


def test_a_partner_sees_its_balances_and_what_made_them_newest_first(db: str) -> None:
    owner = owner_with_lines()
    found = perform(statement.view, {}, signed_in(owner))
    assert [(one.currency, one.minor) for one in found.balances] == [("EUR", 0), ("USD", 600)]
    assert seen(owner) == [
        ("EUR", -300, 0, "YS-00001"),
        ("USD", 600, 600, "YS-00002"),
        ("EUR", 300, 300, "YS-00001"),
    ]
    assert (found.rows[0].tier, found.rows[0].rate_basis_points, found.rows[0].order_amount) == ("Silver", 300, 10_000)


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ({"currency": "usd"}, [600]),
        ({"currency": "EUR", "since": "2026-03-03"}, [-300]),
        ({"until": "2026-03-02"}, [300]),
        ({"since": "2026-03-03", "until": "2026-03-03"}, [600]),
        ({"currency": "XXX"}, []),
        ({"since": "no day", "until": "2026-02-30", "before": "-1", "after": "abc"}, [-300, 600, 300]),
        ({"currency": ["EUR"], "since": {}, "until": None, "before": 10**30}, [-300, 600, 300]),
        ({"currency": "\0\ud800"}, [-300, 600, 300]),
    ],
)
def test_the_address_narrows_the_statement_and_nonsense_in_it_narrows_nothing(
    sqlite: str, asked: dict[str, object], changes: list[int]
) -> None:
    assert [line[1] for line in seen(owner_with_lines(), **asked)] == changes


def test_long_statements_are_paged(sqlite: str) -> None:
    rate_of("Silver", SILVER)
    owner = partner(1_000)
    for amount in range(1, PAGE + 4):
        bought(owner, amount * 10_000)
    first = perform(statement.view, {}, signed_in(owner))
    second = perform(statement.view, {"before": first.older}, signed_in(owner))
    changes = [line.change for page in (first, second) for line in page.rows]
    assert changes == [amount * 300 for amount in range(PAGE + 3, 0, -1)]
    assert (first.newer, second.older) == (0, 0)


def test_the_workbook_holds_exactly_what_is_filtered_as_numbers(sqlite: str) -> None:
    made = perform(statement.export, {"currency": "EUR"}, signed_in(owner_with_lines()))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(made)).get_sheet_by_name("Account Statement").to_python()
    columns = rows[0]
    assert [[row[columns.index(name)] for name in ("Order", "Amount", "Balance", "Rate in %")] for row in rows[1:]] == [
        ["YS-00001", -3.0, 0.0, 3.0],
        ["YS-00001", 3.0, 3.0, 3.0],
    ]


def test_another_company_sees_nothing_of_it(sqlite: str) -> None:
    owner_with_lines()
    assert seen(account()) == []


def test_an_account_manager_sees_its_own_partners_statement_and_no_others(sqlite: str) -> None:
    owner = owner_with_lines()
    asked = {"partner": owner.organisation_id}
    manager, other = (account(Kind.ACCOUNT_MANAGER, two_factor=TwoFactor.APP) for _ in range(2))
    with transaction() as session:
        session.add(ManagedPartner(organisation_id=owner.organisation_id, account_id=manager.key))
    for who in (manager, account(Kind.ADMINISTRATOR, two_factor=TwoFactor.APP)):
        assert len(perform(statement.view_of, asked, signed_in(who)).rows) == 3
    for wrong in (asked, {}, {"partner": "abc"}, {"partner": 10**30}, {"partner": other.organisation_id}):
        with pytest.raises(NotFound):
            perform(statement.view_of, wrong, signed_in(other))
        with pytest.raises(NotFound):
            perform(statement.export_of, wrong, signed_in(other))


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (123_450, "EUR", "EUR 1,234.50"),
        (-5, "USD", "\N{MINUS SIGN}USD 0.05"),
        (1_234_567, "JPY", "JPY 1,234,567"),
        (1_500, "KWD", "KWD 1.500"),
        (0, "EUR", "EUR 0.00"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(minor: int, currency: str, words: str) -> None:
    assert money(minor, currency) == words


def test_rates_are_written_without_needless_decimals() -> None:
    assert [percent(rate) for rate in (0, 5, 250, 300, 1_000, 10_000)] == [
        "0%", "0.05%", "2.5%", "3%", "10%", "100%",
    ]  # fmt: skip
