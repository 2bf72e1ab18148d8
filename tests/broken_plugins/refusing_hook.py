"""Fault: a hook raises on every commit.

Expected: KIT_RAISED refusing_hook
Found by: handlers_idempotent
"""

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="refusing_hook")


@hookimpl
def crm_validate(session, changes):
    raise RuntimeError("no")


def greet(session, event):
    return None


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
