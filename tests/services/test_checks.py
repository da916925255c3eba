"""`yeastar check` finds what must not be: each rule is broken once by hand."""

import pytest
import sqlalchemy as sa

from tests import factories
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.demo import capacity as packages
from yeastar_app.demo import people, points
from yeastar_app.services import checks

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def filled(db: str) -> None:
    with transaction() as session:
        loaded = people.load(session)
        packages.load(session, loaded)
        points.load(session, loaded)


def broken() -> list[str]:
    with transaction(writes=False) as session:
        return checks.broken(session)


def change(statement: str) -> None:
    with transaction() as session:
        session.execute(sa.text(statement))


def test_the_sample_data_breaks_no_rule(filled: None) -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE point_account SET balance = balance + 1", "balance"),
        ("UPDATE point_lot SET remaining = 0 WHERE id = (SELECT max(id) FROM point_lot WHERE remaining > 0)",
         "lots hold"),
        ("UPDATE registration SET points = points + 1 WHERE id = (SELECT min(id) FROM registration)", "were entered"),
        ("UPDATE organisation SET path = '/999/' WHERE id = (SELECT max(id) FROM organisation)", "its place is"),
        ("UPDATE account SET password_hash = NULL WHERE email = 'rival@example.com'", "without a password"),
        ("UPDATE pool SET used_extensions = used_extensions + 1 WHERE parent_id IS NULL", "extensions"),
    ],
)  # fmt: skip
def test_each_broken_rule_is_found(filled: None, statement: str, words: str) -> None:
    change(statement)
    assert any(words in problem for problem in broken())


def test_an_email_for_an_account_that_does_not_exist_is_found(db: str) -> None:
    from yeastar_app.services import mail

    factories.account()
    with transaction() as session:
        mail.write(session, kind="activation", to="nobody@example.com", subject="S", paragraphs=["P"])
    assert broken() == ["1 activation emails were written, but only 0 links"]


def test_many_problems_of_one_kind_are_counted_not_listed(db: str) -> None:
    for _ in range(checks.EXAMPLES + 3):
        factories.account(password_hash=None)
    assert broken()[-1] == "… and 3 more of this kind"
    assert clock.now()
