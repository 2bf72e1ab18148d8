"""Try again what somebody else's work at the same moment kept from being written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from crmcore import StaleVersion
from crmcore.errors import DatabaseBusy, WriteConflict

T = TypeVar("T")
_ATTEMPTS: Final = 8


def persist(attempt: Callable[[], T]) -> T:
    """Call something that opens a session and commits, eight times at most, until nobody else writes the same records.

    Raises:
        StaleVersion, WriteConflict, DatabaseBusy: of the last attempt.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except (StaleVersion, WriteConflict, DatabaseBusy):
            # It looks anew at what is there.
            continue
    return attempt()
