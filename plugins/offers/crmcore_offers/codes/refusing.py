"""Refusals of the plugin, with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crmcore import Label, Problem, ValidationFailed
from crmcore_offers.codes import archive, mass, pricing, printing, reports

CODES: Final = (*archive.CODES, *pricing.CODES, *mass.CODES, *reports.CODES, *printing.CODES)
_BY_CODE: Final = {each.code: each for each in CODES}


def problem(code: str, about: object = None, /, **params: object) -> Problem:
    """Return a problem of the plugin, with its text; ``about`` names the object that it is about."""
    return Problem(code=code, plugin="offers", object=None if about is None else str(about), params=params, template=_BY_CODE[code])


def refuse(code: str, about: object = None, /, **params: object) -> ValidationFailed:
    """Return the refusal with one problem of the plugin."""
    return refuse_all([problem(code, about, **params)])


def refuse_all(problems: Sequence[Problem]) -> ValidationFailed:
    """Return the refusal with all problems that were found."""
    return ValidationFailed("VALIDATION_FAILED", list(problems))


def unknown(it: str, en: str, code: str) -> ValidationFailed:
    """Return the refusal of a code of a report that is not there."""
    return refuse("OFFERS_REPORT_UNKNOWN", code, what=Label(it, en), code=code)
