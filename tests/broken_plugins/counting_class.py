"""Fault: a class remembers what it has seen.

Expected: PLUGIN_STATEFUL Greeter.count
Found by: stateless
"""

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="counting_class")


class Greeter:
    count = 0


def greet(session, event):
    Greeter.count += 1


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
