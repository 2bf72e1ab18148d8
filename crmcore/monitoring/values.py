"""What monitoring finds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import attrs

_HUNDREDTH: Final = Decimal("0.01")


class Diligence(enum.StrEnum):
    """How somebody feeds the CRM, against what is expected."""

    OK = "ok"
    POOR = "poor"
    INACTIVE = "inactive"


@attrs.frozen(kw_only=True)
class Activity:
    """What one user contributed: how much, of which kinds (by name), and to how many of the own accounts."""

    login: str
    name: str
    profile: str | None
    kinds: Mapping[str, int]
    expected: int
    touched: int
    assigned: int
    last_at: datetime | None = None

    @property
    def total(self) -> int:
        """All contributions together."""
        return sum(self.kinds.values())

    @property
    def diligence(self) -> Diligence:
        """Whether that is as much as is expected; of whom nothing is expected, nothing is missing."""
        if self.total >= self.expected:
            return Diligence.OK
        return Diligence.POOR if self.total else Diligence.INACTIVE

    @property
    def share(self) -> Decimal | None:
        """How many of a hundred of the own accounts were touched, with two places; None for who has none."""
        if not self.assigned:
            return None
        return (Decimal(100 * self.touched) / self.assigned).quantize(_HUNDREDTH, ROUND_HALF_UP)


@attrs.frozen(kw_only=True)
class Contributions:
    """The contributions of a period, both days included: a row for each user, who has most first."""

    first: date
    last: date
    kinds: tuple[str, ...]
    """The kinds that were counted, in the order of columns."""
    rows: tuple[Activity, ...]

    def count(self, diligence: Diligence) -> int:
        """Return how many users are so."""
        return sum(row.diligence is diligence for row in self.rows)

    def missing(self) -> tuple[Activity, ...]:
        """Return the users of whom more was expected, the most inactive first."""
        return tuple(row for row in reversed(self.rows) if row.diligence is not Diligence.OK)
