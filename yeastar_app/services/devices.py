"""Browsers an account has signed in from: the notice about a new one, and trust, which spares the second factor for
30 days (PRODUCT 2: "Trusted Device List")."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import OWN_ACCOUNT, Actor, Credential, action, audit, digest
from yeastar_app.models.accounts import Account
from yeastar_app.models.credentials import Device
from yeastar_app.refusals import NotFound
from yeastar_app.services import mail
from yeastar_app.services.fields import RowId
from yeastar_app.statements import insert_if_absent
from yeastar_app.words import t

TRUST_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Trusted:
    """A row of the "Trusted Device List"."""

    id: int
    name: str
    trusted_until: datetime
    is_this: bool


class DeviceForm(BaseModel):
    id: RowId


def is_trusted(session: Session, account_id: int, credential: Credential) -> bool:
    until = session.exec(
        select(Device.trusted_until).where(
            col(Device.account_id) == account_id, col(Device.device_hash) == digest(credential.device_token)
        )
    ).first()
    return until is not None and clock.now() < until


def remember(session: Session, account: Account, credential: Credential) -> None:
    """Note that the account uses this browser. A new one is told by email, except for the account's very first."""
    device_hash, name = digest(credential.device_token), name_of(credential.user_agent)
    seen = session.exec(select(Device.device_hash).where(col(Device.account_id) == account.key)).all()
    if device_hash in seen:
        return
    row = {"account_id": account.key, "device_hash": device_hash, "name": name, "first_seen_at": clock.now()}
    insert_if_absent(session, Device, [row])
    if seen:
        mail.write(
            session,
            kind="new_device",
            to=account.email,
            subject=t("New sign-in to your Yeastar account"),
            paragraphs=[
                t("Somebody signed in to {email} from a browser that was not used before.", email=account.email),
                t("Browser: {name}", name=name),
                t("IP address: {ip}", ip=credential.ip or t("unknown")),
                t("Time: {time} UTC", time=f"{clock.now():%d %B %Y, %H:%M}"),
                t("Was it you? Then there is nothing to do. If not, change your password and sign out everywhere."),
            ],
            button=(t("Check my account"), "/account"),
        )


def trust(session: Session, account: Account, credential: Credential) -> None:
    """Ask this browser for no second factor for 30 days."""
    remember(session, account, credential)
    session.execute(
        sa.update(Device)
        .where(col(Device.account_id) == account.key, col(Device.device_hash) == digest(credential.device_token))
        .values(trusted_until=clock.now() + TRUST_LIFE)
    )


def distrust_all(session: Session, account_id: int) -> None:
    session.execute(sa.update(Device).where(col(Device.account_id) == account_id).values(trusted_until=None))


@action(OWN_ACCOUNT, writes=False)
def trusted(session: Session, actor: Actor) -> list[Trusted]:
    """The actor's own "Trusted Device List", longest trust first."""
    rows = session.exec(
        select(Device)
        .where(col(Device.account_id) == actor.id, col(Device.trusted_until) > clock.now())
        .order_by(col(Device.trusted_until).desc(), col(Device.id))
        .limit(50)
    )
    mine = digest(actor.credential.device_token)
    return [Trusted(row.key, row.name, row.trusted_until, row.device_hash == mine) for row in rows if row.trusted_until]


@action(OWN_ACCOUNT, form=DeviceForm)
def distrust(session: Session, actor: Actor, form: DeviceForm) -> None:
    """Take trust from one of the actor's own devices."""
    row = session.exec(
        select(Device).where(
            col(Device.id) == form.id, col(Device.account_id) == actor.id, col(Device.trusted_until) > clock.now()
        )
    ).first()
    if row is None:
        raise NotFound(t("This device"))
    row.trusted_until = None
    audit(session, actor, "device.distrust", row, label=row.name)


_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {"Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS": "macOS",
            "CrOS": "ChromeOS", "Linux": "Linux"}  # fmt: skip


def name_of(user_agent: str) -> str:
    """`Chrome on Windows`, as well as a browser lets itself be recognised. The order matters: most claim to be
    others as well."""
    browser = next((name for mark, name in _BROWSERS.items() if f"{mark}/" in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return t("{browser} on {system}", browser=browser, system=system)
    return browser or system or t("Unknown browser")
