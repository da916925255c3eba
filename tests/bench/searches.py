"""Long lists, their searches and their filters, with few rows and with many of one owner: what is rare and what is
common must be found as soon in either."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests import factories
from tests.bench import central
from tests.bench.workbook import fresh
from yeastar_app import clock, database
from yeastar_app.access import Credential, perform
from yeastar_app.database import transaction
from yeastar_app.models.accounts import Kind
from yeastar_app.services import (
    alarms,
    audit_log,
    central_dashboard,
    contacts,
    mailbox,
    operation_logs,
    pbx,
    resellers,
    staff,
    tasks,
)

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
_COUNTED = "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {length})"
_AT = "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || (({length} - n) * 1500 / {length} + 1) || ' hours')"
_WHO = "(SELECT id FROM account WHERE kind = 'reseller' AND id = 2 + n % ({length} / 10))"
_OF = "(SELECT organisation_id FROM account WHERE id = 2 + n % ({length} / 10))"
_RARE, _NEW = "n % ({length} / 10) = 3", "n % ({length} / 10) = 4"
MORE = (
    "INSERT INTO audit_row (at, account_id, who, organisation_id, action, subject, label, ip) {counted} SELECT {at},"
    " {who}, CASE WHEN {rare} THEN 'zebra' ELSE 'r' || n END || '@example.com', {of},"
    " CASE WHEN {rare} THEN 'pbx.delete' ELSE 'pbx.edit' END,"
    " 'pbx:' || n, CASE WHEN {rare} THEN 'Zebra' ELSE 'PBX ' || n END, '192.0.2.1' FROM counted",
    "INSERT INTO email (kind, \"to\", subject, text, html, created_at, next_try_at, tries) {counted} SELECT 'note',"
    " CASE WHEN {rare} THEN 'zebra' ELSE 'r' || n END || '@example.com', 'Expiry of PBX ' || n, '', '',"
    " {at}, {at}, 0 FROM counted",
    "INSERT INTO alarm (organisation_id, kind, level, reason, title, detail, raised_at, ended_at, seen_at) {counted}"
    " SELECT {of}, 'pbx_trouble', CASE WHEN {rare} THEN 'alert' ELSE 'warning' END, 'r' || n,"
    " CASE WHEN {rare} THEN 'Zebra' ELSE 'PBX ' || n END || ' is in trouble', '', {at},"
    " CASE WHEN {rare} THEN NULL ELSE {at} END, CASE WHEN {new} THEN NULL ELSE {at} END"
    " FROM counted",
    "INSERT INTO contact (organisation_id, first_name, company, email, created_at) {counted} SELECT 1,"
    " CASE WHEN {rare} THEN 'Zebra' ELSE 'Ida' END, 'Clinic ' || n, 'c' || n || '@example.com', {at}"
    " FROM counted",
    "INSERT INTO task (organisation_id, created_by_id, name, kind, remark, due_at, time_zone, status, request_key,"
    " created_at) {counted} SELECT {of}, {who}, CASE WHEN {rare} THEN 'Zebra' ELSE 'Restart ' || n END,"
    " 'reset', '', {at}, '', CASE WHEN {rare} THEN 'pending' ELSE 'finished' END, 'k' || n, {at}"
    " FROM counted",
)
"""As many of everything else that gets long, and ten that are like no other."""
MIDDLE = "the key in the middle"
QUESTIONS: dict[str, tuple[Callable[..., Any], dict[str, str] | None]] = {
    "Dashboard of Central Management": (central_dashboard.view, None),
    "resellers: first page": (resellers.search, {}),
    "resellers: a page in the middle": (resellers.search, {"before": MIDDLE}),
    "PBXs: first page": (pbx.search, {}),
    "PBXs: a page in the middle": (pbx.search, {"before": MIDDLE}),
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
    "alarms: first page": (alarms.listed, {}),
    "alarms: a rare word": (alarms.listed, {"search": "zebra"}),
    "alarms: a common word": (alarms.listed, {"search": "trouble"}),
    "alarms: lasting (few)": (alarms.listed, {"state": "active"}),
    "alarms: not acknowledged (few)": (alarms.listed, {"state": "unseen"}),
    "alarms: alerts (few)": (alarms.listed, {"level": "alert"}),
    "operation logs: first page": (operation_logs.search, {}),
    "operation logs: a rare word": (operation_logs.search, {"what": "zebra"}),
    "operation logs: somebody": (operation_logs.search, {"who": "zebra@example.com"}),
    "operation logs: a rare operation": (operation_logs.search, {"operation": "pbx.delete"}),
    "customers: a rare word": (contacts.search, {"search": "zebra"}),
    "customers: a common word": (contacts.search, {"search": "clinic"}),
    "tasks: a rare word": (tasks.listed, {"search": "zebra"}),
    "tasks: pending (few)": (tasks.listed, {"status": "pending"}),
    "tasks: PBXs offered": (tasks.offered, {}),
    "tasks: PBXs offered, a rare word": (tasks.offered, {"search": "night"}),
    "audit log: first page": (audit_log.read, {}),
    "audit log: a rare word": (audit_log.read, {"search": "zebra"}),
    "audit log: a common word": (audit_log.read, {"search": "pbx"}),
    "audit log: somebody": (audit_log.read, {"who": "zebra@example.com"}),
    "audit log: a rare action": (audit_log.read, {"action": "pbx.delete"}),
    "audit log: a day long ago": (audit_log.read, {"until": "long ago"}),
    "email log: a rare word": (mailbox.emails, {"search": "zebra"}),
    "email log: a common word": (mailbox.emails, {"search": "expiry"}),
    "accounts: a rare word": (staff.accounts, {"search": "zebra"}),
    "accounts: a common word": (staff.accounts, {"search": "remy"}),
    "accounts: administrators (few)": (staff.accounts, {"type": "administrator"}),
    "accounts: frozen (few)": (staff.accounts, {"status": "frozen"}),
}
IN_THE_BACK_OFFICE = (audit_log.read, mailbox.emails, staff.accounts)


def _seconds(action: Callable[..., Any], question: dict[str, str] | None, by: Credential) -> float:
    """The median of some runs, the first one aside."""
    times = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        perform(action, question, by)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def lists(folder: Path, lengths: tuple[int, ...] = (1_000, 100_000)) -> None:
    """Milliseconds of a first page by the number of PBXs; there are a tenth as many resellers."""
    title = f"\n{'lists, PBXs in ten a reseller, SQLite, ms':<44} "
    print(title + " ".join(f"{length:>10,}" for length in lengths) + "   many/few  aim 1.5", flush=True)
    measured: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for length in lengths:
        with fresh(folder, f"searches-{length}"):
            by, middle = central.populated(length // 10)
            with transaction() as session:
                for statement in RARE:
                    step = length // 10 // (10 if "reseller" in statement else 1)
                    session.connection().exec_driver_sql(statement.format(step=step))
                for statement in MORE:
                    parts = {"at": _AT, "who": _WHO, "of": _OF, "counted": _COUNTED, "rare": _RARE, "new": _NEW}
                    whole = {name: part.format(length=length) for name, part in parts.items()}
                    session.connection().exec_driver_sql(statement.format(length=length, **whole))
            admin = factories.signed_in(factories.account(Kind.ADMINISTRATOR, two_factor="app"))
            with database.engine().connect() as connection:
                connection.execute(sa.text("ANALYZE"))
            for name, (action, question) in QUESTIONS.items():
                long_ago = str((clock.now() - timedelta(days=60)).date())
                key = middle if action is resellers.search else middle * 10
                places = {"long ago": long_ago, MIDDLE: str(key)}
                asked = question and {each: places.get(value, value) for each, value in question.items()}
                who = admin if action in IN_THE_BACK_OFFICE else by
                measured[name].append(_seconds(action, asked, who))
    for name, series in measured.items():
        figures = " ".join(f"{one * 1000:>10.2f}" for one in series)
        print(f"{name:<44} {figures} {series[-1] / series[0]:>11.2f}", flush=True)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        lists(Path(place))
