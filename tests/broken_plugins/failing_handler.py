"""Fault: a handler fails on an account without a phone.

Expected: KIT_HANDLER_FAILED greet
Found by: handlers_idempotent
"""

from crmcore import Account, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="failing_handler")


def greet(session, event):
    account = session.require(Account, event.id)
    account.phone1 = account.phone1.strip()


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
