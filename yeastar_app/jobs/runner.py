"""Runs the background work, inside the application or as `yeastar run-jobs`. Knows no rule: the table below names
what is done and how often; every process may run it at once, because each piece of work takes its rows first."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from yeastar_app.jobs import alarms, bulk, capacity_records, expiry, hosting, outbox, registry, resets, reviews, tasks
from yeastar_app.settings import settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """`work` blocks, is safe to run twice and in several processes, and gives how much it did. `every`: seconds."""

    name: str
    work: Callable[[], Any]
    every: float


JOBS: list[Job] = [
    Job("emails", outbox.send_due, 2),
    Job("password resets", resets.process_reset_requests, 1),
    Job("workbooks", bulk.run_due, 1),
    Job("engine commands", hosting.send_due, 0.5),
    Job("simulated engine", hosting.simulate, 0.5),
    Job("simulated usage", hosting.measure, 5),
    Job("engine health", hosting.look_after, 20),
    Job("expiring cloud PBXs", hosting.expire, 300),
    Job("registry imports", registry.run_due, 1),
    Job("tasks", tasks.run_due, 1),
    Job("expired points", expiry.run_due, 300),
    Job("old workbooks", bulk.forget_old, 3600),
    Job("points that expire soon", expiry.remind_due, 900),
    Job("yearly reviews", reviews.run_due, 900),
    Job("capacity records", capacity_records.run_due, 600),
    Job("alarms", alarms.look, 60),
    Job("summaries of alarms", alarms.summarise, 60),
    Job("old alarms", alarms.forget_old, 3600),
    Job("old usage", hosting.forget_usage, 3600),
    Job("old sign-in counts", resets.clean_up_sign_ins, 3600),
]


async def run(jobs: list[Job] | None = None) -> None:
    """Do all jobs, each by its own clock, until cancelled. They have threads of their own: a slow mail server or a
    long workbook takes none from the pages."""
    doing = JOBS if jobs is None else jobs
    with ThreadPoolExecutor(len(doing), thread_name_prefix="job") as threads:
        await asyncio.gather(*[_repeat(job, threads) for job in doing])


async def _repeat(job: Job, threads: ThreadPoolExecutor) -> None:
    """One job's failure is logged and stops no other; work in hand is finished before the loop ends."""
    while True:
        await _once(job, threads)
        await asyncio.sleep(job.every)


async def _once(job: Job, threads: ThreadPoolExecutor) -> None:
    working = asyncio.get_running_loop().run_in_executor(threads, job.work)
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await working
        raise
    except Exception:
        log.exception("job_failed", job=job.name)


@asynccontextmanager
async def inside_the_application() -> AsyncIterator[None]:
    """The application's lifespan task: jobs run as long as it does (setting JOBS_IN_APP)."""
    task = asyncio.create_task(run()) if settings().jobs_in_app else None
    yield
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def run_until_stopped() -> None:
    """`yeastar run-jobs`: until SIGINT or SIGTERM, finishing what is in hand."""
    task = asyncio.create_task(run())
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stop, task.cancel)
    log.info("jobs_started", jobs=[job.name for job in JOBS])
    with contextlib.suppress(asyncio.CancelledError):
        await task
