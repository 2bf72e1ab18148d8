"""Where others look at rows before they are written: checks that reject a row, and searches for accounts that resemble one.

Both are asked once for each batch, with its rows that are neither rejected nor repeated so far. A check returns problems by position;
a search returns ids of accounts by position, for rows whose keys no account has: with policy `review` such a row waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from crmcore_quality.importing.casting import Values

if TYPE_CHECKING:
    from crmcore import Problem, Session

RowCheck = Callable[["Session", Sequence[Values]], Mapping[int, "Problem"]]
Search = Callable[["Session", Sequence[Values]], Mapping[int, Sequence[int]]]

ROW_CHECKS: Final[tuple[RowCheck, ...]] = ()
"""What may reject a row."""

SEARCHES: Final[tuple[Search, ...]] = ()
"""What may know an account that a row resembles."""


def rejected(session: Session, rows: Sequence[Values]) -> dict[int, Problem]:
    """Return the rows that some check rejects; the first one that does says why."""
    found: dict[int, Problem] = {}
    for check in ROW_CHECKS:
        for place, problem in check(session, rows).items():
            found.setdefault(place, problem)
    return found


def similar(session: Session, rows: Sequence[Values]) -> dict[int, list[int]]:
    """Return the accounts that rows resemble."""
    found: dict[int, list[int]] = {}
    for search in SEARCHES:
        for place, accounts in search(session, rows).items():
            found[place] = list(dict.fromkeys([*found.get(place, ()), *accounts]))
    return found
