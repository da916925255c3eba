"""The surroundings of a run of tests: a folder of its own, which its workers share and no other run knows."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

MEMORY, ENOUGH = Path("/dev/shm"), 2 << 30
"""Where Linux keeps files in memory, and how many bytes have to be free there: databases of tests outlive nobody."""


def quickest() -> Path | None:
    """The folder to put the databases in; None for the system's own choice."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    return MEMORY if roomy else None


if "TESTS_FOLDER" not in os.environ:
    os.environ["TESTS_FOLDER"] = tempfile.mkdtemp(prefix="yeastar-tests-", dir=quickest())
    atexit.register(shutil.rmtree, os.environ["TESTS_FOLDER"], ignore_errors=True)
FOLDER = Path(os.environ["TESTS_FOLDER"])

os.environ["DATA_DIR"] = tempfile.mkdtemp(dir=FOLDER)
os.environ["JOBS_IN_APP"] = "false"
os.environ.pop(
    "PYTHONDONTWRITEBYTECODE", None
)  # the workers and servers started from here need not compile it all again
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(dir=FOLDER))
