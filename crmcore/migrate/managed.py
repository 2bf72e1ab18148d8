"""What migrations neither make nor miss: indexes that follow definitions in the database, and the table of the full-text search."""

from __future__ import annotations

from typing import Final

CHARACTERISTIC_INDEX: Final = "cx_"
"""Prefix of the index of a characteristic."""
VIEW_INDEX: Final = "lx_"
"""Prefix of the index of a declared list view."""


def is_managed(name: str | None) -> bool:
    """Return whether an index belongs to a definition."""
    return name is not None and name.startswith((CHARACTERISTIC_INDEX, VIEW_INDEX))


SEARCH_TABLE: Final = "account_search"
"""The full-text table: made by the core's migration in the words of each database, with tables of its own below it on SQLite."""


def is_search(name: str) -> bool:
    """Return whether a table belongs to the full-text search: it is derived from other tables, and can be built again."""
    return name == SEARCH_TABLE or name.startswith(f"{SEARCH_TABLE}_")
