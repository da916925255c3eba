"""The sample packages obey the rules they show."""

from tests.services.central import problems
from yeastar_app.database import transaction
from yeastar_app.demo import capacity, people, usage
from yeastar_app.services import checks


def test_the_sample_packages_keep_every_invariant(sqlite: str) -> None:
    with transaction() as session:
        capacity.load(session, people.load(session))
        usage.load(session)
        assert checks.broken(session) == []
    assert problems() == []
