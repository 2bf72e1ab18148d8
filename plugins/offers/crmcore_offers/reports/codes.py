"""What reports refuse, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode, Label, Problem, ValidationFailed

CODES: Final = (
    ErrorCode(
        "OFFERS_REPORT_UNKNOWN",
        "there is no {what} {code}",
        "non esiste {what} {code}",
        "Use a code that exists: reports count nothing in silence.",
    ),
    ErrorCode(
        "OFFERS_COMMISSION_RULE",
        "commission rule {rule} failed on row {row} of document {document}: {reason}",
        "la regola provvigionale {rule} non riesce sulla riga {row} del documento {document}: {reason}",
        "Correct the rule; until then no commission of the period is computed, because the sum would be wrong.",
    ),
)
_BY_CODE: Final = {each.code: each for each in CODES}


def refuse(code: str, about: str | None = None, /, **params: object) -> ValidationFailed:
    """Return the refusal with one problem of the plugin, with its text."""
    return ValidationFailed(
        "VALIDATION_FAILED", [Problem(code=code, plugin="offers", object=about, params=params, template=_BY_CODE[code])]
    )


def unknown(it: str, en: str, code: str) -> ValidationFailed:
    """Return the refusal of a code that is not there."""
    return refuse("OFFERS_REPORT_UNKNOWN", code, what=Label(it, en), code=code)
