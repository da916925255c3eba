"""What a failure leaves in the log: where it happened, none of the values it happened with."""

import time

import pytest
import sqlalchemy as sa

from tests.factories import account
from yeastar_app.database import transaction
from yeastar_app.portals.errors.errors import failed

SECRET = "Harbor-" + "Lantern-42"


def check(password: str) -> None:
    raise TypeError(f"{len(password)} letters")


def test_the_log_of_a_failure_holds_the_traceback_but_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        begun = time.perf_counter()
        try:
            check(SECRET)
        except TypeError as error:
            failed(error)
        took = time.perf_counter() - begun
    written = capsys.readouterr().out
    assert "Traceback" in written
    assert "17 letters" in written
    assert SECRET not in written
    assert took < 0.05  # it holds up everybody else; with all values it took 150 ms and more


def test_an_error_of_the_database_names_no_values(db: str) -> None:
    person = account(email="somebody@example.com")
    with pytest.raises(sa.exc.IntegrityError) as raised, transaction() as session:
        session.execute(
            sa.text("UPDATE account SET organisation_id = NULL WHERE email = :email"), {"email": person.email}
        )
    assert "hidden" in str(raised.value)
    assert person.email not in str(raised.value).partition("DETAIL")[0]
