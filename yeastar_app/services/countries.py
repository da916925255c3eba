"""The countries a company can be in: ISO 3166 codes and English names."""

from functools import lru_cache
from typing import Annotated, Any

import pycountry
from pydantic import AfterValidator, BeforeValidator

from yeastar_app.words import t


@lru_cache
def countries() -> dict[str, str]:
    """Code → name, sorted by name."""
    found = {row.alpha_2: getattr(row, "common_name", row.name) for row in pycountry.countries}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def country_name(code: str | None) -> str:
    """The name of a stored code; empty where there is none."""
    return countries().get(code or "", code or "")


def _code(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _known(value: str) -> str:
    if value not in countries():
        raise ValueError(t("Choose a country from the list."))
    return value


Country = Annotated[str, BeforeValidator(_code), AfterValidator(_known)]
