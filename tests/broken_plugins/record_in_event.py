"""Fault: an event carries a record, which JSON cannot hold.

Expected: KIT_EVENT_ROUND_TRIP account
Found by: events_round_trip
"""

from typing import ClassVar

import attrs

from crmcore import Account, Event, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="record_in_event")


@attrs.frozen(kw_only=True)
class Met(Event):
    TYPE: ClassVar[str] = "record_in_event.met"
    account: Account


@hookimpl
def crm_events():
    return [Met]
