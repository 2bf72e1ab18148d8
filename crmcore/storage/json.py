"""One way to write JSON, for both databases."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID


def to_json(value: object) -> object:
    """Return the JSON form of a value that JSON does not know: Decimals as text, dates and instants as ISO, mappings as objects."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.hex()
    message = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(message)


dump_json = json.JSONEncoder(default=to_json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""Write a value as compact JSON text."""
