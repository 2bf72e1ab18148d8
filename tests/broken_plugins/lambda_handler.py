"""Fault: a handler is a lambda, which no stored delivery could name.

Expected: HANDLER_INVALID lambda
Found by: starts_alone
"""

from crmcore import Handler, PluginInfo, hookimpl

PLUGIN = PluginInfo(name="lambda_handler")


@hookimpl
def crm_handlers():
    return [Handler(event="account.created", fn=lambda session, event: None, name="greet")]
