"""The form of VAT and fiscal codes, without their check digits, which are the business of `italy` (I-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from crmcore.labels import Label

TAX_CODES: Final[Mapping[str, tuple[re.Pattern[str], Label]]] = {
    "vat_code": (
        # Eleven digits, or the country and what it uses there; Italy's own prefix is taken off.
        re.compile(r"[0-9]{11}|(?!IT)[A-Z]{2}[0-9A-Z+*]{2,13}"),
        Label("di 11 cifre, o estera con la sigla del paese", "11 digits, or a foreign one with the letters of its country"),
    ),
    "fiscal_code": (
        re.compile(r"[0-9]{11}|[A-Z]{6}[0-9A-Z]{10}"),
        Label("di 16 caratteri o 11 cifre", "16 characters or 11 digits"),
    ),
}


def normalise_code(field: str, given: str) -> str | None:
    """Return a code without blanks, in capitals, a VAT code without Italy's prefix; None for an empty one."""
    code = "".join(given.split()).upper()
    if field == "vat_code" and re.fullmatch(r"IT[0-9]{11}", code):
        code = code[2:]
    return code or None
