"""The events of this part."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from crmcore import Event


@attrs.frozen(kw_only=True)
class OrdersExported(Event):
    """Orders left for another system, in one list."""

    TYPE: ClassVar[str] = "offers.orders_exported"
    export_id: int
    detailed: bool
    lines: int
    total: Decimal
    actor: str
