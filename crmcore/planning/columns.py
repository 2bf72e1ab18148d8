"""How the fields of a configured item and the columns of its table correspond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import attrs

from crmcore.model import Entity

Names = Mapping[tuple[str, ...], int]
"""Codes of the rows that a reference may name → their keys."""


@attrs.frozen
class Plain:
    """A column with the same plain value as the field."""

    field: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes of the entity."""
        return (self.field,)

    def read(self, row: Any) -> Any:  # noqa: ANN401 - a row of a query, and any JSON value
        """Return the value of the field."""
        return getattr(row, self.field)

    def write(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
        """Return the values of the attributes."""
        return {self.field: value}


@attrs.frozen
class Day(Plain):
    """A date, which is text in files."""

    def read(self, row: Any) -> Any:  # noqa: ANN401 - as above
        """Return the day as text."""
        found: date | None = getattr(row, self.field)
        return None if found is None else found.isoformat()

    def write(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return the day."""
        return {self.field: None if value is None else date.fromisoformat(value)}


@attrs.frozen
class Text(Plain):
    """A text in both languages, in two columns: ``label_it`` and ``label_en``."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes of the entity."""
        return (f"{self.field}_it", f"{self.field}_en")

    def read(self, row: Any) -> Any:  # noqa: ANN401 - as above
        """Return both texts."""
        return {"it": getattr(row, f"{self.field}_it"), "en": getattr(row, f"{self.field}_en")}

    def write(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return both attributes."""
        return {f"{self.field}_it": value["it"], f"{self.field}_en": value["en"]}


@attrs.frozen
class Mapped(Plain):
    """A field that is kept otherwise, in any number of columns."""

    columns_: tuple[str, ...]
    reader: Callable[[Any], Any]
    writer: Callable[[Any], dict[str, Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes of the entity."""
        return self.columns_

    def read(self, row: Any) -> Any:  # noqa: ANN401 - as above
        """Return what the reader makes of the row."""
        return self.reader(row)

    def write(self, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return what the writer makes of the value."""
        return self.writer(value)


@attrs.frozen(kw_only=True)
class Refer:
    """A foreign key, which is the code of the other row in files.

    ``same_group`` says that the other row is one of the same group, such as the parent in a tree of portfolios.
    """

    field: str
    column: str
    to: type[Entity]
    code: str = "code"
    same_group: bool = False
