"""Fault: a handler of the transaction writes in a transaction of its own first.

Expected: KIT_HANDLER_ESCAPES greet
Found by: handlers_isolated
"""

from crmcore.model import EVENT

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="doomed_transaction")


def greet(session, event):
    with session.crm.engine.connect() as connection:
        connection.execute(EVENT.update().values(source="greeted"))
        connection.commit()


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet)]
