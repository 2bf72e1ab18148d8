"""Indexes that follow definitions in the database and not the models: migrations neither make nor miss them."""

from __future__ import annotations

from typing import Final

CHARACTERISTIC_INDEX: Final = "cx_"
"""Prefix of the index of a characteristic."""
VIEW_INDEX: Final = "lx_"
"""Prefix of the index of a declared list view."""


def is_managed(name: str | None) -> bool:
    """Return whether an index belongs to a definition."""
    return name is not None and name.startswith((CHARACTERISTIC_INDEX, VIEW_INDEX))
