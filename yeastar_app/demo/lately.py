"""What was done in Central Management in the last days of the demo, through the real rules."""

from datetime import timedelta

from sqlmodel import Session, col, select

from yeastar_app import access, clock
from yeastar_app.demo import tasks
from yeastar_app.models.accounts import Account
from yeastar_app.services import contacts, resellers
from yeastar_app.services.contacts import ContactForm


def load(session: Session, people: dict[str, Account]) -> None:
    """After packages, PBXs and tasks are there, the oldest first: lists of what was done go by when it was written."""
    for who, days, hours, first, last, company, email in (
        ("partner", 2, 4, "Marit", "de Boer", "Kustlijn Hotels", "marit@kustlijn.example.com"),
        ("reseller", 1, 3, "Bram", "Wouters", "Scheldt Veterinary Clinic", "bram@scheldt-vet.example.com"),
    ):
        form = ContactForm(first_name=first, last_name=last, company=company, email=email)
        with clock.frozen(clock.now() - timedelta(days=days, hours=hours)):
            contacts.create(session, access.in_the_name_of(session, people[who].key), form)
    with clock.frozen(clock.now() - timedelta(hours=5)):
        _remark(session, people["partner"], "thea@tidal.example.com", "Asked for 50 more extensions from January on.")
    tasks.for_tonight(session, people)


def _remark(session: Session, by: Account, email: str, words: str) -> None:
    """Edit a reseller: nothing but its remark."""
    actor = access.in_the_name_of(session, by.key)
    number = session.exec(select(Account.id).where(col(Account.email) == email)).one()
    seen = resellers.details(session, actor, resellers.One(id=number))
    package = {each: seen.total.of(each) for each in ("extensions", "calls", "minutes")}
    form = resellers.EditForm.model_validate(
        {
            **seen.values,
            **package,
            "min_extensions": seen.min_extensions,
            "high_availability": seen.high_availability,
            "features": sorted(seen.features),
            "id": number,
            "seen": seen.mark,
            "remark": words,
        }
    )
    resellers.edit(session, actor, form, prepared=None)
