"""Fault: an event has a second version, and cannot read the first.

Expected: KIT_EVENT_UPCAST forgotten_version.met
Found by: events_round_trip
"""

from typing import ClassVar

import attrs

from crmcore import Event, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="forgotten_version")


@attrs.frozen(kw_only=True)
class Met(Event):
    TYPE: ClassVar[str] = "forgotten_version.met"
    VERSION: ClassVar[int] = 2
    account_id: int


@hookimpl
def crm_events():
    return [Met]
