"""A customer of the Customer Portal and the alarms of its own cloud PBXs (PRODUCT 4.4)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.conftest import START
from tests.services.central import Owner, let_the_engine_work, owner
from tests.services.test_hosting import report
from tests.services.test_hosting import take_in as take_report
from tests.services.test_own_pbx import Customer, a_customer, bound, rebind
from tests.services.test_usage import measured, take_in
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.engines import live
from yeastar_app.engines.hosting import Reported
from yeastar_app.models.alarms import Alarm, AlarmLevel
from yeastar_app.models.capacity import Pbx
from yeastar_app.models.hosting import CommandKind, EngineCommand, Outcome
from yeastar_app.refusals import NotAllowed
from yeastar_app.services import alarm_records, own_alarms, own_pbx, pbx, pbx_alarms, pbx_control

DAY = timedelta(days=1)
THEN = START - 7 * DAY
"""When the customers got their PBXs."""


def had(partner: Owner, customer: Customer, **changes: Any) -> int:
    """A PBX that a customer has had for a week."""
    with clock.frozen(THEN):
        return bound(partner, customer, **changes)


def reports(number: int, *codes: str, level: AlarmLevel = AlarmLevel.WARNING, at: Any = THEN) -> None:
    """What a PBX finds wrong with itself at a moment."""
    with clock.frozen(at), transaction() as session:
        said = [Reported(level, code, f"About {code}.") for code in codes]
        pbx_alarms.reported(session, session.get_one(Pbx, number), said)


def shown(customer: Customer, **filters: Any) -> list[str]:
    return [row.title.partition(": ")[2] for row in perform(own_alarms.listed, filters, customer.credential).rows]


def test_a_customer_sees_what_lasts_and_what_there_was_of_its_own_pbxs(db: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number, other = had(partner, lumen), had(partner, noord)
    reports(number, "storage_low")
    reports(number, at=THEN + DAY)
    reports(number, "trunk", at=THEN + 2 * DAY)
    reports(other, "secret")
    rows = perform(own_alarms.listed, {}, lumen.credential).rows
    assert [(row.title, row.detail, row.pbx, row.ended_at) for row in rows] == [
        ("Front desk reports: trunk", "About trunk.", "Front desk", None),
        ("Front desk reports: storage low", "About storage_low.", "Front desk", THEN + DAY),
    ]
    assert shown(noord) == ["secret"]


def test_nobody_else_has_this_list(sqlite: str) -> None:
    partner = owner()
    number = had(partner, a_customer(partner))
    reports(number, "secret")
    with pytest.raises(NotAllowed):
        perform(own_alarms.listed, {}, partner.credential)
    assert shown(a_customer(owner())) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["third", "second", "first"]),
        ({"level": "alert"}, ["third"]),
        ({"state": "active"}, ["third", "second"]),
        ({"state": "over"}, ["first"]),
        ({"search": "SECOND"}, ["second"]),
        ({"search": "front"}, ["third", "second", "first"]),
        ({"since": "2026-02-24"}, ["third", "second"]),
        ({"until": "2026-02-24"}, ["second", "first"]),
        ({"since": "2026-02-24", "until": "2026-02-24", "state": "active"}, ["second"]),
        ({"level": "loud", "state": "odd", "since": "soon", "until": {}}, ["third", "second", "first"]),
        ({"level": [], "state": None, "search": 7, "before": "x", "after": -1}, ["third", "second", "first"]),
    ],
    ids=str,
)
def test_level_state_days_and_words_narrow_it(sqlite: str, filters: dict[str, Any], expected: list[str]) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = had(partner, lumen)
    reports(number, "first")
    reports(number, "second", at=THEN + DAY)
    with transaction() as session, clock.frozen(THEN + 2 * DAY):
        both = [Reported(AlarmLevel.WARNING, "second", ""), Reported(AlarmLevel.ALERT, "third", "")]
        pbx_alarms.reported(session, session.get_one(Pbx, number), both)
    assert shown(lumen, **filters) == expected


def test_long_histories_come_page_by_page(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number, other = had(partner, lumen), had(partner, noord)
    for count in range(60):
        reports(number if count % 2 else other, f"code{count}", at=THEN + timedelta(minutes=count))
    first = perform(own_alarms.listed, {}, lumen.credential)
    second = perform(own_alarms.listed, {"before": first.older}, lumen.credential)
    back = perform(own_alarms.listed, {"after": second.newer}, lumen.credential)
    assert [len(first.rows), len(second.rows), first.newer, second.older] == [25, 5, 0, 0]
    assert back.rows == first.rows
    titles = [row.title for row in (*first.rows, *second.rows)]
    assert titles == [f"Front desk reports: code{count}" for count in range(59, 0, -2)]


def test_what_was_over_before_it_had_the_pbx_is_not_its_business(db: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = had(partner, lumen)
    reports(number, "old", "lasting")
    with transaction() as session, clock.frozen(THEN + DAY):
        pbx_alarms.reported(session, session.get_one(Pbx, number), [Reported(AlarmLevel.WARNING, "lasting", "")])
    with clock.frozen(THEN + 2 * DAY):
        rebind(partner, number, noord)
    with clock.frozen(THEN + 3 * DAY):
        (row,) = perform(own_alarms.listed, {}, noord.credential).rows
        assert (row.title, row.detail, row.raised_at) == ("Front desk reports: lasting", "", THEN + 2 * DAY)
        before, since = (str((THEN + days * DAY).date()) for days in (0, 2))
        assert shown(noord, since=before, until=before) == []  # the day that is hidden is not found
        assert shown(noord, since=since, until=since) == ["lasting"]
        with transaction() as session:
            renamed = session.get_one(Pbx, number)
            renamed.name = "Noord"
            pbx_alarms.renamed(session, renamed, "Front desk")
        assert [row.title for row in perform(own_alarms.listed, {}, noord.credential).rows] == [
            "Noord reports: lasting"
        ]
        assert shown(lumen) == []
        rebind(partner, number, None)
        assert shown(noord) == []


def test_what_the_engine_said_about_its_insides_is_for_the_seller_to_read(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = had(partner, lumen)
    let_the_engine_work()
    perform(pbx_control.start, {"id": number}, partner.credential)
    with transaction(writes=False) as session:
        command = session.exec(select(EngineCommand).where(EngineCommand.kind == CommandKind.START)).one().message_id
    take_report(report(number, 9, command=command, outcome=Outcome.FAILED, words="Rack 7 burns."))
    (row,) = perform(own_alarms.listed, {}, lumen.credential).rows
    assert (row.title, row.detail) == ("Front desk is in trouble", f"{partner.company.name} can see why.")
    assert "Rack" not in repr(perform(own_pbx.search, {}, lumen.credential).alarms)


def test_what_runs_out_is_among_the_alarms_and_above_the_list_of_pbxs(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = had(partner, lumen, calls=10)
    take_in(measured(number, 10))
    words = ["all concurrent calls in use"]
    assert shown(lumen) == words
    assert [one.title for one in perform(own_pbx.search, {}, lumen.credential).alarms] == [
        f"Front desk: {title}" for title in words
    ]


def test_its_open_screens_hear_of_its_alarms_and_of_its_usage(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = had(partner, lumen)
    heard: set[str] = set()
    stop = live.listen(heard.update)
    reports(number, "trunk")
    assert alarm_records.topic(lumen.company.key) in heard
    heard.clear()
    reports(number)
    take_in(measured(number, 1))
    stop()
    assert {alarm_records.topic(lumen.company.key), *pbx.topics(_actor(lumen))[:1]} <= heard
    assert alarm_records.topic(noord.company.key) not in heard


def _actor(customer: Customer) -> Any:
    from yeastar_app.access import who

    return who(customer.credential)


def test_alarms_are_there_for_6_months(sqlite: str) -> None:
    partner = owner()
    lumen = a_customer(partner)
    number = had(partner, lumen)
    reports(number, "first")
    reports(number)
    for days, titles in ((182, ["first"]), (184, [])):
        with transaction() as session:
            row = session.exec(select(Alarm)).one()
            row.raised_at = row.ended_at = START - timedelta(days=days)
            session.get_one(Pbx, number).customer_since = START - timedelta(days=200)
        assert shown(lumen) == titles


def test_a_customer_sees_how_much_of_its_pbx_is_in_use_and_nothing_of_the_days_before(sqlite: str) -> None:
    partner = owner()
    lumen, noord = a_customer(partner), a_customer(partner)
    number = had(partner, lumen)
    for day in range(4):
        take_in(measured(number, day, at=THEN + day * DAY, extensions=10 + day))
    with clock.frozen(THEN + 2 * DAY):
        rebind(partner, number, noord)
    with clock.frozen(THEN + 3 * DAY):
        seen = perform(own_pbx.details, {"id": number}, noord.credential)
        assert [(day.day, day.calls) for day in seen.past] == [((THEN + 3 * DAY).date(), 3)]
        assert seen.row.in_use is not None and seen.row.in_use.extensions == 13
        assert len(perform(pbx.details, {"id": number}, partner.credential).past) == 4
