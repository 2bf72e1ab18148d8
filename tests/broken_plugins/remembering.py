"""Fault: a module remembers what it has seen.

Expected: PLUGIN_STATEFUL SEEN
Found by: stateless
"""

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="remembering")


SEEN = []


def greet(session, event):
    SEEN.append(event.id)


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
