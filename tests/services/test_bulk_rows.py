"""The rows of a workbook are judged by columns and by thousands: what is said of each is what its form would say, and
what the database knows of it."""

from datetime import date, time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import account, registry_unit, signed_in
from tests.services.test_registration import APPLIANCE, form
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.refusals import Refusal
from yeastar_app.services import bulk_rows, registration
from yeastar_app.services.registration import RegistrationForm, Said, Unit
from yeastar_app.services.template import COLUMNS

TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["", " ", "\x00", "\ud800", "  Bakker ", "e\u0301", "2026-03-02", "2026-02-30", "0", "x" * 100]),
    st.integers(98, 102).map("x".__mul__),
    st.integers(253, 257).map(lambda count: " " + "y" * count),
)
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.sampled_from([0.0, -0.0, 1.0, date(2026, 3, 2), time(12)]),
)


@st.composite
def sheets(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Rows of a sheet, each column with cells of its own few; most of the cells are good ones."""
    good = ("P550", "3658B4311190", date(2026, 3, 2), "Erik Hoekstra", "Anouk Bakker", "Bakker Logistics")
    of_column = [st.sampled_from([*[cell] * 4, *draw(st.lists(CELLS, max_size=4))]) for cell in good]
    return draw(st.lists(st.tuples(*of_column), min_size=1, max_size=12))


def by_its_form(cells: tuple[Any, ...]) -> Said | None:
    try:
        return bulk_rows._form(cells)
    except Refusal:
        return None


@given(sheets())
def test_columns_say_of_each_row_what_its_form_says(rows: list[tuple[Any, ...]]) -> None:
    assert list(bulk_rows._said(rows)) == [by_its_form(cells) for cells in rows]


@given(st.lists(TEXTS, min_size=2, max_size=12, unique=True))
def test_a_column_in_which_all_is_different_says_the_same(texts: list[str]) -> None:
    rows = [("P550", text, date(2026, 3, 2), text, text, text) for text in texts]
    assert list(bulk_rows._said(rows)) == [by_its_form(cells) for cells in rows]


def test_the_template_the_form_and_what_it_says_have_the_same_fields() -> None:
    assert list(RegistrationForm.model_fields) == list(Said._fields) == list(COLUMNS.values())


def test_what_is_known_of_many_identifiers_is_what_the_registry_and_the_registrations_hold(db: str) -> None:
    ordinary, demo, subscribed, registered, unknown = (f"3658B431119{number}" for number in range(5))
    for serial in (ordinary, registered):
        registry_unit(APPLIANCE, serial)
    registry_unit(APPLIANCE, demo, eligible=False)
    registry_unit(APPLIANCE, subscribed, subscribed_from=date(2026, 1, 1))
    registry_unit("Workplace", unknown)  # of another product
    perform(registration.register, form(product_id=registered), signed_in(account(Kind.PARTNER)))
    with transaction(writes=False) as session:
        products = registration.by_name(registration.catalogue(session, registration.tiers.programme(session)).products)
        appliance, workplace = products[APPLIANCE.lower()].id, products["workplace"].id
        serials = (ordinary, demo, subscribed, registered, unknown, ordinary)
        known = registration.look_up(session, [*((appliance, serial) for serial in serials), (workplace, demo)])
    assert known.units == {
        (appliance, ordinary): Unit(None, True),
        (appliance, demo): Unit(None, False),
        (appliance, subscribed): Unit(date(2026, 1, 1), True),
        (appliance, registered): Unit(None, True),
    }
    assert known.registered == {(appliance, registered)}
