"""System > User > Reseller (Seed 002): reseller accounts, the capacity they are given, what they may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Credential, Policy, action, audit
from yeastar_app.engines import live, passwords
from yeastar_app.features import RESELLER_FEATURES, Feature, Surface
from yeastar_app.models.accounts import Account, Kind, Organisation, OrganisationKind, Status, TwoFactor
from yeastar_app.models.capacity import MAX_EXTENSIONS_PER_PBX, Pbx, Pool
from yeastar_app.models.records import AuditRow
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import (
    capacity,
    capacity_alarms,
    colleagues,
    invitations,
    links,
    paging,
    people,
    seen,
    sessions,
    two_factor,
    word_search,
    workbooks,
)
from yeastar_app.services import passwords as passwords_of
from yeastar_app.services.capacity import Amount, Gauge
from yeastar_app.services.fields import OptionalPhone, OptionalSecret, YeastarId, optional_text, text, whole_number
from yeastar_app.services.paging import PageForm, Search, page_of
from yeastar_app.statements import at_hand
from yeastar_app.words import plural, t

VIEW = Policy(Surface.CENTRAL, Feature.RESELLER_VIEW)
MANAGE = Policy(Surface.CENTRAL, Feature.RESELLER_MANAGE)
LARGEST = 1_000_000_000
PAGE_ROWS = 50


class PackageForm(BaseModel):
    """The section Reseller Package."""

    extensions: whole_number(1, LARGEST)  # type: ignore[valid-type]
    min_extensions: whole_number(1, MAX_EXTENSIONS_PER_PBX)  # type: ignore[valid-type]
    calls: whole_number(1, LARGEST)  # type: ignore[valid-type]
    minutes: whole_number(0, LARGEST)  # type: ignore[valid-type]
    high_availability: bool = False

    @property
    def amount(self) -> Amount:
        return Amount(self.extensions, self.calls, self.minutes)

    def package(self) -> dict[str, Any]:
        """Its fields alone, whatever else the form holds."""
        return {name: getattr(self, name) for name in PackageForm.model_fields}

    def check_minimum(self) -> None:
        if self.min_extensions > self.extensions:
            words = t("At most the extensions of the package, {n}.", n=f"{self.extensions:,}")
            raise Refusal("minimum_above_extensions", words, "min_extensions")


class ResellerForm(PackageForm):
    """The three sections of the Add page: User Information, Reseller Package, User Permission."""

    company: text(100)  # type: ignore[valid-type]
    first_name: text(100)  # type: ignore[valid-type]
    last_name: optional_text(100) = None  # type: ignore[valid-type]
    email: YeastarId
    phone: OptionalPhone = None
    mobile: OptionalPhone = None
    address: optional_text(200) = None  # type: ignore[valid-type]
    remark: optional_text(500) = None  # type: ignore[valid-type]
    features: list[Feature] = Field(default_factory=list, max_length=100)


class EditForm(ResellerForm):
    id: whole_number(1, LARGEST)  # type: ignore[valid-type]
    password: OptionalSecret = ""
    """A new one for a reseller who forgot theirs; empty: it stays."""
    seen: seen.Mark


class One(BaseModel):
    id: whole_number(1, LARGEST)  # type: ignore[valid-type]


class Several(BaseModel):
    ids: list[whole_number(1, LARGEST)] = Field(min_length=1, max_length=PAGE_ROWS)  # type: ignore[valid-type]


class Use(StrEnum):
    """How much of its package a reseller has in use, of the capacity of which most is."""

    NEAR = "near"
    FULL = "full"


class Filter(PageForm):
    """The column filters of the list; each text is a part of what it looks for, whatever its case. `use` is one of
    Use; what is unknown filters nothing."""

    name: Search = ""
    company: Search = ""
    email: Search = ""
    state: Search = ""
    use: Search = ""


@dataclass(frozen=True)
class Row:
    """A line of the list; `capacities`: used and total in the order of capacity.CAPACITIES."""

    id: int
    name: str
    company: str
    email: str
    status: Status
    pbxs: int
    capacities: tuple[tuple[int, int], ...]
    high_availability: bool
    min_extensions: int


@dataclass(frozen=True)
class Found:
    rows: list[Row]
    newer: int
    older: int


@dataclass(frozen=True)
class Deleted:
    """What came of deleting several: how many are gone, and of each that was kept the reason in words."""

    count: int
    kept: list[str]


@dataclass(frozen=True)
class Change:
    """A line of a package's history: each part that changed as (what, before, after); before is None at the start."""

    at: datetime
    who: str
    parts: list[tuple[str, Any, Any]]


@dataclass(frozen=True)
class Offer:
    """What the actor can hand out at this moment."""

    gauges: list[Gauge]
    high_availability: bool
    features: frozenset[Feature]


@dataclass(frozen=True)
class Details:
    """One reseller for the edit page, with what its superior could still add. `mark`: of all that can be edited."""

    id: int
    status: Status
    values: dict[str, str]
    total: Amount
    used: Amount
    min_extensions: int
    high_availability: bool
    features: frozenset[Feature]
    pbxs: int
    two_factor: TwoFactor
    offer: Offer
    mark: str


def _reseller(session: Session, actor: Actor, account_id: int) -> tuple[Account, Organisation, Pool, Pool]:
    """A reseller taken from the actor's own pool: account, company, its pool, the actor's. NotFound otherwise."""
    account = people.account_below(session, actor, account_id, Kind.RESELLER)
    own = capacity.pool_of(session, actor.organisation)
    pool = capacity.pool_of(session, account.organisation_id)
    company = session.get_one(Organisation, account.organisation_id)
    if pool.parent_id != own.id:
        raise NotFound(t("This reseller"))
    return account, company, pool, own


def _check_grants(actor: Actor, form: ResellerForm) -> list[str]:
    """What is granted is at most what the grantor has, not nothing, and usable."""
    wanted = set(form.features)
    if not wanted:
        raise Refusal("no_permission", t("Tick at least one feature the reseller may use."), "features")
    if not wanted <= actor.features & RESELLER_FEATURES:
        raise Refusal("grant_too_wide", t("You can only grant what you may do yourself."), "features")
    colleagues.refuse_incomplete(wanted, "features")
    return sorted(wanted)


def _check_package(form: ResellerForm, own: Pool) -> None:
    form.check_minimum()
    if form.high_availability and not own.high_availability:
        words = t("High availability is not part of your subscription.")
        raise Refusal("no_high_availability", words, "high_availability")


def snapshot(account: Account, company: Organisation, pool: Pool) -> dict[str, Any]:
    """What the audit row keeps of a reseller."""
    return {
        "company": company.name,
        "email": account.email,
        "name": account.name,
        "phone": account.phone,
        "mobile": account.mobile,
        "address": account.address,
        "remark": account.remark,
        "extensions": pool.total_extensions,
        "min_extensions": pool.min_extensions_per_pbx,
        "calls": pool.total_calls,
        "minutes": pool.total_minutes,
        "high_availability": pool.high_availability,
        "features": list(account.grants),
    }


def _mark(account: Account, company: Organisation, pool: Pool) -> str:
    return seen.mark(snapshot(account, company, pool))


@action(MANAGE, form=ResellerForm)
def create(session: Session, actor: Actor, form: ResellerForm) -> int:
    """Create a reseller's account and company, deduct its package from the actor's pool and make its own pool: all
    of it or nothing (Seed 002, Result). Sends no email: that is done by hand. Returns the account's id."""
    grants = _check_grants(actor, form)
    (own,) = capacity.lock(session, capacity.pool_of(session, actor.organisation).key)
    _check_package(form, own)
    capacity.take(session, own.key, form.amount)
    parent = session.get_one(Organisation, actor.organisation)
    company = people.create_organisation(session, parent, OrganisationKind.RESELLER, form.company)
    account = people.create_account(
        session, actor, company, Kind.RESELLER, form.email, **_person(form), grants=grants
    )  # fmt: skip
    pool = Pool(
        organisation_id=company.key,
        parent_id=own.key,
        total_extensions=form.extensions,
        total_calls=form.calls,
        total_minutes=form.minutes,
        min_extensions_per_pbx=form.min_extensions,
        high_availability=form.high_availability,
    )
    session.add(pool)
    live.changed(session, capacity.topic_below(own.key))
    audit(session, actor, "reseller.create", account, label=form.company, after=snapshot(account, company, pool))
    return account.key


def _person(form: ResellerForm) -> dict[str, Any]:
    return {
        "first_name": form.first_name,
        "last_name": form.last_name or "",
        "phone": form.phone,
        "mobile": form.mobile,
        "address": form.address,
        "remark": form.remark,
    }


def _new_hash(form: EditForm, _credential: Credential) -> str | None:
    if not form.password:
        return None
    passwords.judge(form.password, form.email, form.company, form.first_name)
    return passwords.hash_password(form.password)


@action(MANAGE, form=EditForm, prepare=_new_hash)
def edit(session: Session, actor: Actor, form: EditForm, *, prepared: str | None) -> int:
    """Change a reseller. The package cannot go below what is in use, recording minutes never go down, a new email
    stops the old one at once (Yeastar help: Manage Resellers). Returns the account's id. Refusals: those of `create`,
    `changed_meanwhile`; NotFound where it was deleted a moment ago."""
    grants = _check_grants(actor, form)
    account, company, pool, own = _reseller(session, actor, form.id)
    own, pool = capacity.lock(session, own.key, pool.key)
    people.lock(session, account)
    session.refresh(company)
    seen.compare(form.seen, _mark(account, company, pool), t("this reseller"))
    _check_package(form, own)
    before = snapshot(account, company, pool)
    _resize(session, own, pool, form)
    session.refresh(pool)
    if prepared and account.status is Status.NOT_ACTIVATED:
        words = t("The reseller sets the first password when activating the account.")
        raise Refusal("not_activated", words, "password")
    moved = account.email != form.email
    if moved:
        people.change_email(session, account, form.email)
        sessions.end_all(session, account.key)
        links.end_all(session, account.key)
    for name, value in _person(form).items():
        setattr(account, name, value)
    account.grants, company.name = grants, form.company
    colleagues.cut_to(session, company.key, colleagues.OF_A_RESELLER, set(grants))
    if prepared:
        passwords_of.set_for(session, actor, account, prepared)
    after = snapshot(account, company, pool) | ({"password": "changed"} if prepared else {})
    live.changed(session, capacity.topic_below(own.key))
    audit(session, actor, "reseller.edit", account, label=form.company, before=before, after=after)
    return account.key


def _resize(session: Session, own: Pool, pool: Pool, form: EditForm) -> None:
    if form.minutes < pool.total_minutes:
        words = t("Recording minutes cannot be taken back: at least {n}.", n=f"{pool.total_minutes:,}")
        raise Refusal("minutes_never_down", words, "minutes")
    if pool.high_availability and not form.high_availability:
        relying = select(Pbx.id).where(
            col(Pbx.pool_id) == pool.key, col(Pbx.deleted_at).is_(None), col(Pbx.high_availability).is_(True)
        )
        if session.exec(relying.limit(1)).first() is not None:
            words = t("The reseller has cloud PBXs with high availability. It stays on until they are deleted.")
            raise Refusal("high_availability_in_use", words, "high_availability")
    more = form.amount - capacity.total_of(pool)
    too_little = capacity.below_use(form.amount, capacity.used_of(pool))
    if too_little:  # said together with what is too much, so that one look mends both
        words = t("The package cannot go below what is in use.")
        raise Refusal("below_used", words, fields=capacity.shortage(more, capacity.free_of(own)) | too_little)
    capacity.take(session, own.key, more)
    capacity.resize(
        session,
        pool.key,
        form.amount,
        min_extensions_per_pbx=form.min_extensions,
        high_availability=form.high_availability,
    )


@action(MANAGE, form=Several)
def delete(session: Session, actor: Actor, form: Several) -> Deleted:
    """Delete resellers: their colleagues go too and the capacity comes back (Yeastar help). One that has cloud PBXs is
    kept, and so told; the others go. Refusal `reseller_has_pbxs` where all are kept."""
    found = [_reseller(session, actor, number) for number in sorted(set(form.ids))]
    own = found[0][3]
    capacity.lock(session, own.key, *sorted(pool.key for _, _, pool, _ in found))
    for account, _, _, _ in found:  # before their colleagues, as whoever changes those does
        people.lock(session, account)
    kept = [_has_pbxs(session, company, pool) for _, company, pool, _ in found if pool.used_extensions]
    if len(kept) == len(found):
        raise Refusal("reseller_has_pbxs", " ".join(kept))
    for account, company, pool, _ in found:
        if not pool.used_extensions:
            _delete(session, actor, account, company, pool)
    live.changed(session, capacity.topic_below(own.key))
    return Deleted(len(found) - len(kept), kept)


def _has_pbxs(session: Session, company: Organisation, pool: Pool) -> str:
    count = plural(_pbx_count(session, pool.key), "cloud PBX", "cloud PBXs")
    return t("{company} still has {count}. Delete them first.", company=company.name, count=count)


def _delete(session: Session, actor: Actor, account: Account, company: Organisation, pool: Pool) -> None:
    """One reseller whose pool and whose parent's are locked."""
    before = snapshot(account, company, pool)
    capacity.give(session, pool.parent_id or 0, capacity.total_of(pool))
    capacity.resize(session, pool.key, Amount())
    session.execute(
        sa.update(Account)
        .where(col(Account.organisation_id) == company.key, col(Account.status) != Status.REMOVED)
        .values(status=Status.REMOVED, removed_at=clock.now())
    )
    audit(session, actor, "reseller.delete", account, label=company.name, before=before)


def _pbx_count(session: Session, pool_id: int) -> int:
    query = (
        sa.select(sa.func.count()).select_from(Pbx).where(col(Pbx.pool_id) == pool_id, col(Pbx.deleted_at).is_(None))
    )
    return int(session.execute(query).scalar_one())


@action(MANAGE, form=One)
def send_activation(session: Session, actor: Actor, form: One) -> str:
    """ "Send an Account Activation Email to a Reseller" (Yeastar help): 7 days, once; refused where the account is
    active, within a minute of the last one, and after five of a day [O]. Returns the address it goes to."""
    account, company, _, _ = _reseller(session, actor, form.id)
    people.lock(session, account)
    invitations.send_another(session, actor, account)
    audit(session, actor, "reseller.send_activation", account, label=company.name)
    return account.email


@action(MANAGE, form=One)
def switch_off_two_factor(session: Session, actor: Actor, form: One) -> str:
    """For a reseller that lost its second factor; only off, never on (PRODUCT 2). Returns the account's address."""
    account, company, _, _ = _reseller(session, actor, form.id)
    two_factor.switch_off_for(session, actor, account)
    audit(session, actor, "reseller.two_factor_off", account, label=company.name)
    return account.email


@action(VIEW, form=Filter, writes=False, alike=True)
def search(session: Session, actor: Actor, form: Filter) -> Found:
    """One page of the list, newest first."""
    found = page_of(
        session, _rows(), col(Pool.id), form, scope=_scope(session, actor), filters=_filters(session, actor, form)
    )
    return Found([_row(row) for row in found.rows], found.newer, found.older)


_COLUMNS = (
    (t("Company"), 28), (t("Name"), 24), (t("Email"), 30), (t("State"), 16), (t("PBXs"), 8),
    (t("Extensions used"), 16), (t("Extensions"), 14), (t("Concurrent Calls used"), 20), (t("Concurrent Calls"), 16),
    (t("Call Recording (mins) used"), 24), (t("Call Recording (mins)"), 20), (t("Minimum Ext. per PBX"), 20),
    (t("High Availability"), 16),
)  # fmt: skip


@action(VIEW, form=Filter, writes=False)
def export(session: Session, actor: Actor, form: Filter) -> bytes:
    """All that the filters let through, as a workbook."""
    query = _rows().where(*_scope(session, actor), *[one.judged for one in _filters(session, actor, form)])
    found = [_row(row) for row in session.execute(query.order_by(col(Pool.id).desc()))]
    lines = [
        [row.company, row.name, row.email, row.status.value, row.pbxs, *sum(row.capacities, ()), row.min_extensions,
         t("Yes") if row.high_availability else t("No")]
        for row in found
    ]  # fmt: skip
    return workbooks.write([(t("Resellers"), _COLUMNS, lines)])


_FULL_NAME = sa.func.trim(col(Account.first_name) + " " + col(Account.last_name))


def _rows() -> Any:
    """Resellers by the key of the part of a pool that they hold: its index keeps their order."""
    pbxs = (
        sa.select(sa.func.count())
        .select_from(Pbx)
        .where(col(Pbx.pool_id) == col(Pool.id), col(Pbx.deleted_at).is_(None))
        .scalar_subquery()
    )
    columns = [getattr(Pool, f"{what}_{each}") for each in capacity.CAPACITIES for what in ("used", "total")]
    return (
        sa.select(
            col(Pool.id),
            col(Account.id).label("account_id"),
            _FULL_NAME.label("name"),
            col(Organisation.name).label("company"),
            col(Account.email),
            col(Account.status),
            pbxs.label("pbxs"),
            col(Pool.high_availability),
            col(Pool.min_extensions_per_pbx),
            *columns,
        )
        .select_from(Pool)
        .join(Organisation, col(Organisation.id) == col(Pool.organisation_id))
        .join(Account, col(Account.organisation_id) == col(Organisation.id))
    )


def _scope(session: Session, actor: Actor) -> list[Any]:
    """Those that hold a part of the actor's pool."""
    return [
        col(Pool.parent_id) == actor.pool_id,
        at_hand(session, col(Account.kind) == Kind.RESELLER, col(Account.status) != Status.REMOVED),
    ]


def _filters(session: Session, actor: Actor, form: Filter) -> list[paging.Filter]:
    people = word_search.Among(word_search.ACCOUNTS, rows=_parts_of)
    filters = []
    if form.company:
        company = word_search.Among(word_search.COMPANIES, actor.organisation, _parts_of_companies)
        filters.append(word_search.begins(session, form.company, company))
    if form.email:
        filters.append(word_search.begins(session, form.email, people, only=[col(Account.email)]))
    if form.name:
        names = [col(Account.first_name), col(Account.last_name)]
        filters.append(word_search.begins(session, form.name, people, only=names))
    if form.state in set(Status):
        such = col(Account.status) == form.state
        found = _parts_of(sa.select(col(Account.id)).where(such, col(Account.kind) == Kind.RESELLER))
        filters.append(paging.Filter(such, found, broad=form.state == Status.ACTIVE))
    if form.use in set(Use):
        filters.append(paging.Filter(in_use(Use(form.use))))
    return filters


def _parts_of(accounts: Any) -> Any:
    """The parts of pools that these accounts' companies hold."""
    return _parts_of_companies(sa.select(col(Account.organisation_id)).where(col(Account.id).in_(accounts)))


def _parts_of_companies(companies: Any) -> Any:
    return sa.select(col(Pool.id)).where(col(Pool.organisation_id).in_(companies))


def in_use(use: Use) -> Any:
    """A condition on Pool: 80 % or more of some capacity is in use, or all of it, like its alarms (capacity_alarms)."""
    percent = capacity_alarms.WARN_AT_PERCENT if use is Use.NEAR else 100
    parts = []
    for each in capacity.CAPACITIES:
        used, total = (sa.cast(getattr(Pool, f"{part}_{each}"), sa.BigInteger) for part in ("used", "total"))
        parts.append(sa.and_(total > 0, used * 100 >= total * percent))
    return sa.or_(*parts)


def _row(row: Any) -> Row:
    pairs = tuple((getattr(row, f"used_{each}"), getattr(row, f"total_{each}")) for each in capacity.CAPACITIES)
    return Row(
        row.account_id, row.name, row.company, row.email, row.status, row.pbxs, pairs, row.high_availability,
        row.min_extensions_per_pbx,
    )  # fmt: skip


@action(VIEW, writes=False, alike=True)
def offer(session: Session, actor: Actor) -> Offer:
    """What is there to hand out now: the bounds of the Add page."""
    return _offer(session, actor, capacity.pool_of(session, actor.organisation))


def _offer(session: Session, actor: Actor, own: Pool) -> Offer:
    return Offer(capacity.gauges(session, own), own.high_availability, actor.features & RESELLER_FEATURES)


@action(VIEW, form=One, writes=False, alike=True)
def details(session: Session, actor: Actor, form: One) -> Details:
    """Everything the edit page shows of a reseller."""
    account, company, pool, own = _reseller(session, actor, form.id)
    values = {
        "company": company.name,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "email": account.email,
        "phone": account.phone or "",
        "mobile": account.mobile or "",
        "address": account.address or "",
        "remark": account.remark or "",
    }
    return Details(
        id=account.key,
        status=account.status,
        values=values,
        total=capacity.total_of(pool),
        used=capacity.used_of(pool),
        min_extensions=pool.min_extensions_per_pbx,
        high_availability=pool.high_availability,
        features=frozenset(Feature(code) for code in account.grants),
        pbxs=_pbx_count(session, pool.key),
        two_factor=account.two_factor,
        offer=_offer(session, actor, own),
        mark=_mark(account, company, pool),
    )


HISTORY_ROWS = 50
_PARTS = {
    "extensions": t("Extensions"),
    "min_extensions": t("Minimum Ext. per PBX"),
    "calls": t("Concurrent Calls"),
    "minutes": t("Call Recording (mins)"),
    "high_availability": t("High Availability"),
    "features": t("Permissions"),
}
"""What of a reseller belongs to its package and permissions, by its name in the audit rows."""


@action(VIEW, form=One, writes=False)
def history(session: Session, actor: Actor, form: One) -> list[Change]:
    """Who gave what when: the changes of a reseller's package and permissions, newest first, the last HISTORY_ROWS of
    its audit rows."""
    account = _reseller(session, actor, form.id)[0]
    rows = session.exec(
        select(AuditRow)
        .where(
            col(AuditRow.subject) == f"account:{account.key}",
            col(AuditRow.action).in_(("reseller.create", "reseller.edit")),
        )
        .order_by(col(AuditRow.id).desc())
        .limit(HISTORY_ROWS)
    )
    changes = [Change(row.at, row.who, _changed(row.before or {}, row.after or {})) for row in rows]
    return [change for change in changes if change.parts]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (words, before.get(name), after[name])
        for name, words in _PARTS.items()
        if name in after and before.get(name) != after[name]
    ]
