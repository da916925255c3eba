"""Searches in long lists go by an index on both databases, and the words follow what is written."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.services.central import Owner, activated, add_pbx, add_reseller, owner
from tests.services.test_pbx_lists import statements
from yeastar_app import database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.capacity import Pbx
from yeastar_app.services import paging, pbx

GROW = "pbx|organisation|account|audit_row|email|alarm|contact|task|registration|registry_unit"
"""Tables that get long."""
SEARCHES: list[tuple[Callable[..., Any], dict[str, str]]] = [
    (pbx.search, {"name": "night"}),
    (pbx.search, {"owner": "bright"}),
    *[(pbx.search, {"show": str(shown)}) for shown in pbx.Shown],
]


def names(by: Credential, **form: str) -> list[str]:
    return [row.name for row in perform(pbx.search, form, by).rows]


def plans(action: Callable[..., Any], form: dict[str, str], by: Credential) -> str:
    """How the database reads what an action asks for, where it avoids reading whole tables if it can."""
    with statements() as seen:
        perform(action, form, by)
    said: list[str] = []
    with database.engine().connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, given in seen:
            if statement.startswith("SELECT"):
                explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
                said += map(str, connection.exec_driver_sql(explain + statement, given))
    return "\n".join(said)


@pytest.fixture
def ground(db: str) -> Owner:
    """An owner with a PBX of its own, and one in a reseller's package."""
    one = owner()
    reseller = activated(add_reseller(one))
    add_pbx(one.credential, name="Night desk", subdomain="harbour-9")
    add_pbx(reseller, name="Day desk")
    return one


@pytest.mark.parametrize("whole", [False, True], ids=["found first", "walked first"])
@pytest.mark.parametrize(("action", "form"), SEARCHES, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_a_search_never_reads_a_whole_table(
    ground: Owner, monkeypatch: pytest.MonkeyPatch, action: Any, form: dict[str, str], whole: bool
) -> None:
    if whole:
        monkeypatch.setattr(paging, "WALK", 0)
    said = plans(action, form, ground.credential)
    assert said
    assert not re.search(rf"SCAN ({GROW})\b(?!_)|Seq Scan on ({GROW})\b", said), said


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
