"""What each product earns on which days, as administrators keep it."""

import itertools
from datetime import date
from typing import Any

import pytest
from sqlmodel import col, select

from tests.factories import account, registry_unit, signed_in
from tests.race import at_once
from tests.services.test_registration import APPLIANCE, SERIAL, form
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind, TwoFactor
from yeastar_app.models.points import Registration
from yeastar_app.models.products import PointRule
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import Refusal
from yeastar_app.services import point_rules, registration, seen
from yeastar_app.services.point_rules import Piece, ProductView, carve, days, said, timeline

TODAY = date(2026, 3, 2)
S_SERIES = "S-Series VoIP PBX"


@pytest.fixture
def admin(db: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


@pytest.fixture
def partner(admin: Credential) -> Credential:
    return signed_in(account(Kind.PARTNER))


@pytest.fixture
def here(sqlite: str) -> Credential:
    return signed_in(account(Kind.ADMINISTRATOR, two_factor=TwoFactor.EMAIL))


def product(who: Credential, name: str = APPLIANCE) -> ProductView:
    return next(view for view in perform(point_rules.overview, {}, who) if view.name == name)


def rule(view: ProductView, points: Any = 300, first: Any = None, last: Any = None, **more: Any) -> dict[str, Any]:
    return {"product": view.id, "points": points, "valid_from": first, "valid_until": last, "seen": view.seen, **more}


def lines(view: ProductView) -> list[tuple[str, int, str]]:
    return [
        (days(span.first or date.min, span.last or date.max), span.points, span.when) for span in view.spans
    ]  # fmt: skip


def earns(who: Credential, view: ProductView, day: date) -> str:
    return str(perform(point_rules.earning, {"product": view.id, "day": day}, who))


def stored() -> list[tuple[int, date | None, date | None]]:
    with transaction(writes=False) as session:
        found = session.exec(select(PointRule).where(col(PointRule.product_id) == 1).order_by(col(PointRule.id)))
        return [(row.points, row.valid_from, row.valid_until) for row in found]


def test_a_campaign_takes_its_days_from_the_rule_that_held_there(admin: Credential, partner: Credential) -> None:
    view = product(admin)
    campaign = rule(view, 300, "2026-03-02", "2026-03-31")
    expected = [
        "Until 1 Mar 2026: 150 points",
        "2 Mar 2026 to 31 Mar 2026: 300 points",
        "From 1 Apr 2026 on: 150 points",
    ]
    assert perform(point_rules.preview, campaign, admin) == expected
    assert lines(product(admin)) == [("Always", 150, "now")], "looking at it changes nothing"
    perform(point_rules.add, campaign, admin)
    view = product(admin)
    assert lines(view) == [
        ("Until 1 Mar 2026", 150, "ended"),
        ("2 Mar 2026 to 31 Mar 2026", 300, "now"),
        ("From 1 Apr 2026 on", 150, "later"),
    ]
    assert (earns(admin, view, date(2026, 3, 1)), earns(admin, view, TODAY)) == ("150 points", "300 points")
    registry_unit(APPLIANCE, SERIAL)
    assert perform(registration.register, form(), partner).total == 300
    with transaction(writes=False) as session:
        row = session.exec(select(AuditRow).where(col(AuditRow.action) == "point_rules.add")).one()
    assert (row.before, row.after) == ({"rules": ["Always: 150 points"]}, {"rules": expected})


def test_a_day_on_which_something_registered_was_bought_keeps_its_rule(admin: Credential, partner: Credential) -> None:
    registry_unit(APPLIANCE, SERIAL)
    perform(registration.register, form(purchase_date="2026-02-10"), partner)
    view = product(admin)
    whole = view.spans[0].rule
    for action, given, code in (
        (point_rules.add, rule(view, 300, "2026-02-10"), "days_used"),
        (point_rules.add, rule(view, 300), "days_used"),
        (point_rules.end, {"rule": whole, "seen": view.seen, "last_day": "2026-02-09"}, "days_used"),
        (point_rules.correct, rule(view, 300, rule=whole), "rule_used"),
        (point_rules.remove, {"rule": whole, "seen": view.seen}, "rule_used"),
    ):
        with pytest.raises(Refusal) as refused:
            perform(action, given, admin)
        assert refused.value.code == code
    assert stored() == [(150, None, None)]
    perform(point_rules.add, rule(view, 300, "2026-02-11"), admin)
    with transaction(writes=False) as session:
        assert [row.points for row in session.exec(select(Registration))] == [150]


def test_an_ended_rule_earns_nothing_afterwards_and_a_gap_is_shown(here: Credential) -> None:
    view = product(here)
    perform(point_rules.end, {"rule": view.spans[0].rule, "seen": view.seen, "last_day": "2026-02-28"}, here)
    view = product(here)
    assert earns(here, view, TODAY).startswith("Nothing. P-Series Appliance Edition bought on this day earns no points")
    perform(point_rules.add, rule(view, 100, "2026-04-01"), here)
    view = product(here)
    assert lines(view)[1] == ("1 Mar 2026 to 31 Mar 2026", 0, "now")
    later = view.spans[2]
    perform(point_rules.correct, rule(view, 120, "2026-03-15", rule=later.rule), here)
    assert lines(product(here))[2] == ("From 15 Mar 2026 on", 120, "later")
    view = product(here)
    perform(point_rules.remove, {"rule": view.spans[2].rule, "seen": view.seen}, here)
    assert lines(product(here)) == [("Until 28 Feb 2026", 150, "ended")]


def test_what_a_unit_would_earn_is_judged_as_a_registration_is(here: Credential) -> None:
    view = product(here)
    assert "lies in the future" in earns(here, view, date(2026, 3, 3))
    assert "within 365 days" in earns(here, view, date(2025, 3, 1))
    assert earns(here, product(here, "Workplace"), TODAY) == "100 points"
    assert "earns no points" in earns(here, product(here, S_SERIES), TODAY)


def test_a_new_product_earns_once_it_has_a_rule_and_is_fixed_once_it_is_used(here: Credential) -> None:
    new = {"code": " P560 ", "name": "P560", "id_kind": "serial_number", "position": "9"}
    with pytest.raises(Refusal) as refused:
        perform(point_rules.add_product, {**new, "name": "Workplace"}, here)
    assert (refused.value.code, refused.value.field) == ("taken", "name")
    with pytest.raises(Refusal, match="taken"):
        perform(point_rules.add_product, {**new, "name": "S-SERIES-pbx"}, here)
    perform(point_rules.add_product, new, here)
    view = product(here, "P560")
    assert (view.code, view.in_use, view.spans) == ("p560", False, [])
    registry_unit("P560", SERIAL)
    change = {**new, "product": view.id, "seen": view.seen, "name": "P560 PBX"}
    for given in ({**change, "code": "p561"}, {**change, "id_kind": "company_id"}):
        with pytest.raises(Refusal) as refused:
            perform(point_rules.change_product, given, here)
        assert refused.value.code == "in_use"
    perform(point_rules.change_product, change, here)
    assert product(here, "P560 PBX").in_use


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", 0), ("points", "-1"), ("points", "1.5"), ("points", "1e3"), ("points", True), ("points", ""),
        ("points", 1_000_001), ("points", {}), ("valid_from", "soon"), ("valid_from", 5), ("valid_from", "1999-12-31"),
        ("valid_from", "2101-01-01"), ("valid_until", "2026-02-30"), ("valid_until", "2026-01-01"), ("product", 0),
        ("product", "x"), ("seen", None), ("seen", "x" * 33), ("seen", "x"), ("product", 9999),
    ],
)  # fmt: skip
def test_bad_input_makes_no_rule(here: Credential, field: str, value: Any) -> None:
    given = {**rule(product(here), 300, "2026-03-10", "2026-03-20"), field: value}
    with pytest.raises(Refusal):
        perform(point_rules.add, given, here)
    assert stored() == [(150, None, None)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "x"), ("code", "a b"), ("code", "é-x"), ("code", "a" * 41), ("code", 7), ("name", ""), ("name", " "),
        ("name", "a" * 101), ("name", "a\0b"), ("id_kind", ""), ("id_kind", "serial"), ("position", -1),
        ("position", "ten"), ("position", 10_001),
    ],
)  # fmt: skip
def test_bad_input_makes_no_product(here: Credential, field: str, value: Any) -> None:
    good = {"code": "p560", "name": "P560", "id_kind": "serial_number", "position": 9}
    with pytest.raises(Refusal):
        perform(point_rules.add_product, {**good, field: value}, here)
    assert len(perform(point_rules.overview, {}, here)) == 7


def test_the_list_is_searched_and_exported(here: Credential) -> None:
    assert [view.name for view in perform(point_rules.overview, {"search": "WORK"}, here)] == ["Workplace"]
    assert perform(point_rules.export, {"search": "work"}, here)[:2] == b"PK"


def everybody_adds(admin: Credential) -> tuple[int, list[str]]:
    view = product(admin)
    won, refused = at_once(4, lambda n: perform(point_rules.add, rule(view, 200 + n, "2026-03-10"), admin))
    return len(won), refused


def test_negative_control_without_the_comparison_the_last_overwrites_silently(
    admin: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    assert everybody_adds(admin) == (4, [])


def test_of_four_who_change_the_same_product_one_saves_and_three_are_told(admin: Credential) -> None:
    assert everybody_adds(admin) == (1, ["changed_meanwhile"] * 3)
    assert len(stored()) == 2


def test_days_are_cut_exactly() -> None:
    """Every way two ranges can lie to each other: each day is held by what a naive table says."""
    day = [date(2026, 1, n) for n in range(1, 9)]
    ranges = list(itertools.combinations_with_replacement(range(1, 7), 2))
    for (first, last), (cut_from, cut_to) in itertools.product(ranges, ranges):
        left = carve([Piece(1, 5, day[first], day[last])], day[cut_from], day[cut_to])
        held = [n for n in range(8) for piece in left if piece.first <= day[n] <= piece.last]
        assert held == [n for n in range(first, last + 1) if not cut_from <= n <= cut_to]
    assert said(carve([Piece(1, 5, date.min, date.max)], date.min, date.max)) == []
    assert timeline([], set(), TODAY) == []
