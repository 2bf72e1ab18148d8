"""Working days in Italy: national holidays (as of 2026 with 4 October), the patron saint, closures of the firm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

_SATURDAY: Final = 5
_SUNDAY: Final = 6


@lru_cache(maxsize=256)
def holidays_of(year: int, province: str) -> frozenset[date]:
    """Return the national holidays of a year, with the patron saint of a province (two letters, or empty for none).

    Source: the library ``holidays``, which knows that Saint Francis (4 October) is a holiday again from 2026 on.
    """
    # Imported here: it is a large library, and only arithmetic with days needs it.
    from holidays import country_holidays  # noqa: PLC0415

    return frozenset(country_holidays("IT", subdiv=province or None, years=year))


def provinces() -> frozenset[str]:
    """Return the codes for which a patron saint is known."""
    from holidays import list_supported_countries  # noqa: PLC0415 - see above

    return frozenset(list_supported_countries()["IT"])


class ItalianCalendar:
    """Monday to Friday, without holidays and closures.

    ``closures`` are pairs of first and last day. Raises ValueError for an unknown province and for a closure that ends before it begins.
    """

    def __init__(self, *, patron: str = "", closures: Iterable[tuple[date, date]] = (), saturday: bool = False) -> None:
        if patron and patron not in provinces():
            message = f"no patron saint is known for {patron!r}; there are {', '.join(sorted(provinces()))}"
            raise ValueError(message)
        self._patron = patron
        self._closures = tuple(closures)
        for first, last in self._closures:
            if last < first:
                message = f"the closure from {first} to {last} ends before it begins"
                raise ValueError(message)
        self._last_weekday = _SATURDAY if saturday else _SATURDAY - 1

    def is_working_day(self, day: date) -> bool:
        """Return whether people work on ``day``."""
        if day.weekday() > self._last_weekday or day.weekday() == _SUNDAY:
            return False
        if day in holidays_of(day.year, self._patron):
            return False
        return not any(first <= day <= last for first, last in self._closures)


def calendar_of(settings: Mapping[str, Any]) -> ItalianCalendar:
    """Return the calendar that the settings describe."""
    closures = [(period["from"], period["to"]) for period in settings["closures"]]
    return ItalianCalendar(patron=settings["patron"], closures=closures, saturday=settings["saturday"])
