"""Product IDs: what is well formed, and the one form in which two of them are compared (Seed 000)."""

import re

from yeastar_app.models.products import IdKind
from yeastar_app.refusals import Refusal
from yeastar_app.words import t

LABELS = {
    IdKind.SERIAL_NUMBER: t("Serial Number"),
    IdKind.YEASTAR_ID: t("Yeastar ID"),
    IdKind.COMPANY_ID: t("Company ID"),
}
HINTS = {
    IdKind.SERIAL_NUMBER: t("The SN on the label of the device or on its web page: 8 to 20 letters and digits."),
    IdKind.YEASTAR_ID: t("The Yeastar ID, an email address, for which the service was subscribed."),
    IdKind.COMPANY_ID: t("The Company ID for which the service was subscribed."),
}
_WELL_FORMED = {
    IdKind.SERIAL_NUMBER: re.compile(r"[A-Z0-9]{8,20}"),
    IdKind.YEASTAR_ID: re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+"),
    IdKind.COMPANY_ID: re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}"),
}
_HOW = {
    IdKind.SERIAL_NUMBER: t("A Serial Number has 8 to 20 letters and digits. Compare it with the label of the device."),
    IdKind.YEASTAR_ID: t("A Yeastar ID is an email address, for example name@company.com."),
    IdKind.COMPANY_ID: t("A Company ID has 3 to 40 letters, digits and hyphens."),
}


def normalise(kind: IdKind, typed: str) -> str:
    """The identifier as it is stored and compared: whatever its case and surrounding spaces.

    Refusal `incorrect_id` (field `product_id`) where it cannot be one."""
    trimmed = typed.strip()
    identifier = trimmed.lower() if kind is IdKind.YEASTAR_ID else trimmed.upper() if trimmed.isascii() else trimmed
    if not _WELL_FORMED[kind].fullmatch(identifier) or len(identifier) > 255:
        raise Refusal("incorrect_id", _HOW[kind], "product_id")
    return identifier
