"""Fault: a handler does its work again when a delivery comes twice.

Expected: KIT_HANDLER_REPEATED greet
Found by: handlers_idempotent
"""

from crmcore import Account, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="repeating_handler")


def greet(session, event):
    account = session.require(Account, event.id)
    account.name = f"{account.name}!"


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
