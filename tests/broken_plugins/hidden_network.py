"""Fault: a handler talks to the network, hides the import, and swallows the failure.

Expected: KIT_NETWORK greet
Found by: network_unused
"""

from importlib import import_module

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="hidden_network")


def greet(session, event):
    try:
        import_module("socket").create_connection(("127.0.0.1", 9), timeout=0.1)
    except OSError:
        return


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
