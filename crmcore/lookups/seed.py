"""What every database starts with: no lookup table, because each firm has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmcore.session import Session


def seed(session: Session) -> None:
    """Add what is missing; runs at the end of every migration, and changes nothing the second time."""
    del session
