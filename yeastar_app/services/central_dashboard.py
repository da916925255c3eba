"""The Dashboard of Central Management: how the package and its PBXs stand, what needs somebody now, what comes next and
what was done last. Each part is read only where the actor may see it; eight queries at most, whatever there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from yeastar_app.access import Actor, action
from yeastar_app.features import Feature
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.capacity import Desired, Pbx, Pool, RunState
from yeastar_app.services import alarm_records, alarms, capacity, engine_orders, operation_logs, pbx, resellers, tasks
from yeastar_app.services.capacity import Gauge
from yeastar_app.services.engine_orders import Health
from yeastar_app.services.pbx import Shown

RECENT = 5
NEXT_TASKS = 2
STATES = (Shown.RUNNING, Shown.STOPPED, Shown.BUSY, Shown.DELETING)
"""Each PBX is in one of these, so their numbers make the whole."""


@dataclass(frozen=True)
class Pbxs:
    """`states`: how many are in each of STATES. `next_expiry`: of those that expire within 30 days, the first day."""

    states: dict[Shown, int]
    trouble: int
    expired: int
    expiring: int
    next_expiry: date | None
    health: Health

    @property
    def total(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True)
class Several:
    """So many resellers, and the name of the first of them by the alphabet."""

    count: int
    first: str


@dataclass(frozen=True)
class Resellers:
    """`near`: with 80 % or more of some capacity in use; `full`: those of them with one that is used up."""

    total: int
    waiting: Several
    near: Several
    full: Several


@dataclass(frozen=True)
class View:
    """A part that the actor may not see is None."""

    gauges: list[Gauge]
    pbxs: Pbxs | None
    alarms: alarms.Open | None
    resellers: Resellers | None
    tasks: tasks.Ahead | None
    recent: list[operation_logs.Row] | None


def topics(actor: Actor) -> tuple[str, ...]:
    """What changes whenever something on the actor's dashboard does."""
    own = actor.organisation
    return (*pbx.topics(actor), *capacity.topics_around(actor), alarm_records.topic(own), tasks.topic(own))


@action(pbx.CENTRAL, writes=False, alike=True)
def view(session: Session, actor: Actor) -> View:
    """Read the dashboard of the actor's company, as far as the actor may see it."""
    own = capacity.pool_of(session, actor.organisation)
    taken = _taken_from(session, own)
    return View(
        gauges=capacity.gauges_with(own, taken),
        pbxs=_pbxs(session, actor) if actor.may(Feature.PBX_VIEW) else None,
        alarms=alarms.open_by_level(session, actor) if actor.may(Feature.ALARM_VIEW) else None,
        resellers=_resellers(taken) if actor.may(Feature.RESELLER_VIEW) else None,
        tasks=tasks.ahead(session, actor, NEXT_TASKS) if actor.may(Feature.TASK_VIEW) else None,
        recent=operation_logs.latest(session, actor, RECENT) if actor.may(Feature.LOGS_VIEW) else None,
    )


def _taken_from(session: Session, own: Pool) -> Any:
    """What the resellers of a pool hold of each capacity, and how many of them are in which need, by one walk."""
    groups = {
        "waiting": col(Account.status) == Status.NOT_ACTIVATED,
        "near": resellers.in_use(resellers.Use.NEAR),
        "full": resellers.in_use(resellers.Use.FULL),
    }
    assigned = [
        sa.func.coalesce(sa.func.sum(getattr(Pool, f"total_{each}")), 0).label(each) for each in capacity.CAPACITIES
    ]
    counted = [sa.func.count().filter(condition).label(name) for name, condition in groups.items()]
    named = [
        sa.func.min(col(Organisation.name)).filter(condition).label(f"{name}_first")
        for name, condition in groups.items()
    ]
    return (
        session.execute(
            sa.select(*assigned, sa.func.count(col(Account.id)).label("total"), *counted, *named)
            .select_from(Pool)
            .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
            .outerjoin(
                Account,
                sa.and_(
                    col(Account.organisation_id) == col(Pool.organisation_id),
                    col(Account.kind) == Kind.RESELLER,
                    col(Account.status) != Status.REMOVED,
                ),
            )
            .where(col(Pool.parent_id) == own.key)
        )
        .one()
        ._mapping
    )


def _resellers(taken: Any) -> Resellers:
    groups = {name: Several(taken[name], taken[f"{name}_first"] or "") for name in ("waiting", "near", "full")}
    return Resellers(taken["total"], **groups)


def _pbxs(session: Session, actor: Actor) -> Pbxs:
    """One statement; each part of it counts along an index of its own."""
    inside, nothing, no_day = pbx.visible(actor), sa.null(), sa.cast(sa.null(), sa.Date())
    state, desired, expires = col(Pbx.run_state), col(Pbx.desired), col(Pbx.expires_on)

    def counted(part: str, *conditions: Any, of: tuple[Any, Any] = (nothing, nothing), first: Any = no_day) -> Any:
        columns = (sa.literal(part).label("part"), of[0].label("state"), of[1].label("desired"))
        return sa.select(*columns, sa.func.count().label("n"), first.label("day")).where(*inside, *conditions)

    standing = (state, desired)
    rows = session.execute(
        sa.union_all(
            counted("all", of=standing).group_by(*standing),
            counted("silent", col(Pbx.reported_at).is_(None), of=standing).group_by(*standing),
            counted("trouble", *pbx.shown(Shown.TROUBLE)),
            counted("expired", *pbx.shown(Shown.EXPIRED)),
            counted("expiring", *pbx.shown(Shown.EXPIRING), first=sa.func.min(expires)),
        )
    ).all()
    alone = {row.part: row for row in rows}
    return Pbxs(
        states=_states(rows),
        trouble=alone["trouble"].n,
        expired=alone["expired"].n,
        expiring=alone["expiring"].n,
        next_expiry=alone["expiring"].day,
        health=engine_orders.health(session),
    )


def _states(rows: Sequence[Any]) -> dict[Shown, int]:
    """From how many PBXs the engine reported, or is to report, in which state: those in each of STATES."""
    states = dict.fromkeys(STATES, 0)
    settled = {RunState.RUNNING: Shown.RUNNING, RunState.STOPPED: Shown.STOPPED}
    for row in rows:
        if row.part not in ("all", "silent"):
            continue
        sign = 1 if row.part == "all" else -1
        if row.desired == Desired.DELETED:
            states[Shown.DELETING] += row.n if sign > 0 else 0
        else:
            place = settled.get(RunState(row.state), Shown.BUSY)
            states[place] += sign * row.n
            states[Shown.BUSY] += row.n if sign < 0 else 0
    return states
