"""Fault: an event is a plain class, which cannot be stored.

Expected: EVENT_INVALID Met
Found by: starts_alone
"""

from typing import ClassVar

from crmcore import Event, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="bare_event")


class Met(Event):
    TYPE: ClassVar[str] = "bare_event.met"
    account_id: int


@hookimpl
def crm_events():
    return [Met]
