"""Presets of reseller packages: kept by an owner, under a name, for its own use."""

from typing import Any

import pytest

from tests.race import at_once
from tests.services.central import owner
from yeastar_app.access import perform
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import presets

STARTER: dict[str, Any] = {"name": "Starter", "extensions": "50", "min_extensions": "5", "calls": "10", "minutes": "0"}


def test_a_package_is_saved_under_a_name_and_found_again_by_its_owner_alone(db: str) -> None:
    partner, rival = owner(), owner()
    assert perform(presets.save, {**STARTER, "high_availability": True}, partner.credential) == "Starter"
    perform(presets.save, {**STARTER, "name": "apartments"}, partner.credential)
    apartments, starter = perform(presets.listed, None, partner.credential)
    assert (apartments.name, starter.name, starter.extensions, starter.high_availability) == (
        "apartments", "Starter", 50, True,
    )  # fmt: skip
    assert perform(presets.listed, None, rival.credential) == []
    with pytest.raises(NotFound):
        perform(presets.remove, {"id": starter.id}, rival.credential)
    assert perform(presets.remove, {"id": starter.id}, partner.credential) == "Starter"
    with pytest.raises(NotFound):
        perform(presets.remove, {"id": starter.id}, partner.credential)


def test_a_name_is_used_once_whatever_its_case(db: str) -> None:
    partner = owner()
    saved, refused = at_once(6, lambda _: perform(presets.save, STARTER, partner.credential))
    assert (saved, set(refused)) == (["Starter"], {"preset_exists"})
    with pytest.raises(Refusal, match="exists"):
        perform(presets.save, {**STARTER, "name": "sTARTER"}, partner.credential)


def test_so_many_presets_are_refused_that_nobody_finds_them_again(sqlite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "MOST", 2)
    partner = owner()
    for name in ("one", "two"):
        perform(presets.save, {**STARTER, "name": name}, partner.credential)
    with pytest.raises(Refusal) as refused:
        perform(presets.save, {**STARTER, "name": "three"}, partner.credential)
    assert (refused.value.code, set(refused.value.fields)) == ("too_many_presets", {"name"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 61), ("extensions", "0"), ("extensions", "many"), ("min_extensions", "501"),
     ("min_extensions", "51"), ("calls", "-1"), ("minutes", None)],
)  # fmt: skip
def test_what_is_no_package_is_refused_at_its_field(sqlite: str, field: str, value: Any) -> None:
    partner = owner()
    with pytest.raises(Refusal) as refused:
        perform(presets.save, {**STARTER, field: value}, partner.credential)
    assert field in refused.value.fields
    assert perform(presets.listed, None, partner.credential) == []
