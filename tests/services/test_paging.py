"""Paging in any order: every row that was there is met once and in order, whatever else comes in meanwhile."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlmodel import col

from tests import factories
from yeastar_app import clock
from yeastar_app.database import transaction
from yeastar_app.models.points import PointLot
from yeastar_app.services import paging
from yeastar_app.services.paging import Filter, PageForm, SortedForm, order_of, page_of, turned

POINTS, DAY, KEY = col(PointLot.points), col(PointLot.expires_on), col(PointLot.id)
SORTS = {"points": (POINTS, KEY), "day": (DAY, POINTS, KEY), "id": (KEY,)}
FIRST_DAY = date(2026, 1, 1)
lots = some.lists(some.tuples(some.integers(1, 4), some.integers(0, 2)), max_size=24)


def add(session: Any, home: int, rows: list[tuple[int, int]]) -> None:
    for points, day in rows:
        session.add(
            PointLot(
                organisation_id=home,
                points=points,
                remaining=points,
                earned_at=clock.now(),
                expires_on=FIRST_DAY + timedelta(days=day),
            )
        )
        session.flush()


@pytest.mark.parametrize("sort", ["points", "-points", "day", "-day", "id", "-id"])
@pytest.mark.parametrize(("few", "walk"), [(0, 2), (0, 1000), (3, 5), (1000, 0)])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=lots, coming=lots, least=some.integers(0, 4))
def test_every_row_is_met_once_in_order_whatever_comes_in_between(
    db: str, monkeypatch: pytest.MonkeyPatch, sort: str, few: int, walk: int, there: Any, coming: Any, least: int
) -> None:
    monkeypatch.setattr(paging, "FEW", few)
    monkeypatch.setattr(paging, "WALK", walk)
    home = factories.organisation().key
    mine = col(PointLot.organisation_id) == home
    query = sa.select(KEY, POINTS, DAY)
    filters = [Filter(least <= POINTS, sa.select(KEY).where(mine, least <= POINTS))] if least else []
    order = order_of(sort, SORTS, "-id")[1]

    def page(session: Any, **where: Any) -> paging.Slice:
        return page_of(session, query, KEY, PageForm(**where), order=order, scope=[mine], filters=filters, limit=3)

    def place(row: Any) -> tuple[Any, ...]:
        return {"points": (row.points, row.id), "day": (row.expires_on, row.points, row.id), "id": (row.id,)}[
            sort.removeprefix("-")
        ]

    with transaction() as session:
        add(session, home, there)
        wanted = [row for row in session.execute(query.where(mine)) if row.points >= least]
        wanted.sort(key=place, reverse=sort.startswith("-"))
        pages, later = [page(session)], list(coming)
        while pages[-1].older:
            if later:
                add(session, home, [later.pop()])
            pages.append(page(session, before=pages[-1].older))
        met = [row for one in pages for row in one.rows]
        places = [place(row) for row in met]
        assert places == sorted(set(places), reverse=sort.startswith("-"))
        assert [row.id for row in met if row.id in {one.id for one in wanted}] == [row.id for row in wanted]
        assert all(row.points >= least for row in met)

        back, here = [], pages[-1]
        while here.newer:
            here = page(session, after=here.newer)
            back.append(here)
        again = [row for one in reversed(back) for row in one.rows]
        known = {row.id for row in wanted}
        assert [row.id for row in again if row.id in known] == [row.id for row in met[: len(met) - len(pages[-1].rows)]
                                                               if row.id in known]  # fmt: skip
        session.rollback()


def test_an_address_that_names_no_order_or_no_row_begins_at_the_start(db: str) -> None:
    home = factories.organisation().key
    stranger = factories.organisation().key
    query = sa.select(KEY, POINTS).where(col(PointLot.organisation_id) == home)
    with transaction() as session:
        add(session, stranger, [(9, 0)])
        add(session, home, [(1, 0), (3, 0), (2, 0)])
        theirs = session.execute(sa.select(KEY).where(col(PointLot.organisation_id) == stranger)).scalar_one()
        for said, key in (
            ("nonsense", "1e9"),
            ("-", "-3"),
            ("--points", "x"),
            ("points ", theirs),
            ("-points", theirs),
        ):
            form = SortedForm.model_validate({"sort": said, "before": key})
            name, order = order_of(form.sort, SORTS, "-points")
            found = page_of(session, query, KEY, form, order=order)
            falls = name.startswith("-")
            assert [row.points for row in found.rows] == ([3, 2, 1] if falls else [1, 2, 3]), said


def test_a_second_click_on_a_heading_turns_the_order_round() -> None:
    assert turned("-at", "points") == "-points"
    assert turned("-points", "points") == "points"
    assert turned("points", "points") == "-points"
    assert turned("-at", "name", ("name",)) == "name"
    assert turned("name", "name", ("name",)) == "-name"
