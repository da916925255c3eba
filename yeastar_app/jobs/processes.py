"""Work that would hold the interpreter of the web process (workbooks) is done in a process of its own, kept ready."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from typing import TypeVar

Result = TypeVar("Result")

_pool: ProcessPoolExecutor | None = None
_lock = threading.Lock()


def submit(function: Callable[..., Result], *arguments: object) -> Future[Result]:
    """Run a module's function in the other process; a pool whose process was killed is replaced."""
    global _pool
    with _lock:
        for _ in range(2):
            if _pool is None:
                _pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)
                # A server process that ends waits for its children before the pool would tell them to go.
                Finalize(None, _pool.shutdown, kwargs={"cancel_futures": True}, exitpriority=100)
            try:
                return _pool.submit(function, *arguments)
            except BrokenProcessPool:
                _pool = None
        raise BrokenProcessPool


def _begin() -> None:
    """In the new process: whoever clicks goes before whoever waits for a workbook."""
    if hasattr(os, "nice"):
        os.nice(10)
    _leave_with_parent()


def _leave_with_parent() -> None:
    """End with the process that asked, however it ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
