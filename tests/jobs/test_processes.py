"""The process kept for workbooks leaves with the one that asked."""

import os
import subprocess
import sys

from yeastar_app.settings import ROOT

PROGRAM = """
import multiprocessing, os
from yeastar_app.jobs import processes

def serve():
    assert processes.submit(os.getpid).result() != os.getpid()

if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=serve)
    worker.start()
    worker.join(20)
    print(worker.exitcode)
    worker.kill()
"""


def test_a_server_process_that_used_the_pool_ends_when_it_is_told_to() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "0"
