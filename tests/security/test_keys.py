"""Numbers of rows that no database has: every action that takes one answers that there is no such thing."""

from typing import Any

import pytest

import yeastar_app.yeastar_app  # noqa: F401 - registers all actions
from tests import factories
from tests.factories import signed_in
from tests.services.central import owner
from yeastar_app.access import ACTIONS, Action, perform
from yeastar_app.models.accounts import Kind
from yeastar_app.refusals import Refusal

TYPED = {
    "name": "Name", "company": "Company", "first_name": "First", "email": "somebody@example.com", "reason": "Because",
    "kind": "start", "plan": "enterprise", "type": "commercial", "identifier": "ABCD12345678", "deliver_to": "Here",
    "request_key": "a" * 20, "time_zone": "UTC", "seen": "", "expires_on": "2026-03-03", "at": "2026-03-03T10:00",
}  # fmt: skip
"""What stands in the other fields, so that the numbers are what is judged."""


def filled(entry: Action, number: int) -> dict[str, Any]:
    """The action's form, with this number wherever one can stand."""
    form: dict[str, Any] = {}
    for name, field in entry.form.model_fields.items() if entry.form else ():
        kind = str(field.annotation)
        if "list" in kind:
            form[name] = [number]
        elif "int" in kind or (name in ("pbx", "owner", "partner") and "str" in kind):
            form[name] = str(number)
        elif name in TYPED:
            form[name] = TYPED[name]
        elif field.is_required():
            form[name] = "x"
    return form


@pytest.mark.parametrize("number", [2**31, 2**62])
def test_a_number_larger_than_any_key_is_nobodys(db: str, number: int) -> None:
    people = [owner().credential, *(signed_in(factories.account(kind)) for kind in (Kind.ADMINISTRATOR, Kind.CUSTOMER))]
    broken, tried = [], 0
    for name, entry in ACTIONS.items():
        for person in people if entry.form else ():
            try:
                perform(entry.run, filled(entry, number), person)
            except Refusal:
                pass
            except Exception as error:
                broken.append(f"{name}: {error!r:.90}")
            tried += 1
    assert broken == []
    assert tried > 200
