"""Searches and filters in long lists, with few rows and with many of one owner: what is rare and what is common must be
found as soon in either."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.bench import central
from tests.bench.workbook import fresh
from yeastar_app import database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.services import pbx, resellers

RUNS = 11
RARE = (
    "UPDATE pbx SET name = 'Night desk ' || id WHERE id % {step} = 5",
    "UPDATE organisation SET name = 'Zebra ' || id WHERE kind = 'reseller' AND id % {step} = 6",
    "UPDATE account SET email = 'zebra' || id || '@example.com' WHERE kind = 'reseller' AND id % {step} = 6",
    "UPDATE pbx SET trouble = 'no answer' WHERE id % {step} = 7",
    "UPDATE pbx SET expires_on = '2020-01-01' WHERE id % {step} = 8",
    "UPDATE pbx SET run_state = 'running', reported_at = '2026-01-01' WHERE id % {step} <> 9",
    "UPDATE account SET status = 'frozen' WHERE kind = 'reseller' AND id % {step} = 9",
)
"""Ten of each in a list of any length, but for those that run."""
QUESTIONS: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "PBXs: a rare name": (pbx.search, {"name": "night desk"}),
    "PBXs: a common word": (pbx.search, {"name": "pbx"}),
    "PBXs: nothing there": (pbx.search, {"name": "zeppelin"}),
    "PBXs: a rare owner": (pbx.search, {"owner": "zebra"}),
    "PBXs: in trouble": (pbx.search, {"show": "trouble"}),
    "PBXs: expired": (pbx.search, {"show": "expired"}),
    "PBXs: stopped (few)": (pbx.search, {"show": "stopped"}),
    "PBXs: running (most)": (pbx.search, {"show": "running"}),
    "PBXs: busy (few)": (pbx.search, {"show": "busy"}),
    "PBXs: being deleted (none)": (pbx.search, {"show": "deleting"}),
    "resellers: a rare company": (resellers.search, {"company": "zebra"}),
    "resellers: a common word": (resellers.search, {"company": "reseller"}),
    "resellers: a rare email": (resellers.search, {"email": "zebra"}),
    "resellers: nothing there": (resellers.search, {"name": "zeppelin"}),
    "resellers: frozen (few)": (resellers.search, {"state": "frozen"}),
}


def _seconds(action: Callable[..., Any], question: dict[str, str], by: Credential) -> float:
    """The median of some runs, the first one aside."""
    times = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        perform(action, question, by)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def lists(folder: Path, lengths: tuple[int, ...] = (1_000, 100_000)) -> None:
    """Milliseconds of a first page by the number of PBXs; there are a tenth as many resellers."""
    print(f"\n{'searches in lists, SQLite, ms':<40} " + " ".join(f"{length:>10,}" for length in lengths), flush=True)
    measured: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for length in lengths:
        with fresh(folder, f"searches-{length}"):
            by, _ = central.populated(length // 10)
            with transaction() as session:
                for statement in RARE:
                    step = length // 10 // (10 if "reseller" in statement else 1)
                    session.connection().exec_driver_sql(statement.format(step=step))
            with database.engine().connect() as connection:
                connection.execute(sa.text("ANALYZE"))
            for name, (action, question) in QUESTIONS.items():
                measured[name].append(_seconds(action, question, by))
    for name, series in measured.items():
        figures = " ".join(f"{one * 1000:>10.2f}" for one in series)
        print(f"{name:<40} {figures} {series[-1] / series[0]:>11.2f}", flush=True)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        lists(Path(place))
