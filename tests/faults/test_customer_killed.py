"""kill -9 in the middle of the creation of a customer: everything of it or nothing, and no email for what did not
happen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import func, select

from tests.conftest import START
from tests.services.customers_ground import FORM, customer, partner
from tests.services.test_images import picture
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Account, Organisation
from yeastar_app.models.credentials import Link
from yeastar_app.models.records import AuditRow, Email, Image
from yeastar_app.settings import ROOT

CHILD = """
import sys
from datetime import datetime
from yeastar_app import clock
from yeastar_app.access import Credential, perform
from yeastar_app.services import customers, images, people

def here(*_arguments, **_values):
    print("here", flush=True)
    sys.stdin.read()

place, start, token, folder = sys.argv[1:5]
rooms = {"store": images, "send_activation": people, "audit": customers}
if place in rooms:
    setattr(rooms[place], place, here)
form = {"first_name": "Nadia", "company": "Noord Hotels", "country": "NL", "email": "nadia@noord.example.com",
        "picture": open(folder + "/face.png", "rb").read()}
with clock.frozen(datetime.fromisoformat(start)):
    perform(customers.create, form, Credential(session_token=token))
here()
"""


def counts() -> dict[str, int]:
    with transaction(writes=False) as session:
        return {
            table.__name__: session.exec(select(func.count()).select_from(table)).one()
            for table in (Organisation, Account, Image, Link, Email, AuditRow)
        }


def create_and_kill(place: str, token: str, folder: Path) -> None:
    """Run the creation in a process of its own and kill it as soon as it says that it is at `place`."""
    (folder / "face.png").write_bytes(picture())
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, place, START.isoformat(), token, str(folder)],
        cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with child:
        assert child.stdout and child.stdout.readline() == b"here\n"
        child.kill()


@pytest.mark.parametrize("place", ["store", "send_activation"])
def test_killed_before_the_end_nothing_is_there_and_the_address_is_free(
    sqlite: str, tmp_path: Path, place: str
) -> None:
    nothing_is_kept(tmp_path, place)


def test_killed_just_before_the_end_nothing_is_there_on_either_database(db: str, tmp_path: Path) -> None:
    nothing_is_kept(tmp_path, "audit")


def nothing_is_kept(folder: Path, place: str) -> None:
    me = partner()
    before = counts()
    create_and_kill(place, me.session_token, folder)
    assert counts() == before
    assert customer(me, email=FORM["email"])


def test_killed_after_the_end_everything_is_there(sqlite: str, tmp_path: Path) -> None:
    me = partner()
    before = counts()
    create_and_kill("after", me.session_token, tmp_path)
    assert counts() == {name: count + 1 for name, count in before.items()}
