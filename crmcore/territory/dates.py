"""The day that counts for assignment: today, or the system date that the firm sets (B13)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from crmcore.model import Parameter

if TYPE_CHECKING:
    from crmcore.session import Session

ASSIGNMENT_DATE: Final = "assignment_date"


def system_date(session: Session) -> date | None:
    """Return the system date for assignment, or None when it follows the calendar."""
    value = session.scalar(select(Parameter.value).where(Parameter.name == ASSIGNMENT_DATE))
    return date.fromisoformat(value) if value else None


def assignment_date(session: Session) -> date:
    """Return the day that counts for assignment."""
    return system_date(session) or session.today()


def set_system_date(session: Session, day: date | None) -> None:
    """Set the system date, or let it follow the calendar."""
    row = session.scalar(select(Parameter).where(Parameter.name == ASSIGNMENT_DATE))
    value = day.isoformat() if day is not None else ""
    if row is None:
        session.add(Parameter(name=ASSIGNMENT_DATE, value=value))
    else:
        row.value = value
    session.flush()
