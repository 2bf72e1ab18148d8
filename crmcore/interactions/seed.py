"""What every database starts with: the usual kinds of interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.model import CORE, InteractionKind

if TYPE_CHECKING:
    from crmcore.session import Session

KINDS: Final = (
    ("visit", "Visita", "Visit", True),
    ("phone", "Telefonata", "Phone call", True),
    ("email", "E-mail", "E-mail", True),
    ("note", "Nota", "Note", False),
    ("complaint", "Reclamo", "Complaint", True),
    ("request", "Richiesta", "Request", True),
    ("evaluation", "Valutazione", "Evaluation", False),
)
"""Code, labels, and whether somebody was in contact with the account."""


def seed(session: Session) -> None:
    """Add what is missing; runs at the end of every migration, and changes nothing the second time."""
    known = set(session.scalars(select(InteractionKind.code)))
    for code, label_it, label_en, contact in KINDS:
        if code not in known:
            session.add(InteractionKind(code=code, label_it=label_it, label_en=label_en, counts_as_contact=contact, owner=CORE))
