"""The Dashboard of Central Management: its figures are those of the lists behind it, nobody sees what it may not, and
it asks the database eight times and no more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.services.central import Owner, activated, add_pbx, add_reseller, let_the_engine_work, owner
from tests.services.test_dashboard import counted
from tests.services.test_passwords import activate
from tests.services.test_tasks import add_task, running
from yeastar_app import clock
from yeastar_app.access import Credential, perform, who
from yeastar_app.database import transaction
from yeastar_app.engines import live
from yeastar_app.features import Feature
from yeastar_app.jobs import tasks as jobs
from yeastar_app.models.accounts import Account, Kind, Organisation
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.models.capacity import Pbx
from yeastar_app.models.credentials import LinkPurpose
from yeastar_app.portals.central.attention import attention
from yeastar_app.refusals import NotAllowed
from yeastar_app.services import central_dashboard, engine_orders, links, pbx, pbx_control, resellers, tasks
from yeastar_app.services.central_dashboard import STATES, Several
from yeastar_app.services.pbx import Shown


def seen(by: Credential) -> central_dashboard.View:
    view: central_dashboard.View = perform(central_dashboard.view, None, by)
    return view


def change(number: int, **values: Any) -> None:
    with transaction() as session:
        row = session.get_one(Pbx, number)
        for name, value in values.items():
            setattr(row, name, value)


def everywhere(partner: Owner) -> Credential:
    """PBXs in every state, some of them a reseller's; the reseller."""
    reseller = activated(add_reseller(partner))
    settled = [add_pbx(partner.credential), add_pbx(reseller), running(partner.credential), running(reseller)]
    today = clock.now().date()
    change(settled[0], trouble="No host could carry it out.", expires_on=today + timedelta(days=30))
    change(settled[1], expires_on=today - timedelta(days=1))
    change(settled[2], expires_on=today)
    perform(pbx_control.delete, {"id": settled[3]}, reseller)
    add_pbx(reseller)  # nothing is reported of it yet
    return reseller


def test_the_numbers_are_those_of_the_lists_they_lead_to(db: str) -> None:
    partner = owner()
    for by in (everywhere(partner), partner.credential):
        found = seen(by).pbxs
        assert found is not None
        listed = {each: len(perform(pbx.search, {"show": each}, by).rows) for each in Shown}
        assert found.states == {each: listed[each] for each in STATES}
        assert found.total == len(perform(pbx.search, {}, by).rows)
        counts = (found.trouble, found.expired, found.expiring)
        assert counts == (listed[Shown.TROUBLE], listed[Shown.EXPIRED], listed[Shown.EXPIRING])
    assert (found.total, counts) == (5, (1, 1, 2))
    assert list(found.states.values()) == [1, 2, 1, 1]
    assert found.next_expiry == clock.now().date()


def test_the_whole_dashboard_is_eight_queries_at_most(db: str) -> None:
    partner = owner()
    everywhere(partner)
    with counted() as statements:
        view = seen(partner.credential)
    assert None not in vars(view).values()
    assert 1 < len([statement for statement in statements if statement != "BEGIN"]) <= 8


def test_resellers_that_run_out_and_those_that_never_came_are_named_and_found_in_the_list(db: str) -> None:
    partner = owner()
    add_reseller(partner, company="Waiting", extensions="50")
    for company, extensions in (("Half", "25"), ("Near", "24"), ("Full", "20")):
        add_pbx(activated(add_reseller(partner, company=company, extensions=extensions, minutes="0")))
    found = seen(partner.credential).resellers
    assert found == central_dashboard.Resellers(4, Several(1, "Waiting"), Several(3, "Full"), Several(1, "Full"))
    for use, names in (("near", ["Full", "Near", "Half"]), ("full", ["Full"]), ("none", None)):
        rows = perform(resellers.search, {"use": use}, partner.credential).rows
        assert names is None or [row.company for row in rows] == names, use
    assert len(rows) == 4, "what is unknown filters nothing"


def test_the_capacities_are_those_of_my_subscription(sqlite: str) -> None:
    partner = owner()
    reseller = everywhere(partner)
    for by in (partner.credential, reseller):
        assert seen(by).gauges == perform(pbx.overview, None, by).gauges


def test_an_open_dashboard_is_told_of_everything_on_it(sqlite: str) -> None:
    partner = owner()
    watched = set(central_dashboard.topics(who(partner.credential)))
    number = add_reseller(partner)
    heard: set[str] = set()
    stop = live.listen(heard.update)

    def told(act: Callable[[], Any]) -> Any:
        heard.clear()
        done = act()
        assert heard & watched
        return done

    with transaction() as session:
        token = links.issue(session, session.get_one(Account, number), LinkPurpose.ACTIVATION, timedelta(days=7))
    told(lambda: activate(token))
    with transaction(writes=False) as session:
        reseller = factories.signed_in(session.get_one(Account, number))
    pbx_id = told(lambda: add_pbx(reseller))
    told(let_the_engine_work)
    told(lambda: add_task(reseller, pbx_id))
    told(lambda: perform(pbx_control.delete, {"id": pbx_id}, reseller))
    stop()


def test_a_strangers_matters_are_on_nobodys_dashboard(sqlite: str) -> None:
    everywhere(owner())
    view = seen(owner().credential)
    assert view.pbxs is not None
    assert (view.pbxs.total, view.pbxs.trouble, view.alarms, view.recent) == (0, 0, type(view.alarms)({}, 0), [])
    assert attention(view) == []


@pytest.mark.parametrize(
    ("feature", "part"),
    [
        (Feature.PBX_VIEW, "pbxs"),
        (Feature.ALARM_VIEW, "alarms"),
        (Feature.TASK_VIEW, "tasks"),
        (Feature.LOGS_VIEW, "recent"),
        (None, ""),
    ],
)
def test_a_colleague_sees_only_the_parts_it_was_granted(sqlite: str, feature: Feature | None, part: str) -> None:
    partner = owner()
    reseller = everywhere(partner)
    with transaction(writes=False) as session:
        company = session.get_one(Organisation, who(reseller).organisation)
    person = factories.account(Kind.RESELLER_COLLEAGUE, company, grants=[str(feature)] if feature else [])
    view = vars(seen(factories.signed_in(person)))
    assert {name for name, value in view.items() if value is not None} == {"gauges", part} - {""}


def test_a_customer_has_no_such_dashboard(sqlite: str) -> None:
    partner = owner()
    company = factories.organisation(factories._ORGANISATION_OF[Kind.CUSTOMER], partner.company)
    with pytest.raises(NotAllowed):
        seen(factories.signed_in(factories.account(Kind.CUSTOMER, company)))


def test_what_needs_attention_comes_by_urgency_and_leads_to_it(sqlite: str) -> None:
    partner = owner()
    by = partner.credential
    number = add_task(by, add_pbx(by), kind="reset", immediately=True)  # not running: it fails
    jobs.run_due()
    let_the_engine_work()
    jobs.run_due()
    add_reseller(partner, company="Waiting", extensions="50")
    change(add_pbx(by), expires_on=clock.now().date() + timedelta(days=3))
    with transaction() as session:
        engine_orders.lost(session, "refused")
    lines = attention(seen(by))
    assert [(line.tone, line.title) for line in lines] == [
        ("bad", "The hosting engine does not answer"),
        ("bad", "1 alert is open"),
        ("bad", "1 task failed in the last 7 days"),
        ("warn", "1 cloud PBX expires within 30 days"),
        ("accent", "1 reseller is not activated yet"),
    ]
    assert [line.href for line in lines] == [
        "",
        "/central/alarms?level=alert&state=active",
        f"/central/tasks/{number}",
        "/central/pbx?show=expiring",
        "/central/resellers?state=not_activated",
    ]
    assert lines[2].words == "“Nightly restart” on 1 of 1 PBX."
    clock.advance(timedelta(days=8))
    assert "task failed" not in str(attention(seen(factories.signed_in(partner.account))))


def test_the_next_tasks_are_the_soonest_of_the_own_tree(db: str) -> None:
    partner = owner()
    reseller = activated(add_reseller(partner))
    number = add_pbx(reseller)
    for name, at in (("Third", "2026-03-05T10:00"), ("First", "2026-03-03T10:00"), ("Second", "2026-03-04T10:00")):
        add_task(reseller, number, name=name, at=at)
    other = owner().credential
    add_task(other, add_pbx(other), name="Somebody else's", at="2026-03-02T10:30")
    for by in (partner.credential, reseller):
        ahead = seen(by).tasks
        assert ahead is not None
        assert ([row.name for row in ahead.next], ahead.failed) == (["First", "Second"], 0)
    assert len(perform(tasks.listed, {}, reseller).rows) == 3


def test_alarms_are_counted_by_level_and_the_newest_is_named(db: str) -> None:
    partner = owner()
    reseller = activated(add_reseller(partner, extensions="40", calls="10", minutes="0"))
    add_pbx(reseller, extensions="35", calls="10")
    found = seen(partner.credential).alarms
    assert found is not None
    said = {level: (one.count, one.title, one.company, one.own) for level, one in found.levels.items()}
    assert said == {
        AlarmLevel.WARNING: (1, "Extensions: running out", "Brightline Networks", False),
        AlarmLevel.ALERT: (1, "Concurrent Calls: used up", "Brightline Networks", False),
    }
    assert found.alerts == 0, "only its own people acknowledge them"
    own = seen(reseller).alarms
    assert own is not None
    assert (own.alerts, own.levels[AlarmLevel.ALERT].own) == (1, True)


def test_the_last_operations_are_there_newest_first(sqlite: str) -> None:
    partner = owner()
    for number in range(7):
        add_pbx(partner.credential, name=f"Site {number}", extensions="5", calls="1")
    recent = seen(partner.credential).recent
    assert recent is not None
    assert [row.label for row in recent] == [f"Site {number}" for number in range(6, 1, -1)]
