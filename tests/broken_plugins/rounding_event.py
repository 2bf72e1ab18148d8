"""Fault: an event loses digits on its way through JSON.

Expected: KIT_EVENT_ROUND_TRIP amount
Found by: events_round_trip
"""

from decimal import Decimal
from typing import ClassVar

import attrs

from crmcore import Event, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="rounding_event")


def rounded(value):
    return round(Decimal(value) * 2, 2)


@attrs.frozen(kw_only=True)
class Paid(Event):
    TYPE: ClassVar[str] = "rounding_event.paid"
    amount: Decimal = attrs.field(converter=rounded)


@hookimpl
def crm_events():
    return [Paid]
