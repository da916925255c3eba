"""Presets of reseller packages: an owner saves a package under a name and applies it to the next reseller."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from yeastar_app import clock
from yeastar_app.access import Actor, action, audit
from yeastar_app.models.accounts import Organisation
from yeastar_app.models.packages import PackagePreset
from yeastar_app.refusals import NotFound, Refusal
from yeastar_app.services.fields import text
from yeastar_app.services.resellers import MANAGE, One, PackageForm
from yeastar_app.words import t

MOST = 50
"""Presets an owner can keep [O]: more than that nobody finds again."""


class PresetForm(PackageForm):
    name: text(60)  # type: ignore[valid-type]


@dataclass(frozen=True)
class Preset:
    id: int
    name: str
    extensions: int
    min_extensions: int
    calls: int
    minutes: int
    high_availability: bool


@action(MANAGE, writes=False)
def listed(session: Session, actor: Actor) -> list[Preset]:
    """The presets of the actor's company by name."""
    rows = session.exec(
        select(PackagePreset)
        .where(col(PackagePreset.organisation_id) == actor.organisation)
        .order_by(sa.func.lower(col(PackagePreset.name)), col(PackagePreset.id))
    )
    return [
        Preset(row.key, row.name, row.extensions, row.min_extensions, row.calls, row.minutes, row.high_availability)
        for row in rows
    ]


@action(MANAGE, form=PresetForm)
def save(session: Session, actor: Actor, form: PresetForm) -> str:
    """Keep a package under a name. Whether it fits is judged when it is applied. Refusals `preset_exists`,
    `too_many_presets`. Returns the name."""
    form.check_minimum()
    # The company's row is what two who save at once wait for: the number of presets cannot be passed between them.
    session.exec(select(Organisation.id).where(col(Organisation.id) == actor.organisation).with_for_update()).one()
    known = [preset.name.casefold() for preset in listed(session, actor)]
    if form.name.casefold() in known:
        words = t("A preset “{name}” exists. Choose another name, or delete that one first.", name=form.name)
        raise Refusal("preset_exists", words, "name")
    if len(known) >= MOST:
        raise Refusal("too_many_presets", t("You have {n} presets. Delete one first.", n=MOST), "name")
    row = PackagePreset(organisation_id=actor.organisation, name=form.name, created_at=clock.now(), **form.package())
    session.add(row)
    audit(session, actor, "preset.save", row, label=form.name, after=form.package())
    return row.name


@action(MANAGE, form=One)
def remove(session: Session, actor: Actor, form: One) -> str:
    """Delete a preset; packages that were made from it stay as they are. Returns its name."""
    row = session.exec(
        select(PackagePreset)
        .where(col(PackagePreset.id) == form.id, col(PackagePreset.organisation_id) == actor.organisation)
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound(t("This preset"))
    audit(session, actor, "preset.remove", row, label=row.name)
    session.delete(row)
    return row.name
