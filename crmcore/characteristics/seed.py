"""What every database starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmcore.session import Session


def seed(session: Session) -> None:
    """Make the indexes that definitions and list views ask for; runs at the end of every migration."""
    session.characteristics.sync_indexes()
