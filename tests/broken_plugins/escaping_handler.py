"""Fault: a handler writes in a session of its own, which is not undone with it.

Expected: KIT_HANDLER_ESCAPES greet
Found by: handlers_isolated
"""

from crmcore import Account, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="escaping_handler")


def greet(session, event):
    with session.crm.session("robot") as other:
        account = other.require(Account, event.id)
        account.phone1 = "0212345678"
        other.commit()


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
