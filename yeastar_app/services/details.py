"""What is typed about a person and a company, for every form that creates or edits one (PRODUCT 3.2)."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationInfo, field_validator

from yeastar_app.models.accounts import TaxType
from yeastar_app.services.countries import Country
from yeastar_app.services.fields import Line, OptionalLine, OptionalPhone, OptionalText, at_most
from yeastar_app.words import t


def none_if_empty(value: Any) -> Any:
    """For optional fields: nothing was chosen or typed."""
    return None if isinstance(value, str) and not value.strip() else value


def _name_given(value: str | None, info: ValidationInfo) -> str | None:
    """For `first_name`, in a form where `last_name` stands before it: one of the two is needed (PRODUCT 3.2)."""
    if "last_name" in info.data and not value and not info.data["last_name"]:
        raise ValueError(t("Enter a first or a last name."))
    return value


class PersonDetails(BaseModel):
    """What is typed about a person, whatever kind of account it has."""

    last_name: Annotated[OptionalLine, at_most(100)] = None
    first_name: Annotated[OptionalLine, at_most(100), AfterValidator(_name_given)] = Field(None, validate_default=True)
    phone: OptionalPhone = None
    remark: Annotated[OptionalText, at_most(500)] = None
    picture: bytes | None = None
    without_picture: bool = False
    """Take the picture away (edit only)."""

    def of_person(self) -> dict[str, Any]:
        """What is kept with the account."""
        return {
            "first_name": self.first_name or "",
            "last_name": self.last_name or "",
            "phone": self.phone,
            "remark": self.remark,
        }


class Details(PersonDetails):
    """ "Account Information": the person and its company."""

    company: Line
    country: Country
    state: Annotated[OptionalLine, at_most(100)] = None
    city: Annotated[OptionalLine, at_most(100)] = None
    street: Annotated[OptionalLine, at_most(200)] = None
    postal_code: Annotated[OptionalLine, at_most(20)] = None
    tax_type: Annotated[TaxType | None, BeforeValidator(none_if_empty)] = None
    tax_number: Annotated[OptionalLine, at_most(50)] = Field(None, validate_default=True)

    @field_validator("tax_number")
    @classmethod
    def _number_with_type(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "tax_type" in info.data and bool(value) != bool(info.data["tax_type"]):
            raise ValueError(t("Choose the tax type this number belongs to.") if value else t("Enter the tax number."))
        return value

    def of_company(self) -> dict[str, Any]:
        """What is kept with the company."""
        names = ("country", "state", "city", "street", "postal_code", "tax_type", "tax_number")
        return {"name": self.company} | {name: getattr(self, name) for name in names}


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """`before` and `after` of what changed, for the audit row."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return {
        "before": {name: before.get(name) for name in names},
        "after": {name: after.get(name) for name in names},
    }
