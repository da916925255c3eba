"""Processes to kill. They are forked from one that has imported everything once, so each costs milliseconds; forking
the one that runs the tests would not be safe, it has threads."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

import sqlalchemy as sa

from tests.conftest import START
from yeastar_app import clock, database
from yeastar_app.settings import settings

MODULES = [
    "tests.faults.test_alarms_killed",
    "tests.faults.test_bulk_killed",
    "tests.faults.test_customer_killed",
    "tests.faults.test_hosting_killed",
    "tests.faults.test_registry_killed",
    "tests.faults.test_reseller_killed",
]
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(MODULES)


def die(*_: Any, **__: Any) -> NoReturn:
    """kill -9 of this process: nothing of it gets to clean up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def die_at(statement: int) -> None:
    """From now on: kill this process right before its nth statement."""
    seen = 0

    def count(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            die()

    sa.event.listen(database.engine(), "before_cursor_execute", count)


def lives_through(statement: int, do: Callable[..., Any], *arguments: Any) -> bool:
    """Whether `do` gets through in a process that dies right before its nth statement. For use within `in_a_process`:
    forks. Any other end than the kill or its own fails."""
    child = os.fork()
    if child == 0:
        try:
            die_at(statement)
            do(*arguments)
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    database.engine().dispose()
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed for another reason"
    return not os.WIFSIGNALED(status)


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
