"""Searches in long lists go by an index on both databases, and the words follow what is written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from tests.services.central import Owner, activated, add_pbx, add_reseller, owner
from tests.services.test_pbx_lists import statements
from yeastar_app import database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import (
    account_states,
    alarms,
    audit_log,
    contacts,
    mailbox,
    operation_logs,
    paging,
    pbx,
    registry,
    resellers,
    staff,
    tasks,
)

GROW = "pbx|organisation|account|audit_row|email|alarm|contact|task|registration|registry_unit"
"""Tables that get long."""
WHOLE = re.compile(rf"SCAN ({GROW})$|Seq Scan on ({GROW})\b", re.MULTILINE)
DAYS = {"since": "2026-03-01", "until": "2026-03-02"}
IN_CENTRAL: list[tuple[Callable[..., Any], dict[str, str]]] = [
    (pbx.search, {"name": "night"}),
    (pbx.search, {"owner": "bright"}),
    *[(pbx.search, {"show": str(shown)}) for shown in pbx.Shown],
    (resellers.search, {"name": "remy"}),
    (resellers.search, {"company": "bright"}),
    (resellers.search, {"email": "reseller"}),
    (resellers.search, {"state": "frozen"}),
    (alarms.listed, {}),
    (alarms.listed, {"search": "extensions"}),
    *[(alarms.listed, {"state": state}) for state in ("active", "over", "unseen")],
    (alarms.listed, {"level": "alert"}),
    (operation_logs.search, {}),
    (operation_logs.search, {"who": "remy"}),
    (operation_logs.search, {"what": "night"}),
    (operation_logs.search, {"operation": "pbx.create"}),
    (operation_logs.search, DAYS),
    (contacts.search, {"search": "ida"}),
    (tasks.listed, {"search": "night"}),
    (tasks.listed, {"status": "pending"}),
    (tasks.offered, {}),
    (tasks.offered, {"search": "night"}),
]
IN_THE_BACK_OFFICE: list[tuple[Callable[..., Any], dict[str, str]]] = [
    (audit_log.read, {}),
    (audit_log.read, {"search": "night"}),
    (audit_log.read, {"who": "remy"}),
    (audit_log.read, {"action": "added"}),
    (audit_log.read, DAYS),
    (mailbox.emails, {"search": "remy"}),
    (staff.accounts, {"search": "remy"}),
    (staff.accounts, {"type": "reseller"}),
    *[(staff.accounts, {"status": state}) for state in account_states.STATES],
    *[(registry.listed, {"state": state}) for state in registry.STATES],
]


def names(by: Credential, **form: str) -> list[str]:
    return [row.name for row in perform(pbx.search, form, by).rows]


def gathered(action: Callable[..., Any], form: dict[str, str], by: Credential) -> list[str]:
    """What of an action's reading takes in a whole table: how the database goes about it, where it does. To go down
    the list's own order, which ends when the page is full, is no such thing."""
    with statements() as seen:
        perform(action, form, by)
    plans = []
    with database.engine().connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, given in seen:
            if statement.startswith("SELECT"):
                explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
                said = connection.exec_driver_sql(explain + statement, given).all()
                plans.append("\n".join(str(line[-1]) for line in said))
    assert plans
    return [plan for plan in plans if WHOLE.search(plan) and (not sqlite or "FOR ORDER BY" in plan)]


@pytest.fixture
def ground(db: str) -> Owner:
    """An owner with a PBX of its own, and one in a reseller's package."""
    one = owner()
    reseller = activated(add_reseller(one))
    add_pbx(one.credential, name="Night desk", subdomain="harbour-9")
    add_pbx(reseller, name="Day desk")
    return one


@pytest.mark.parametrize("whole", [False, True], ids=["found first", "walked first"])
@pytest.mark.parametrize("searches", [IN_CENTRAL, IN_THE_BACK_OFFICE], ids=["Central Management", "back office"])
def test_no_search_reads_a_whole_table(
    ground: Owner, monkeypatch: pytest.MonkeyPatch, searches: Any, whole: bool
) -> None:
    if whole:
        monkeypatch.setattr(paging, "WALK", 0)
        monkeypatch.setattr(paging, "FEW", 0)
    admin = factories.signed_in(factories.account(Kind.ADMINISTRATOR, two_factor="app"))
    by = ground.credential if searches is IN_CENTRAL else admin
    found = {(action.__name__, str(form)): gathered(action, form, by) for action, form in searches}
    assert {which: plans for which, plans in found.items() if plans} == {}


@pytest.mark.parametrize("few", [0, 1000])
def test_pbxs_are_found_by_beginnings_of_words_of_name_and_address(
    ground: Owner, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(paging, "FEW", few)
    by = ground.credential
    assert names(by, name="DESK nig") == names(by, name="harb 9") == ["Night desk"]
    assert names(by, name="desk") == ["Day desk", "Night desk"]
    assert names(by, owner="networks bright") == ["Day desk"]
    assert names(by, owner="bright", name="night") == names(by, name="esk") == names(by, name="%") == []


def test_a_company_finds_nothing_of_another(ground: Owner) -> None:
    stranger = owner()
    add_pbx(stranger.credential, name="Night watch")
    assert names(stranger.credential, name="night") == ["Night watch"]
    assert names(ground.credential, name="night") == ["Night desk"]
    assert names(stranger.credential, owner="bright") == []


def test_the_words_follow_what_is_changed(ground: Owner) -> None:
    by = ground.credential
    with transaction() as session:
        session.execute(
            sa.update(Pbx).where(sa.column("name") == "Night desk").values(name="Évora 100%", subdomain=None)
        )
    assert names(by, name="night") == names(by, name="harbour") == []
    assert names(by, name="évor") == names(by, name="100") == ["Évora 100%"]
