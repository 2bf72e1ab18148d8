"""What reports refuse, and in which words."""

from __future__ import annotations

from typing import Final

from crmcore import ErrorCode

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
