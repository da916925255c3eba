"""Processes to kill. They are forked from one that has imported everything once, so each costs milliseconds; forking
the one that runs the tests would not be safe, it has threads."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

from tests.conftest import START
from yeastar_app import clock, database
from yeastar_app.settings import settings

MODULES = [
    "tests.faults.test_bulk_killed",
    "tests.faults.test_customer_killed",
    "tests.faults.test_hosting_killed",
    "tests.faults.test_reseller_killed",
]
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(MODULES)


def die(*_: Any, **__: Any) -> NoReturn:
    """kill -9 of this process: nothing of it gets to clean up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def in_a_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's answer, worked out in a process of its own on this test's database; None where it was killed.
    Any other end than an answer or a kill fails the test."""
    listening, speaking = _fork.Pipe(duplex=False)
    surroundings = {name: os.environ[name] for name in ("DATABASE_URL", "DATA_DIR")}
    process = _fork.Process(target=_run, args=(speaking, surroundings, function, arguments))
    process.start()
    speaking.close()
    try:
        answer = listening.recv()
    except EOFError:
        answer = None
    listening.close()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), "it ended for another reason"
    assert (answer is None) == (process.exitcode != 0)
    process.close()
    return answer


def _run(speaking: Any, surroundings: dict[str, str], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.environ.update(surroundings)
    settings.cache_clear()
    database.engine.cache_clear()
    with clock.frozen(START):
        speaking.send(function(*arguments))
