"""Fault: a handler listens to an event that nobody declares.

Expected: HANDLER_EVENT_UNKNOWN account.creatd
Found by: starts_alone
"""

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="unknown_event")


def listen(session, event):
    return None


@hookimpl
def crm_handlers():
    return [Handler(event="account.creatd", fn=listen)]
