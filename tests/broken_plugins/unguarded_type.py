"""Fault: a field of an event has a type of which there is no telling.

Expected: KIT_SAMPLE unguarded_type.met
Found by: handlers_idempotent
"""

from typing import ClassVar

import attrs

from crmcore import Event, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="unguarded_type")


@attrs.frozen(kw_only=True)
class Met(Event):
    TYPE: ClassVar[str] = "unguarded_type.met"
    what: object


def greet(session, event):
    return None


@hookimpl
def crm_events():
    return [Met]


@hookimpl
def crm_handlers():
    return [Handler(event=Met, fn=greet)]
