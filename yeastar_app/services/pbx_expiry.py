"""What happens around a cloud PBX's expiry date (Yeastar help): emails 30 days, 7 days and on the day, once each; after
it the PBX runs on, unless it may not: then it is stopped. Late or twice comes to the same."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock, words
from yeastar_app.models.accounts import Account, Kind, Organisation, Status
from yeastar_app.models.capacity import Desired, Pbx, PbxReminder, Pool
from yeastar_app.services import capacity, mail, pbx_control
from yeastar_app.services.pbx import recipients_of
from yeastar_app.statements import insert_if_absent
from yeastar_app.words import t

DAYS = (30, 7, 0)
LATEST = 7
"""An email for the day itself that could not go out then is still of use for so many days."""
BATCH = 200


def due(session: Session) -> list[int]:
    """PBXs with an email to write: the nearest mark they have reached has not been told."""
    today = clock.now().date()
    marks = [
        sa.and_(
            col(Pbx.expires_on) <= today + timedelta(days=days),
            col(Pbx.expires_on) > today + timedelta(days=after),
            ~sa.exists(
                sa.select(sa.literal(1)).where(
                    col(PbxReminder.pbx_id) == col(Pbx.id),
                    col(PbxReminder.expires_on) == col(Pbx.expires_on),
                    col(PbxReminder.days) == days,
                )
            ),
        )
        for days, after in zip(DAYS, (*DAYS[1:], -LATEST), strict=True)
    ]
    query = sa.select(col(Pbx.id)).where(_stays(), sa.or_(*marks))
    return list(session.execute(query.order_by(col(Pbx.id)).limit(BATCH)).scalars())


def remind(session: Session, pbx_id: int) -> int:
    """Write the email of one PBX where it is still due; to how many people."""
    row = _locked(session, pbx_id)
    if row is None or row.expires_on is None:
        return 0
    left = (row.expires_on - clock.now().date()).days
    days = next((mark for mark in reversed(DAYS) if left <= mark), None)
    if days is None or left <= -LATEST:
        return 0
    known = select(PbxReminder.id).where(
        col(PbxReminder.pbx_id) == row.key, col(PbxReminder.expires_on) == row.expires_on,
        col(PbxReminder.days) == days,
    )  # fmt: skip
    if session.exec(known).first() is not None:
        return 0
    insert_if_absent(session, PbxReminder, [
        {"pbx_id": row.key, "expires_on": row.expires_on, "days": days, "at": clock.now()}
    ])  # fmt: skip
    addresses = [one.email for one in recipients_of(session, row.key)] or _owners(session, row)
    for address in addresses:
        _write(session, row, address, left)
    return len(addresses)


def _write(session: Session, row: Pbx, address: str, left: int) -> None:
    day = words.day(row.expires_on)
    if left > 0:
        subject = t("{name} expires in {days}", name=row.name, days=words.plural(left, "day", "days"))
    else:
        subject = t("{name} expires today", name=row.name) if left == 0 else t("{name} has expired", name=row.name)
    then = t("It keeps working after that day.") if row.run_after_expiry else t("After that day it is stopped.")
    mail.write(
        session,
        kind="pbx_expiry",
        to=address,
        subject=subject,
        paragraphs=[
            t("The cloud PBX {name} ({address}) has the expiry date {day}.", name=row.name,
              address=f"{row.subdomain}.{row.domain}", day=day),
            then + " " + t("To go on without a break, ask who runs it for you to change the date in time."),
        ],
    )  # fmt: skip


def _owners(session: Session, row: Pbx) -> list[str]:
    """Where a PBX has no customer: the active accounts that own its package."""
    query = (
        select(Account.email)
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .join(Pool, col(Pool.organisation_id) == col(Organisation.id))
        .where(
            col(Pool.id) == row.pool_id,
            col(Account.kind).in_((Kind.PARTNER, Kind.RESELLER)),
            col(Account.status) == Status.ACTIVE,
        )
    )
    return list(session.exec(query.order_by(col(Account.id))).all())


def to_stop(session: Session) -> list[int]:
    """PBXs that are to run though their time is over."""
    query = sa.select(col(Pbx.id)).where(
        col(Pbx.desired) == Desired.RUNNING,
        col(Pbx.deleted_at).is_(None),
        col(Pbx.run_after_expiry).is_(False),
        col(Pbx.expires_on) < clock.now().date(),
    )
    return list(session.execute(query.order_by(col(Pbx.id)).limit(BATCH)).scalars())


def stop(session: Session, pbx_id: int) -> bool:
    """Stop one of them, where it is still so."""
    row = _locked(session, pbx_id)
    if row is None or row.desired is not Desired.RUNNING or not pbx_control.is_over(row):
        return False
    return pbx_control.wish(session, row, Desired.STOPPED, pbx_control.SYSTEM)


def _stays() -> sa.ColumnElement[bool]:
    return sa.and_(col(Pbx.deleted_at).is_(None), col(Pbx.desired) != Desired.DELETED)


def _locked(session: Session, pbx_id: int) -> Pbx | None:
    """The PBX, its package locked first, as it is now; None where it is gone."""
    pool_id = session.execute(sa.select(col(Pbx.pool_id)).where(col(Pbx.id) == pbx_id)).scalar_one()
    capacity.lock(session, pool_id)
    query = select(Pbx).where(col(Pbx.id) == pbx_id, _stays()).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()
