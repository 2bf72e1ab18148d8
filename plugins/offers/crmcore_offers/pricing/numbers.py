"""Decimals of the catalogue: read exactly from files and programs, and written as people write them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

from crmcore import Label
from crmcore.planning import Plain

_DIGITS: Final = 18
"""In all, as columns have room for."""


def read_number(value: object, places: int) -> Decimal:
    """Return a number of at most so many decimals; a float counts as the text that it is shortest written as.

    Raises:
        ValueError: with a `Label` of what was expected.
    """
    expected = Label(f"un numero con al massimo {places} decimali", f"a number with {places} decimals at most")
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise ValueError(expected)  # noqa: TRY004 - one way to report
    try:
        found = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise ValueError(expected) from None
    if not found.is_finite() or abs(found) >= Decimal(10) ** (_DIGITS - places) or found != round(found, places):
        raise ValueError(expected)
    return found


def shown(value: Decimal) -> str:
    """Write a number without the zeros at its end."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


@attrs.frozen
class Number(Plain):
    """A decimal, which is text in files; ``None`` where it may be missing."""

    def read(self, row: Any) -> Any:  # noqa: ANN401 - a row of a query, and any JSON value
        """Return it as text."""
        found: Decimal | None = getattr(row, self.field)
        return None if found is None else shown(found)

    def write(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return the decimal."""
        return {self.field: None if value is None else Decimal(value)}
