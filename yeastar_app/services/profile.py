"""One's own profile: what each person may change about itself. The Yeastar ID is not among it."""

from dataclasses import dataclass

from pydantic import BaseModel, model_validator
from sqlmodel import Session

from yeastar_app.access import OWN_ACCOUNT, Actor, action, audit
from yeastar_app.models.accounts import Account
from yeastar_app.services.fields import OptionalPhone, optional_text
from yeastar_app.words import t


class ProfileForm(BaseModel):
    first_name: optional_text(100) = None  # type: ignore[valid-type]
    last_name: optional_text(100) = None  # type: ignore[valid-type]
    phone: OptionalPhone = None

    @model_validator(mode="after")
    def _somebody(self) -> "ProfileForm":
        if not self.first_name and not self.last_name:
            raise ValueError(t("Enter a first name or a last name."))
        return self


@dataclass(frozen=True)
class Profile:
    email: str
    organisation: str
    first_name: str
    last_name: str
    phone: str


@action(OWN_ACCOUNT, writes=False)
def mine(session: Session, actor: Actor) -> Profile:
    account = session.get_one(Account, actor.id)
    return Profile(account.email, actor.organisation_name, account.first_name, account.last_name, account.phone or "")


@action(OWN_ACCOUNT, form=ProfileForm)
def change(session: Session, actor: Actor, form: ProfileForm) -> None:
    """Change one's own name and phone number."""
    account = session.get_one(Account, actor.id, with_for_update=True)
    before = _what(account)
    account.first_name, account.last_name = form.first_name or "", form.last_name or ""
    account.phone = form.phone
    audit(session, actor, "profile.change", account, label=account.email, before=before, after=_what(account))


def _what(account: Account) -> dict[str, str | None]:
    return {"first_name": account.first_name, "last_name": account.last_name, "phone": account.phone}
