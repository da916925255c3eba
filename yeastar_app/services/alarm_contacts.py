"""Alarm > Notification Contacts (Yeastar help): who of one's own company, or anybody else, gets an email when an alarm
of which level is raised. Each company has its own; the emails are alarm_notices.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit
from yeastar_app.engines import live
from yeastar_app.models.accounts import Account, Organisation, Status
from yeastar_app.models.alarms import AlarmContact, AlarmLevel, AlarmNotice
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services import seen
from yeastar_app.services.alarm_notices import LEVELS, address_of
from yeastar_app.services.alarms import MANAGE
from yeastar_app.services.details import none_if_empty
from yeastar_app.services.fields import OptionalLine, RowId, YeastarId, at_most
from yeastar_app.words import t

MOST = 50
"""Contacts a company can have [O]: every alarm is an email to each."""
OFFERED = 200


def _ticked(value: Any) -> bool:
    return value is True or value in ("on", "true")


Tick = Annotated[bool, BeforeValidator(_ticked)]


class ContactForm(BaseModel):
    """`colleague`: the account of a colleague; without one it is "Custom", with name and email."""

    colleague: Annotated[RowId | None, BeforeValidator(none_if_empty)] = None
    name: Annotated[OptionalLine, at_most(100)] = None
    email: Annotated[YeastarId | None, BeforeValidator(none_if_empty)] = None
    information: Tick = False
    warning: Tick = False
    alert: Tick = False

    def levels(self) -> dict[str, bool]:
        return {f"on_{level}": getattr(self, level) for level in AlarmLevel}


class EditForm(ContactForm):
    id: RowId
    seen: seen.Mark


class One(BaseModel):
    id: RowId


class Several(BaseModel):
    ids: Annotated[list[RowId], Field(min_length=1, max_length=MOST)]


@dataclass(frozen=True)
class Row:
    """`reachable`: emails go out; a colleague's account that is frozen or gone gets none."""

    id: int
    name: str
    email: str
    colleague: int
    levels: list[AlarmLevel]
    reachable: bool
    mark: str


@dataclass(frozen=True)
class Colleague:
    id: int
    name: str
    email: str


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    colleagues: list[Colleague]


@action(MANAGE, writes=False)
def listed(session: Session, actor: Actor) -> Page:
    """The contacts of the actor's company, and the colleagues that can be chosen."""
    rows = session.exec(
        select(AlarmContact)
        .where(col(AlarmContact.organisation_id) == actor.organisation)
        .order_by(col(AlarmContact.id).desc())
    ).all()
    return Page([_row(session, row) for row in rows], _colleagues(session, actor))


def _colleagues(session: Session, actor: Actor) -> list[Colleague]:
    """The active accounts of the actor's company, itself included."""
    rows = session.exec(
        select(Account)
        .where(col(Account.organisation_id) == actor.organisation, col(Account.status) == Status.ACTIVE)
        .order_by(col(Account.first_name), col(Account.last_name), col(Account.id))
        .limit(OFFERED)
    )
    return [Colleague(row.key, row.name, row.email) for row in rows]


def _row(session: Session, row: AlarmContact) -> Row:
    account = session.get_one(Account, row.account_id) if row.account_id else None
    levels = [level for level in LEVELS if getattr(row, f"on_{level}")]
    return Row(
        row.key,
        account.name if account else row.name,
        (account.email if account else row.email) or "",
        row.account_id or 0,
        levels,
        bool(address_of(session, row)),
        _mark(row),
    )


def _mark(row: AlarmContact) -> str:
    return seen.mark(row.account_id, row.name, row.email, row.on_information, row.on_warning, row.on_alert)


@action(MANAGE, form=ContactForm)
def create(session: Session, actor: Actor, form: ContactForm) -> str:
    """Add a contact; gives its name. Refusals `no_level`, `unknown_colleague`, `contact_exists`, `too_many_contacts`,
    `no_name`, `no_email`."""
    values = _values(session, actor, form)
    # The company's row is what two who add at once wait for: the number of contacts cannot be passed between them.
    session.exec(select(Organisation.id).where(col(Organisation.id) == actor.organisation).with_for_update()).one()
    count = sa.select(sa.func.count()).where(col(AlarmContact.organisation_id) == actor.organisation)
    if session.execute(count).scalar_one() >= MOST:
        raise Refusal("too_many_contacts", t("You have {n} contacts. Delete one first.", n=MOST))
    row = AlarmContact(organisation_id=actor.organisation, created_at=clock.now(), **values)
    session.add(row)
    _save(session, form)
    audit(session, actor, "alarm_contact.create", row, label=_row(session, row).name, after=_recorded(session, row))
    live.changed(session, topic(actor.organisation))
    return _row(session, row).name


@action(MANAGE, form=EditForm)
def edit(session: Session, actor: Actor, form: EditForm) -> str:
    """Change a contact; gives its name. Refusals as for `create`, and `changed_meanwhile`."""
    (row,) = _own(session, actor, [form.id])
    seen.compare(form.seen, _mark(row), _row(session, row).name)
    before = _recorded(session, row)
    for name, value in _values(session, actor, form).items():
        setattr(row, name, value)
    _save(session, form)
    after = _recorded(session, row)
    audit(session, actor, "alarm_contact.edit", row, label=_row(session, row).name, before=before, after=after)
    live.changed(session, topic(actor.organisation))
    return _row(session, row).name


@action(MANAGE, form=Several)
def delete(session: Session, actor: Actor, form: Several) -> int:
    """Delete contacts, all of them or none; how many. They get no more emails. NotFound where one is not there."""
    rows = _own(session, actor, form.ids)
    for row in rows:
        audit(session, actor, "alarm_contact.delete", row, label=_row(session, row).name,
              before=_recorded(session, row))  # fmt: skip
        session.execute(sa.delete(AlarmNotice).where(col(AlarmNotice.contact_id) == row.key))
        session.delete(row)
    session.flush()
    live.changed(session, topic(actor.organisation))
    return len(rows)


def topic(organisation_id: int) -> str:
    """What changes whenever a contact of this company does."""
    return f"alarm-contacts:{organisation_id}"


def _own(session: Session, actor: Actor, ids: list[int]) -> list[AlarmContact]:
    """Contacts of the actor's own company, locked and as they are now. NotFound."""
    wanted = sorted(set(ids))
    rows = session.exec(
        select(AlarmContact)
        .where(col(AlarmContact.id).in_(wanted), col(AlarmContact.organisation_id) == actor.organisation)
        .order_by(col(AlarmContact.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if len(rows) != len(wanted):
        raise NotFound(t("This contact"))
    return list(rows)


def _values(session: Session, actor: Actor, form: ContactForm) -> dict[str, Any]:
    """The row a form describes; every problem at its field, all at once."""
    problems: dict[str, str] = {}
    if form.colleague is not None:
        chosen = session.get(Account, form.colleague)
        if chosen is None or chosen.organisation_id != actor.organisation or chosen.status is Status.REMOVED:
            problems["colleague"] = t("This colleague is gone. Choose another, or “Custom”.")
        who: Mapping[str, Any] = {"account_id": form.colleague, "name": "", "email": None}
    else:
        required = t("This field is required.")
        problems |= {field: required for field in ("name", "email") if not getattr(form, field)}
        who = {"account_id": None, "name": form.name, "email": form.email}
    if not any(form.levels().values()):
        problems["levels"] = t("Tick at least one level.")
    if problems:
        raise Refusal("invalid_fields", t("Check the marked fields."), fields=problems)
    return {**who, **form.levels()}


def _save(session: Session, form: ContactForm) -> None:
    """Refusal `contact_exists` where this colleague or address is a contact already."""
    try:
        session.flush()
    except IntegrityError as error:
        if "alarm_contact" not in str(error.orig):
            raise
        words = t("This person is a contact already. Close this and edit that one.")
        raise Refusal("contact_exists", words, "colleague" if form.colleague else "email") from None


def _recorded(session: Session, row: AlarmContact) -> dict[str, Any]:
    shown = _row(session, row)
    return {"name": shown.name, "email": shown.email, "levels": [LEVELS[level] for level in shown.levels]}
