"""The background work: each job on its own, off the event loop, finished before the process ends."""

import asyncio
import threading
import time

from yeastar_app.jobs.runner import Job, run


async def test_a_job_that_fails_stops_no_other_and_runs_again() -> None:
    done: list[str] = []
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail() -> None:
        done.append("failed")
        raise RuntimeError("broken")

    def work() -> None:
        done.append("worked")
        if done.count("worked") >= 2 and done.count("failed") >= 2:
            loop.call_soon_threadsafe(again.set)

    running = asyncio.create_task(run([Job("bad", fail, 0), Job("good", work, 0)]))
    await asyncio.wait_for(again.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_job_blocks_nobody_and_is_finished_before_the_end() -> None:
    started, may_end, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        may_end.wait(10)
        ended.set()

    running = asyncio.create_task(run([Job("slow", work, 60)]))
    await asyncio.wait_for(started.wait(), 10)  # the loop goes on while the job is at it
    before = time.perf_counter()
    await asyncio.sleep(0)
    assert time.perf_counter() - before < 1
    running.cancel()
    loop.call_later(0.05, may_end.set)
    await asyncio.gather(running, return_exceptions=True)
    assert ended.is_set()
