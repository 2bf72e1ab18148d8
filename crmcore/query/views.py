"""Declared list views: filters by equality and a sort order that one index serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmcore.characteristics.indexes import ViewIndex

if TYPE_CHECKING:
    from crmcore.session import Session


def view_indexes(session: Session) -> list[ViewIndex]:
    """Return the indexes that the list views of the database ask for."""
    del session
    return []
