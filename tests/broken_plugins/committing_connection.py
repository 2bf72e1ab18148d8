"""Fault: a handler commits through the connection of its session.

Expected: KIT_TRANSACTION_ENDED greet
Found by: transactions_respected
"""

from crmcore import Account, Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="committing_connection")


def greet(session, event):
    session.require(Account, event.id).phone1 = "0212345678"
    session.flush()
    session.orm.connection().commit()


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
