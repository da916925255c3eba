"""The back office's side of the points: the partners' accounts, adjusting points and reversing a registration, each
with a reason. What a change would do is shown first: it is done and undone again, so that the two never differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, Policy, acting_as, action, audit, visible_organisations
from yeastar_app.features import Surface
from yeastar_app.models.accounts import Account, Organisation, OrganisationKind
from yeastar_app.models.points import EntryKind, PointAccount, PointEntry, PointLot, Registration, Tier, TierChange
from yeastar_app.models.products import Product
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import mail, people, point_details, point_stories, points, seen, tiers, workbooks
from yeastar_app.services.fields import RowId, text, whole_number
from yeastar_app.services.paging import PageForm, Search, contains, page_of
from yeastar_app.services.point_details import DetailsFilter, Found
from yeastar_app.services.point_stories import Story, StoryForm
from yeastar_app.services.seen import Mark
from yeastar_app.words import plural, t

POLICY = Policy(Surface.STAFF)
MOST_POINTS = 1_000_000
Reason: Any = text(160)
Change: Any = whole_number(-MOST_POINTS, MOST_POINTS)


class PartnersFilter(PageForm):
    """The list's address; `tier` is a tier's name."""

    search: Search = ""
    tier: Search = ""


class OnePartner(BaseModel):
    partner: RowId


class PartnersDetails(DetailsFilter):
    """The address of one partner's lists."""

    partner: RowId


class PartnersStory(StoryForm):
    partner: RowId


class Adjustment(BaseModel):
    """Points to add, or to take out below zero, and why: the partner reads the reason."""

    partner: RowId
    points: Change
    reason: Reason
    seen: Mark = ""


class Taking(BaseModel):
    """A registration to take back, and why: the partner reads the reason."""

    partner: RowId
    registration: RowId
    reason: Reason
    seen: Mark = ""


class AskTaking(BaseModel):
    partner: RowId
    registration: RowId


@dataclass(frozen=True)
class Partner:
    """A row of the list. `accrued`: earned in the tier period; `expires`: the last day of the lot that ends first."""

    id: int
    name: str
    country: str
    tier: str
    balance: int
    debt: int
    accrued: int
    expires: date | None


@dataclass(frozen=True)
class Partners:
    rows: list[Partner]
    newer: int
    older: int
    tiers: list[str]


@dataclass(frozen=True)
class Step:
    """A change of tier, or a review that left it as it was."""

    at: datetime
    before: str
    after: str
    rises: bool
    reason: str


@dataclass(frozen=True)
class PartnerAccount:
    """One partner's figures. `seen`: the mark a change brings back; it is good for one change."""

    id: int
    name: str
    tier: str
    tier_since: datetime | None
    review_at: datetime | None
    next_tier: str
    missing: int
    balance: int
    debt: int
    accrued: int
    period_months: int
    lots: list[tuple[date, int]]
    """What can be spent, by its last day."""
    history: list[Step]
    seen: str


@dataclass(frozen=True)
class Line:
    """A line the ledger would get: points (signed), what it does to the debt, the lot's last day."""

    points: int
    debt: int
    expires: date | None


@dataclass(frozen=True)
class Effects:
    """What a change does, or would do."""

    lines: list[Line]
    balance_before: int
    balance: int
    debt_before: int
    debt: int
    expired: int
    """Points of a reversed registration that had expired: nobody is asked for them."""
    seen: str


@action(POLICY, form=PartnersFilter, writes=False)
def listed(session: Session, actor: Actor, form: PartnersFilter) -> Partners:
    """The partners the actor may see, the newest first."""
    ladder = tiers.ladder(session)
    found = page_of(session, _partners(session, actor, form, ladder), col(Organisation.id), form)
    rows = [Partner(*row) for row in found.rows]
    return Partners(rows, found.newer, found.older, [tier.name for tier in ladder])


@action(POLICY, form=PartnersFilter, writes=False)
def export(session: Session, actor: Actor, form: PartnersFilter) -> bytes:
    """The partners the filter lets through, as a workbook."""
    columns = [("Partner", 36), ("Country", 10), ("Tier", 16), ("Balance", 12), ("Debt", 12),
               ("Earned in the Tier Period", 24), ("Next Expiry", 14)]  # fmt: skip
    found = session.execute(_partners(session, actor, form, tiers.ladder(session)).order_by(col(Organisation.id)))
    return workbooks.write([("Partners", columns, (tuple(row)[1:] for row in found))])


@action(POLICY, form=OnePartner, writes=False)
def account(session: Session, actor: Actor, form: OnePartner) -> PartnerAccount:
    """One partner's figures, lots and tier history."""
    partner = _partner(session, actor, form.partner)
    figures, ladder = tiers.programme(session), tiers.ladder(session)
    held = _account(session, partner.key)
    tier = next((step for step in ladder if held and step.key == held.tier_id), ladder[0])
    above = next((step for step in ladder if step.threshold > tier.threshold), None)
    accrued = tiers.accrued(session, partner.key, figures)
    lots = _lots(session, partner.key)
    return PartnerAccount(
        partner.key,
        partner.name,
        tier.name,
        held.tier_since if held else None,
        held.review_at if held else None,
        above.name if above else "",
        max(above.threshold - accrued, 0) if above else 0,
        sum(left for _, left in lots),
        held.debt if held else 0,
        accrued,
        figures.tier_period_months,
        lots,
        _history(session, partner.key),
        _mark(session, partner.key),
    )


@action(POLICY, form=PartnersDetails, writes=False)
def records(session: Session, actor: Actor, form: PartnersDetails) -> Found:
    """The lines of one partner's ledger, as the partner itself reads them."""
    return point_details.records(session, _as_partner(session, actor, form.partner), form)


@action(POLICY, form=PartnersDetails, writes=False)
def export_records(session: Session, actor: Actor, form: PartnersDetails) -> Path:
    return point_details.export_records(session, _as_partner(session, actor, form.partner), form)


@action(POLICY, form=PartnersDetails, writes=False)
def export_registered_products(session: Session, actor: Actor, form: PartnersDetails) -> Path:
    return point_details.export_registered_products(session, _as_partner(session, actor, form.partner), form)


@action(POLICY, form=PartnersDetails, writes=False)
def registered_products(session: Session, actor: Actor, form: PartnersDetails) -> Found:
    """One partner's registrations, with who registered them and which were reversed, and why."""
    found = point_details.registered_products(session, _as_partner(session, actor, form.partner), form)
    query = (
        sa.select(col(Registration.id), col(Account.email), col(Registration.reversal_reason))
        .join(Account, col(Account.id) == col(Registration.account_id))
        .where(col(Registration.id).in_([row.id for row in found.rows]))
    )
    more = {row.id: {"who": row.email, "reversal_reason": row.reversal_reason} for row in session.execute(query)}
    return replace(found, rows=[replace(row, **more[row.id]) for row in found.rows])


@action(POLICY, form=PartnersStory, writes=False)
def story(session: Session, actor: Actor, form: PartnersStory) -> Story:
    """The story of a line of one partner's ledger, as the partner reads it, with the names of our own people."""
    return point_stories.story(session, _as_partner(session, actor, form.partner), form)


# Changes, and what they would do


@action(POLICY, form=Adjustment, audited=False)  # it undoes what it tries
def preview_adjustment(session: Session, actor: Actor, form: Adjustment) -> Effects:
    """What `adjust` would do. Refusals: those of `adjust`."""
    partner = _partner(session, actor, form.partner)
    return _tried(session, partner.key, lambda: _adjust(session, actor, partner.key, form))


@action(POLICY, form=Adjustment)
def adjust(session: Session, actor: Actor, form: Adjustment) -> Effects:
    """Add points to a partner's account (a lot with the usual validity; a debt is paid first) or take some out, those
    that expire first. Refusals: `no_points`, `not_enough_points`, `changed_meanwhile`."""
    partner = _partner(session, actor, form.partner)
    effects = _done(session, partner.key, form.seen, lambda: _adjust(session, actor, partner.key, form))
    audit(session, actor, "partner_points.adjust", _account(session, partner.key), label=partner.name,
          before=_said(effects.balance_before, effects.debt_before),
          after={**_said(effects.balance, effects.debt), "points": form.points, "reason": form.reason})  # fmt: skip
    given = plural(abs(form.points), "point", "points")
    subject = t("{n} added to your account", n=given) if form.points > 0 else t("{n} taken from your account", n=given)
    _tell(session, partner.key, "points_adjusted", subject, form.reason, effects)
    return effects


@action(POLICY, form=AskTaking, audited=False)  # it undoes what it tries
def preview_reversal(session: Session, actor: Actor, form: AskTaking) -> Effects:
    """What `reverse` would do. Refusals: those of `reverse`."""
    partner = _partner(session, actor, form.partner)
    return _tried(session, partner.key, lambda: _reverse(session, actor, partner.key, form.registration, ""))


@action(POLICY, form=Taking)
def reverse(session: Session, actor: Actor, form: Taking) -> Effects:
    """Take back a registration: its points leave the account, what of them is spent becomes a debt that the next
    earnings pay, what had expired is gone anyway. The product stays registered: it never earns again [O]. The tier
    stays until its review. Refusals: `reversed_already`, `changed_meanwhile`."""
    partner = _partner(session, actor, form.partner)
    effects = _done(session, partner.key, form.seen,
                    lambda: _reverse(session, actor, partner.key, form.registration, form.reason))  # fmt: skip
    row, name = _registration(session, partner.key, form.registration)
    audit(session, actor, "partner_points.reverse", row, label=f"{name} {row.identifier}",
          before=_said(effects.balance_before, effects.debt_before),
          after={**_said(effects.balance, effects.debt), "points": -row.points, "reason": form.reason})  # fmt: skip
    subject = t("The registration of {product} was reversed", product=f"{name} {row.identifier}")
    _tell(session, partner.key, "registration_reversed", subject, form.reason, effects)
    return effects


def _adjust(session: Session, actor: Actor, partner: int, form: Adjustment) -> int:
    if form.points == 0:
        raise Refusal("no_points", t("Enter how many points to add, or to take out with a minus."), "points")
    held = points.lock(session, partner)
    points.adjust(session, held, form.points, points.Cause(form.reason, actor.id), tiers.programme(session))
    return 0


def _reverse(session: Session, actor: Actor, partner: int, registration: int, reason: str) -> int:
    held = points.lock(session, partner)
    row, name = _registration(session, partner, registration)
    if row.reversed_at:
        raise Refusal("reversed_already", t("This registration is reversed already. Nothing more was taken."))
    row.reversed_at, row.reversed_by_id, row.reversal_reason = clock.now(), actor.id, reason
    words = t("Reversed: {product} {id}. {reason}", product=name, id=row.identifier, reason=reason)
    return points.reverse(session, held, row, points.Cause(words, actor.id, registration_id=row.key)).expired


def _tried(session: Session, partner: int, change: Callable[[], int]) -> Effects:
    """What a change does, by doing it and undoing it again."""
    marked = _mark(session, partner)
    trial = session.begin_nested()
    try:
        return _effects(session, partner, change, marked)
    finally:
        trial.rollback()
        session.expire_all()


def _done(session: Session, partner: int, seen_mark: str, change: Callable[[], int]) -> Effects:
    """Make a change to the account as it was seen: a mark is good for one change, also where somebody clicks twice."""
    points.lock(session, partner)
    session.flush()
    seen.compare(seen_mark, _mark(session, partner), t("these points"))
    return _effects(session, partner, change, "")


def _effects(session: Session, partner: int, change: Callable[[], int], marked: str) -> Effects:
    held = points.lock(session, partner)
    session.flush()
    balance, debt = held.balance, held.debt
    last = session.execute(_own_entries(sa.func.max(col(PointEntry.id)), partner)).scalar_one() or 0
    expired = change()
    session.flush()
    written = session.execute(
        _own_entries((col(PointEntry.points), col(PointEntry.debt), col(PointLot.expires_on)), partner)
        .outerjoin(PointLot, col(PointLot.id) == col(PointEntry.lot_id))
        .where(col(PointEntry.id) > last)
        .order_by(col(PointEntry.id))
    )
    lines = [Line(*row) for row in written]
    return Effects(lines, balance, held.balance, debt, held.debt, expired, marked)


def _tell(session: Session, partner: int, kind: str, subject: str, reason: str, effects: Effects) -> None:
    standing = t("Your balance is now {points}.", points=plural(effects.balance, "point", "points"))
    if effects.debt:
        standing += " " + t("{points} are owed: what you earn next pays them first.",
                            points=plural(effects.debt, "point", "points"))  # fmt: skip
    for address in people.owners(session, partner):
        mail.write(session, kind=kind, to=address, subject=subject,
                   paragraphs=[f"{subject}.", t("The reason: {reason}", reason=reason), standing,
                               t("Questions? Your account manager knows more.")],
                   button=(t("View Point Details"), "/partner/program/points"))  # fmt: skip


def _said(balance: int, debt: int) -> dict[str, Any]:
    return {"balance": balance, "debt": debt}


# Reading


def _partner(session: Session, actor: Actor, key: int) -> Organisation:
    """A partner the actor may see; NotFound for every other."""
    query = select(Organisation).where(
        col(Organisation.id) == key, col(Organisation.kind) == OrganisationKind.PARTNER, visible_organisations(actor)
    )
    row = session.exec(query).first()
    if row is None:
        raise NotFound(t("This partner"))
    return row


def _as_partner(session: Session, actor: Actor, key: int) -> Actor:
    """For the lists a partner reads of itself."""
    return acting_as(actor, organisation_id=_partner(session, actor, key).key)


def _account(session: Session, partner: int) -> PointAccount | None:
    return session.exec(select(PointAccount).where(col(PointAccount.organisation_id) == partner)).first()


def _registration(session: Session, partner: int, key: int) -> tuple[Registration, str]:
    found = session.execute(
        sa.select(Registration, col(Product.name))
        .join(Product, col(Product.id) == col(Registration.product_id))
        .where(col(Registration.id) == key, col(Registration.organisation_id) == partner)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotFound(t("This registration"))
    return found[0], found[1]


def _own_entries(what: Any, partner: int) -> Any:
    columns = what if isinstance(what, tuple) else (what,)
    return sa.select(*columns).select_from(PointEntry).where(col(PointEntry.organisation_id) == partner)


def _mark(session: Session, partner: int) -> str:
    """The last thing that happened to the account. What expired by itself is left out: the job that books it may come
    between looking and saving; what can be spent says it already."""
    last = _own_entries(col(PointEntry.id), partner).where(col(PointEntry.kind) != EntryKind.EXPIRED)
    newest = session.execute(last.order_by(col(PointEntry.id).desc()).limit(1)).scalar()
    return seen.mark(partner, newest, _lots(session, partner))


def _lots(session: Session, partner: int) -> list[tuple[date, int]]:
    found = session.execute(
        sa.select(col(PointLot.expires_on), sa.func.sum(col(PointLot.remaining)))
        .where(col(PointLot.organisation_id) == partner, *_spendable())
        .group_by(col(PointLot.expires_on))
        .order_by(col(PointLot.expires_on))
    )
    return [(row[0], int(row[1])) for row in found]


def _spendable() -> tuple[Any, ...]:
    return col(PointLot.remaining) > 0, col(PointLot.expires_on) >= clock.now().date()


def _history(session: Session, partner: int) -> list[Step]:
    before, after = aliased(Tier), aliased(Tier)
    found = session.execute(
        sa.select(col(TierChange.at), col(before.name), col(after.name),
                  col(after.threshold) > col(before.threshold), col(TierChange.reason))
        .join(before, col(before.id) == col(TierChange.from_tier_id))
        .join(after, col(after.id) == col(TierChange.to_tier_id))
        .where(col(TierChange.organisation_id) == partner)
        .order_by(col(TierChange.id).desc())
        .limit(50)
    )  # fmt: skip
    return [Step(*row) for row in found]


def _partners(session: Session, actor: Actor, form: PartnersFilter, ladder: Sequence[Tier]) -> Any:
    figures = tiers.programme(session)
    own_lots = (col(PointLot.organisation_id) == col(Organisation.id), *_spendable())
    balance = sa.select(sa.func.coalesce(sa.func.sum(col(PointLot.remaining)), 0)).where(*own_lots)
    expires = sa.select(sa.func.min(col(PointLot.expires_on))).where(*own_lots)
    accrued = sa.select(sa.func.coalesce(sa.func.sum(col(Registration.points)), 0)).where(
        col(Registration.organisation_id) == col(Organisation.id),
        col(Registration.at) > tiers.period_start(figures),
        col(Registration.reversed_at).is_(None),
    )
    tier = sa.func.coalesce(col(Tier.name), ladder[0].name)
    query: Any = (
        sa.select(
            col(Organisation.id),
            col(Organisation.name),
            sa.func.coalesce(col(Organisation.country), ""),
            tier,
            balance.correlate(Organisation).scalar_subquery(),
            sa.func.coalesce(col(PointAccount.debt), 0),
            accrued.correlate(Organisation).scalar_subquery(),
            expires.correlate(Organisation).scalar_subquery(),
        )
        .outerjoin(PointAccount, col(PointAccount.organisation_id) == col(Organisation.id))
        .outerjoin(Tier, col(Tier.id) == col(PointAccount.tier_id))
        .where(col(Organisation.kind) == OrganisationKind.PARTNER, visible_organisations(actor))
    )
    if form.search:
        query = query.where(contains(form.search, col(Organisation.name), col(Organisation.city)))
    if form.tier:
        query = query.where(tier == form.tier)
    return query
