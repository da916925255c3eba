"""The list of cloud PBXs stays as quick with 100,000 of them as with few: it is read along an index."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.services.central import activated, add_pbx, add_reseller, owner
from yeastar_app import database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import capacity, pbx


@contextmanager
def statements() -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """What the database is asked meanwhile."""
    seen: list[tuple[str, tuple[object, ...]]] = []

    def note(_connection: object, _cursor: object, said: str, given: tuple[object, ...], *_: object) -> None:
        seen.append((said, given))

    sa.event.listen(database.engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine(), "before_cursor_execute", note)


def plan_of_the_list(by: Credential) -> str:
    """How SQLite reads a page from the middle."""
    with statements() as seen:
        perform(pbx.search, {"before": 10**6}, by)
    said, given = next(each for each in seen if "ORDER BY pbx.id DESC" in each[0])
    with database.engine().connect() as connection:
        return str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", given).all())


@pytest.mark.parametrize(("whose", "index"), [("owner", "top_pool_id"), ("reseller", "pool_id")])
def test_a_page_of_the_list_is_read_along_an_index_and_never_sorted(sqlite: str, whose: str, index: str) -> None:
    one = owner()
    reseller = add_reseller(one)
    by = {"owner": one.credential, "reseller": activated(reseller)}[whose]
    add_pbx(by)
    plan = plan_of_the_list(by)
    assert f"ix_pbx_living_{index}_id" in plan
    assert "TEMP B-TREE" not in plan


def test_a_pbx_that_is_listed_under_another_package_is_found_by_the_check(sqlite: str) -> None:
    one, other = owner(), owner()
    number = add_pbx(one.credential)
    with transaction() as session:
        session.get_one(Pbx, number).top_pool_id = other.pool.key
        session.flush()
        (sentence,) = capacity.invariants(session)
    assert sentence == f"pbx {number} is listed under pool {other.pool.key}, its pool is under another"
