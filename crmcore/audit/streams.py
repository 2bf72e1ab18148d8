"""The two chains of the audit: what was changed, and who looked or was refused; each is kept as long as its own setting says."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement

from crmcore.model import AUDIT

OWN: Final = "audit"
"""Entity of the rows that the audit writes about itself."""
READ: Final = "read"
REFUSED: Final = "refused"
EXPIRED: Final = "expired"
"""Verb of the row that says up to which block the rows of a chain were removed, because their time was up."""
REDACTION: Final = "redacted"
"""Verb of the row that says from which rows personal data were taken."""

CHANGES: Final = "changes"
ACCESS: Final = "access"
STREAMS: Final = (CHANGES, ACCESS)
_LOOKING: Final = (READ, REFUSED)


def stream_of(verb: str) -> str:
    """Return the chain that a row belongs to."""
    return ACCESS if verb in _LOOKING else CHANGES


def in_stream(stream: str) -> ColumnElement[bool]:
    """Return the condition for the rows of a chain."""
    return AUDIT.c.verb.in_(_LOOKING) if stream == ACCESS else AUDIT.c.verb.not_in(_LOOKING)
