"""Fault: a handler of the transaction writes through a connection of its own, which is not rolled back.

Expected: KIT_HANDLER_ESCAPES greet
Found by: handlers_isolated on postgresql
"""

from crmcore.model import PLUGIN as PLUGIN_TABLE

from crmcore import Handler, Phase, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="doomed_transaction")


def greet(session, event):
    with session.crm.engine.begin() as connection:
        connection.execute(PLUGIN_TABLE.update().values(version="9"))


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=greet, phase=Phase.IN_TRANSACTION)]
