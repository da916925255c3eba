"""Capacity over time: a row a day and pool where something changed, whoever writes it and how often."""

from dataclasses import replace
from datetime import timedelta

from sqlmodel import select

from tests.conftest import START
from tests.factories import signed_in
from tests.race import at_once
from tests.services.central import Owner, activated, add_pbx, add_reseller, owner
from yeastar_app import clock
from yeastar_app.access import perform
from yeastar_app.database import transaction
from yeastar_app.jobs import capacity_records as job
from yeastar_app.models.packages import CapacityRecord
from yeastar_app.services import capacity_records


def levels(by: Owner) -> list[tuple[int, int, int, int]]:
    """Of its extensions: how many days ago, total, assigned, used."""
    found = perform(capacity_records.over_time, None, by.credential)["extensions"]
    return [((clock.now().date() - each.day).days, each.total, each.assigned, each.used) for each in found]


def back(by: Owner) -> Owner:
    """The same person days later, signed in again."""
    return replace(by, credential=signed_in(by.account))


def test_the_past_of_a_package_is_what_it_was_on_the_days_on_which_it_changed(db: str) -> None:
    partner = owner()
    job.run_due()
    with clock.frozen(START + timedelta(days=3)):
        partner = back(partner)
        reseller = add_reseller(partner)
        job.run_due()
        add_pbx(partner.credential)
        job.run_due()
    with clock.frozen(START + timedelta(days=4)):
        job.run_due()
    with clock.frozen(START + timedelta(days=10)):
        add_pbx(activated(reseller))
        partner = back(partner)
        assert levels(partner) == [(10, 1000, 0, 0), (7, 1000, 200, 20), (0, 1000, 200, 20)]


def test_written_twice_by_many_at_once_it_is_there_once(db: str) -> None:
    owner()
    at_once(6, lambda _: job.run_due())
    job.run_due()
    with transaction(writes=False) as session:
        assert len(session.exec(select(CapacityRecord)).all()) == 1


def test_the_window_begins_with_what_held_when_it_began(db: str) -> None:
    partner = owner()
    with clock.frozen(START - timedelta(days=500)):
        job.run_due()
    assert levels(partner) == [(365, 1000, 0, 0), (0, 1000, 0, 0)]
