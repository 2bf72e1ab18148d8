"""Periods as people write them: a year, a quarter, a month."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import attrs

from crmcore_offers.codes import refuse

_FORM: Final = re.compile(r"(?P<year>[12]\d{3})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_MONTHS: Final = 12
_QUARTER: Final = 3


class Unit(enum.StrEnum):
    """How long a period is."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"

    @property
    def months(self) -> int:
        """The months in one."""
        return {Unit.YEAR: _MONTHS, Unit.QUARTER: _QUARTER, Unit.MONTH: 1}[self]


@attrs.frozen(order=False)
class Period:
    """A year, a quarter or a month: ``2026``, ``2026-Q3``, ``2026-09``."""

    year: int
    first_month: int = 1
    unit: Unit = Unit.YEAR

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period.

        Raises:
            ValidationFailed: ``OFFERS_PERIOD``.
        """
        found = cls.read(text)
        if found is None:
            raise refuse("OFFERS_PERIOD", text[:40], value=text[:40])
        return found

    @classmethod
    def read(cls, text: str) -> Period | None:
        """Return the period that a text says, or None: documents of other systems may say anything."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        year = int(found["year"])
        if found["quarter"]:
            return cls(year, (int(found["quarter"]) - 1) * _QUARTER + 1, Unit.QUARTER)
        return cls(year, int(found["month"]), Unit.MONTH) if found["month"] else cls(year)

    @classmethod
    def of(cls, day: date, unit: Unit = Unit.MONTH) -> Period:
        """Return the period of a length in which a day is."""
        return cls(day.year, day.month, Unit.MONTH).widened(unit)

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.first_month, 1)

    @property
    def last(self) -> date:
        """The last day."""
        after = self.first_month + self.unit.months
        return (date(self.year + 1, 1, 1) if after > _MONTHS else date(self.year, after, 1)) - timedelta(days=1)

    @property
    def order(self) -> tuple[date, int]:
        """By what periods are sorted: by time, a whole before its parts."""
        return (self.first, -self.unit.months)

    def widened(self, unit: Unit) -> Period:
        """Return the period of this length that has this one; itself when it is as long or longer."""
        if unit.months <= self.unit.months:
            return self
        return Period(self.year, (self.first_month - 1) // unit.months * unit.months + 1, unit)

    def within(self, other: Period) -> bool:
        """Return whether this is the other, or a part of it."""
        return self.widened(other.unit) == other

    def split(self, unit: Unit) -> tuple[Period, ...]:
        """Return the parts of this length, or itself when it is no longer."""
        if unit.months >= self.unit.months:
            return (self,)
        starts = range(self.first_month, self.first_month + self.unit.months, unit.months)
        return tuple(Period(self.year, month, unit) for month in starts)

    def inside(self) -> tuple[str, ...]:
        """Return how this and every part of it are written."""
        return tuple(str(each) for unit in Unit if unit.months <= self.unit.months for each in self.split(unit))

    def around(self) -> tuple[str, ...]:
        """Return how the longer ones that have it are written."""
        return tuple(str(self.widened(unit)) for unit in Unit if unit.months > self.unit.months)

    def __str__(self) -> str:
        if self.unit is Unit.YEAR:
            return f"{self.year:04}"
        if self.unit is Unit.QUARTER:
            return f"{self.year:04}-Q{(self.first_month - 1) // _QUARTER + 1}"
        return f"{self.year:04}-{self.first_month:02}"


def by_time(texts: Iterable[str]) -> list[str]:
    """Sort periods by time, a whole before its parts; what is no period comes last."""
    return sorted(texts, key=_key)


def _key(text: str) -> tuple[bool, date, int, str]:
    found = Period.read(text)
    return (True, date.max, 0, text) if found is None else (False, *found.order, text)
