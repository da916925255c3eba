"""The demo's hosting packages, resellers and cloud PBXs: taken through the same rules as by hand, dated back over a
year."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.demo import hosting
from yeastar_app.features import RESELLER_FEATURES, Feature
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status
from yeastar_app.models.capacity import Pbx, PbxPlan, PbxType, Pool, RunState
from yeastar_app.models.packages import CapacityRecord, PackagePreset
from yeastar_app.models.records import AuditRow
from yeastar_app.services import capacity, resellers
from yeastar_app.services.capacity import Amount
from yeastar_app.settings import settings

STOPS: dict[str, Any] = {"run_after_expiry": False}
TRIAL: dict[str, Any] = {"type": PbxType.TRIAL}
ULTIMATE: dict[str, Any] = {"plan": PbxPlan.ULTIMATE}
STOPPED: dict[str, Any] = {"state": RunState.STOPPED}
ALL = sorted(map(str, RESELLER_FEATURES))


def load(session: Session, people: dict[str, Account]) -> None:
    """Packages, resellers and PBXs for the people of demo/people.py (by the part of their address before the @)."""
    harbor = _package(session, people["partner"], Amount(1000, 200, 50_000), high_availability=True)
    rival = _package(session, people["rival"], Amount(600, 120, 20_000))
    bright = _reseller(session, people["partner"], harbor, people["reseller"], Amount(200, 40, 10_000), 5)
    fjord = _reseller(session, people["rival"], rival, people["rival-reseller"], Amount(150, 30, 5_000), 10)
    tidal = _newcomer(
        session, people["partner"], "Tidal Voice", "Thea", "Jansen", "thea@tidal.example.com", Status.ACTIVE
    )
    canal = _newcomer(
        session, people["partner"], "Canal Street IT", "Cem", "Aydin", "cem@canal.example.com", Status.ACTIVE
    )
    dune = _newcomer(session, people["partner"], "Dune Communications", "Dana", "Roos", "dana@dune.example.com",
                     Status.NOT_ACTIVATED)  # fmt: skip
    tidal_pool = _reseller(
        session, people["partner"], harbor, tidal, Amount(150, 30, 6_000), 10, high_availability=True
    )
    canal_pool = _reseller(session, people["partner"], harbor, canal, Amount(60, 12, 2_000), 5)
    dune.grants = [Feature.PBX_VIEW.value, Feature.PBX_ADD.value]
    _reseller(session, people["partner"], harbor, dune, Amount(50, 10, 1_000), 5, keep_grants=True)

    for by, pool, name, extensions, calls, minutes, days_ago, more in (
        (people["partner"], harbor, "Harbor Telecom HQ", 120, 30, 8_000, 380, ULTIMATE | {"high_availability": True}),
        (people["rival"], rival, "Northwind Voice Hamburg", 80, 16, 2_500, 330, {}),
        (people["reseller"], bright, "Antwerp Diamond Exchange", 60, 12, 3_500, 300, ULTIMATE),
        (tidal, tidal_pool, "Tidal Support Desk", 90, 18, 4_500, 250, ULTIMATE | {"high_availability": True}),
        (canal, canal_pool, "Canal Street Office", 60, 6, 800, 210, STOPPED),
        (
            people["partner"],
            harbor,
            "Lumen Utrecht",
            60,
            15,
            1_500,
            205,
            ULTIMATE | {"expires_in": 155, "customer": people["customer"], "controls": True},
        ),
        (
            people["reseller"],
            bright,
            "Scheldt Veterinary Clinic",
            20,
            4,
            500,
            190,
            STOPS | {"expires_in": 21},
        ),
        (
            people["partner"],
            harbor,
            "Lumen Dental Group",
            45,
            10,
            2_000,
            150,
            TRIAL | {"expires_in": -3, "customer": people["customer"]},
        ),
        (tidal, tidal_pool, "Oceanarium Ticketing", 35, 8, 1_200, 120, {"could_not_start": True}),
        (people["rival"], rival, "Lofoten Ferries", 30, 6, 0, 110, {"grows_by": 15}),
        (people["rival-reseller"], fjord, "Bergen Fish Market", 40, 8, 700, 90, {}),
        (people["reseller"], bright, "Kade Architects", 15, 4, 0, 64, {"state": RunState.STARTING}),
    ):  # oldest first, as they were created
        _pbx(session, by, pool, name, extensions, calls, minutes, days_ago, **more)
    _presets(session, people["partner"])
    _past(session, [harbor, rival, bright, fjord, tidal_pool, canal_pool])


def _presets(session: Session, owner: Account) -> None:
    for name, extensions, least, calls, minutes, available in (
        ("Starter", 50, 5, 10, 1_000, False),
        ("Growing reseller", 150, 10, 30, 6_000, False),
        ("Hotels and hospitals", 200, 20, 40, 10_000, True),
    ):
        session.add(
            PackagePreset(
                organisation_id=owner.organisation_id,
                name=name,
                extensions=extensions,
                min_extensions=least,
                calls=calls,
                minutes=minutes,
                high_availability=available,
                created_at=_ago(200),
            )
        )


def _past(session: Session, pools: list[Pool]) -> None:
    """How each package stood on the days on which something of it changed, as the job would have written it."""
    for pool in pools:
        events: dict[int, list[tuple[str, Amount]]] = {}
        for child in session.exec(select(Pool).where(col(Pool.parent_id) == pool.key)):
            events.setdefault(260, []).append(("assigned", capacity.total_of(child)))
        for pbx in session.exec(select(Pbx).where(col(Pbx.pool_id) == pool.key)):
            events.setdefault((clock.now() - pbx.created_at).days, []).append(("used", capacity.charged(pbx)))
        stands = {"assigned": Amount(), "used": Amount()}
        for ago in sorted(events, reverse=True):
            for part, amount in events[ago]:
                stands[part] = stands[part] - -amount
            row = {
                f"{part}_{each}": amount.of(each)
                for part, amount in {**stands, "total": capacity.total_of(pool)}.items()
                for each in capacity.CAPACITIES
            }
            session.add(CapacityRecord(pool_id=pool.key, day=_ago(ago).date(), **row))


def _package(session: Session, owner: Account, total: Amount, high_availability: bool = False) -> Pool:
    row = Pool(
        organisation_id=owner.organisation_id,
        total_extensions=total.extensions,
        total_calls=total.calls,
        total_minutes=total.minutes,
        high_availability=high_availability,
    )
    session.add(row)
    session.flush()
    return row


def _newcomer(
    session: Session, owner: Account, company: str, first: str, last: str, email: str, status: Status
) -> Account:
    """A reseller's company and account; activated ones have the demo password."""
    above = session.get_one(Organisation, owner.organisation_id)
    organisation = Organisation(kind=OrganisationKind.RESELLER, name=company, parent_id=above.key, created_at=_ago(260))
    session.add(organisation)
    session.flush()
    organisation.path = f"{above.path}{organisation.key}/"
    active = status is Status.ACTIVE
    account = Account(
        organisation_id=organisation.key,
        kind=Kind.RESELLER,
        status=status,
        email=email,
        first_name=first,
        last_name=last,
        grants=ALL,
        password_hash=owner.password_hash if active else None,
        created_by_id=owner.id,
        created_at=_ago(260),
        activated_at=_ago(258) if active else None,
    )
    session.add(account)
    session.flush()
    return account


def _reseller(
    session: Session, owner: Account, parent: Pool, account: Account, total: Amount, least: int,
    *, high_availability: bool = False, keep_grants: bool = False,
) -> Pool:  # fmt: skip
    capacity.take(session, parent.key, total)
    row = Pool(
        organisation_id=account.organisation_id,
        parent_id=parent.key,
        total_extensions=total.extensions,
        total_calls=total.calls,
        total_minutes=total.minutes,
        min_extensions_per_pbx=least,
        high_availability=high_availability,
    )
    session.add(row)
    if not keep_grants:
        account.grants = ALL
    company = session.get_one(Organisation, account.organisation_id)
    session.flush()
    given = resellers.snapshot(account, company, row)
    half = {each: max(1, given[each] // 2) for each in capacity.CAPACITIES}
    subject = f"account:{account.key}"
    grown = account.status is Status.ACTIVE
    _log(session, owner, "reseller.create", subject, company.name, 260, after=given | half if grown else given)
    if grown:
        _log(session, owner, "reseller.edit", subject, company.name, 205, before=given | half, after=given)
    return row


def _pbx(
    session: Session, by: Account, pool: Pool, name: str, extensions: int, calls: int, minutes: int, days_ago: int,
    *, plan: PbxPlan = PbxPlan.ENTERPRISE, high_availability: bool = False, expires_in: int | None = None,
    run_after_expiry: bool = True, type: PbxType = PbxType.COMMERCIAL, state: RunState = RunState.RUNNING,
    could_not_start: bool = False, grows_by: int = 0, customer: Account | None = None, controls: bool = False,
) -> None:  # fmt: skip
    row = Pbx(
        pool_id=pool.key,
        top_pool_id=pool.top_id,
        customer_id=customer.organisation_id if customer else None,
        customer_controls=controls,
        customer_since=_ago(days_ago) if customer else None,
        name=name,
        plan=plan,
        extensions=extensions,
        calls=calls,
        recording=minutes > 0,
        minutes=minutes,
        high_availability=high_availability,
        type=type,
        run_after_expiry=run_after_expiry,
        region=settings().regions[len(name) % len(settings().regions)],
        subdomain=name.lower().replace(" ", "-"),
        domain=settings().domains[0],
        expires_on=(clock.now() + timedelta(days=365 - days_ago % 365 if expires_in is None else expires_in)).date(),
        created_by_id=by.id,
        created_at=_ago(days_ago),
    )
    capacity.take(session, pool.key, capacity.charged(row))
    session.add(row)
    session.flush()
    _log(session, by, "pbx.create", f"pbx:{row.key}", name, days_ago)
    hosting.tell(session, row, by.email, state, days_ago > 100, could_not_start, grows_by)
    hosting.keep_customer(session, pool, row)


def _log(
    session: Session, by: Account, what: str, subject: str, label: str, days_ago: int,
    *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    session.add(
        AuditRow(
            at=_ago(days_ago),
            account_id=by.id,
            who=by.email,
            organisation_id=by.organisation_id,
            action=what,
            subject=subject,
            label=label,
            before=before,
            after=after,
            ip="127.0.0.1",
        )
    )


def _ago(days: int) -> Any:
    return clock.now() - timedelta(days=days)
