"""What is refused, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crmcore import Change, ErrorCode, Problem, Session

from crmcore_warranty.model import Warranty
from crmcore_warranty.settings import LONGEST

CODES: Final = (
    ErrorCode(
        "WARRANTY_MONTHS",
        "the warranty of {serial} lasts {months} months, expected 1 to {longest}",
        "la garanzia di {serial} dura {months} mesi, attesi da 1 a {longest}",
        "Correct the number of months, or sell a service contract instead.",
    ),
    ErrorCode(
        "WARRANTY_SOLD_LATER",
        "{serial} is sold on {sold_on}, which is still to come",
        "{serial} risulta venduto il {sold_on}, che deve ancora venire",
        "A warranty begins with the sale: enter it on that day, or correct the date.",
    ),
    ErrorCode(
        "WARRANTY_NOT_ALLOWED",
        "{actor} may not extend warranties",
        "{actor} non può prolungare garanzie",
        "Ask for the permission warranty.extend.",
    ),
)


def problems_of(session: Session, warranty: Warranty, change: Change) -> Iterator[Problem]:
    """Yield what is wrong with a change of a warranty."""
    if "months" in change.fields and not 1 <= warranty.months <= LONGEST:
        params = {"serial": warranty.serial, "months": warranty.months, "longest": LONGEST}
        yield Problem(code="WARRANTY_MONTHS", object=warranty.serial, params=params)
    today = session.now().astimezone(session.crm.zone).date()
    if "sold_on" in change.fields and warranty.sold_on > today:
        params = {"serial": warranty.serial, "sold_on": warranty.sold_on}
        yield Problem(code="WARRANTY_SOLD_LATER", object=warranty.serial, params=params)
