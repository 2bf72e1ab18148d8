"""From what a database gives for a characteristic to its typed value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crmcore.characteristics.definitions import Definition
from crmcore.hooks import StoredAs


def reader(definition: Definition, dialect: str) -> Callable[[Any], Any]:
    """Return the function that types what `raw_value_of` selected; SQLite gives true as 1, and lists as text."""
    stored_as, read = definition.kind.stored_as, definition.read
    if dialect == "postgresql" or stored_as not in {StoredAs.FLAG, StoredAs.LIST}:
        return read
    if stored_as is StoredAs.FLAG:
        return lambda value: read(bool(value)) if value in {0, 1} else read(value)
    return lambda value: read(json.loads(value)) if isinstance(value, str) else read(value)
