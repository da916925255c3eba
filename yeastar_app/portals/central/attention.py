"""What of a company's package needs somebody now: in words, the most urgent first, each with the way there."""

from yeastar_app.components.steps import StepRow
from yeastar_app.models.alarms import AlarmLevel
from yeastar_app.services import central_dashboard, tasks
from yeastar_app.services.pbx import Shown
from yeastar_app.words import day, minute, plural, t

PBXS, ALARMS, RESELLERS = "/central/pbx", "/central/alarms", "/central/resellers"
SYMBOLS = ("unplug", "bell-ring", "triangle-alert", "bell", "circle-alert", "calendar-x", "calendar-clock", "gauge",
           "mail", "circle-x")  # fmt: skip


def attention(seen: central_dashboard.View) -> list[StepRow]:
    """Nothing that is not there, and no part that the actor may not see."""
    lines = [*_engine(seen), *_alarms(seen, AlarmLevel.ALERT), *_pbxs(seen), *_tasks(seen.tasks), *_resellers(seen),
             *_alarms(seen, AlarmLevel.WARNING), *_alarms(seen, AlarmLevel.INFORMATION)]  # fmt: skip
    urgent = {"bad": 0, "warn": 1}
    return sorted(lines, key=lambda line: urgent.get(line.tone, 2))


def _engine(seen: central_dashboard.View) -> list[StepRow]:
    since = seen.pbxs.health.lost_since if seen.pbxs else None
    if since is None:
        return []
    words = t("Since {moment} UTC. States are the last it reported; what is ordered is kept.", moment=minute(since))
    return [StepRow("unplug", "bad", t("The hosting engine does not answer"), words)]


_LEVELS = {
    AlarmLevel.ALERT: ("bell-ring", "bad", "alert is open", "alerts are open"),
    AlarmLevel.WARNING: ("triangle-alert", "warn", "warning is open", "warnings are open"),
    AlarmLevel.INFORMATION: ("bell", "accent", "piece of information is open", "pieces of information are open"),
}


def _alarms(seen: central_dashboard.View, level: AlarmLevel) -> list[StepRow]:
    newest = seen.alarms.levels.get(level) if seen.alarms else None
    if newest is None:
        return []
    symbol, tone, one, many = _LEVELS[level]
    words = newest.title if newest.own else f"{newest.title} · {newest.company}"
    if newest.count > 1:
        words = t("The newest: {alarm}", alarm=words)
    return [StepRow(symbol, tone, plural(newest.count, one, many), words, t("See them") if newest.count > 1
                    else t("See it"), f"{ALARMS}?level={level}&state=active")]  # fmt: skip


def _pbxs(seen: central_dashboard.View) -> list[StepRow]:
    found, lines = seen.pbxs, []
    if found is None:
        return []
    if found.trouble:
        title = plural(found.trouble, "cloud PBX is in trouble", "cloud PBXs are in trouble")
        words = t("The hosting engine could not do what was asked.")
        lines.append(_of_pbxs("circle-alert", "bad", title, words, Shown.TROUBLE))
    if found.expired:
        title = plural(found.expired, "cloud PBX has expired", "cloud PBXs have expired")
        words = t("Give it a new expiry date, or delete it.") if found.expired == 1 else (
            t("Give them a new expiry date, or delete them."))  # fmt: skip
        lines.append(_of_pbxs("calendar-x", "warn", title, words, Shown.EXPIRED))
    if found.expiring:
        title = plural(found.expiring, "cloud PBX expires within 30 days", "cloud PBXs expire within 30 days")
        words = t("Its last day is {day}.") if found.expiring == 1 else t("The first one's last day is {day}.")
        words = words.format(day=day(found.next_expiry))
        lines.append(_of_pbxs("calendar-clock", "warn", title, words, Shown.EXPIRING))
    return lines


def _of_pbxs(symbol: str, tone: str, title: str, words: str, show: Shown) -> StepRow:
    return StepRow(symbol, tone, title, words, t("See PBXs"), f"{PBXS}?show={show}")


def _tasks(found: tasks.Ahead | None) -> list[StepRow]:
    if found is None or found.last_failed is None:
        return []
    last = found.last_failed
    of = plural(last.pbxs, "PBX", "PBXs")
    words = t("“{name}” on {failed} of {of}.", name=last.name, failed=f"{last.failed:,}", of=of)
    title = plural(found.failed, "task failed in the last 7 days", "tasks failed in the last 7 days")
    if found.failed == 1:
        return [StepRow("circle-x", "bad", title, words, t("See the log"), f"/central/tasks/{last.id}")]
    words = t("The newest: {task}", task=words)
    return [StepRow("circle-x", "bad", title, words, t("See tasks"), "/central/tasks?status=finished")]


def _resellers(seen: central_dashboard.View) -> list[StepRow]:
    found, lines = seen.resellers, []
    if found is None:
        return []
    if found.near.count:
        title = plural(found.near.count, "reseller is running out of capacity", "resellers are running out of capacity")
        words = t("{who}: 80% or more is in use.", who=_named(found.near))
        if found.full.count:
            words = t("{who}: nothing left of one capacity or more.", who=_named(found.full))
        lines.append(StepRow("gauge", "warn", title, words, t("See resellers"), f"{RESELLERS}?use=near"))
    if found.waiting.count:
        title = plural(found.waiting.count, "reseller is not activated yet", "resellers are not activated yet")
        words = t("{who}: the activation email is sent from the list.", who=_named(found.waiting))
        lines.append(StepRow("mail", "accent", title, words, t("See resellers"), f"{RESELLERS}?state=not_activated"))
    return lines


def _named(several: central_dashboard.Several) -> str:
    """`Canal Street IT and 2 more`."""
    more = several.count - 1
    return t("{name} and {n} more", name=several.first, n=f"{more:,}") if more else several.first
