"""Trees by path: the chain from the root down to a node, each link followed by a slash, so that a subtree is a range of text."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_
from sqlalchemy.orm import InstrumentedAttribute

SEPARATOR: Final = "/"
_AFTER: Final = chr(ord(SEPARATOR) + 1)


def path_text(length: int) -> String:
    """Return the type of a path column: compared byte by byte, because the collation of a language skips slashes."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def below(column: InstrumentedAttribute[str] | ColumnElement[str], path: str) -> ColumnElement[bool]:
    """Return the condition for the node with this path and everything below it; it is a range, so any index on the column serves it."""
    low: Any = column >= path
    return and_(low, column < f"{path[:-1]}{_AFTER}")
