"""`yeastar check` finds what must not be: each rule is broken once by hand."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import factories
from tests.conftest import START, fresh_database
from yeastar_app import clock, database
from yeastar_app.database import transaction
from yeastar_app.demo import capacity as packages
from yeastar_app.demo import orders, people, points, rewards
from yeastar_app.services import checks
from yeastar_app.settings import settings


def load() -> None:
    with transaction() as session:
        loaded = people.load(session)
        packages.load(session, loaded)
        points.load(session, loaded, rewards.load(session, loaded))
        orders.load(session, loaded)


@pytest.fixture(scope="session")
def sample_data(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the sample data; tests get copies."""
    file = tmp_path_factory.mktemp("sample") / "sample.db"
    shutil.copy(sqlite_template, file)
    with pytest.MonkeyPatch.context() as patch, clock.frozen(START):
        patch.setenv("DATABASE_URL", f"sqlite:///{file}")
        settings.cache_clear()
        database.engine.cache_clear()
        load()
        database.engine().dispose()
    settings.cache_clear()
    database.engine.cache_clear()
    return file


@pytest.fixture
def filled(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample_data: Path
) -> Iterator[str]:
    yield from fresh_database(request, monkeypatch, "sqlite", sample_data)


def broken() -> list[str]:
    with transaction(writes=False) as session:
        return checks.broken(session)


def change(statement: str) -> None:
    with transaction() as session:
        session.execute(sa.text(statement))


BREACHES = [
    ("UPDATE point_account SET balance = balance + 1", "balance"),
    ("UPDATE point_lot SET remaining = 0 WHERE id = (SELECT max(id) FROM point_lot WHERE remaining > 0)",
     "lots hold"),
    ("UPDATE point_account SET balance = 0, debt = 7 WHERE id = (SELECT max(id) FROM point_account)", "owes 7 points"),
    ("UPDATE point_lot SET points = points + 1, expired = 1"
     " WHERE id = (SELECT max(id) FROM point_lot WHERE remaining = points)", "of it expired 1"),
    ("UPDATE credit_account SET balance_minor = balance_minor + 1 WHERE currency = 'USD'", "USD (smallest units)"),
    ("UPDATE registration SET points = points + 1 WHERE id = (SELECT min(id) FROM registration)", "were entered"),
    ("UPDATE redemption SET points = points + 1 WHERE id = 1", "its entries make"),
    ("UPDATE redemption SET status = 'requested' WHERE status = 'declined'", "are due"),
    ("UPDATE organisation SET path = '/999/' WHERE id = (SELECT max(id) FROM organisation)", "its place is"),
    ("UPDATE account SET password_hash = NULL WHERE email = 'rival@example.com'", "without a password"),
    ("UPDATE pool SET used_extensions = used_extensions + 1 WHERE parent_id IS NULL", "extensions"),
]  # fmt: skip
"""Each breaks one rule; words of the sentence that says so."""


def test_the_sample_data_breaks_no_rule_and_every_breach_of_it_is_found_on_both_databases(db: str) -> None:
    load()
    assert broken() == []
    for statement, _ in BREACHES:
        change(statement)
    found = "\n".join(broken())
    assert [words for _, words in BREACHES if words not in found] == []


@pytest.mark.parametrize(("statement", "words"), BREACHES)
def test_each_broken_rule_is_found_alone(filled: str, statement: str, words: str) -> None:
    change(statement)
    assert any(words in problem for problem in broken())


def test_an_email_for_an_account_that_does_not_exist_is_found(sqlite: str) -> None:
    from yeastar_app.services import mail

    factories.account()
    with transaction() as session:
        mail.write(session, kind="activation", to="nobody@example.com", subject="S", paragraphs=["P"])
    assert broken() == ["1 activation emails were written, but only 0 links"]


def test_many_problems_of_one_kind_are_counted_not_listed(sqlite: str) -> None:
    for _ in range(checks.EXAMPLES + 3):
        factories.account(password_hash=None)
    assert broken()[-1] == "… and 3 more of this kind"
    assert clock.now()
